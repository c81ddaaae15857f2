/** From a signer's certificate to one that is trusted: path building and validation (RFC 5280, section 6, RFC 4158). */
import type { DiagnosticCode } from "../../base/diagnostics.js";
import type { HashName } from "../../base/ids.js";
import { plural } from "../../base/text.js";
import type { Keys, SignatureVerdict } from "../../io/signatures.js";
import type { Crl } from "./crl.js";
import type { X509 } from "./x509.js";

/** Whom to trust. */
export interface ChainInput {
  readonly anchors: readonly X509[];
  /** Certificates that may lie between the signer's and an anchor. They prove nothing by themselves. */
  readonly intermediates: readonly X509[];
  readonly crls: readonly Crl[];
  /** The time at which all has to hold. */
  readonly at: Date;
  readonly keys: Keys;
}

/** What is wrong with one certificate of a chain. */
export interface ChainProblem {
  readonly code: DiagnosticCode;
  /** `error`: the chain does not hold. */
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly hint: string;
  readonly certificate: X509;
}

/** What a search for a chain came to. */
export interface Chain {
  /** From the signer's certificate to an anchor; as far as it goes where there is none. */
  readonly path: readonly X509[];
  /** Whether the path ends at an anchor. */
  readonly anchored: boolean;
  readonly problems: readonly ChainProblem[];
}

/** Certificates of one path: real ones have four at most. */
const LONGEST_PATH = 10;
/** Signatures that one search checks: bundles made on purpose have many certificates of one name. */
const MOST_CHECKS = 200;
/** Bits below which keys of RSA are broken (1024), or are broken by those who can afford it (2048). */
const BROKEN_BITS = 1024;
const WEAK_BITS = 2048;

/** Finds the best chain from a certificate: one without a problem where there is one. */
export function findChain(leaf: X509, input: ChainInput): Chain {
  const known = distinct([...input.anchors, ...input.intermediates]);
  const anchors = new Set(input.anchors.map(({ id }) => id));
  const verdicts = new Map<string, SignatureVerdict>();
  let checks = 0;
  let best: Chain | null = null;

  extend([leaf]);
  return best ?? judged([leaf], false, null);

  function extend(path: readonly X509[]): boolean {
    const last = path.at(-1) as X509;
    if (anchors.has(last.id)) return offer(judged(path, true, null));
    if (path.length >= LONGEST_PATH) return offer(judged(path, false, null));
    let bad: SignatureVerdict | null = null;
    let extended = false;
    const selfSigned = isSelfIssued(last) && verdictOf(last, last) === "valid";
    for (const issuer of selfSigned ? [] : issuersOf(last)) {
      if (path.some((one) => one.id === issuer.id)) continue;
      const verdict = verdictOf(last, issuer);
      if (verdict !== "valid") {
        bad = verdict;
        continue;
      }
      extended = true;
      if (extend([...path, issuer])) return true;
    }
    if (extended) return false;
    if (bad === null && isSelfIssued(last) && !selfSigned && issuersOf(last).length === 0) bad = verdictOf(last, last);
    return offer(judged(path, false, bad));
  }

  /** Keeps the better one. Whether the search is over. */
  function offer(chain: Chain): boolean {
    if (best === null || rank(chain) > rank(best)) best = chain;
    return chain.anchored && chain.problems.every(({ severity }) => severity !== "error");
  }

  function issuersOf(certificate: X509): readonly X509[] {
    return known.filter(
      (issuer) =>
        issuer.subjectKey === certificate.issuerKey &&
        (certificate.authorityKeyId === null ||
          issuer.subjectKeyId === null ||
          certificate.authorityKeyId === issuer.subjectKeyId),
    );
  }

  function verdictOf(certificate: X509, issuer: X509): SignatureVerdict {
    const key = `${certificate.id} ${issuer.id}`;
    const seen = verdicts.get(key);
    if (seen !== undefined) return seen;
    if (++checks > MOST_CHECKS) return "unsupported";
    const { scheme, tbs, signature } = certificate;
    const verdict: SignatureVerdict =
      scheme === null
        ? "unsupported"
        : input.keys.verify({ publicKey: issuer.publicKey, scheme, data: tbs, signature });
    verdicts.set(key, verdict);
    return verdict;
  }

  /** Who issued a certificate that is trusted by itself: it may have been revoked all the same. */
  function issuerOfLast(certificate: X509): X509 | null {
    if (input.crls.length === 0 || isSelfIssued(certificate)) return null;
    return issuersOf(certificate).find((issuer) => verdictOf(certificate, issuer) === "valid") ?? null;
  }

  function judged(path: readonly X509[], anchored: boolean, bad: SignatureVerdict | null): Chain {
    const problems = path.flatMap((certificate, i) => [
      ...problemsOf(certificate, input.at),
      ...usageProblems(path, i),
      ...weakness(certificate, i, path.length, anchored, input.keys),
      ...revocation(certificate, path[i + 1] ?? issuerOfLast(certificate), input),
    ]);
    if (!anchored) problems.push(notAnchored(path, bad, input.anchors.length));
    return { path, anchored, problems };
  }
}

