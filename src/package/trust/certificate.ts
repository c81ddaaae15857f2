import { Certificate, type RelativeDistinguishedNames } from "pkijs";
import { toHex } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";

/** Who signed, as the certificate itself says: nothing is checked. */
export interface CertificateFacts {
  /** Distinguished names in the order of RFC 4514: the most specific part first, `CN=Example,O=Example Org,C=DE`. */
  readonly subject: string;
  readonly issuer: string;
  /** The last second in which it is valid: ISO 8601, UTC, whole seconds. */
  readonly notAfter: string;
}

/** The first certificate is the signer's; its issuers may follow (DSP0243 8.1). */
const FIRST_CERTIFICATE = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/;

/** Keywords of RFC 4514, section 3, and the one for e-mail addresses that everybody uses. Others are shown by their number. */
const KEYWORDS: Readonly<Record<string, string>> = {
  "2.5.4.3": "CN",
  "2.5.4.6": "C",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.9": "STREET",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
  "0.9.2342.19200300.100.1.1": "UID",
  "0.9.2342.19200300.100.1.25": "DC",
  "1.2.840.113549.1.9.1": "emailAddress",
};

/**
 * Reads the facts of the first certificate in a PEM text: a `.cert` file, where a signature stands before it.
 * @throws `signature/unreadable` where there is none, it is larger than the limit `certificateBytes`, or it breaks the rules of X.509
 */
export function parseCertificate(pem: Uint8Array, ctx: Pick<Context, "limits">): CertificateFacts {
  const base64 = FIRST_CERTIFICATE.exec(new TextDecoder("latin1").decode(pem))?.[1]?.replace(/\s/g, "");
  if (base64 === undefined) throw unreadable("no certificate in PEM is there");
  const { certificateBytes } = ctx.limits;
  if (base64.length > (certificateBytes / 3) * 4) {
    throw unreadable(`the certificate has more than ${certificateBytes} bytes`);
  }
  try {
    const der = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const certificate = Certificate.fromBER(der);
    return {
      subject: distinguishedName(certificate.subject),
      issuer: distinguishedName(certificate.issuer),
      notAfter: certificate.notAfter.value.toISOString().replace(/\.\d+Z$/, "Z"),
    };
  } catch (cause) {
    throw unreadable("the certificate breaks the rules of X.509", cause);
  }
}

function unreadable(message: string, cause?: unknown): FerryError {
  return new FerryError("signature/unreadable", message, {
    hint: "Look at the file with 'openssl x509 -text'.",
    ...(cause === undefined ? {} : { cause }),
  });
}

/** RFC 4514, section 2. */
function distinguishedName(name: RelativeDistinguishedNames): string {
  const parts = name.typesAndValues.map(({ type, value }) => {
    const text: unknown = value.valueBlock.value;
    return `${KEYWORDS[type] ?? type}=${escaped(typeof text === "string" ? text : "")}`;
  });
  return parts.reverse().join(",");
}

/** RFC 4514, section 2.4: what would be read as something else, and what a terminal would act on. */
function escaped(value: string): string {
  return value
    .replace(/[\\",+;<>]/g, "\\$&")
    .replace(/^[ #]|(?<!^) $/g, "\\$&")
    .replace(/\p{Cc}/gu, (character) =>
      new TextEncoder().encode(character).reduce((all, byte) => `${all}\\${toHex(Uint8Array.of(byte))}`, ""),
    );
}
