import assert from "node:assert/strict";
import { generateKeyPairSync, sign as signBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Issued, issue } from "../../../../test/support/authority.js";
import { hasCode } from "../../../../test/support/errors.js";
import { commandSigner, keySigner } from "./signers.js";

const folder = mkdtempSync(join(tmpdir(), "vmferry-signers-"));
after(() => rmSync(folder, { recursive: true }));
const signal = new AbortController().signal;
const data = new TextEncoder().encode("SHA256(box.ovf)= 00\n");

let root: Issued;
let middle: Issued;
let rsa: Issued;
let ec: Issued;
before(async () => {
  root = await issue({ name: "Root", authority: true, usage: 0x06 });
  middle = await issue({ name: "Middle", issuer: root, authority: true, usage: 0x06 });
  rsa = await issue({ name: "Signer", issuer: middle, key: "rsa" });
  ec = await issue({ name: "Curve", issuer: middle, key: "ec" });
});

/** A command that is a script of Node.js. */
function command(script: string): readonly string[] {
  const file = join(folder, `${Math.random()}.cjs`);
  writeFileSync(file, script);
  return [process.execPath, file];
}

/** A script that signs its input with a key, as `how` turns into what is printed. */
function signing({ key }: Issued, how: string, options = "{}"): readonly string[] {
  const pem = join(folder, `${Math.random()}.pem`);
  writeFileSync(pem, key.export({ type: "pkcs8", format: "pem" }));
  // A digest is signed as it is by putting it into the frame of PKCS #1, or, of a curve, by no library of Node.js: it gets the data themselves.
  return command(`
    const { privateEncrypt, sign, constants } = require("node:crypto");
    const { readFileSync } = require("node:fs");
    const key = readFileSync(${JSON.stringify(pem)});
    const input = readFileSync(0);
    const env = process.env;
    if (input.toString("hex") !== env.VMFERRY_SIGN_DIGEST_HEX || input.toString("base64") !== env.VMFERRY_SIGN_DIGEST_BASE64) process.exit(9);
    const info = Buffer.from(env.VMFERRY_SIGN_DIGEST_INFO_BASE64, "base64");
    const made = env.VMFERRY_SIGN_KEY === "rsa"
      ? privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, info)
      : sign(env.VMFERRY_SIGN_ALGORITHM, Buffer.from(${JSON.stringify(Buffer.from(data).toString("base64"))}, "base64"), { key, ...${options} });
    process.stdout.write(${how});`);
}

const asking = (words: readonly string[], { der }: Issued, timeoutMs = 20_000) =>
  commandSigner({ words, certificates: [der], timeoutMs });

describe("a signer with a key", () => {
  it("puts the key's own certificate first, its issuers after it, and leaves others out", async () => {
    const other = await issue({ name: "Other" });
    const { certificates } = keySigner(rsa.key, [other.der, root.der, rsa.der, middle.der]);
    assert.deepEqual(certificates, [rsa.der, middle.der, root.der]);
  });

  it("needs the certificate of its key", () => {
    assert.throws(() => keySigner(rsa.key, []), hasCode("sign/no-certificate"));
    assert.throws(() => keySigner(rsa.key, [ec.der, root.der]), hasCode("sign/key-mismatch"));
    assert.throws(() => keySigner(rsa.key, [new Uint8Array(9)]), hasCode("signature/unreadable"));
  });

  it("is none with a key that packages are not signed with", () => {
    for (const { privateKey } of [
      generateKeyPairSync("ed25519"),
      generateKeyPairSync("ec", { namedCurve: "secp256k1" }),
      generateKeyPairSync("rsa-pss", { modulusLength: 2048 }),
    ]) {
      assert.throws(() => keySigner(privateKey, [rsa.der]), hasCode("sign/unsupported-key"));
    }
  });

  it("that is too short for the digest says so", async () => {
    const short = await issue({ name: "Short", key: "rsa-512" });
    await assert.rejects(keySigner(short.key, [short.der]).sign(data, "sha512", signal), hasCode("sign/failed"));
  });
});

describe("a command that signs", () => {
  it("may print bytes, hexadecimal or base64, in lines, quotes or colons", async () => {
    for (const how of [
      "made",
      "made.toString('hex')",
      "'0x' + made.toString('hex').toUpperCase() + '\\n'",
      "made.toString('hex').replace(/..(?!$)/g, '$&:')",
      "made.toString('base64') + '\\n'",
      "made.toString('base64url')",
      "JSON.stringify(made.toString('base64'))",
      "made.toString('base64').replace(/.{64}/g, '$&\\r\\n')",
    ]) {
      const signature = await asking(signing(rsa, how), rsa).sign(data, "sha256", signal);
      assert.deepEqual(signature, new Uint8Array(signBytes("sha256", data, rsa.key)), how);
    }
  });

  it("with an elliptic curve may print DER, or its two numbers", async () => {
    for (const [how, options] of [
      ["made", "{}"],
      ["made.toString('hex')", "{ dsaEncoding: 'ieee-p1363' }"],
      ["made", "{ dsaEncoding: 'ieee-p1363' }"],
    ] as const) {
      const signature = await asking(signing(ec, how, options), ec).sign(data, "sha256", signal);
      assert.equal(signature[0], 0x30);
    }
  });

  it("that signs with another key, or something else, is caught", async () => {
    const wrong = hasCode("sign/wrong-signature");
    await assert.rejects(
      asking(signing(rsa, "made"), await issue({ name: "Other", key: "rsa" })).sign(data, "sha256", signal),
      wrong,
    );
    await assert.rejects(asking(signing(rsa, "made + 'x'"), rsa).sign(data, "sha256", signal), wrong);
    await assert.rejects(asking(command("process.stdout.write('done')"), rsa).sign(data, "sha256", signal), wrong);
  });

  it("that fails, prints nothing or too much, or takes too long, is told", async () => {
    const failed = hasCode("sign/failed");
    for (const [words, timeoutMs] of [
      [command("console.error('no card'); process.exit(4)"), 20_000],
      [command(""), 20_000],
      [command("for (;;) process.stdout.write('x'.repeat(65536))"), 20_000],
      [command("setTimeout(() => {}, 60000)"), 300],
      [["/nowhere/program"], 20_000],
    ] as const) {
      await assert.rejects(asking(words, rsa, timeoutMs).sign(data, "sha256", signal), failed);
    }
    await assert.rejects(
      asking(command("console.error('no card'); process.exit(4)"), rsa).sign(data, "sha256", signal),
      /status 4; it said: no card/,
    );
  });

  it("that tells a secret of its environment when it fails is not repeated", async () => {
    process.env.VMFERRY_TEST_TOKEN = "swordfish";
    const words = command("console.error('token ' + process.env.VMFERRY_TEST_TOKEN); process.exit(1)");
    await assert.rejects(asking(words, rsa).sign(data, "sha256", signal), /it said: token \*\*\*$/);
  });

  it("ends with the run", async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 100);
    const signer = asking(command("setTimeout(() => {}, 60000)"), rsa);
    await assert.rejects(signer.sign(data, "sha256", stop.signal), hasCode("run/canceled"));
  });

  it("needs a certificate", () => {
    assert.throws(
      () => commandSigner({ words: ["a"], certificates: [], timeoutMs: 1 }),
      hasCode("sign/no-certificate"),
    );
  });
});
