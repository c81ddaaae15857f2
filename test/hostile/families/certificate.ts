import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type CertificateOptions, type Issued, issue, pemOf, revoke, signatureFile } from "../../support/authority.js";
import type { HostileCase, HostileFamily } from "../case.js";
import { GOOD, packed, utf8 } from "../make.js";

const MANIFEST = GOOD["box.mf"] ?? utf8("");
type Lay = (place: string) => Promise<string>;
/** The good package with a certificate file, and the authority `root.pem` beside it. */
const withFile =
  (make: (root: Issued) => Promise<string> | string): Lay =>
  async (place) => {
    const root = await issue({ name: "Root", authority: true, usage: 0x06 });
    writeFileSync(join(place, "root.pem"), root.pem);
    const certificate = await make(root);
    return packed(() => {
      const { "box.ovf": descriptor = utf8(""), "box.mf": manifest = utf8(""), ...rest } = GOOD;
      return { "box.ovf": descriptor, "box.mf": manifest, "box.cert": utf8(certificate), ...rest };
    })(place);
  };
/** Signed by a certificate of the authority. */
const signed = (options: Partial<CertificateOptions> = {}, change: (text: string) => string = (text) => text): Lay =>
  withFile(async (root) =>
    change(signatureFile("box.mf", MANIFEST, await issue({ name: "Signer", usage: 0x80, issuer: root, ...options }))),
  );
const rooted = ["--trust", "FOLDER/root.pem"];

const rows: readonly (readonly [
  tries: string,
  lay: Lay,
  code: HostileCase["code"],
  outcome: 0 | 1 | 3,
  options?: readonly string[],
])[] = [
  ["a certificate file that is empty", withFile(() => ""), "signature/unreadable", 1],
  ["a certificate file that is a page of HTML", withFile(() => "<html>404</html>"), "signature/unreadable", 1],
  ["a certificate without a signature", withFile(({ pem }) => pem), "signature/unreadable", 1],
  [
    "a signature without a certificate",
    signed({}, (text) => text.slice(0, text.indexOf("-----"))),
    "signature/unreadable",
    1,
  ],
  [
    "a certificate cut off in the middle",
    signed({}, (text) => text.slice(0, text.length - 300)),
    "signature/unreadable",
    1,
  ],
  [
    "a certificate of noise",
    signed({}, (text) => text.slice(0, text.indexOf("-----")) + pemOf("CERTIFICATE", new Uint8Array(500).fill(0x30))),
    "signature/unreadable",
    1,
  ],
  [
    "a certificate of 300 KiB",
    signed({}, (text) => text.slice(0, text.indexOf("-----")) + pemOf("CERTIFICATE", new Uint8Array(300_000))),
    "signature/unreadable",
    1,
  ],
  [
    "one digit of the signature changed",
    signed({ key: "rsa" }, (text) => text.replace(/[0-9a-f](?=\n)/, (digit) => (digit === "0" ? "1" : "0"))),
    "signature/mismatch",
    1,
  ],
  [
    "a signature of nothing",
    signed({ key: "rsa" }, (text) => text.replace(/= [0-9a-f]+/, "= ")),
    "signature/unreadable",
    1,
  ],
  [
    "a signature of zeros",
    signed({ key: "rsa" }, (text) => text.replace(/[0-9a-f]{200,}/, (digits) => "0".repeat(digits.length))),
    "signature/mismatch",
    1,
  ],
  [
    "a signature of ECDSA of two zeros, which broken programs take for any text",
    signed({}, (text) => text.replace(/= [0-9a-f]+/, "= 3006020100020100")),
    "signature/mismatch",
    1,
  ],
  [
    "the signature of another text by the right key",
    withFile(async (root) =>
      signatureFile(
        "box.mf",
        utf8("something else"),
        await issue({ name: "Signer", usage: 0x80, issuer: root, key: "rsa" }),
      ),
    ),
    "signature/other-content",
    1,
  ],
  [
    "the signature of another manifest's name",
    signed({}, (text) => text.replace("(box.mf)", "(other.mf)")),
    "signature/other-manifest",
    0,
    rooted,
  ],
  [
    "a digest that nobody knows in the signature",
    signed({}, (text) => text.replace("SHA256(", "ROT13(")),
    "signature/unknown-algorithm",
    1,
  ],
  [
    "a signer that nobody vouches for",
    withFile(async () => signatureFile("box.mf", MANIFEST, await issue({ name: "Root", usage: 0x80 }))),
    "signer/untrusted",
    1,
    rooted,
  ],
  [
    "a signer with the authority's name, made by a forger",
    withFile(async () => {
      const forger = await issue({ name: "Forger", authority: true });
      return signatureFile(
        "box.mf",
        MANIFEST,
        await issue({ name: "Signer", usage: 0x80, issuerName: "Root", signedBy: forger }),
      );
    }),
    "signer/bad-signature",
    1,
    rooted,
  ],
  ["a certificate that has expired", signed({ notAfter: "2021-01-01T00:00:00Z" }), "signer/expired", 1, rooted],
  [
    "a certificate that is not valid yet",
    signed({ notBefore: "2044-01-01T00:00:00Z" }),
    "signer/not-yet-valid",
    1,
    rooted,
  ],
  ["a certificate that is not for signing", signed({ usage: 0x20 }), "signer/wrong-usage", 1, rooted],
  [
    "a signer made by one who is no authority",
    withFile(async (root) => {
      const middle = await issue({ name: "Middle", usage: 0x80, issuer: root });
      return signatureFile("box.mf", MANIFEST, await issue({ name: "Signer", usage: 0x80, issuer: middle }), {
        more: [middle],
      });
    }),
    "signer/bad-authority",
    1,
    rooted,
  ],
  [
    "a signer with a critical extension that nobody knows",
    signed({ critical: "1.2.3.4.5" }),
    "signer/unknown-extension",
    1,
    rooted,
  ],
  [
    "certificates that vouch for each other in a circle",
    withFile(async () => {
      const a = await issue({ name: "A", authority: true });
      const b = await issue({ name: "B", authority: true, issuer: a });
      const c = await issue({ name: "A", authority: true, issuer: b });
      return signatureFile(
        "box.mf",
        MANIFEST,
        await issue({ name: "Signer", usage: 0x80, issuerName: "A", signedBy: c }),
        { more: [c, b, a] },
      );
    }),
    "signer/untrusted",
    1,
    rooted,
  ],
];

