/** Files of certificates and of revoked ones, as callers give them. */
import { FerryError } from "../../base/errors.js";
import type { Limits } from "../../base/limits.js";
import { type Crl, readCrl } from "./crl.js";
import { readPem } from "./pem.js";
import { readX509, type X509 } from "./x509.js";

/**
 * All certificates of a file: PEM, any number of them with text between, or one in DER.
 * @param name how messages name the file
 * @param damaged `skip`: one that cannot be read is left out, as in a system's bundle of authorities. `refuse` by default
 * @throws `signature/unreadable` where there is none, or one cannot be read
 */
export function readCertificates(
  bytes: Uint8Array,
  name: string,
  limits: Pick<Limits, "certificateBytes">,
  damaged: "refuse" | "skip" = "refuse",
): readonly X509[] {
  const found = blocksOf(bytes, ["CERTIFICATE", "TRUSTED CERTIFICATE", "X509 CERTIFICATE"]);
  const read: X509[] = [];
  for (const der of found) {
    try {
      read.push(readX509(der, limits.certificateBytes));
    } catch (cause) {
      if (damaged === "skip") continue;
      throw named(cause, name);
    }
  }
  if (read.length > 0) return read;
  throw new FerryError("signature/unreadable", `${name} holds no certificate in PEM or DER`, {
    hint: "Look at the file with 'openssl x509 -text'.",
  });
}

/**
 * All lists of revoked certificates of a file: PEM, or one in DER.
 * @throws `signature/bad-crl`
 */
export function readCrls(bytes: Uint8Array, name: string): readonly Crl[] {
  const lists = blocksOf(bytes, ["X509 CRL"]).map((der) => {
    try {
      return readCrl(der);
    } catch (cause) {
      throw named(cause, name);
    }
  });
  if (lists.length > 0) return lists;
  throw new FerryError("signature/bad-crl", `${name} holds no list of revoked certificates in PEM or DER`, {
    hint: "Look at the file with 'openssl crl -text'.",
  });
}

/** PEM where it looks like it, DER otherwise. */
function blocksOf(bytes: Uint8Array, labels: readonly string[]): readonly Uint8Array[] {
  if (bytes[0] === 0x30) return [bytes];
  const { blocks } = readPem(new TextDecoder("latin1").decode(bytes));
  return blocks.filter(({ label }) => labels.includes(label)).map((block) => block.bytes);
}

function named(cause: unknown, name: string): unknown {
  if (!(cause instanceof FerryError)) return cause;
  return new FerryError(cause.code, `${name}: ${cause.message}`, {
    cause: cause.cause,
    ...(cause.hint === undefined ? {} : { hint: cause.hint }),
  });
}
