import { FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import { readSmallEntry } from "../entries.js";
import { findRole } from "../manifest/read.js";
import type { PackageReader } from "../model.js";
import type { CertificateFacts } from "./certificate.js";

/** The certificate of a package. `facts` is `null` where the file holds none that can be read. */
export interface PackageCertificate {
  readonly name: string;
  readonly facts: CertificateFacts | null;
}

/**
 * Reads who signed a package; `null` where it has no certificate file. One that cannot be read is a finding, `signature/unreadable`.
 * @throws `io/limit` where the file is larger than the limit `manifestBytes`
 */
export async function readCertificate(reader: PackageReader, ctx: Context): Promise<PackageCertificate | null> {
  const entry = findRole(reader, "certificate");
  if (entry === null) return null;
  const bytes = await readSmallEntry(entry, ctx.limits.manifestBytes, ctx);
  // With it comes a library that most packages do not need.
  const { parseCertificate } = await import("./certificate.js");
  try {
    return { name: entry.name, facts: parseCertificate(bytes, ctx) };
  } catch (cause) {
    if (!(cause instanceof FerryError) || cause.code !== "signature/unreadable") throw cause;
    ctx.report({
      code: cause.code,
      severity: "warning",
      message: `${entry.name}: ${cause.message}`,
      ...(cause.hint === undefined ? {} : { hint: cause.hint }),
      location: { at: "member", file: reader.name, member: entry.name },
    });
    return { name: entry.name, facts: null };
  }
}