/** Whether subject and issuer are one. */
export function isSelfIssued(certificate: X509): boolean {
  return certificate.subjectKey === certificate.issuerKey;
}

function rank({ anchored, problems, path }: Chain): number {
  const errors = problems.filter(({ severity }) => severity === "error").length;
  return (anchored ? 1000 : 0) - 10 * errors + path.length;
}

function distinct(certificates: readonly X509[]): readonly X509[] {
  return [...new Map(certificates.map((certificate) => [certificate.id, certificate])).values()];
}

function day(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, "Z");
}

function* problemsOf(certificate: X509, at: Date): Iterable<ChainProblem> {
  const { subject, notBefore, notAfter, unknownCritical } = certificate;
  if (at > notAfter) {
    yield {
      code: "signer/expired",
      severity: "error",
      message: `the certificate of ${subject} was valid until ${day(notAfter)}`,
      hint: "Packages carry no proof of when they were signed. Ask for one that is signed anew, or check as of a time with --at.",
      certificate,
    };
  }
  if (at < notBefore) {
    yield {
      code: "signer/not-yet-valid",
      severity: "error",
      message: `the certificate of ${subject} is valid from ${day(notBefore)} on`,
      hint: "Is the clock of this machine right?",
      certificate,
    };
  }
  if (unknownCritical.length > 0) {
    yield {
      code: "signer/unknown-extension",
      severity: "error",
      message: `the certificate of ${subject} has a critical extension that vmferry does not evaluate: ${unknownCritical.join(", ")}`,
      hint: "Whoever does not understand it must not trust the certificate (RFC 5280, section 4.2).",
      certificate,
    };
  }
}

function* usageProblems(path: readonly X509[], i: number): Iterable<ChainProblem> {
  const certificate = path[i] as X509;
  const { subject, keyUsage } = certificate;
  if (i === 0) {
    if (keyUsage !== null && !keyUsage.has("digitalSignature") && !keyUsage.has("nonRepudiation")) {
      yield {
        code: "signer/wrong-usage",
        severity: "error",
        message: `the key of ${subject} is not for signatures`,
        hint: "Sign with a certificate whose key usage has digitalSignature.",
        certificate,
      };
    }
    if (certificate.purposes !== null && !certificate.purposes.some((oid) => FOR_SIGNING.has(oid))) {
      yield {
        code: "signer/other-purpose",
        severity: "warning",
        message: `the certificate of ${subject} is for other purposes than signing code or documents`,
        hint: "Sign with a certificate for code signing.",
        certificate,
      };
    }
    return;
  }
  const below = path.slice(1, i).filter((one) => !isSelfIssued(one)).length;
  const last = i === path.length - 1;
  const why =
    certificate.authority === false || (certificate.authority === null && !(last && isSelfIssued(certificate)))
      ? "is none of an authority"
      : keyUsage !== null && !keyUsage.has("keyCertSign")
        ? "is not for signing certificates"
        : certificate.pathLength !== null && below > certificate.pathLength
          ? `allows ${plural(certificate.pathLength, "authority")} below it, and there are ${below}`
          : null;
  if (why === null) return;
  yield {
    code: "signer/bad-authority",
    severity: "error",
    message: `the certificate of ${subject} ${why}`,
    hint: "Somebody issued certificates who may not. Do not trust the package.",
    certificate,
  };
}

/** Code signing, documents, e-mail, and any purpose. */
const FOR_SIGNING: ReadonlySet<string> = new Set([
  "1.3.6.1.5.5.7.3.3",
  "1.3.6.1.5.5.7.3.36",
  "1.3.6.1.5.5.7.3.4",
  "2.5.29.37.0",
]);

