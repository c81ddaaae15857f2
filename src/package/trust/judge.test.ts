import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { before, describe, it } from "node:test";
import { cmsOf, type Issued, issue, pemOf, signatureFile } from "../../../test/support/authority.js";
import { anchors, cast, codesOf, judge, manifest } from "../../../test/support/judging.js";
import { readCertificates } from "./material.js";

let root: Issued;
let middle: Issued;
let signer: Issued;
let rsa: Issued;
before(async () => {
  ({ root, middle, signer, rsa } = await cast());
});

describe("a signature", () => {
  it("of RSA or an elliptic curve is right for the manifest that was signed", async () => {
    for (const key of ["rsa", "ec", "ec-384"] as const) {
      const own = await issue({ name: key, key });
      for (const hash of ["sha256", "sha384", "sha512"]) {
        const { signed, signer: found, algorithm } = judge(signatureFile("box.mf", manifest, own, { hash }));
        assert.deepEqual([signed, found?.subject, algorithm], ["untrusted", `CN=${key}`, hash]);
      }
    }
  });

  it("of another manifest by the same key says so where the key is of RSA, and is wrong where it is not", () => {
    const other = manifest.with(20, 49);
    const ofRsa = judge(signatureFile("box.mf", manifest, rsa), { manifest: other });
    assert.deepEqual([ofRsa.signed, codesOf(ofRsa)], ["invalid", ["error signature/other-content"]]);
    const ofEc = judge(signatureFile("box.mf", manifest, signer), { manifest: other });
    assert.deepEqual([ofEc.signed, codesOf(ofEc)], ["invalid", ["error signature/mismatch"]]);
  });

  it("by another key than the certificate's is wrong", () => {
    const file = signatureFile("box.mf", manifest, rsa).replace(rsa.pem, root.pem);
    assert.deepEqual(codesOf(judge(file)), ["error signature/mismatch"]);
  });

  it("that names another manifest is one of another package, or of a renamed one", () => {
    const renamed = judge(signatureFile("old.mf", manifest, rsa), anchors(rsa));
    assert.deepEqual([renamed.signed, codesOf(renamed)], ["trusted", ["warning signature/other-manifest"]]);
    const foreign = judge(signatureFile("old.mf", manifest.subarray(1), rsa), anchors(rsa));
    assert.deepEqual([foreign.signed, codesOf(foreign)], ["invalid", ["error signature/other-manifest"]]);
  });

  it("without a manifest vouches for nothing", () => {
    const alone = judge(signatureFile("box.mf", manifest, rsa), { manifest: null });
    assert.deepEqual([alone.signed, codesOf(alone)], ["invalid", ["error signature/no-manifest"]]);
  });

  it("with a weak digest or an unknown one is told", () => {
    const weak = judge(signatureFile("box.mf", manifest, rsa, { hash: "sha1" }), anchors(rsa));
    assert.deepEqual([weak.signed, codesOf(weak)], ["trusted", ["warning signature/weak-algorithm"]]);
    const unknown = judge(signatureFile("box.mf", manifest, rsa).replace("SHA256", "SHA3-256"));
    assert.deepEqual(codesOf(unknown), ["error signature/unknown-algorithm"]);
  });

  it("in several lines has to be right in each", () => {
    const one = signatureFile("box.mf", manifest, rsa);
    const two = `${signatureFile("box.mf", manifest, rsa, { hash: "sha512" }).split("\n")[0]}\n${one}`;
    const both = judge(two, anchors(rsa));
    assert.deepEqual([both.signed, both.algorithm, codesOf(both)], ["trusted", "sha512", []]);
    const broken = judge(two.replace("= ", "= 00"), anchors(rsa));
    assert.deepEqual(codesOf(broken), ["error signature/mismatch"]);
  });

  for (const [what, change, code] of [
    ["a signature that is no hexadecimal", (text: string) => text.replace("= ", "= xy"), "signature/unreadable"],
    ["no signature at all", (text: string) => text.slice(text.indexOf("\n") + 1), "signature/unreadable"],
    ["no certificate", (text: string) => text.slice(0, text.indexOf("\n") + 1), "signature/unreadable"],
    ["a certificate that is cut off", (text: string) => text.slice(0, -60), "signature/unreadable"],
    [
      "a certificate of noise",
      (text: string) => text.replace(/MII.{20}/, "MIIB".repeat(6).slice(0, 23)),
      "signature/unreadable",
    ],
  ] as const) {
    it(`with ${what} cannot be read, and is that alone`, () => {
      const broken = judge(change(signatureFile("box.mf", manifest, rsa)));
      assert.deepEqual([broken.signed, codesOf(broken)], ["invalid", [`error ${code}`]]);
    });
  }

  it("with bytes that mean nothing is right, and they are told", () => {
    const file = signatureFile("box.mf", manifest, rsa);
    for (const odd of [
      `${file}   \n \n`,
      file.replaceAll("\n", "\r\n"),
      file.replace("SHA256(box.mf)= ", "SHA256 (box.mf) = "),
      file.replace(/= [0-9a-f]+/, (hex) => hex.toUpperCase()),
      `${file}some words\n`,
      file.replace("\n-----BEGIN", "\n\n-----BEGIN"),
    ]) {
      const judged = judge(odd, anchors(rsa));
      assert.deepEqual(
        [judged.signed, codesOf(judged)],
        ["trusted", ["info signature/odd-spelling"]],
        odd.slice(0, 40),
      );
    }
  });
});

