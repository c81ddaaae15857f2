/** `vmferry sign`: what is signed, where it is written, and what is refused. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { before, describe, it } from "node:test";
import { memorySource } from "../../src/io/sources/memory.js";
import { testContext } from "../../src/io/testing/context.js";
import { readTarIndex } from "../../src/package/tar/index.js";
import { type Issued, issue } from "../support/authority.js";
import {
  descriptorOf,
  diskFile,
  layOut,
  manifestOf,
  ovaOf,
  type PackageFiles,
  packageOf,
} from "../support/packages.js";
import { callSign as call, pemOfKey, signingFolder, verifySigned } from "../support/signing.js";

const { fresh, put, signerOf } = signingFolder();

const descriptor = descriptorOf([{ href: "disk.vmdk", use: "disk" }]);
let disk: Uint8Array;
let files: PackageFiles;
let rsa: Issued;
let who: readonly string[];
before(async () => {
  const runs = [{ sector: 9, sectors: 90, content: "noise" }] as const;
  disk = await diskFile("vmdk", "streamOptimized", { sectors: 16_384, runs });
  files = packageOf(descriptor, { "disk.vmdk": disk });
  const root = await issue({ name: "Root", authority: true, usage: 0x06 });
  rsa = await issue({ name: "Signer", issuer: root, usage: 0x80, key: "rsa" });
  who = ["--key", put(pemOfKey(rsa), ".pem"), "--certificate", put(rsa.pem + root.pem, ".crt")];
});

const verify = (file: string) => verifySigned(file, rsa);
const RIGHT = [0, "intact", "trusted"];

async function members(file: string): Promise<readonly string[]> {
  const source = memorySource(readFileSync(file), file);
  return (await readTarIndex(source, testContext(), { onDamage: "refuse" })).members.map(({ name }) => name);
}

const bodyOf = ({ "box.mf": _, ...body }: PackageFiles): PackageFiles => body;

describe("sign where the package lies", () => {
  it("puts a certificate behind an archive, and nothing before it changes", async () => {
    const file = put(ovaOf(files), ".ova");
    const before = readFileSync(file);
    const { exitCode, value, codes } = await call("sign", file, ...who);
    assert.deepEqual([exitCode, codes], [0, []]);
    assert.deepEqual([value.applied, value.manifest.action, value.certificate.replaced], [true, "kept", false]);
    assert.equal(value.signer.fingerprint, rsa.fingerprint);
    assert.deepEqual(await verify(file), RIGHT);
    const length = before.length - 1024;
    assert.ok(readFileSync(file).subarray(0, length).equals(before.subarray(0, length)));
    assert.deepEqual(await members(file), ["box.ovf", "disk.vmdk", "box.mf", "box.cert"]);
  });

  it("signs again after an edit in one step, also through a link, which stays one", async () => {
    const file = put(ovaOf(files), ".ova");
    await call("sign", file, ...who);
    const edited = packageOf(descriptor.replace("A machine", "Another machine"), { "disk.vmdk": disk });
    const certificate = readFileSync(file).subarray(-3000 - 1024);
    writeFileSync(file, ovaOf({ ...edited, "box.cert": certificate }));
    assert.deepEqual((await verify(file))[2], "invalid");
    const link = `${file}.link`;
    symlinkSync(file, link);
    const { value } = await call("sign", link, ...who);
    assert.equal(value.certificate.replaced, true);
    assert.deepEqual(await verify(file), RIGHT);
    const size = readFileSync(file).length;
    await call("sign", file, ...who);
    assert.equal(readFileSync(file).length, size);
  });

  it("writes an archive anew where the manifest needs more room than it has between others", async () => {
    const { "box.ovf": ovf = disk, ...rest } = bodyOf(files);
    const file = put(ovaOf({ "box.ovf": ovf, "box.mf": manifestOf({ "box.ovf": ovf }), ...rest }), ".ova");
    const { value } = await call("sign", file, ...who, "--digest", "sha512");
    assert.deepEqual([value.manifest.action, value.manifest.reason], ["made", "it left files out"]);
    assert.deepEqual(await verify(file), RIGHT);
    const long = "x".repeat(80);
    const named = packageOf(descriptorOf([{ href: `${long}.vmdk`, use: "disk" }]), { [`${long}.vmdk`]: disk });
    const body = bodyOf(named);
    const tight = put(
      ovaOf({ "box.ovf": body["box.ovf"] ?? disk, "box.mf": manifestOf(body), [`${long}.vmdk`]: disk }),
      ".ova",
    );
    const grown = await call("sign", tight, ...who, "--digest", "sha512");
    assert.equal(grown.value.manifest.reason, "another digest was asked for");
    assert.deepEqual(await verify(tight), RIGHT);
  });

  it("writes an archive anew whose manifest stands behind the descriptor: manifest and certificate stay together", async () => {
    const { "box.ovf": ovf = disk, "box.mf": manifest = disk, ...rest } = files;
    const file = put(ovaOf({ "box.ovf": ovf, "box.mf": manifest, ...rest }), ".ova");
    const { value } = await call("sign", file, ...who);
    assert.equal(value.manifest.action, "kept");
    assert.deepEqual(await members(file), ["box.ovf", "box.mf", "box.cert", "disk.vmdk"]);
    assert.deepEqual(await verify(file), RIGHT);
    const before = readFileSync(file);
    await call("sign", file, ...who);
    assert.deepEqual(await members(file), ["box.ovf", "box.mf", "box.cert", "disk.vmdk"]);
    assert.equal(readFileSync(file).length, before.length);
  });

  it("writes the two files of a folder, and a certificate of another spelling goes", async () => {
    const place = layOut(fresh(""), { ...bodyOf(files), "BOX.CERT": disk });
    const { value } = await call("sign", `${place}/box.ovf`, ...who);
    assert.deepEqual([value.manifest.reason, value.certificate.replaced], ["there was none", true]);
    assert.deepEqual(readdirSync(place).sort(), ["box.cert", "box.mf", "box.ovf", "disk.vmdk"]);
    assert.deepEqual(await verify(place), RIGHT);
  });

  it("with --dry-run tells what would be done, and does nothing", async () => {
    const file = put(ovaOf(bodyOf(files)), ".ova");
    const before = readFileSync(file);
    const { exitCode, value } = await call("sign", file, ...who, "--dry-run");
    assert.deepEqual([exitCode, value.applied, value.manifest.action], [0, false, "made"]);
    assert.deepEqual(
      value.files.map(({ name }) => name),
      ["box.ovf", "disk.vmdk"],
    );
    assert.ok(readFileSync(file).equals(before));
  });
});

describe("sign into another place", () => {
  it("puts manifest and certificate behind the descriptor, and the archive is the same for the same time", async () => {
    const source = put(ovaOf(files), ".ova");
    const made = [fresh(".ova"), fresh(".ova")];
    for (const file of made) {
      process.env.SOURCE_DATE_EPOCH = "1700000000";
      assert.equal((await call("sign", source, file, ...who)).exitCode, 0);
      delete process.env.SOURCE_DATE_EPOCH;
      assert.deepEqual(await members(file), ["box.ovf", "box.mf", "box.cert", "disk.vmdk"]);
      assert.deepEqual(await verify(file), RIGHT);
    }
    const [one, two] = made.map((file) => readFileSync(file));
    assert.ok(one !== undefined && two !== undefined && one.equals(two));
  });

  it("turns a folder into an archive and back", async () => {
    const place = layOut(fresh(""), files);
    const archive = fresh(".ova");
    const back = fresh("");
    assert.equal((await call("sign", place, archive, ...who, "--digest", "sha512")).exitCode, 0);
    assert.deepEqual(await verify(archive), RIGHT);
    const { value, codes } = await call("sign", archive, back, ...who, "--digest", "sha384");
    assert.deepEqual(codes, ["warning sign/not-everywhere"]);
    assert.deepEqual([value.manifest.algorithms, value.certificate.algorithm], [["sha384"], "sha384"]);
    assert.deepEqual(await verify(back), RIGHT);
    assert.equal((await call("sign", place, archive, ...who)).error, "io/exists");
    assert.equal((await call("sign", place, archive, ...who, "--force")).exitCode, 0);
  });

  it("with an elliptic curve puts them at the end, and says what is not proven", async () => {
    const source = put(ovaOf(files), ".ova");
    const archive = fresh(".ova");
    const { exitCode, codes } = await call("sign", source, archive, ...(await signerOf({ name: "Curve", key: "ec" })));
    assert.deepEqual([exitCode, codes], [0, ["info sign/not-everywhere"]]);
    assert.deepEqual(await members(archive), ["box.ovf", "disk.vmdk", "box.mf", "box.cert"]);
  });

  it("carries the issuers' certificates with --chain alone", async () => {
    const count = (file: string): number => readFileSync(file, "latin1").split("BEGIN CERTIFICATE").length - 1;
    for (const [options, certificates] of [
      [[], 1],
      [["--chain"], 2],
    ] as const) {
      const archive = fresh(".ova");
      await call("sign", put(ovaOf(files), ".ova"), archive, ...who, ...options);
      assert.equal(count(archive), certificates);
      assert.deepEqual(await verify(archive), RIGHT);
    }
  });
});

describe("a manifest that is signed", () => {
  it("is made anew where it is weak, spelled oddly, or lists a file twice or itself, and kept otherwise", async () => {
    const body = bodyOf(files);
    const strong = new TextDecoder().decode(manifestOf(body));
    const [first = "", second = ""] = strong.split("\n");
    for (const [manifest, reason] of [
      [new TextDecoder().decode(manifestOf(body, "sha1")), "its digests are weak"],
      [`${first}\n${first}\n${second}\n`, "it lists a file twice"],
      [`${strong}SHA256(box.mf)= ${"0".repeat(64)}\n`, "it lists itself"],
      [strong.replaceAll("(", " (").replaceAll(")=", ") ="), "its spelling is not the standard's"],
      [strong + new TextDecoder().decode(manifestOf(body, "sha1")), null],
    ] as const) {
      const file = put(ovaOf({ ...body, "box.mf": new TextEncoder().encode(manifest) }), ".ova");
      const { value } = await call("sign", file, ...who);
      assert.equal(value.manifest.reason, reason, manifest);
      assert.equal((await verify(file))[2], "trusted");
    }
  });

  it("that is made anew is no weaker than the old one", async () => {
    const body = bodyOf(files);
    const file = put(
      ovaOf({ ...body, "box.mf": manifestOf({ "box.ovf": body["box.ovf"] ?? disk }, "sha512") }),
      ".ova",
    );
    const { value } = await call("sign", file, ...who);
    assert.deepEqual([value.manifest.reason, value.manifest.algorithms], ["it left files out", ["sha512"]]);
    assert.deepEqual(await verify(file), RIGHT);
  });

  it("of a package that is not what it says is refused, unless the changes are accepted", async () => {
    const altered = { ...files, "disk.vmdk": disk.with(5000, 1) };
    const missing = { ...files, "box.mf": manifestOf({ ...bodyOf(files), "gone.vmdk": disk }) };
    const unclear = { ...files, "box.mf": new TextEncoder().encode("nothing\n") };
    const { "disk.vmdk": _, ...incomplete } = files;
    for (const wrong of [altered, missing, unclear, incomplete]) {
      const file = put(ovaOf(wrong), ".ova");
      const before = readFileSync(file);
      const result = fresh(".ova");
      for (const words of [[file], [file, result], [file, "--dry-run"]]) {
        const { exitCode, error } = await call("sign", ...words, ...who);
        assert.deepEqual([exitCode, error], [3, "sign/refused"]);
      }
      assert.ok(!existsSync(result) && readFileSync(file).equals(before));
    }
    for (const wrong of [altered, missing, unclear]) {
      const file = put(ovaOf(wrong), ".ova");
      const result = fresh(".ova");
      assert.equal((await call("sign", file, result, ...who, "--accept-changes")).exitCode, 0);
      assert.deepEqual(await verify(result), RIGHT);
      const { exitCode, value } = await call("sign", file, ...who, "--accept-changes");
      assert.deepEqual([exitCode, value.manifest.action], [0, "made"]);
      assert.deepEqual(await verify(file), RIGHT);
    }
  });
});

describe("an archive whose signing was interrupted", () => {
  it("is refused by verify, and put back before it is signed again", async () => {
    const file = put(ovaOf(files), ".ova");
    const before = readFileSync(file);
    // The file, its header and the first bytes of the change are written when the process is killed.
    const edit = { patches: [{ at: before.length - 1024, text: "half of a member" }], fileBytes: null };
    const child = new URL("../support/edit-child.js", import.meta.url).pathname;
    let torn = false;
    for (let step = 1; step < 20 && !torn; step++) {
      spawnSync(process.execPath, [child, file, JSON.stringify(edit), `${step}`, "whole"]);
      torn = !readFileSync(file).equals(before);
    }
    assert.ok(torn);
    assert.equal((await call("verify", file)).error, "io/unfinished-change");
    const { exitCode, codes } = await call("sign", file, ...who);
    assert.deepEqual([exitCode, codes], [0, ["warning io/change-undone"]]);
    assert.deepEqual(await verify(file), RIGHT);
  });
});
