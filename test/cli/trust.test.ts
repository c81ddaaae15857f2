/** Signatures at the command line: what verify says, and what the commands that use a package let pass. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { run } from "../../src/cli/program.js";
import type { VerifyResult } from "../../src/report/results.js";
import { type Issued, issue, revoke, signatureFile } from "../support/authority.js";
import { descriptorOf, diskFile, ovaOf, type PackageFiles, packageOf } from "../support/packages.js";
import { captureStreams } from "../support/streams.js";

const folder = mkdtempSync(join(tmpdir(), "vmferry-trust-"));
after(() => rmSync(folder, { recursive: true }));
let counter = 0;

const descriptor = descriptorOf([{ href: "disk.vmdk", use: "disk" }]);
let files: PackageFiles;
let root: Issued;
let signer: Issued;
before(async () => {
  const runs = [{ sector: 9, sectors: 90, content: "noise" }] as const;
  const disk = await diskFile("vmdk", "streamOptimized", { sectors: 16_384, runs });
  files = packageOf(descriptor, { "disk.vmdk": disk });
  root = await issue({ name: "Root", authority: true, usage: 0x06 });
  signer = await issue({ name: "Signer", issuer: root, usage: 0x80, key: "rsa" });
});

function put(content: string | Uint8Array, extension: string): string {
  const file = join(folder, `${counter++}${extension}`);
  writeFileSync(file, content);
  return file;
}

/** The package with a signature of its manifest, or of another one. */
function signed(of: PackageFiles = files, manifest: Uint8Array = of["box.mf"] ?? assert.fail("no manifest")): string {
  const file = new TextEncoder().encode(signatureFile("box.mf", manifest, signer));
  return put(ovaOf({ ...of, "box.cert": file }), ".ova");
}

async function call(...words: string[]) {
  const streams = captureStreams();
  const exitCode = await run([...words, "--json", "--workers", "0"], streams, new AbortController().signal);
  const value = JSON.parse(streams.out()) as VerifyResult & { readonly error?: { readonly code: string } };
  const codes = (value.diagnostics ?? []).map(({ code, severity }) => `${severity} ${code}`);
  return { exitCode, value, codes, error: value.error?.code ?? null };
}

describe("verify of a signed package", () => {
  it("is 0 where somebody who is trusted vouches, by certificate or by fingerprint, and 1 otherwise", async () => {
    const ova = signed();
    for (const [options, exitCode, verdict, codes] of [
      [[], 1, "untrusted", ["error signer/untrusted"]],
      [["--trust", put(root.pem, ".pem")], 0, "trusted", []],
      [["--trust", put(root.der, ".der"), "--require-signature"], 0, "trusted", []],
      [["--signer", signer.fingerprint.toUpperCase().replace(/..(?!$)/g, "$&:")], 0, "trusted", []],
      [["--signer", root.fingerprint], 1, "untrusted", ["error signer/not-the-one", "error signer/untrusted"]],
      [
        ["--trust", put(root.pem, ".pem"), "--at", "2050-01-01"],
        1,
        "untrusted",
        ["error signer/expired", "error signer/expired"],
      ],
    ] as const) {
      const found = await call("verify", ova, ...options);
      assert.deepEqual(
        [found.exitCode, found.value.signed, found.codes],
        [exitCode, verdict, codes],
        options.join(" "),
      );
      assert.equal(found.value.verdict, "intact");
      assert.deepEqual(found.value.signer, {
        subject: "CN=Signer",
        issuer: "CN=Root",
        fingerprint: signer.fingerprint,
        notAfter: "2045-01-01T00:00:00Z",
      });
    }
  });

  it("is 1 where the certificate was revoked", async () => {
    const crl = put(await revoke(root, [signer]), ".crl");
    const found = await call("verify", signed(), "--trust", put(root.pem, ".pem"), "--crl", crl);
    assert.deepEqual([found.exitCode, found.value.signed, found.codes], [1, "untrusted", ["error signer/revoked"]]);
  });

  it("trusts the authorities of the system where that is asked for", async () => {
    const { SSL_CERT_FILE: old } = process.env;
    try {
      process.env.SSL_CERT_FILE = put(root.pem, ".pem");
      assert.equal((await call("verify", signed(), "--system-trust")).exitCode, 0);
      process.env.SSL_CERT_FILE = join(folder, "absent");
      const absent = await call("verify", signed(), "--system-trust");
      assert.deepEqual([absent.exitCode, absent.error], [3, "run/no-system-trust"]);
    } finally {
      if (old === undefined) delete process.env.SSL_CERT_FILE;
      else process.env.SSL_CERT_FILE = old;
    }
  });

  it("is 1 where the manifest leaves a file out: the signature is not of it", async () => {
    const part = packageOf(
      descriptor,
      { "disk.vmdk": files["disk.vmdk"] as Uint8Array },
      (name) => name !== "disk.vmdk",
    );
    const found = await call("verify", signed(part), "--trust", put(root.pem, ".pem"));
    assert.deepEqual([found.exitCode, found.value.verdict, found.value.signed], [1, "unverifiable", "trusted"]);
    assert.deepEqual(found.codes, ["warning manifest/not-covered", "error signature/partial"]);
  });

  it("is 1 where the manifest was made anew after it was signed", async () => {
    const found = await call(
      "verify",
      signed(files, new TextEncoder().encode("other")),
      "--trust",
      put(root.pem, ".pem"),
    );
    assert.deepEqual(
      [found.exitCode, found.value.verdict, found.value.signed, found.codes],
      [1, "intact", "invalid", ["error signature/other-content"]],
    );
  });

  it("refuses options that make no sense with a hint", async () => {
    for (const [option, value, code] of [
      ["--signer", "abc", "cli/invalid-value"],
      ["--at", "yesterday", "cli/invalid-value"],
      ["--trust", put("none", ".pem"), "signature/unreadable"],
      ["--crl", put("none", ".crl"), "signature/bad-crl"],
      ["--trust", join(folder, "absent"), "io/not-found"],
    ] as const) {
      const found = await call("verify", signed(), option, value);
      assert.equal(found.error, code, option);
    }
  });
});

