/** Packages that vmferry signs as VirtualBox, openssl and open-vmdk see them, and theirs as vmferry sees them. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { ovaOf } from "../support/packages.js";
import { callSign } from "../support/signing.js";
import { lacking, peerPath } from "./peers.js";
import { run } from "./run.js";
import { scratch } from "./scratch.js";
import { startVirtualBox } from "./virtualbox.js";

const LANTERN = resolve("test/fixtures/packages/vbox-efi-ovf20/lantern.ova");
const HARBOUR = resolve("test/fixtures/packages/vbox-folder-ovf10/harbour");
const noOpenssl = await lacking("openssl");
const noVirtualBox = await lacking("openssl", "VBoxManage");

interface Keys {
  readonly key: string;
  readonly certificate: string;
  readonly fingerprint: string;
}

/** A key with a certificate by itself, made by openssl. @param how arguments of `req -newkey` */
async function keys(folder: string, name: string, ...how: readonly string[]): Promise<Keys> {
  const [key, certificate] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)];
  const subject = ["-subj", `/O=Example/CN=${name}`, "-days", "30"];
  await run(await peerPath("openssl"), [
    "req",
    "-x509",
    "-nodes",
    "-newkey",
    ...how,
    "-keyout",
    key,
    "-out",
    certificate,
    ...subject,
  ]);
  return { key, certificate, fingerprint: await fingerprintOf(certificate) };
}

async function fingerprintOf(certificate: string): Promise<string> {
  const args = ["x509", "-in", certificate, "-noout", "-fingerprint", "-sha256"];
  const { stdout } = await run(await peerPath("openssl"), args);
  return stdout.trim().replace(/^.*=/, "").replaceAll(":", "").toLowerCase();
}

const RSA = ["rsa:2048"] as const;
const P256 = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"] as const;
const P384 = ["ec", "-pkeyopt", "ec_paramgen_curve:P-384"] as const;
const P521 = ["ec", "-pkeyopt", "ec_paramgen_curve:P-521"] as const;

async function sign(
  source: string,
  destination: string | null,
  { key, certificate }: Keys,
  ...more: readonly string[]
) {
  const place = destination === null ? [source] : [source, destination];
  const signed = await callSign("sign", ...place, "--key", key, "--certificate", certificate, ...more);
  assert.equal(signed.exitCode, 0, JSON.stringify(signed.value));
  return destination ?? source;
}

/** Who signed, by `vmferry verify`, which has to find nothing wrong but that nobody vouches. */
async function signerOf(source: string): Promise<string> {
  const { value, codes } = await callSign("verify", source);
  assert.deepEqual(
    codes.filter((code) => code.startsWith("error")),
    ["error signer/untrusted"],
    source,
  );
  return value.signer.fingerprint;
}

/** The files of an archive or a folder. */
async function filesOf(t: TestContext, source: string): Promise<Readonly<Record<string, Uint8Array>>> {
  let folder = source;
  if (source.endsWith(".ova")) {
    folder = await scratch(t, "unpacked");
    await run(await peerPath("tar"), ["xf", source, "-C", folder]);
  }
  return Object.fromEntries(
    readdirSync(folder).map((name) => [name, new Uint8Array(readFileSync(join(folder, name)))]),
  );
}

/**
 * Whether a package is signed as open-vmdk's own tests ask (pytest/test_signing.py): lines of exactly this shape, digests that are right, and a
 * certificate; and whether openssl finds the signature right, as they do not ask.
 */
async function accepted(t: TestContext, source: string): Promise<boolean> {
  const files = await filesOf(t, source);
  const name = Object.keys(files).find((file) => file.endsWith(".mf")) ?? assert.fail("no manifest");
  const manifest = files[name] ?? assert.fail();
  for (const line of new TextDecoder().decode(manifest).trimEnd().split("\n")) {
    const [, token = "", file = "", digest = ""] = /^(SHA1|SHA256|SHA512)\((.+)\)= ([0-9a-f]+)$/.exec(line) ?? [];
    const bytes = files[file] ?? assert.fail(line);
    if (createHash(token.toLowerCase()).update(bytes).digest("hex") !== digest) return false;
  }
  const folder = await scratch(t, "openssl");
  const put = (file: string, bytes: Uint8Array | string): string => {
    writeFileSync(join(folder, file), bytes);
    return join(folder, file);
  };
  const text = new TextDecoder().decode(files[name.replace(/mf$/, "cert")]);
  const [, token = "", signed = "", hex = ""] =
    /^(SHA\d+)\((.+)\)= ([0-9a-f]+)\n-----BEGIN CERTIFICATE-----\n/.exec(text) ?? [];
  assert.equal(signed, name);
  const openssl = await peerPath("openssl");
  const { stdout } = await run(openssl, ["x509", "-in", put("cert", text), "-pubkey", "-noout"]);
  const signature = ["-signature", put("signature", Buffer.from(hex, "hex")), put(name, manifest)];
  const { stdout: said } = await run(openssl, [
    "dgst",
    `-${token.toLowerCase()}`,
    "-verify",
    put("key", stdout),
    ...signature,
  ]);
  return said.includes("Verified OK");
}

