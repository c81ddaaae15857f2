/** Certificates (RFC 5280) as plain data. Nothing is checked here: `chain.ts` does. */
import {
  type AuthorityKeyIdentifier,
  type BasicConstraints,
  Certificate,
  type Extension,
  type ExtKeyUsage,
  type PublicKeyInfo,
} from "pkijs";
import { toHex } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { SignatureScheme } from "../../io/signatures.js";
import { distinguishedName, nameKey } from "./names.js";
import { schemeOf } from "./schemes.js";

/** What a key may be used for (RFC 5280, section 4.2.1.3), as far as it matters here. */
export type KeyUsage = "digitalSignature" | "nonRepudiation" | "keyCertSign" | "cRLSign";

/** One certificate. */
export interface X509 {
  readonly der: Uint8Array;
  /** The same bytes as text, for comparing. */
  readonly id: string;
  /** Distinguished names in the order of RFC 4514: the most specific part first, `CN=Example,O=Example Org,C=DE`. */
  readonly subject: string;
  readonly issuer: string;
  /** The same for comparing: equal where the names are. */
  readonly subjectKey: string;
  readonly issuerKey: string;
  /** Lower-case hexadecimal. */
  readonly serial: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** A SubjectPublicKeyInfo in DER. */
  readonly publicKey: Uint8Array;
  /** What is signed. */
  readonly tbs: Uint8Array;
  readonly signature: Uint8Array;
  /** `null`: an algorithm that is unknown, or two places of the certificate that contradict each other. */
  readonly scheme: SignatureScheme | null;
  /** Whether it says that it is an authority; `null` where it has no basic constraints, as those of version 1. */
  readonly authority: boolean | null;
  /** Authorities that may follow below it; `null`: any number. */
  readonly pathLength: number | null;
  /** `null`: any. */
  readonly keyUsage: ReadonlySet<KeyUsage> | null;
  /** Numbers of the purposes; `null`: any. */
  readonly purposes: readonly string[] | null;
  /** Lower-case hexadecimal, or `null`. */
  readonly subjectKeyId: string | null;
  readonly authorityKeyId: string | null;
  /** Numbers of critical extensions that nobody here understands. */
  readonly unknownCritical: readonly string[];
}

const BASIC_CONSTRAINTS = "2.5.29.19";
const KEY_USAGE = "2.5.29.15";
const EXTENDED_KEY_USAGE = "2.5.29.37";
const SUBJECT_KEY_ID = "2.5.29.14";
const AUTHORITY_KEY_ID = "2.5.29.35";
/** Read, or of no effect on a signature: alternative names, policies that nobody asks for. Name constraints are not among them. */
const UNDERSTOOD: ReadonlySet<string> = new Set([
  BASIC_CONSTRAINTS,
  KEY_USAGE,
  EXTENDED_KEY_USAGE,
  SUBJECT_KEY_ID,
  AUTHORITY_KEY_ID,
  "2.5.29.17",
  "2.5.29.18",
  "2.5.29.32",
]);

/**
 * Reads one certificate.
 * @throws `signature/unreadable` where it is larger than `limit` bytes, breaks the rules of X.509, or bytes follow it
 */
export function readX509(der: Uint8Array, limit: number): X509 {
  if (der.length > limit) throw unreadable(`the certificate has more than ${limit} bytes`);
  try {
    return factsOf(der);
  } catch (cause) {
    if (cause instanceof FerryError) throw cause;
    throw unreadable("the certificate breaks the rules of X.509", cause);
  }
}

/** The error for a certificate, or a file that should hold one. */
export function unreadable(message: string, cause?: unknown): FerryError {
  return new FerryError("signature/unreadable", message, {
    hint: "Look at the file with 'openssl x509 -text'.",
    ...(cause === undefined ? {} : { cause }),
  });
}

