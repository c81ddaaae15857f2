/** Signing a manifest: whether the signer may, the certificate file, and the proof that it is right. */
import { toHex } from "../../base/bytes.js";
import type { Diagnostic, DiagnosticCode } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import type { HashName } from "../../base/ids.js";
import type { Context } from "../../io/context.js";
import type { Signer } from "../../io/signatures.js";
import { isWeak, manifestToken } from "../../package/manifest/algorithms.js";
import { withoutExtension } from "../../package/names.js";
import { trustNobody } from "../../package/trust/trust.js";
import type { SignerResult } from "../../report/results.js";

/** How something is signed. */
export interface Signing {
  readonly signer: Signer;
  /** What is signed of the manifest. SHA-256 by default. */
  readonly digest?: HashName;
  /** `chain`: the issuers' certificates too. The signer's alone by default. */
  readonly certificates?: "own" | "chain";
  /** `any`: a certificate that has expired or is not for signing makes a warning, no error. */
  readonly accept?: "valid" | "any";
}

/** A signer that was looked at. */
export interface ReadySigning {
  readonly digest: HashName;
  readonly signer: SignerResult;
  /** What whoever signs so should know. */
  readonly findings: readonly Diagnostic[];
  /**
   * The certificate file of a manifest. Its signature was checked.
   * @throws `sign/failed`, `sign/wrong-signature`, `run/canceled`
   */
  sign(manifest: { readonly name: string; readonly bytes: Uint8Array }, ctx: Context): Promise<Uint8Array>;
  /** Bytes of the certificate file of a manifest of this name; `null` where they are not known before it is signed, as of elliptic curves. */
  bytesFor(manifest: string): Promise<number | null>;
}

/** What the signer's certificate has to be, and what it is told as here. */
const REFUSED: Readonly<Record<string, DiagnosticCode>> = {
  "signer/expired": "sign/certificate-expired",
  "signer/not-yet-valid": "sign/certificate-expired",
  "signer/wrong-usage": "sign/wrong-usage",
};

const ANYWAY = "Use another certificate. Where that is what you want, add --any-certificate.";

/**
 * Looks at a signer before anything is done.
 * @throws `sign/no-certificate`, `sign/certificate-expired`, `sign/wrong-usage`, `sign/unsupported-key`, `signature/unreadable`
 */
export async function readySigning(signing: Signing, ctx: Context): Promise<ReadySigning> {
  const { signer, digest = "sha256", certificates = "own", accept = "valid" } = signing;
  // With them comes a library that most work does not need.
  const [{ judgeSignature, schemeFor }, { readX509 }, { findChain }, { serializeSignatureFile }] = await Promise.all([
    import("../../package/trust/judge.js"),
    import("../../package/trust/x509.js"),
    import("../../package/trust/chain.js"),
    import("../../package/trust/signature-file.js"),
  ]);
  const chain = signer.certificates.map((der) => readX509(der, ctx.limits.certificateBytes));
  const [leaf] = chain;
  if (leaf === undefined) {
    throw new FerryError("sign/no-certificate", "there is no certificate for the key", {
      hint: "A package carries the certificate of who signed it.",
    });
  }
  const { keys } = ctx.runtime;
  const key = keys.describe(leaf.publicKey);
  if (key === null || schemeFor(key, digest) === null || key.kind === "dsa") {
    throw new FerryError(
      "sign/unsupported-key",
      `the key of ${leaf.subject} is of a kind that packages are not signed with`,
      {
        hint: "Use a key of RSA with 2048 bits or more, or of the curves P-256, P-384, P-521.",
      },
    );
  }
  const findings: Diagnostic[] = [];
  // An anchor of its own: whoever signs need not prove who vouches for it.
  const { problems } = findChain(leaf, { anchors: [leaf], intermediates: [], crls: [], at: ctx.runtime.now(), keys });
  for (const { code, message } of problems) {
    const refused = REFUSED[code];
    if (refused === undefined) continue;
    if (accept === "valid") throw new FerryError(refused, message, { hint: ANYWAY });
    findings.push({ code: refused, severity: "warning", message, hint: "It was accepted as it is." });
  }
  if (key.kind === "rsa" && key.bits < 2048) findings.push(weakKey(key.bits));
  if (isWeak(digest)) findings.push(weakDigest(digest));
  if (key.kind !== "rsa") findings.push(UNPROVEN_CURVE);
  if (digest === "sha384") findings.push(NO_SHA384);
  const written = certificates === "chain" ? signer.certificates : signer.certificates.slice(0, 1);
  const hash = ctx.runtime.hash("sha256");
  hash.update(leaf.der);
  const fingerprint = toHex(hash.digest());
  const fileOf = (name: string, signature: Uint8Array): Uint8Array =>
    serializeSignatureFile({ name: baseName(name), algorithm: digest, signature, certificates: written });
  return {
    digest,
    signer: {
      subject: leaf.subject,
      issuer: leaf.issuer,
      fingerprint,
      notAfter: leaf.notAfter.toISOString().replace(/\.\d+Z$/, "Z"),
    },
    findings,
    async sign(manifest, scope): Promise<Uint8Array> {
      const signature = await signer.sign(manifest.bytes, digest, scope.signal);
      const bytes = fileOf(manifest.name, signature);
      const trust = { ...trustNobody, signers: [fingerprint] };
      const certificate = { name: certificateName(manifest.name), bytes };
      const judged = judgeSignature({ manifest, certificate, trust, label: manifest.name }, scope);
      if (judged.signed !== "invalid" && judged.fingerprint === fingerprint) return bytes;
      const first = judged.findings.find(({ severity }) => severity === "error");
      throw new FerryError("sign/wrong-signature", `what was signed does not verify: ${first?.message ?? "unknown"}`, {
        hint: "Check that the certificate is that of the key.",
        diagnostics: judged.findings,
      });
    },
    async bytesFor(manifest): Promise<number | null> {
      return key.kind === "rsa" ? fileOf(manifest, new Uint8Array(Math.ceil(key.bits / 8))).length : null;
    },
  };
}

/** The name of the certificate file of a manifest (DSP0243 5.1). */
export function certificateName(manifest: string): string {
  return `${withoutExtension(manifest)}.cert`;
}

function baseName(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}

function weakKey(bits: number): Diagnostic {
  return {
    code: "sign/weak-key",
    severity: "warning",
    message: `the key of RSA has ${bits} bits`,
    hint: "Use one with 2048 bits or more.",
  };
}

function weakDigest(digest: HashName): Diagnostic {
  return {
    code: "sign/weak-digest",
    severity: "warning",
    message: `what is signed is a ${manifestToken(digest)}, of which two files with the same can be made on purpose`,
    hint: "Use --digest sha256, unless the importer takes nothing else.",
  };
}

/** VirtualBox 7.2 checks signatures of P-256 and P-384, right and wrong ones (test/interop/sign.test.ts). */
const UNPROVEN_CURVE: Diagnostic = {
  code: "sign/not-everywhere",
  severity: "info",
  message: "the key is of an elliptic curve: VirtualBox and openssl take that, of VMware's tools nobody here knows",
  hint: "With a key of RSA every importer that checks signatures takes them.",
};

/** VirtualBox 7.2: `VERR_MANIFEST_ATTR_TYPE_NOT_FOUND`. */
const NO_SHA384: Diagnostic = {
  code: "sign/not-everywhere",
  severity: "warning",
  message: "VirtualBox does not read a package whose manifest has SHA384",
  hint: "Use --digest sha256 or sha512.",
};
