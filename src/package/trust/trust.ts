/** Whom to trust: what files and options of the caller say. */
import type { Crl } from "./crl.js";
import type { X509 } from "./x509.js";

/** What a signer's certificate has to stand up to. */
export interface Trust {
  /** Certificates that are trusted: authorities', or signers' themselves. */
  readonly anchors: readonly X509[];
  /** Certificates of authorities between those and signers. They prove nothing by themselves. */
  readonly intermediates: readonly X509[];
  readonly crls: readonly Crl[];
  /** SHA-256 of certificates as lower-case hexadecimal: whoever signs has to be one of them; nobody else has to vouch for them. */
  readonly signers: readonly string[];
  /** The time at which all has to hold; `null`: now. */
  readonly at: Date | null;
}

/** Nobody was named. */
export const trustNobody: Trust = Object.freeze({ anchors: [], intermediates: [], crls: [], signers: [], at: null });

/** A fingerprint as people write it, as lower-case hexadecimal; `null` where it is no SHA-256. */
export function fingerprintOf(text: string): string | null {
  const plain = text
    .replace(/^sha-?256(?:[:=]| fingerprint=)/i, "")
    .replace(/[:\s]/g, "")
    .toLowerCase();
  return /^[0-9a-f]{64}$/.test(plain) ? plain : null;
}