describe("convert, pack and unpack", () => {
  const commands: readonly (readonly [string, (source: string, dest: string) => string[]])[] = [
    ["convert", (source, dest) => ["convert", source, dest, "--to", "vmware"]],
    ["unpack", (source, dest) => ["unpack", source, dest]],
    ["pack", (source, dest) => ["pack", source, dest]],
  ];
  for (const [name, words] of commands) {
    it(`${name}: a signature that is wrong leaves no result, unless nothing is to be checked`, async () => {
      const ova = signed(files, new TextEncoder().encode("other"));
      const dest = join(folder, `${counter++}`);
      const refused = await call(...words(ova, dest));
      assert.deepEqual([refused.exitCode, refused.error, existsSync(dest)], [3, "package/not-intact", false]);
      assert.equal((await call(...words(ova, dest), "--no-integrity")).exitCode, 0);
    });

    it(`${name}: whom to trust is asked where somebody is named, and otherwise a warning`, async () => {
      const trust = put(root.pem, ".pem");
      const dest = (): string => join(folder, `${counter++}`);
      const free = await call(...words(signed(), dest()));
      assert.equal(free.exitCode, 0);
      assert.ok(free.codes.includes("warning signer/untrusted"));
      const trusted = await call(...words(signed(), dest()), "--trust", trust);
      assert.equal(trusted.exitCode, 0);
      assert.ok(!trusted.codes.some((code) => code.includes("signer/")));
      const unsigned = put(ovaOf(files), ".ova");
      const part = packageOf(
        descriptor,
        { "disk.vmdk": files["disk.vmdk"] as Uint8Array },
        (file) => file !== "disk.vmdk",
      );
      for (const [source, ...options] of [
        [signed(), "--signer", root.fingerprint],
        [signed(), "--require-signature"],
        [unsigned, "--trust", trust],
        [signed(part), "--trust", trust],
      ] as const) {
        const to = dest();
        const refused = await call(...words(source, to), ...options);
        assert.deepEqual([refused.exitCode, refused.error, existsSync(to)], [3, "package/not-trusted", false]);
      }
    });

    it(`${name}: a sum from outside is a gate, too`, async () => {
      const bytes = ovaOf(files);
      const ova = put(bytes, ".ova");
      const right = createHash("sha256").update(bytes).digest("hex");
      assert.equal((await call(...words(ova, join(folder, `${counter++}`)), "--sha256", right)).exitCode, 0);
      const dest = join(folder, `${counter++}`);
      const wrong = await call(...words(ova, dest), "--sha256", "0".repeat(64));
      assert.deepEqual([wrong.exitCode, wrong.error, existsSync(dest)], [3, "package/sum-mismatch", false]);
      const nonsense = await call(...words(ova, dest), "--sha256", right, "--no-integrity");
      assert.deepEqual([nonsense.exitCode, nonsense.error], [2, "cli/usage"]);
    });
  }

  it("leave nothing beside the result", () => {
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith(".")),
      [],
    );
  });
});