describe("a block of CMS, as VirtualBox appends it", () => {
  const file = (...blocks: readonly (readonly [string, Uint8Array])[]): string =>
    `${signatureFile("box.mf", manifest, signer)}${blocks.map(([label, der]) => pemOf(label, der)).join("")}`;

  it("brings the certificates of authorities along", async () => {
    for (const attributes of [true, false]) {
      for (const label of ["CMS", "PKCS7"]) {
        const block = await cmsOf(manifest, signer, { attributes, certificates: [signer, middle] });
        const judged = judge(file([label, block]), anchors(root));
        assert.deepEqual([judged.signed, codesOf(judged)], ["trusted", []]);
      }
    }
  });

  it("may leave out the certificate that stands beside it", async () => {
    const block = await cmsOf(manifest, signer, { certificates: [middle] });
    assert.deepEqual(codesOf(judge(file(["CMS", block]), anchors(root))), []);
  });

  it("of another manifest, by somebody else or of noise makes the signature invalid", async () => {
    const cases: readonly (readonly [Uint8Array, string])[] = [
      [await cmsOf(manifest.subarray(1), signer), "signature/other-content"],
      [await cmsOf(manifest.subarray(1), signer, { attributes: false }), "signature/mismatch"],
      [await cmsOf(manifest, rsa), "signature/two-signers"],
      [await cmsOf(manifest, rsa, { certificates: [] }), "signature/unreadable"],
      [Uint8Array.of(0x30, 3, 1, 2, 3), "signature/unreadable"],
    ];
    for (const [block, code] of cases) {
      const judged = judge(file(["CMS", block]), anchors(middle));
      assert.deepEqual([judged.signed, codesOf(judged)], ["invalid", [`error ${code}`]]);
    }
  });

  it("that is a time stamp is left alone, and told", async () => {
    const stamp = await cmsOf(manifest, rsa, { type: "1.2.840.113549.1.9.16.1.4" });
    const judged = judge(file(["CMS", stamp]), anchors(middle));
    assert.deepEqual([judged.signed, codesOf(judged)], ["trusted", ["info signature/block-unchecked"]]);
  });
});

describe("certificates that are given", () => {
  const limits = { certificateBytes: 65_536 };
  const bytes = (text: string) => new TextEncoder().encode(text);

  it("are read in PEM with text between, and in DER", () => {
    const bundle = readCertificates(bytes(`# ours\n${root.pem}and\n${middle.pem}`), "ca.pem", limits);
    assert.deepEqual(
      bundle.map(({ subject }) => subject),
      ["CN=Root", "CN=Middle"],
    );
    assert.equal(readCertificates(root.der, "ca.der", limits).length, 1);
  });

  it("are refused by name where there is none, or one is damaged; bundles of a system skip that one", () => {
    assert.throws(() => readCertificates(bytes("none"), "ca.pem", limits), {
      code: "signature/unreadable",
      message: /ca\.pem/,
    });
    const damaged = bytes(pemOf("CERTIFICATE", root.der.subarray(0, 99)) + middle.pem);
    assert.throws(() => readCertificates(damaged, "ca.pem", limits), { code: "signature/unreadable" });
    assert.equal(readCertificates(damaged, "ca.pem", limits, "skip").length, 1);
  });
});

describe("packages that ovftool signed", () => {
  const corpus = "../shared/corpus/manifest";
  const skip = existsSync(corpus) ? false : "../shared is absent";
  const read = (name: string) => new Uint8Array(readFileSync(`${corpus}/${name}`));

  for (const [name, subject] of [
    ["vmware-ovftool__tdappliance1-t4-ovftool-4-1-0", "CN=beispiel.example.org"],
    ["vmware-ovftool__tdappliance1-t5-ovftool-4-1-0", "CN=Knut Stange Osmundsen"],
  ] as const) {
    it(`${name} has the right signature, with its padding`, { skip }, () => {
      const file = read(`${name}.cert`);
      const signed = /\((.*?)\)/.exec(new TextDecoder("latin1").decode(file))?.[1] ?? "";
      const judged = judge(file, { manifest: read(`${name}.mf`), name: signed });
      assert.equal(judged.signed, "untrusted", codesOf(judged).join());
      assert.ok(judged.signer?.subject.startsWith(subject));
      assert.ok(codesOf(judged).includes("warning signature/weak-algorithm"));
    });
  }
});
