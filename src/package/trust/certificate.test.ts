import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { defaultLimits } from "../../base/limits.js";
import { testContext } from "../../io/testing/context.js";
import { parseCertificate } from "./certificate.js";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const corpus = "../shared/corpus/manifest";

/** DER by hand: a tag, a length, the content. */
function der(tag: number, ...content: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const body = Buffer.concat(content.map((part) => Uint8Array.from(part)));
  const { length } = body;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, Math.floor(length / 256), length % 256];
  return Buffer.concat([Uint8Array.of(tag, ...size), body]);
}

const ECDSA_SHA256 = der(0x30, der(0x06, [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]));
const P256_KEY = der(
  0x30,
  der(
    0x30,
    der(0x06, [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01]),
    der(0x06, [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07]),
  ),
  der(0x03, [0, 4, ...new Uint8Array(64).fill(1)]),
);

/** A certificate whose subject and issuer have these parts; its key and signature are noise. */
function certificate(parts: readonly { readonly oid: readonly number[]; readonly text: string }[]): Uint8Array {
  const name = der(
    0x30,
    ...parts.map(({ oid, text }) => der(0x31, der(0x30, der(0x06, oid), der(0x0c, encode(text))))),
  );
  const validity = der(0x30, der(0x17, encode("260101000000Z")), der(0x18, encode("20510203040506Z")));
  const body = der(0x30, der(0x02, [1]), ECDSA_SHA256, name, validity, name, P256_KEY);
  return der(0x30, body, ECDSA_SHA256, der(0x03, [0, 1, 2, 3]));
}

function pem(bytes: Uint8Array): string {
  return `-----BEGIN CERTIFICATE-----\n${Buffer.from(bytes).toString("base64")}\n-----END CERTIFICATE-----\n`;
}

const CN = [0x55, 0x04, 0x03];
const O = [0x55, 0x04, 0x0a];
const SERIAL_NUMBER = [0x55, 0x04, 0x05];
const ctx = testContext();

test("reads the names of a certificate behind a signature, the most specific part first, and its last second", () => {
  const text = `SHA256(a.mf)= 00ff\n${pem(
    certificate([
      { oid: O, text: "Example Org" },
      { oid: CN, text: "signer" },
    ]),
  )}`;
  assert.deepEqual(parseCertificate(encode(text), ctx), {
    subject: "CN=signer,O=Example Org",
    issuer: "CN=signer,O=Example Org",
    notAfter: "2051-02-03T04:05:06Z",
  });
});

test("the first of several certificates is the signer's", () => {
  const [first, second] = ["one", "two"].map((text) => pem(certificate([{ oid: CN, text }])));
  assert.equal(parseCertificate(encode(`${first}${second}`), ctx).subject, "CN=one");
});

test("a name cannot pretend to have parts that it has not, nor move a terminal's cursor", () => {
  const parts = [
    { oid: CN, text: ' #a,O=Microsoft+"\\; ' },
    { oid: SERIAL_NUMBER, text: "\u001b[2J\u0085" },
  ];
  const { subject } = parseCertificate(encode(pem(certificate(parts))), ctx);
  assert.equal(subject, '2.5.4.5=\\1b[2J\\c2\\85,CN=\\ #a\\,O=Microsoft\\+\\"\\\\\\;\\ ');
});

for (const [what, text] of [
  ["no certificate", "SHA256(a.mf)= 00ff\n"],
  ["an empty certificate", "-----BEGIN CERTIFICATE-----\n\n-----END CERTIFICATE-----\n"],
  ["letters that are no base64", "-----BEGIN CERTIFICATE-----\nA===A\n-----END CERTIFICATE-----\n"],
  ["noise", pem(Uint8Array.of(0x30, 0x82, 0xff, 0xff, 1, 2, 3))],
  ["a certificate cut short", pem(certificate([{ oid: CN, text: "signer" }]).subarray(0, 60))],
  ["nesting without end", pem(new Uint8Array(100_000).map((_, i) => (i % 2 === 0 ? 0x30 : 0x80)))],
] as const) {
  test(`${what} is refused with a code`, () => {
    assert.throws(() => parseCertificate(encode(text), ctx), { code: "signature/unreadable" });
  });
}

test("a certificate beyond the limit is not decoded", () => {
  const limits = { ...defaultLimits, certificateBytes: 100 };
  const text = encode(pem(certificate([{ oid: CN, text: "signer" }])));
  assert.throws(() => parseCertificate(text, testContext({ limits })), { code: "signature/unreadable" });
});

test("a package signed with a bought certificate shows signer and issuer", {
  skip: existsSync(corpus) ? false : "../shared is absent",
}, () => {
  const bytes = readFileSync(`${corpus}/vmware-ovftool__tdappliance1-t5-ovftool-4-1-0.cert`);
  assert.deepEqual(parseCertificate(bytes, ctx), {
    subject: "CN=Knut Stange Osmundsen,O=Knut Stange Osmundsen,L=Stuttgart,ST=Baden-Wurttemberg,C=DE",
    issuer: "CN=DigiCert High Assurance Code Signing CA-1,OU=www.digicert.com,O=DigiCert Inc,C=US",
    notAfter: "2018-08-11T12:00:00Z",
  });
});