/** Who says to have made a package. */
export const certificateFamily: HostileFamily = {
  title: "Certificates and signatures",
  cases: [
    ...rows.map(
      ([tries, lay, code, outcome, options = []]): HostileCase => ({
        tries,
        code,
        lay,
        options,
        runs: { verify: outcome },
      }),
    ),
    {
      tries: "another signer than the one that has to be",
      code: "signer/not-the-one",
      also: ["signer/untrusted"],
      lay: signed({}),
      options: ["--signer", "0".repeat(64)],
      runs: { verify: 1, convert: [3, "package/not-trusted"], unpack: [3, "package/not-trusted"] },
    },
    {
      tries: "a signer whose certificate was revoked",
      code: "signer/revoked",
      lay: async (place) => {
        const root = await issue({ name: "Root", authority: true, usage: 0x06 });
        const signer = await issue({ name: "Signer", usage: 0x80, issuer: root });
        writeFileSync(join(place, "root.crl"), pemOf("X509 CRL", await revoke(root, [signer])));
        const lay = withFile(() => signatureFile("box.mf", MANIFEST, signer));
        const given = await lay(place);
        writeFileSync(join(place, "root.pem"), root.pem);
        return given;
      },
      options: [...rooted, "--crl", "FOLDER/root.crl"],
      runs: { verify: 1 },
    },
    {
      tries: "a file of authorities that is noise",
      code: "signature/unreadable",
      lay: async (place) => {
        const given = await signed({})(place);
        writeFileSync(join(place, "root.pem"), new Uint8Array(2000).fill(0x41));
        return given;
      },
      options: rooted,
      runs: { verify: 3 },
    },
    {
      tries: "a manifest that was changed after it was signed, with a disk to match",
      code: "signature/mismatch",
      lay: async (place) => {
        const root = await issue({ name: "Root", authority: true, usage: 0x06 });
        const text = signatureFile(
          "box.mf",
          utf8(`${new TextDecoder().decode(MANIFEST)}SHA256(extra.bin)= ${"0".repeat(64)}\n`),
          root,
        );
        return withFile(() => text)(place);
      },
      runs: { verify: 1, convert: [3, "package/not-intact"] },
    },
  ],
};
