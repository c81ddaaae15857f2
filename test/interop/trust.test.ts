/** Chains of certificates as `openssl verify` judges them, and as we do. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { findChain } from "../../src/package/trust/chain.js";
import { readCrl } from "../../src/package/trust/crl.js";
import { nodeKeys } from "../../src/runtime/node/signatures.js";
import { type CertificateOptions, type Issued, issue, pemOf, revoke } from "../support/authority.js";
import { x509 } from "../support/judging.js";
import { lacking, peerPath } from "./peers.js";
import { attempt } from "./run.js";
import { scratch } from "./scratch.js";

const skip = await lacking("openssl");
const CASES = 250;
const AT = new Date("2026-06-01T00:00:00Z");

/** A generator of whole numbers, the same in each run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** One thing that is wrong with a certificate, or nothing. */
function mistake(next: (below: number) => number, forger: Issued, leaf: boolean): Partial<CertificateOptions> {
  switch (next(leaf ? 10 : 14)) {
    case 0:
      return { notAfter: "2026-01-01T00:00:00Z" };
    case 1:
      return { notBefore: "2026-12-01T00:00:00Z" };
    case 2:
      return { signedBy: forger };
    case 3:
      return { critical: "1.2.3.4" };
    case 10:
      return { authority: false };
    case 11:
      return { usage: 0x80 };
    case 12:
      return { pathLength: next(2) };
    default:
      return {};
  }
}

interface Case {
  readonly leaf: Issued;
  readonly between: readonly Issued[];
  readonly anchors: readonly Issued[];
  readonly crls: readonly Uint8Array[];
}

async function makeCase(number: number, next: (below: number) => number, roots: readonly Issued[]): Promise<Case> {
  const forger = roots[0] as Issued;
  const root = roots[1 + next(roots.length - 1)] as Issued;
  const between: Issued[] = [];
  let issuer = root;
  for (let depth = next(4); depth > 0; depth--) {
    const own = { name: `CA ${number}.${depth}`, issuer, authority: true, usage: 0x06 };
    issuer = await issue({ ...own, ...mistake(next, forger, false) });
    between.push(issuer);
  }
  const leaf = await issue({ name: `Signer ${number}`, issuer, ...mistake(next, forger, true) });
  const anchors =
    next(8) === 0 ? roots.filter((one) => one !== root) : next(8) === 0 ? [between.at(-1) ?? leaf] : roots;
  // Where a signer is trusted by itself, openssl asks lists about its issuers as well, whom nobody needs then.
  const lists = next(3) === 0 && !anchors.includes(leaf) ? [root, ...between] : [];
  const victims = [leaf, ...between];
  const revoked = victims[next(victims.length * 2)];
  const crls = await Promise.all(
    lists.map((one) => revoke(one, revoked !== undefined && issuerOf(revoked, victims, root) === one ? [revoked] : [])),
  );
  // A certificate between is left out now and then.
  const known = between.filter(() => next(12) > 0);
  return { leaf, between: known, anchors: anchors.length === 0 ? [leaf] : anchors, crls };
}

function issuerOf(one: Issued, [leaf, ...between]: readonly Issued[], root: Issued): Issued {
  if (one === leaf) return between.at(-1) ?? root;
  return between[between.indexOf(one) - 1] ?? root;
}

test(`${CASES} chains made at random are trusted where openssl verify trusts them, and nowhere else`, {
  skip,
}, async (t) => {
  const folder = await scratch(t);
  const openssl = await peerPath("openssl");
  const next = numbers(2026);
  const roots = await Promise.all(
    (["ec", "ec", "ec-384", "rsa"] as const).map((key, i) =>
      issue({ name: `Root ${i}`, key, authority: true, usage: 0x06, ...(i === 2 ? { pathLength: 1 } : {}) }),
    ),
  );
  let trusted = 0;
  for (let number = 0; number < CASES; number++) {
    const { leaf, between, anchors, crls } = await makeCase(number, next, roots);
    const chain = findChain(x509(leaf), {
      anchors: anchors.map(x509),
      intermediates: between.map(x509),
      crls: crls.map(readCrl),
      at: AT,
      keys: nodeKeys,
    });
    const ours = chain.anchored && chain.problems.every(({ severity }) => severity !== "error");
    const file = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const all = (list: readonly Issued[]): string => list.map(({ pem }) => pem).join("");
    const { status, stdout, stderr } = await attempt(openssl, [
      "verify",
      "-no-CApath",
      "-no-CAstore",
      "-partial_chain",
      ...["-attime", String(AT.getTime() / 1000), "-CAfile", file("anchors.pem", all(anchors))],
      ...(between.length === 0 ? [] : ["-untrusted", file("between.pem", all(between))]),
      ...(crls.length === 0
        ? []
        : ["-crl_check_all", "-CRLfile", file("lists.pem", crls.map((der) => pemOf("X509 CRL", der)).join(""))]),
      file("leaf.pem", leaf.pem),
    ]);
    // A list that is missing or not of its authority is a warning here, and an error there.
    const unknown = chain.problems.some(({ code }) => code === "signer/revocation-unknown");
    if (/unable to get certificate CRL|CRL signature failure/.test(stdout + stderr) && (unknown || !ours)) continue;
    const why = chain.problems.map(({ code: problem, severity }) => `${severity} ${problem}`).join(", ");
    assert.equal(ours, status === 0, `case ${number}: ${why || "trusted"}; openssl: ${stdout}${stderr}`);
    if (ours) trusted++;
  }
  console.log(`${CASES} chains: ${trusted} are trusted, by openssl too`);
  assert.ok(trusted > CASES / 10 && trusted < (CASES * 9) / 10);
});
