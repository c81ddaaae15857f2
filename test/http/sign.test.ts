/** Signing what lies on a server. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { type Issued, issue } from "../support/authority.js";
import { serve, type TestServer } from "../support/http-server.js";
import { descriptorOf, manifestOf, ovaOf } from "../support/packages.js";
import { callSign, pemOfKey, signingFolder, verifySigned } from "../support/signing.js";

const { fresh, put } = signingFolder();
const disk = new Uint8Array(randomBytes(3_000_000));
const ovf = new TextEncoder().encode(descriptorOf([{ href: "notes.bin", use: "none" }]));
const body = { "box.ovf": ovf, "notes.bin": disk };
let server: TestServer;
let signer: Issued;
let who: readonly string[];
before(async () => {
  server = await serve({ "box.ova": ovaOf({ ...body, "box.mf": manifestOf(body, "sha1") }) }, {});
  signer = await issue({ name: "Signer", key: "rsa" });
  who = ["--key", put(pemOfKey(signer) + signer.pem, ".pem")];
});
after(() => server.close());

describe("sign of an address", () => {
  it("writes a signed copy of what it fetches once, and the address's password is in no result", async () => {
    const file = fresh(".ova");
    const url = `${server.origin}/box.ova`.replace("://", "://user:swordfish@");
    const { exitCode, value } = await callSign("sign", url, file, ...who);
    assert.equal(exitCode, 0, JSON.stringify(value));
    assert.equal(value.manifest.reason, "its digests are weak");
    assert.ok(!JSON.stringify(value).includes("swordfish"));
    assert.ok(server.bytes() < 1.1 * disk.length + 1_000_000, `${server.bytes()} bytes`);
    assert.deepEqual(await verifySigned(file, signer), [0, "intact", "trusted"]);
  });
});
