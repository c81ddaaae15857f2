import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { type Issued, issue, pemOf, revoke, signatureFile } from "../../../test/support/authority.js";
import { anchors, cast, codesOf, type Judging, judge, manifest, x509 } from "../../../test/support/judging.js";
import { readCrl } from "./crl.js";

let root: Issued;
let middle: Issued;
let signer: Issued;
let rsa: Issued;
before(async () => {
  ({ root, middle, signer, rsa } = await cast());
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

  it("keeps out who is on it although the certificate itself is trusted", async () => {
    const trust = { anchors: [signer, middle].map(x509), crls: [await revoke(middle, [signer])].map(readCrl) };
    const judged = judge(signatureFile("box.mf", manifest, signer), { trust });
    assert.deepEqual([judged.signed, codesOf(judged)], ["untrusted", ["error signer/revoked"]]);
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
