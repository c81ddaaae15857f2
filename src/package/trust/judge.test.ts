import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { before, describe, it } from "node:test";
import { cmsOf, type Issued, issue, pemOf, revoke, signatureFile } from "../../../test/support/authority.js";
import { testContext } from "../../io/testing/context.js";
import { nodeHash } from "../../runtime/node/hash.js";
import { nodeKeys } from "../../runtime/node/signatures.js";
import { readCrl } from "./crl.js";
import { judgeSignature, type SignatureJudgement } from "./judge.js";
import { readCertificates } from "./material.js";
import { type Trust, trustNobody } from "./trust.js";
import { readX509 } from "./x509.js";

const manifest = new TextEncoder().encode(`SHA256(box.ovf)= ${"0".repeat(64)}\n`);
const ctx = testContext({ runtime: { hash: nodeHash, keys: nodeKeys } });

interface Judging {
  readonly trust?: Partial<Trust>;
  readonly manifest?: Uint8Array | null;
  readonly name?: string;
}

function judge(file: string | Uint8Array, { trust, manifest: bytes = manifest, name = "box.mf" }: Judging = {}) {
  const certificate = {
    name: "box.cert",
    bytes: typeof file === "string" ? Uint8Array.from(file, (unit) => unit.charCodeAt(0)) : file,
  };
  return judgeSignature(
    {
      certificate,
      manifest: bytes === null ? null : { name, bytes },
      trust: { ...trustNobody, ...trust },
      label: "box.ova",
    },
    ctx,
  );
}

function codesOf({ findings, doubts }: SignatureJudgement): string[] {
  return [...findings, ...doubts].map(({ code, severity }) => `${severity} ${code}`);
}

const x509 = ({ der }: Issued) => readX509(der, 65_536);
const anchors = (...authorities: readonly Issued[]): Judging => ({ trust: { anchors: authorities.map(x509) } });