describe("a package that vmferry signs", () => {
  it("is right for openssl and for open-vmdk's own check, with every key and digest", {
    skip: noOpenssl,
  }, async (t) => {
    const folder = await scratch(t);
    for (const [name, how] of Object.entries({ RSA, P256, P384, P521 })) {
      const signer = await keys(folder, name, ...how);
      for (const digest of ["sha1", "sha256", "sha512"]) {
        const archive = await sign(LANTERN, join(folder, `${name}-${digest}.ova`), signer, "--digest", digest);
        assert.ok(await accepted(t, archive), archive);
        assert.equal(await signerOf(archive), signer.fingerprint);
      }
    }
  });

  it("by a command of openssl is right for openssl", { skip: noOpenssl }, async (t) => {
    const folder = await scratch(t);
    const openssl = await peerPath("openssl");
    for (const [name, how] of Object.entries({ RSA, P256 })) {
      const { key, certificate, fingerprint } = await keys(folder, name, ...how);
      for (const command of [
        `${openssl} pkeyutl -sign -inkey ${key} -pkeyopt digest:sha256`,
        `sh -c '${openssl} pkeyutl -sign -inkey ${key} -pkeyopt digest:"$VMFERRY_SIGN_ALGORITHM" | ${openssl} base64'`,
      ]) {
        const archive = join(folder, `${name}.ova`);
        const how_ = ["--certificate", certificate, "--sign-with", command, "--force"];
        assert.equal((await callSign("sign", LANTERN, archive, ...how_)).exitCode, 0, command);
        assert.ok(await accepted(t, archive));
        assert.equal(await signerOf(archive), fingerprint);
      }
    }
  });

  it("is imported by VirtualBox, by every key that it takes, in place and beside", {
    skip: noVirtualBox,
  }, async (t) => {
    const folder = await scratch(t);
    const box = await startVirtualBox(t);
    const rsa = await keys(folder, "RSA", ...RSA);
    const long = await keys(folder, "RSA-4096", "rsa:4096");
    const curve = await keys(folder, "P256", ...P256);
    const curve384 = await keys(folder, "P384", ...P384);
    const copy = join(folder, "in-place.ova");
    cpSync(LANTERN, copy);
    const packages = [
      await sign(copy, null, rsa),
      await sign(LANTERN, join(folder, "sha1.ova"), rsa, "--digest", "sha1"),
      await sign(LANTERN, join(folder, "sha512.ova"), rsa, "--digest", "sha512"),
      await sign(LANTERN, join(folder, "long.ova"), long),
      await sign(LANTERN, join(folder, "curve.ova"), curve),
      await sign(LANTERN, join(folder, "curve384.ova"), curve384),
    ];
    for (const [i, archive] of packages.entries()) {
      const ran = await box.importAs(archive, `signed-${i}`, 1);
      assert.equal(ran.status, 0, `${archive}: ${ran.stderr}`);
      // It looked at the signature.
      assert.match(ran.stdout + ran.stderr, /self signed certificate was used/, archive);
    }
    const folderPackage = await sign(HARBOUR, join(folder, "harbour"), rsa);
    const ovf = readdirSync(folderPackage).find((name) => name.endsWith(".ovf")) ?? assert.fail();
    const ran = await box.importAs(join(folderPackage, ovf), "folder", 1);
    assert.equal(ran.status, 0, ran.stderr);
    assert.match(ran.stdout + ran.stderr, /self signed certificate was used/);
  });

  it("is imported by VirtualBox with the issuers' certificates and without", { skip: noVirtualBox }, async (t) => {
    const folder = await scratch(t);
    const box = await startVirtualBox(t);
    for (const [name, options] of [
      ["own", []],
      ["chain", ["--chain"]],
    ] as const) {
      const archive = join(folder, `${name}.ova`);
      const signed = await callSign("sign", LANTERN, archive, "--key", "test/fixtures/keys/open.p12", ...options);
      assert.equal(signed.exitCode, 0);
      const ran = await box.importAs(archive, name, 1);
      assert.equal(ran.status, 0, ran.stderr);
    }
  });

  it("is refused by VirtualBox and by vmferry when a byte was changed", { skip: noVirtualBox }, async (t) => {
    const folder = await scratch(t);
    const box = await startVirtualBox(t);
    for (const [name, how] of Object.entries({ RSA, P256 })) {
      const archive = await sign(LANTERN, join(folder, `${name}.ova`), await keys(folder, name, ...how));
      const files = await filesOf(t, archive);
      for (const [member, text] of [
        ["lantern.cert", /\)= [0-9a-f]{20}/],
        ["lantern.mf", /\)\s*= [0-9a-f]{20}/],
        ["lantern.ovf", /Debian_6/],
      ] as const) {
        const bytes = files[member] ?? assert.fail(member);
        const match = text.exec(new TextDecoder("latin1").decode(bytes)) ?? assert.fail(member);
        const at = match.index + match[0].length - 1;
        const other = bytes[at] === 0x30 ? 0x31 : 0x30;
        const ordered = ["lantern.ovf", "lantern.mf", "lantern.cert", "lantern-disk001.vmdk"];
        const changed = Object.fromEntries(ordered.map((file) => [file, files[file] ?? assert.fail(file)]));
        const wrong = join(folder, `${name}-${member}.ova`);
        writeFileSync(wrong, ovaOf({ ...changed, [member]: bytes.with(at, other) }));
        assert.equal((await callSign("verify", wrong)).exitCode, 1, wrong);
        const { status, stdout, stderr } = await box.tryManage(
          "import",
          wrong,
          "--vsys",
          "0",
          "--vmname",
          `${name}-${member}`,
          "--basefolder",
          box.machines,
        );
        assert.equal(status, 1, `${wrong}: ${stdout}${stderr}`);
      }
    }
  });

  it("with SHA384 is not read by VirtualBox, as sign warns", { skip: noVirtualBox }, async (t) => {
    const folder = await scratch(t);
    const box = await startVirtualBox(t);
    const archive = await sign(
      LANTERN,
      join(folder, "sha384.ova"),
      await keys(folder, "RSA", ...RSA),
      "--digest",
      "sha384",
    );
    const { status, stderr } = await box.tryManage("import", archive, "--vsys", "0", "--basefolder", box.machines);
    assert.equal(status, 1);
    assert.match(stderr, /VERR_MANIFEST_ATTR_TYPE_NOT_FOUND/);
  });
});

