import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import { readSmallEntry } from "../../package/entries.js";
import { findRole } from "../../package/manifest/read.js";
import type { PackageReader } from "../../package/model.js";
import type { SignatureJudgement } from "../../package/trust/judge.js";
import { type Trust, trustNobody } from "../../package/trust/trust.js";
import type { SignerResult } from "../../report/results.js";

/**
 * Judges the signature of a package: `null` where it has none. Reads the manifest and the certificate, and no other file.
 * @throws `io/limit` where one of them is larger than the limit `manifestBytes`, and what reading throws
 */
export async function checkSignature(
  reader: PackageReader,
  trust: Trust,
  ctx: Context,
): Promise<SignatureJudgement | null> {
  const certificate = findRole(reader, "certificate");
  if (certificate === null) return null;
  const manifest = findRole(reader, "manifest");
  const limit = ctx.limits.manifestBytes;
  // With it comes a library that most packages do not need.
  const { judgeSignature } = await import("../../package/trust/judge.js");
  return judgeSignature(
    {
      certificate: { name: certificate.name, bytes: await readSmallEntry(certificate, limit, ctx) },
      manifest: manifest === null ? null : { name: manifest.name, bytes: await readSmallEntry(manifest, limit, ctx) },
      trust,
      label: reader.name,
    },
    ctx,
  );
}

/** What results show of a signer; `null` where nobody knows who it is. */
export function signerResult(judgement: SignatureJudgement | null): SignerResult | null {
  const { signer, fingerprint } = judgement ?? { signer: null, fingerprint: null };
  if (signer === null || fingerprint === null) return null;
  const { subject, issuer, notAfter } = signer;
  return { subject, issuer, fingerprint, notAfter: notAfter.toISOString().replace(/\.\d+Z$/, "Z") };
}

/** What is asked of the signer of a source that is used. */
export interface SignatureDemand {
  readonly trust?: Trust;
  /** Somebody who is trusted has to have signed, and the manifest has to list every file. */
  readonly trusted?: boolean;
}

/**
 * The gate for a source that is used: a signature that is wrong stops it always, a signer who is not trusted where that was asked for.
 * Nothing but manifest and certificate has been read then.
 * @returns findings that do not stop it
 * @throws `package/not-intact`, `package/not-trusted`
 */
export async function admitSignature(
  reader: PackageReader,
  { trust = trustNobody, trusted = false }: SignatureDemand,
  ctx: Context,
): Promise<readonly Diagnostic[]> {
  const judgement = await checkSignature(reader, trust, ctx);
  if (judgement === null) {
    if (trusted) throw notTrusted(reader, `${reader.name} is not signed`, []);
    return [];
  }
  const { signed, findings, doubts } = judgement;
  const wrong = [...findings, ...doubts].find(({ severity }) => severity === "error");
  if (signed === "invalid") {
    throw new FerryError(
      "package/not-intact",
      `${reader.name} is not what was signed: ${wrong?.message ?? "unknown"}`,
      {
        hint: "Fetch it again. If you know why it differs, use --no-integrity.",
        diagnostics: [...findings, ...doubts],
      },
    );
  }
  if (trusted && signed !== "trusted") throw notTrusted(reader, wrong?.message ?? "its signer is not trusted", doubts);
  return [...findings, ...doubts.map((doubt) => (trusted || doubt.severity === "info" ? doubt : lowered(doubt)))];
}

/** The error for a package whose signer nobody vouches for. */
export function notTrusted(reader: PackageReader, message: string, diagnostics: readonly Diagnostic[]): FerryError {
  return new FerryError("package/not-trusted", `${reader.name} is not used: ${message}`, {
    hint: "Look at it with vmferry verify. Use it without --trust, --system-trust, --signer and --require-signature if it need not be signed.",
    diagnostics,
  });
}

function lowered(doubt: Diagnostic): Diagnostic {
  return { ...doubt, severity: "warning" };
}
