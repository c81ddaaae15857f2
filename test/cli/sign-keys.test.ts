/** `vmferry sign`: who may sign, and with what. */
import assert from "node:assert/strict";
import { chmodSync, readFileSync } from "node:fs";
import { before, describe, it } from "node:test";
import { type Issued, issue } from "../support/authority.js";
import { descriptorOf, diskFile, ovaOf, type PackageFiles, packageOf } from "../support/packages.js";
import { callSign as call, pemOfKey, signingFolder, verifySigned } from "../support/signing.js";

const { fresh, put, signerOf } = signingFolder();

let files: PackageFiles;
let rsa: Issued;
let keyFile: string;
let certificateFile: string;
let who: readonly string[];
before(async () => {
  const disk = await diskFile("vmdk", "streamOptimized", { sectors: 16_384, runs: [] });
  files = packageOf(descriptorOf([{ href: "disk.vmdk", use: "disk" }]), { "disk.vmdk": disk });
  rsa = await issue({ name: "Signer", usage: 0x80, key: "rsa" });
  keyFile = put(pemOfKey(rsa), ".pem");
  certificateFile = put(rsa.pem, ".crt");
  who = ["--key", keyFile, "--certificate", certificateFile];
});

const verify = (file: string) => verifySigned(file, rsa);
const RIGHT = [0, "intact", "trusted"];

describe("a signer", () => {
  const source = (): string => put(ovaOf(files), ".ova");

  it("whose certificate is not valid, or is not for signing, is refused unless any is taken", async () => {
    for (const [options, code] of [
      [{ name: "Old", notAfter: "2021-01-01T00:00:00Z" }, "sign/certificate-expired"],
      [{ name: "New", notBefore: "2044-01-01T00:00:00Z" }, "sign/certificate-expired"],
      [{ name: "Other", usage: 0x04 }, "sign/wrong-usage"],
    ] as const) {
      const signer = await signerOf({ ...options, key: "rsa" });
      const file = source();
      const refused = await call("sign", file, ...signer);
      assert.deepEqual([refused.exitCode, refused.error], [3, code]);
      const taken = await call("sign", file, ...signer, "--any-certificate");
      assert.deepEqual([taken.exitCode, taken.codes], [0, [`warning ${code}`]]);
    }
  });

  it("with a short key, a weak digest, or a key that others can read is warned", async () => {
    const short = await call("sign", source(), ...(await signerOf({ name: "Short", key: "rsa-1024" })));
    assert.deepEqual(short.codes, ["warning sign/weak-key"]);
    const weak = await call("sign", source(), ...who, "--digest", "sha1");
    assert.deepEqual(
      weak.codes,
      ["warning sign/weak-digest", "info manifest/weak-algorithm"].slice(0, weak.codes.length),
    );
    assert.deepEqual(weak.value.manifest.algorithms, ["sha1"]);
    const open = put(pemOfKey(rsa), ".pem");
    chmodSync(open, 0o644);
    const exposed = await call("sign", source(), "--key", open, "--certificate", certificateFile);
    assert.deepEqual(exposed.codes, ["warning sign/key-exposed"]);
  });

  it("has a key with a passphrase by reference", async () => {
    process.env.VMFERRY_TEST_P12 = "swordfish é";
    const p12 = put(readFileSync("test/fixtures/keys/legacy.p12"), ".p12");
    const right = await call("sign", source(), "--key", p12, "--passphrase", "env:VMFERRY_TEST_P12");
    assert.equal(right.value.signer.subject, "CN=Test rsa,O=Example");
    for (const [options, exitCode, error] of [
      [[], 2, "sign/no-passphrase"],
      [["--passphrase", "swordfish é"], 2, "secret/bad-reference"],
      [["--passphrase", "cmd:printf wrong"], 2, "sign/wrong-passphrase"],
      [["--passphrase", "env:VMFERRY_TEST_NONE"], 3, "secret/unavailable"],
      [["--passphrase", "file:/dev/zero"], 3, "secret/too-long"],
    ] as const) {
      const found = await call("sign", source(), "--key", p12, ...options);
      assert.deepEqual([found.exitCode, found.error], [exitCode, error]);
      assert.ok(!JSON.stringify(found.value).includes("swordfish"));
    }
  });

  it("may be a command, whose signature is checked before anything is written", async () => {
    const script = put(
      `const { privateEncrypt, constants } = require("node:crypto");
      const info = Buffer.from(process.env.VMFERRY_SIGN_DIGEST_INFO_BASE64, "base64");
      const key = require("node:fs").readFileSync(${JSON.stringify(keyFile)});
      process.stdout.write(privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, info).toString("base64"));`,
      ".cjs",
    );
    const command = ["--sign-with", `'${process.execPath}' ${script}`];
    const file = source();
    const right = await call("sign", file, ...command, "--certificate", certificateFile);
    assert.deepEqual([right.exitCode, await verify(file)], [0, RIGHT]);
    const untouched = source();
    const before = readFileSync(untouched);
    const other = put((await issue({ name: "Other", key: "rsa" })).pem, ".crt");
    const wrong = await call("sign", untouched, ...command, "--certificate", other);
    assert.deepEqual([wrong.exitCode, wrong.error], [3, "sign/wrong-signature"]);
    const failing = ["--sign-with", "false", "--certificate", certificateFile];
    assert.equal((await call("sign", untouched, ...failing)).error, "sign/failed");
    const slow = ["--sign-with", "sleep 60", "--sign-timeout", "1", "--certificate", certificateFile];
    assert.equal((await call("sign", untouched, ...slow)).error, "sign/failed");
    assert.ok(readFileSync(untouched).equals(before));
    assert.equal((await call("sign", untouched, ...command)).error, "sign/no-certificate");
  });

  it("has to be there, once, with the certificate of its key", async () => {
    const other = put((await issue({ name: "Other", key: "rsa" })).pem, ".crt");
    for (const [options, error] of [
      [[], "cli/usage"],
      [["--certificate", certificateFile], "cli/usage"],
      [["--key", keyFile, "--sign-with", "a"], "cli/usage"],
      [["--key", keyFile], "sign/no-certificate"],
      [["--key", keyFile, "--certificate", keyFile], "sign/no-certificate"],
      [["--key", keyFile, "--certificate", other], "sign/key-mismatch"],
      [["--key", certificateFile], "sign/unreadable-key"],
      [["--key", fresh(".pem")], "io/not-found"],
      [["--key", put(new Uint8Array(2 ** 21), ".pem")], "io/limit"],
    ] as const) {
      assert.equal((await call("sign", source(), ...options)).error, error, options.join(" "));
    }
    assert.equal((await call("sign", "http://127.0.0.1:1/a.ova", ...who)).error, "cli/usage");
  });
});

describe("convert with a signer", () => {
  it("writes an archive or a folder that is signed, and one for another platform is refused", async () => {
    const source = put(ovaOf(files), ".ova");
    for (const [to, digest] of [
      ["ova", []],
      ["ova", ["--digest", "sha512"]],
      ["ovf", []],
    ] as const) {
      const result = fresh(to === "ova" ? ".ova" : "");
      const { exitCode, codes } = await call("convert", source, result, "--to", to, ...who, ...digest);
      assert.deepEqual([exitCode, codes], [0, []]);
      assert.deepEqual(await verify(result), RIGHT);
    }
    assert.equal((await call("convert", source, fresh(""), "--to", "libvirt", ...who)).error, "cli/usage");
  });
});