function factsOf(der: Uint8Array): X509 {
  if (derLength(der) !== der.length) throw unreadable("the certificate is cut off, or bytes follow it");
  const certificate = Certificate.fromBER(der.slice());
  // Bits that do not count would make another certificate of the same: another fingerprint, one signature.
  if (certificate.signatureValue.valueBlock.unusedBits !== 0) throw unreadable("the signature is no whole bytes");
  const { extensions = [], subject, issuer } = certificate;
  const repeated = extensions.find(({ extnID }, i) => extensions.findIndex((other) => other.extnID === extnID) !== i);
  if (repeated !== undefined) throw unreadable(`the certificate has the extension ${repeated.extnID} twice`);
  const find = (oid: string): Extension | undefined => extensions.find(({ extnID }) => extnID === oid);
  const constraints = parsed<BasicConstraints>(find(BASIC_CONSTRAINTS));
  const { pathLenConstraint } = constraints ?? {};
  const authorityKeyId = parsed<AuthorityKeyIdentifier>(find(AUTHORITY_KEY_ID))?.keyIdentifier;
  const subjectKeyId = parsed<{ readonly valueBlock: { readonly valueHexView: Uint8Array } }>(find(SUBJECT_KEY_ID));
  const purposes = parsed<ExtKeyUsage>(find(EXTENDED_KEY_USAGE))?.keyPurposes;
  const same =
    certificate.signature.algorithmId === certificate.signatureAlgorithm.algorithmId &&
    certificate.signature.isEqual(certificate.signatureAlgorithm);
  return {
    der,
    id: new TextDecoder("latin1").decode(der),
    subject: distinguishedName(subject),
    issuer: distinguishedName(issuer),
    subjectKey: nameKey(subject),
    issuerKey: nameKey(issuer),
    serial: toHex(certificate.serialNumber.valueBlock.valueHexView),
    notBefore: certificate.notBefore.value,
    notAfter: certificate.notAfter.value,
    publicKey: keyBytes(certificate.subjectPublicKeyInfo),
    tbs: certificate.tbsView.slice(),
    signature: certificate.signatureValue.valueBlock.valueHexView.slice(),
    scheme: same ? schemeOf(certificate.signatureAlgorithm) : null,
    authority: constraints === null ? null : constraints.cA,
    pathLength: typeof pathLenConstraint === "number" ? pathLenConstraint : null,
    keyUsage: keyUsageOf(find(KEY_USAGE)),
    purposes: purposes ?? null,
    subjectKeyId: subjectKeyId === null ? null : toHex(subjectKeyId.valueBlock.valueHexView),
    authorityKeyId: authorityKeyId === undefined ? null : toHex(authorityKeyId.valueBlock.valueHexView),
    unknownCritical: extensions.flatMap(({ extnID, critical }) =>
      critical && !UNDERSTOOD.has(extnID) ? [extnID] : [],
    ),
  };
}

/** What an extension holds. @throws `signature/unreadable` where it is damaged: what says less than it seems to must not be taken for absent */
function parsed<T>(extension: Extension | undefined): T | null {
  if (extension === undefined) return null;
  const value: unknown = extension.parsedValue;
  const failed = value === undefined || value === null || (typeof value === "object" && "parsingError" in value);
  if (failed) throw unreadable(`the extension ${extension.extnID} of the certificate is damaged`);
  return value as T;
}

function keyUsageOf(extension: Extension | undefined): ReadonlySet<KeyUsage> | null {
  const bits = parsed<{ readonly valueBlock: { readonly valueHexView: Uint8Array } }>(extension);
  if (bits === null) return null;
  const first = bits.valueBlock.valueHexView[0] ?? 0;
  const named: readonly (readonly [number, KeyUsage])[] = [
    [0x80, "digitalSignature"],
    [0x40, "nonRepudiation"],
    [0x04, "keyCertSign"],
    [0x02, "cRLSign"],
  ];
  return new Set(named.flatMap(([bit, usage]) => ((first & bit) === 0 ? [] : [usage])));
}

function keyBytes(key: PublicKeyInfo): Uint8Array {
  return new Uint8Array(key.toSchema().toBER());
}

/** Bytes of the outermost element, its head included; -1 where the head is none of DER. */
function derLength(der: Uint8Array): number {
  const first = der[1] ?? 0xff;
  if (der[0] !== 0x30 || first === 0x80 || first > 0x84) return -1;
  if (first < 0x80) return 2 + first;
  const count = first - 0x80;
  return der.subarray(2, 2 + count).reduce((length, byte) => length * 256 + byte, 0) + 2 + count;
}
