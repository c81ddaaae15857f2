/** Whether a package's signature is its manifest's, and whether its signer is somebody who is trusted. */
import { toHex } from "../../base/bytes.js";
import type { Diagnostic, DiagnosticCode, Location } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import type { HashName } from "../../base/ids.js";
import { printable } from "../../base/text.js";
import type { Context } from "../../io/context.js";
import type { PublicKeyFacts, SignatureScheme, SignatureVerdict } from "../../io/signatures.js";
import { isWeak, manifestToken } from "../manifest/algorithms.js";
import { type Chain, findChain } from "./chain.js";
import { type CmsFacts, readCms } from "./cms.js";
import { parseSignatureFile, type SignatureFile, type SignatureLine } from "./signature-file.js";
import type { Trust } from "./trust.js";
import { readX509, type X509 } from "./x509.js";

/** A small file of the package. */
export interface SignedPart {
  /** Its name in the package. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What is judged. */
export interface SignatureInput {
  /** `null`: the package has none, so that nothing is signed. */
  readonly manifest: SignedPart | null;
  readonly certificate: SignedPart;
  readonly trust: Trust;
  /** What locations call the package. */
  readonly label: string;
}

/** What a signature came to. */
export interface SignatureJudgement {
  /**
   * `invalid`: it is not what the certificate's key made of this manifest, or nobody can tell. `untrusted`: it is, and nobody who is trusted
   * vouches for the key.
   */
  readonly signed: "trusted" | "untrusted" | "invalid";
  readonly signer: X509 | null;
  /** SHA-256 of the signer's certificate, lower-case hexadecimal. */
  readonly fingerprint: string | null;
  /** The digest that is signed; `null`: unknown. */
  readonly algorithm: HashName | null;
  readonly key: PublicKeyFacts | null;
  /** From the signer's certificate up. */
  readonly path: readonly X509[];
  /** About the signature itself: an error makes it invalid. */
  readonly findings: readonly Diagnostic[];
  /** About the signer: an error makes it untrusted. */
  readonly doubts: readonly Diagnostic[];
}

/** Judges a certificate file. Never throws for what is in it. */
export function judgeSignature(input: SignatureInput, ctx: Pick<Context, "runtime" | "limits">): SignatureJudgement {
  const { certificate, label } = input;
  const location: Location = { at: "member", file: label, member: certificate.name };
  const findings: Diagnostic[] = [];
  const find = (
    code: DiagnosticCode,
    severity: Diagnostic["severity"],
    message: string,
    hint: string,
    data?: Diagnostic["data"],
  ): void => {
    const message_ = `${printable(certificate.name)}: ${message}`;
    findings.push({ code, severity, message: message_, hint, location, ...(data === undefined ? {} : { data }) });
  };
  const file = parseSignatureFile(certificate.bytes);
  const invalid = (signer: X509 | null = null): SignatureJudgement => ({
    signed: "invalid",
    signer,
    fingerprint: signer === null ? null : fingerprint(signer, ctx),
    algorithm: null,
    key: signer === null ? null : ctx.runtime.keys.describe(signer.publicKey),
    path: signer === null ? [] : [signer],
    findings,
    doubts: [],
  });
  if (file.problems.length > 0) find("signature/unreadable", "error", file.problems.join("; "), UNREADABLE);
  const certificates = readAll(file, ctx.limits.certificateBytes, (message) =>
    find("signature/unreadable", "error", message, UNREADABLE),
  );
  const leaf = certificates[0] ?? null;
  if (findings.length > 0 || leaf === null) return invalid(leaf);
  if (file.oddities.length > 0) {
    find("signature/odd-spelling", "info", file.oddities.join("; "), "Nothing has to be done: what it says is clear.");
  }
  if (input.manifest === null) {
    find("signature/no-manifest", "error", "it signs a manifest, and the package has none", NO_MANIFEST);
    return invalid(leaf);
  }
  const { manifest } = input;
  const algorithm = judgeLines(file.lines, manifest, leaf, ctx, find);
  const blocks = judgeBlocks(file, manifest, leaf, ctx, find);
  if (findings.some(({ severity }) => severity === "error")) return invalid(leaf);

  const { trust } = input;
  const inside = [...certificates.slice(1), ...blocks.flatMap((block) => block.certificates)];
  const chain = findChain(leaf, {
    anchors: trust.anchors,
    intermediates: [...inside, ...trust.intermediates],
    crls: trust.crls,
    at: trust.at ?? ctx.runtime.now(),
    keys: ctx.runtime.keys,
  });
  const print = fingerprint(leaf, ctx);
  const doubts = doubtsAbout(chain, print, trust, location);
  const altered = doubts.some(({ code }) => code === "signer/bad-signature");
  return {
    signed: altered ? "invalid" : doubts.some(({ severity }) => severity === "error") ? "untrusted" : "trusted",
    signer: leaf,
    fingerprint: print,
    algorithm,
    key: ctx.runtime.keys.describe(leaf.publicKey),
    path: chain.path,
    findings,
    doubts,
  };
}

type Find = (
  code: DiagnosticCode,
  severity: Diagnostic["severity"],
  message: string,
  hint: string,
  data?: Diagnostic["data"],
) => void;

const UNREADABLE = "Ask for a package with a whole certificate; 'openssl x509 -text' shows what is in the file.";
const NO_MANIFEST = "Find the manifest that belongs to it. Without one the certificate vouches for nothing.";
const ALTERED = "The manifest was altered after it was signed, or the signature is damaged. Fetch the package again.";

function readAll(file: SignatureFile, limit: number, problem: (message: string) => void): readonly X509[] {
  const read: X509[] = [];
  for (const der of file.certificates) {
    try {
      read.push(readX509(der, limit));
    } catch (cause) {
      if (!(cause instanceof FerryError)) throw cause;
      problem(cause.message);
    }
  }
  return read;
}

/** Every line about the manifest has to be right; one at least has to be there. The digest of the strongest. */
function judgeLines(
  lines: readonly SignatureLine[],
  manifest: SignedPart,
  leaf: X509,
  { runtime }: Pick<Context, "runtime">,
  find: Find,
): HashName | null {
  const base = manifest.name.slice(manifest.name.lastIndexOf("/") + 1);
  const named = lines.filter(({ name }) => name === base || name === manifest.name);
  const judged = named.length > 0 ? named : lines;
  let strongest: HashName | null = null;
  for (const { algorithm, token, signature, name, line } of judged) {
    if (algorithm === null) {
      const message = `line ${line} signs with the digest '${printable(token)}', which is unknown`;
      find("signature/unknown-algorithm", "error", message, "Known are SHA1, SHA256, SHA384, SHA512 and MD5.");
      continue;
    }
    const scheme = schemeFor(runtime.keys.describe(leaf.publicKey), algorithm);
    const verdict: SignatureVerdict =
      scheme === null
        ? "unsupported"
        : runtime.keys.verify({ publicKey: leaf.publicKey, scheme, data: manifest.bytes, signature });
    if (name !== base && name !== manifest.name) {
      const shown = printable(name.slice(0, 200));
      const severity = verdict === "valid" ? "warning" : "error";
      const message = `it signs '${shown}', and the manifest is '${printable(base)}'${verdict === "valid" ? ": a file was renamed" : ""}`;
      find("signature/other-manifest", severity, message, "It belongs to another package. Importers refuse this one.");
    } else if (verdict !== "valid") refuse(verdict, find);
    if (verdict !== "valid") continue;
    if (isWeak(algorithm)) {
      const message = `the manifest is signed by its ${manifestToken(algorithm)}, of which two files with the same can be made on purpose`;
      find("signature/weak-algorithm", "warning", message, "Ask for a package that is signed with SHA256 or SHA512.");
    }
    if (strongest === null || rank(algorithm) > rank(strongest)) strongest = algorithm;
  }
  return strongest;
}

function refuse(verdict: SignatureVerdict, find: Find): void {
  if (verdict === "other-content") {
    const message = "the certificate's key signed something else than this manifest";
    find("signature/other-content", "error", message, ALTERED);
  } else if (verdict === "unsupported") {
    const message = "the certificate's key is of a kind that vmferry does not know";
    find("signature/unknown-algorithm", "error", message, "Known are keys of RSA, DSA and elliptic curves.");
  } else {
    find("signature/mismatch", "error", "the signature is not one of this certificate's key of this manifest", ALTERED);
  }
}

function rank(algorithm: HashName): number {
  return ["md5", "sha1", "sha256", "sha384", "sha512"].indexOf(algorithm);
}

/** How a key of this kind signs in a certificate file. */
export function schemeFor(key: PublicKeyFacts | null, hash: HashName): SignatureScheme | null {
  switch (key?.kind) {
    case "rsa":
      return { kind: "rsa-pkcs1", hash };
    case "ec":
      return { kind: "ecdsa", hash };
    case "dsa":
      return { kind: "dsa", hash };
    default:
      return null;
  }
}

/** Blocks of CMS: a signature in one has to be right, and of the same signer. */
function judgeBlocks(
  file: SignatureFile,
  manifest: SignedPart,
  leaf: X509,
  ctx: Pick<Context, "runtime" | "limits">,
  find: Find,
): readonly CmsFacts[] {
  const blocks: CmsFacts[] = [];
  for (const der of file.cms) {
    let facts: CmsFacts;
    try {
      facts = readCms(der, manifest.bytes, leaf, ctx.limits.certificateBytes, ctx.runtime);
    } catch (cause) {
      if (!(cause instanceof FerryError)) throw cause;
      find("signature/unreadable", "error", cause.message, "Look at it with 'openssl cms -cmsout -print -inform PEM'.");
      continue;
    }
    blocks.push(facts);
    if (facts.kind === "other") {
      const message = "a block of CMS is no signature of the manifest, perhaps a time stamp";
      find("signature/block-unchecked", "info", message, "It was not checked, and nothing rests on it.");
    }
    for (const { certificate, verdict } of facts.signers) {
      if (certificate === null) {
        find("signature/unreadable", "error", "the certificate of a signer in CMS is missing", UNREADABLE);
      } else if (verdict !== "valid") refuse(verdict, find);
      else if (certificate.id !== leaf.id) {
        const message = `in CMS ${certificate.subject} signed, and in the first line ${leaf.subject}`;
        find("signature/two-signers", "error", message, "Nobody can tell who vouches for the package.");
      }
    }
  }
  return blocks;
}

function fingerprint(certificate: X509, { runtime }: Pick<Context, "runtime">): string {
  const hash = runtime.hash("sha256");
  hash.update(certificate.der);
  return toHex(hash.digest());
}

/** What speaks against the signer. Who named the signer's certificate itself asked nobody else to vouch for it. */
function doubtsAbout(chain: Chain, print: string, trust: Trust, location: Location): readonly Diagnostic[] {
  const { signers } = trust;
  const leaf = chain.path[0] as X509;
  const pinned = signers.includes(print);
  const doubts: Diagnostic[] = [];
  if (signers.length > 0 && !pinned) {
    doubts.push({
      code: "signer/not-the-one",
      severity: "error",
      message: `${leaf.subject} signed, with a certificate that is not the one asked for`,
      hint: "Compare the fingerprint with the vendor's by another way. The package may come from somebody else.",
      location,
      data: { fingerprint: print },
    });
  }
  for (const { code, severity, message, hint, certificate } of chain.problems) {
    if (pinned && (code === "signer/untrusted" || (certificate !== leaf && code !== "signer/revoked"))) continue;
    const waived = pinned && WAIVED.has(code);
    doubts.push({ code, severity: waived ? "warning" : severity, message, hint, location });
  }
  return doubts;
}

/** What does not matter so much where the certificate itself was named. */
const WAIVED: ReadonlySet<DiagnosticCode> = new Set([
  "signer/expired",
  "signer/not-yet-valid",
  "signer/wrong-usage",
  "signer/unknown-extension",
  "signer/unknown-algorithm",
]);
