import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { hasCode } from "../../../../test/support/errors.js";
import { certificatesIn, readKey } from "./read-key.js";

const PASSPHRASE = "swordfish é";
const fixture = (name: string): Uint8Array => new Uint8Array(readFileSync(`test/fixtures/keys/${name}`));

function read(bytes: Uint8Array | string, passphrase: string | null = null) {
  const asked: number[] = [];
  const found = readKey({
    name: "key",
    bytes: typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes,
    async passphrase() {
      asked.push(1);
      return passphrase;
    },
  });
  return Object.assign(found, { asked });
}

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
const ec = generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey;
const same = (a: KeyObject, b: KeyObject): void => assert.ok(a.equals(b));

describe("a key", () => {
  it("is read from PEM and DER of every kind, and no passphrase is asked for", async () => {
    for (const [key, types] of [
      [rsa, ["pkcs1", "pkcs8"]],
      [ec, ["sec1", "pkcs8"]],
    ] as const) {
      for (const type of types) {
        for (const format of ["pem", "der"] as const) {
          const bytes = key.export({ type, format } as never) as string | Buffer;
          const reading = read(typeof bytes === "string" ? bytes : new Uint8Array(bytes));
          same((await reading).key, key);
          assert.deepEqual(reading.asked, []);
        }
      }
    }
  });

  it("is read from encrypted PEM of both kinds and encrypted DER with its passphrase alone", async () => {
    const secret = { cipher: "aes-256-cbc", passphrase: PASSPHRASE };
    for (const bytes of [
      rsa.export({ type: "pkcs8", format: "pem", ...secret }) as string,
      rsa.export({ type: "pkcs1", format: "pem", ...secret }) as string,
      new Uint8Array(rsa.export({ type: "pkcs8", format: "der", ...secret })),
    ]) {
      same((await read(bytes, PASSPHRASE)).key, rsa);
      await assert.rejects(read(bytes, "another"), hasCode("sign/wrong-passphrase"));
      await assert.rejects(read(bytes), hasCode("sign/no-passphrase"));
    }
  });

  it("is read from PKCS #12 as OpenSSL 1 and 3 and Windows write it, certificates with it", async () => {
    for (const name of ["modern", "legacy", "rc2-128", "windows", "aes128", "ec"]) {
      const { key, certificates } = await read(fixture(`${name}.p12`), PASSPHRASE);
      const read_ = certificates.map((der) => new X509Certificate(der));
      assert.deepEqual(
        read_.map((one) => [one.checkPrivateKey(key), one.subject.split("\n").at(-1)]),
        [
          [true, name === "ec" ? "CN=Test ec" : "CN=Test rsa"],
          [false, "CN=Test Root"],
        ],
        name,
      );
      await assert.rejects(read(fixture(`${name}.p12`), "another"), hasCode("sign/wrong-passphrase"));
      await assert.rejects(read(fixture(`${name}.p12`)), hasCode("sign/no-passphrase"));
    }
  });

  it("in PKCS #12 with an empty passphrase is read without asking", async () => {
    const reading = read(fixture("open.p12"));
    assert.equal((await reading).certificates.length, 2);
    assert.deepEqual(reading.asked, []);
  });

  it("that is none is told", async () => {
    const damaged = fixture("modern.p12");
    for (const bytes of [
      "",
      "no key",
      fixture("rsa.crt"),
      certificatesIn(fixture("rsa.crt"))[0] ?? "",
      damaged.subarray(0, 900),
      (rsa.export({ type: "pkcs8", format: "pem" }) as string).replace(/^M/m, "A"),
    ]) {
      await assert.rejects(read(bytes, PASSPHRASE), hasCode("sign/unreadable-key"));
    }
    await assert.rejects(read(fixture("keyless.p12"), PASSPHRASE), hasCode("sign/unreadable-key"));
  });

  it("in PKCS #12 that asks for a day of hashing is refused at once", async () => {
    await assert.rejects(read(fixture("slow.p12"), PASSPHRASE), hasCode("sign/unreadable-key"));
  });
});