let root: Issued;
let middle: Issued;
let signer: Issued;
let rsa: Issued;
before(async () => {
  root = await issue({ name: "Root", authority: true, usage: 0x06 });
  middle = await issue({ name: "Middle", issuer: root, authority: true, usage: 0x06 });
  signer = await issue({ name: "Signer", organization: "Vendor", issuer: middle, authority: false, usage: 0x80 });
  rsa = await issue({ name: "RSA signer", key: "rsa" });
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

describe("a signer", () => {
  it("is trusted where an authority that is trusted vouches, whether its certificates come along or are given", () => {
    const along = signatureFile("box.mf", manifest, signer, { more: [middle] });
    const judged = judge(along, anchors(root));
    assert.deepEqual([judged.signed, codesOf(judged)], ["trusted", []]);
    assert.deepEqual(
      judged.path.map(({ subject }) => subject),
      ["CN=Signer,O=Vendor", "CN=Middle", "CN=Root"],
    );
    const alone = signatureFile("box.mf", manifest, signer);
    assert.equal(judge(alone, { trust: { anchors: [x509(root)], intermediates: [x509(middle)] } }).signed, "trusted");
    assert.equal(judge(alone, anchors(middle)).signed, "trusted");
    assert.equal(judge(alone, anchors(signer)).signed, "trusted");
  });

  it("is not trusted where nobody vouches: nobody was named, the issuer is unknown, or the name alone is the same", async () => {
    const file = signatureFile("box.mf", manifest, signer, { more: [middle, root] });
    for (const trust of [[], [rsa]]) {
      const judged = judge(file, anchors(...trust));
      assert.deepEqual([judged.signed, codesOf(judged)], ["untrusted", ["error signer/untrusted"]]);
    }
    const impostor = await issue({ name: "Root", authority: true, usage: 0x06 });
    const judged = judge(signatureFile("box.mf", manifest, signer, { more: [middle] }), anchors(impostor));
    assert.deepEqual([judged.signed, codesOf(judged)], ["invalid", ["error signer/bad-signature"]]);
  });

  it("that was named by the fingerprint of its certificate needs nobody else, and others are not it", () => {
    const file = signatureFile("box.mf", manifest, signer);
    assert.deepEqual(codesOf(judge(file, { trust: { signers: [signer.fingerprint] } })), []);
    const other = judge(file, { trust: { signers: [rsa.fingerprint], anchors: [x509(middle)] } });
    assert.deepEqual([other.signed, codesOf(other)], ["untrusted", ["error signer/not-the-one"]]);
  });

  const bad: readonly (readonly [string, () => Promise<readonly [Issued, readonly Issued[]]>, string, string])[] = [
    [
      "whose certificate has expired",
      async () => [await issue({ name: "Old", issuer: root, notAfter: "2025-06-01T00:00:00Z" }), []],
      "signer/expired",
      "untrusted",
    ],
    [
      "whose certificate is not valid yet",
      async () => [await issue({ name: "New", issuer: root, notBefore: "2030-01-01T00:00:00Z" }), []],
      "signer/not-yet-valid",
      "untrusted",
    ],
    [
      "whose authority has expired",
      async () => {
        const old = await issue({
          name: "Old authority",
          issuer: root,
          authority: true,
          notAfter: "2025-06-01T00:00:00Z",
        });
        return [await issue({ name: "Signer", issuer: old }), [old]];
      },
      "signer/expired",
      "untrusted",
    ],
    [
      "whose key is for other work",
      async () => [await issue({ name: "Server", issuer: root, usage: 0x20 }), []],
      "signer/wrong-usage",
      "untrusted",
    ],
    [
      "whose certificate was issued by one that is no authority",
      async () => {
        const leaf = await issue({ name: "Leaf", issuer: root, authority: false, usage: 0x80 });
        return [await issue({ name: "Victim", issuer: leaf }), [leaf]];
      },
      "signer/bad-authority",
      "untrusted",
    ],
    [
      "whose authority says nothing of being one",
      async () => {
        const leaf = await issue({ name: "Silent", issuer: root });
        return [await issue({ name: "Victim", issuer: leaf }), [leaf]];
      },
      "signer/bad-authority",
      "untrusted",
    ],
    [
      "whose authority may not sign certificates",
      async () => {
        const wrong = await issue({ name: "Wrong", issuer: root, authority: true, usage: 0x80 });
        return [await issue({ name: "Victim", issuer: wrong }), [wrong]];
      },
      "signer/bad-authority",
      "untrusted",
    ],
    [
      "deeper than an authority allows",
      async () => {
        const shallow = await issue({ name: "Shallow", issuer: root, authority: true, pathLength: 0, usage: 0x06 });
        const deep = await issue({ name: "Deep", issuer: shallow, authority: true, usage: 0x06 });
        return [await issue({ name: "Victim", issuer: deep }), [deep, shallow]];
      },
      "signer/bad-authority",
      "untrusted",
    ],
    [
      "whose certificate has a critical extension that nobody knows",
      async () => [await issue({ name: "Strange", issuer: root, critical: "1.2.3.4" }), []],
      "signer/unknown-extension",
      "untrusted",
    ],
    [
      "whose authority has name constraints, which are not evaluated",
      async () => {
        const narrow = await issue({ name: "Narrow", issuer: root, authority: true, critical: "2.5.29.30" });
        return [await issue({ name: "Victim", issuer: narrow }), [narrow]];
      },
      "signer/unknown-extension",
      "untrusted",
    ],
    [
      "whose certificate a forger signed in the authority's name",
      async () => {
        const forger = await issue({ name: "Root", authority: true });
        return [await issue({ name: "Victim", issuer: root, signedBy: forger }), []];
      },
      "signer/bad-signature",
      "invalid",
    ],
  ];
  for (const [what, make, code, signed] of bad) {
    it(`${what} is not trusted`, async () => {
      const [own, more] = await make();
      const judged = judge(signatureFile("box.mf", manifest, own, { more }), anchors(root));
      assert.deepEqual([judged.signed, codesOf(judged)], [signed, [`error ${code}`]]);
    });
  }

  it("whose certificate of its own making was altered is invalid", () => {
    const altered = rsa.der.with(rsa.der.length - 1, (rsa.der.at(-1) ?? 0) ^ 1);
    const judged = judge(signatureFile("box.mf", manifest, rsa).replace(rsa.pem, pemOf("CERTIFICATE", altered)));
    assert.deepEqual([judged.signed, codesOf(judged)], ["invalid", ["error signer/bad-signature"]]);
  });

  it("is judged as of the time that was given", async () => {
    const old = await issue({ name: "Old", issuer: root, notAfter: "2025-06-01T00:00:00Z" });
    const trust = { anchors: [x509(root)], at: new Date("2025-01-01T00:00:00Z") };
    assert.deepEqual(codesOf(judge(signatureFile("box.mf", manifest, old), { trust })), []);
  });

  it("whose certificate was named counts although it has expired, with a warning", async () => {
    const old = await issue({ name: "Old", issuer: root, notAfter: "2025-06-01T00:00:00Z" });
    const judged = judge(signatureFile("box.mf", manifest, old), { trust: { signers: [old.fingerprint] } });
    assert.deepEqual([judged.signed, codesOf(judged)], ["trusted", ["warning signer/expired"]]);
  });

  it("with a short key or a certificate for something else is told", async () => {
    const short = await issue({ name: "Short", key: "rsa-1024" });
    assert.deepEqual(codesOf(judge(signatureFile("box.mf", manifest, short), anchors(short))), ["warning signer/weak"]);
    const server = await issue({ name: "Server", issuer: root, purposes: ["1.3.6.1.5.5.7.3.1"] });
    const judged = judge(signatureFile("box.mf", manifest, server), anchors(root));
    assert.deepEqual([judged.signed, codesOf(judged)], ["trusted", ["warning signer/other-purpose"]]);
    const old = await issue({
      name: "SHA-1",
      key: "rsa",
      issuer: await issue({ name: "R", key: "rsa", hash: "SHA-1" }),
      hash: "SHA-1",
    });
    assert.ok(codesOf(judge(signatureFile("box.mf", manifest, old))).includes("warning signer/weak"));
  });

  it("whose certificate is signed in a way that nobody knows is not trusted", async () => {
    const own = await issue({ name: "Signer", issuer: root });
    // ecdsa-with-SHA256 becomes ecdsa-with-SHA224, in both places.
    const text = Buffer.from(own.der).toString("hex").replaceAll("2a8648ce3d040302", "2a8648ce3d040301");
    const file = signatureFile("box.mf", manifest, own).replace(
      own.pem,
      pemOf("CERTIFICATE", Buffer.from(text, "hex")),
    );
    const judged = judge(file, anchors(root));
    assert.deepEqual([judged.signed, codesOf(judged)], ["untrusted", ["error signer/unknown-algorithm"]]);
  });

  it("is found through the one of two authorities of a name that signed", async () => {
    const twin = await issue({ name: "Middle", issuer: root, authority: true, usage: 0x06 });
    const file = signatureFile("box.mf", manifest, signer, { more: [twin, middle] });
    assert.deepEqual(codesOf(judge(file, anchors(root))), []);
  });

  it("is found among authorities that vouch for each other in a circle", async () => {
    const a = await issue({ name: "A", authority: true });
    const b = await issue({ name: "B", issuer: a, authority: true });
    const cross = await issue({ name: "A", issuer: b, authority: true, signedBy: b });
    const own = await issue({ name: "Signer", issuer: b });
    const judged = judge(signatureFile("box.mf", manifest, own, { more: [b, cross, a] }), anchors(root));
    assert.equal(judged.signed, "untrusted");
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

describe("a list of revoked certificates", () => {
  const file = (): string => signatureFile("box.mf", manifest, signer, { more: [middle] });
  const with_ = (...crls: readonly Uint8Array[]): Judging => ({
    trust: { anchors: [x509(root)], crls: crls.map(readCrl) },
  });

  it("keeps out who is on it, and nobody else", async () => {
    const none = [await revoke(root, []), await revoke(middle, [])];
    assert.deepEqual(codesOf(judge(file(), with_(...none))), []);
    for (const lists of [
      [await revoke(root, []), await revoke(middle, [signer])],
      [await revoke(root, [middle]), await revoke(middle, [])],
    ]) {
      const judged = judge(file(), with_(...lists));
      assert.deepEqual([judged.signed, codesOf(judged)], ["untrusted", ["error signer/revoked"]]);
    }
  });

  it("of one authority alone leaves the other unknown, and so does one out of date or by a forger", async () => {
    const expected = ["warning signer/revocation-unknown"];
    assert.deepEqual(codesOf(judge(file(), with_(await revoke(middle, [])))), expected);
    const dates = { nextUpdate: "2025-06-01T00:00:00Z" };
    assert.deepEqual(codesOf(judge(file(), with_(await revoke(root, []), await revoke(middle, [], dates)))), expected);
    const forger = await issue({ name: "Middle", authority: true });
    assert.deepEqual(codesOf(judge(file(), with_(await revoke(root, []), await revoke(forger, [signer])))), expected);
  });

  it("that is noise is refused", () => {
    assert.throws(() => readCrl(Uint8Array.of(0x30, 3, 1, 2, 3)), { code: "signature/bad-crl" });
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
