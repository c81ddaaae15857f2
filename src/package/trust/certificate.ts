import type { Context } from "../../io/context.js";
import { readPem } from "./pem.js";
import { readX509, unreadable, type X509 } from "./x509.js";

/** Who signed, as the certificate itself says: nothing is checked. */
export interface CertificateFacts {
  /** Distinguished names in the order of RFC 4514: the most specific part first, `CN=Example,O=Example Org,C=DE`. */
  readonly subject: string;
  readonly issuer: string;
  /** The last second in which it is valid: ISO 8601, UTC, whole seconds. */
  readonly notAfter: string;
}

/**
 * Reads the facts of the first certificate in a PEM text: a `.cert` file, where a signature stands before it, and whose first certificate
 * is the signer's (DSP0243 8.1).
 * @throws `signature/unreadable` where there is none, it is larger than the limit `certificateBytes`, or it breaks the rules of X.509
 */
export function parseCertificate(pem: Uint8Array, ctx: Pick<Context, "limits">): CertificateFacts {
  const { blocks } = readPem(new TextDecoder("latin1").decode(pem));
  const first = blocks.find(({ label }) => label === "CERTIFICATE");
  if (first === undefined) throw unreadable("no certificate in PEM is there");
  return certificateFacts(readX509(first.bytes, ctx.limits.certificateBytes));
}

/** What is shown of a certificate. */
export function certificateFacts({ subject, issuer, notAfter }: X509): CertificateFacts {
  return { subject, issuer, notAfter: notAfter.toISOString().replace(/\.\d+Z$/, "Z") };
}
