import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseAuthorization, signatureOf } from "../../../../test/support/s3-server.js";
import { signedFields } from "./sign.js";

// Examples of "Signature Calculations for the Authorization Header" in Amazon's S3 API reference.
const credentials = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};
const now = new Date("2013-05-24T00:00:00Z");
const host = "examplebucket.s3.amazonaws.com";
const EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const EXAMPLES: readonly (readonly [target: string, signature: string])[] = [
  ["/?lifecycle=", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"],
  ["/?max-keys=2&prefix=J", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"],
];

describe("the signature of a request", () => {
  for (const [target, signature] of EXAMPLES) {
    it(`is Amazon's for its example ${target}`, async () => {
      const fields = await signedFields(new URL(`https://${host}${target}`), { credentials, region: "us-east-1", now });
      const given = parseAuthorization(fields.authorization);
      assert.equal(given?.signature, signature);
      assert.deepEqual(given?.signed, ["host", "x-amz-content-sha256", "x-amz-date"]);
      const headers = { host, "x-amz-date": "20130524T000000Z", "x-amz-content-sha256": EMPTY };
      assert.equal(signatureOf({ method: "GET", target, headers }, given, credentials.secretAccessKey), signature);
    });
  }

  it("is Amazon's for its example with a range, by the check that the tests' store makes", () => {
    const signed = ["host", "range", "x-amz-content-sha256", "x-amz-date"];
    const headers = { host, range: "bytes=0-9", "x-amz-date": "20130524T000000Z", "x-amz-content-sha256": EMPTY };
    const scope = { accessKeyId: credentials.accessKeyId, date: "20130524", region: "us-east-1", signed };
    assert.equal(
      signatureOf({ method: "GET", target: "/test.txt", headers }, scope, credentials.secretAccessKey),
      "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    );
  });

  it("covers the session token, and fields of the user's that a store wants signed", async () => {
    const fields = await signedFields(new URL(`https://${host}/a`), {
      credentials: { ...credentials, sessionToken: "t" },
      region: "eu-west-1",
      now,
      headers: { "x-amz-request-payer": "requester" },
    });
    assert.equal(fields["x-amz-security-token"], "t");
    assert.deepEqual(parseAuthorization(fields.authorization)?.signed, [
      "host",
      "x-amz-content-sha256",
      "x-amz-date",
      "x-amz-request-payer",
      "x-amz-security-token",
    ]);
  });
});