describe("a package that others sign", () => {
  it("by VBoxManage signova verifies with its signer, and may be signed again", { skip: noVirtualBox }, async (t) => {
    const folder = await scratch(t);
    const box = await startVirtualBox(t);
    for (const type of ["sha-1", "sha-256", "sha-512"]) {
      const { key, certificate, fingerprint } = await keys(folder, type, ...RSA);
      const archive = join(folder, `${type}.ova`);
      cpSync(LANTERN, archive);
      await box.manage(
        "signova",
        archive,
        "--certificate",
        certificate,
        "--private-key",
        key,
        "--digest-type",
        type,
        "--no-pkcs7",
      );
      assert.equal(await signerOf(archive), fingerprint);
      const other = await keys(folder, `${type}-other`, ...RSA);
      await sign(archive, null, other);
      assert.equal(await signerOf(archive), other.fingerprint);
      assert.equal((await box.importAs(archive, type, 1)).status, 0);
    }
  });

  it("by ova-compose verifies with its signer, and may be signed again", { skip: noOpenssl }, async (t) => {
    const folder = await scratch(t);
    // Made by `ova-compose --sign` (test/fixtures/packages/make.sh).
    const source = resolve("test/fixtures/packages/compose-signed");
    const name = readdirSync(source).find((file) => file.endsWith(".ova")) ?? assert.fail();
    const archive = join(folder, name);
    cpSync(join(source, name), archive);
    const files = await filesOf(t, archive);
    const certificate = join(folder, "cert");
    writeFileSync(certificate, files[name.replace(/ova$/, "cert")] ?? assert.fail());
    assert.equal(await signerOf(archive), await fingerprintOf(certificate));
    assert.ok(await accepted(t, archive));
    const other = await keys(folder, "other", ...RSA);
    await sign(archive, null, other);
    assert.equal(await signerOf(archive), other.fingerprint);
    assert.ok(await accepted(t, archive));
  });

  it("by hand with openssl verifies with its signer", { skip: noOpenssl }, async (t) => {
    const folder = await scratch(t);
    const openssl = await peerPath("openssl");
    for (const [name, how] of Object.entries({ RSA, P256, P384 })) {
      const { key, certificate, fingerprint } = await keys(folder, name, ...how);
      const files = await filesOf(t, LANTERN);
      const manifest = join(folder, "lantern.mf");
      writeFileSync(manifest, files["lantern.mf"] ?? assert.fail());
      const signature = join(folder, "signature");
      await run(openssl, ["dgst", "-sha512", "-sign", key, "-out", signature, manifest]);
      const hex = readFileSync(signature).toString("hex");
      const file = `SHA512(lantern.mf)= ${hex}\n${readFileSync(certificate, "latin1")}`;
      const archive = join(folder, `${name}.ova`);
      writeFileSync(
        archive,
        ovaOf({ "lantern.ovf": files["lantern.ovf"] ?? assert.fail(), ...files, "lantern.cert": Buffer.from(file) }),
      );
      assert.equal(await signerOf(archive), fingerprint);
    }
  });

  it("with a block of CMS of openssl verifies, intermediates with it, and not when it was changed", {
    skip: noOpenssl,
  }, async (t) => {
    const folder = await scratch(t);
    const openssl = await peerPath("openssl");
    const root = await keys(folder, "root", ...RSA);
    const key = join(folder, "leaf.key");
    const request = join(folder, "leaf.csr");
    const leaf = join(folder, "leaf.crt");
    await run(openssl, [
      "req",
      "-new",
      "-nodes",
      "-newkey",
      "rsa:2048",
      "-keyout",
      key,
      "-out",
      request,
      "-subj",
      "/CN=Leaf",
    ]);
    await run(openssl, [
      "x509",
      "-req",
      "-in",
      request,
      "-CA",
      root.certificate,
      "-CAkey",
      root.key,
      "-CAcreateserial",
      "-days",
      "30",
      "-out",
      leaf,
    ]);
    const made = await sign(LANTERN, join(folder, "signed.ova"), { key, certificate: leaf, fingerprint: "" });
    const files = await filesOf(t, made);
    const manifest = join(folder, "lantern.mf");
    writeFileSync(manifest, files["lantern.mf"] ?? assert.fail());
    const sums = ["-md", "sha256", "-signer", leaf, "-inkey", key, "-certfile", root.certificate];
    const { stdout } = await run(openssl, ["cms", "-sign", "-binary", "-outform", "PEM", "-in", manifest, ...sums]);
    const line = new TextDecoder().decode(files["lantern.cert"]);
    for (const label of ["CMS", "PKCS7"]) {
      const block = stdout.replaceAll("CMS-----", `${label}-----`);
      const ordered = { "lantern.ovf": files["lantern.ovf"] ?? assert.fail(), ...files };
      const archive = join(folder, `${label}.ova`);
      writeFileSync(archive, ovaOf({ ...ordered, "lantern.cert": Buffer.from(line + block) }));
      const { exitCode, value } = await callSign("verify", archive, "--trust", root.certificate);
      assert.deepEqual([exitCode, value.signer.fingerprint], [0, await fingerprintOf(leaf)], JSON.stringify(value));
      // The last characters of the block are its signature.
      const wrong = block.replace(
        /(.)(.{9}\n-----END)/,
        (_, one: string, rest: string) => (one === "A" ? "B" : "A") + rest,
      );
      assert.notEqual(wrong, block);
      writeFileSync(archive, ovaOf({ ...ordered, "lantern.cert": Buffer.from(line + wrong) }));
      const { exitCode: refused, codes } = await callSign("verify", archive, "--trust", root.certificate);
      assert.deepEqual(
        [refused, codes.filter((code) => code.startsWith("error signature/")).length],
        [1, 1],
        `${codes}`,
      );
    }
  });
});