function* weakness(
  certificate: X509,
  i: number,
  length: number,
  anchored: boolean,
  keys: Keys,
): Iterable<ChainProblem> {
  const { scheme, subject, publicKey } = certificate;
  const facts = keys.describe(publicKey);
  const hash: HashName | null = scheme !== null && "hash" in scheme ? scheme.hash : null;
  const isAnchor = anchored && i === length - 1;
  // The signature of what is trusted anyway, and of one's own name, proves nothing and so cannot be too weak.
  if (!isAnchor && !isSelfIssued(certificate) && (hash === "md5" || hash === "sha1")) {
    yield {
      code: "signer/weak",
      severity: hash === "md5" ? "error" : "warning",
      message: `the certificate of ${subject} is signed with ${hash.toUpperCase()}, with which certificates can be forged`,
      hint: "Ask for a package that is signed with a newer certificate.",
      certificate,
    };
  }
  const rsa = facts !== null && (facts.kind === "rsa" || facts.kind === "rsa-pss" || facts.kind === "dsa");
  if (rsa && facts.bits < WEAK_BITS) {
    yield {
      code: "signer/weak",
      severity: facts.bits < BROKEN_BITS ? "error" : "warning",
      message: `the key of ${subject} has ${facts.bits} bits only`,
      hint: "Ask for a package that is signed with a key of 2048 bits or more.",
      certificate,
    };
  }
}

function* revocation(certificate: X509, issuer: X509 | null, { crls, at, keys }: ChainInput): Iterable<ChainProblem> {
  if (crls.length === 0 || issuer === null) return;
  const lists = crls.filter(
    (list) =>
      list.issuerKey === issuer.subjectKey &&
      !list.partial &&
      list.scheme !== null &&
      (issuer.keyUsage === null || issuer.keyUsage.has("cRLSign")) &&
      keys.verify({ publicKey: issuer.publicKey, scheme: list.scheme, data: list.tbs, signature: list.signature }) ===
        "valid",
  );
  if (lists.some(({ revoked }) => revoked.has(certificate.serial))) {
    yield {
      code: "signer/revoked",
      severity: "error",
      message: `the certificate of ${certificate.subject} was revoked by ${issuer.subject}`,
      hint: "Do not trust the package. Ask its vendor for one that is signed with another certificate.",
      certificate,
    };
    return;
  }
  const current = lists.some(
    ({ thisUpdate, nextUpdate }) => thisUpdate <= at && (nextUpdate === null || at <= nextUpdate),
  );
  if (current) return;
  yield {
    code: "signer/revocation-unknown",
    severity: "warning",
    message: `no list of ${issuer.subject} that is valid now says whether the certificate of ${certificate.subject} was revoked`,
    hint: lists.length > 0 ? "Fetch its newest list." : "Give the list of this authority, too (--crl).",
    certificate,
  };
}

function notAnchored(path: readonly X509[], bad: SignatureVerdict | null, anchors: number): ChainProblem {
  const last = path.at(-1) as X509;
  const common = { severity: "error", certificate: last } as const;
  if (bad === "unsupported") {
    return {
      ...common,
      code: "signer/unknown-algorithm",
      message: `the certificate of ${last.subject} is signed in a way that vmferry does not know`,
      hint: "Look at it with 'openssl x509 -text'.",
    };
  }
  if (bad !== null) {
    return {
      ...common,
      code: "signer/bad-signature",
      message: `the certificate of ${last.subject} is not what ${isSelfIssued(last) ? "its key" : last.issuer} signed`,
      hint: "The certificate was altered or damaged. Do not trust the package.",
    };
  }
  const who = isSelfIssued(last)
    ? path.length === 1
      ? `${last.subject} signed with a certificate of its own, which is not among those that are trusted`
      : `${last.subject}, at the end of the chain, is not among the authorities that are trusted`
    : `${last.issuer}, who issued the certificate of ${last.subject}, is not known`;
  return {
    ...common,
    code: "signer/untrusted",
    message: anchors === 0 ? `nobody was named whom to trust: ${who}` : who,
    hint: "Ask the vendor by another way for the certificate: give it with --trust FILE, or its fingerprint with --signer.",
  };
}
