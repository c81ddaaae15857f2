/** Lists of revoked certificates (RFC 5280, section 5). */
import { type AuthorityKeyIdentifier, CertificateRevocationList } from "pkijs";
import { toHex } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { SignatureScheme } from "../../io/signatures.js";
import { distinguishedName, nameKey } from "./names.js";
import { schemeOf } from "./schemes.js";

/** One list. Nothing is checked here. */
export interface Crl {
  readonly issuer: string;
  readonly issuerKey: string;
  readonly thisUpdate: Date;
  /** When the next one is due; `null`: it does not say. */
  readonly nextUpdate: Date | null;
  /** Serial numbers as lower-case hexadecimal. */
  readonly revoked: ReadonlySet<string>;
  readonly authorityKeyId: string | null;
  readonly tbs: Uint8Array;
  readonly signature: Uint8Array;
  readonly scheme: SignatureScheme | null;
  /** Whether it lists less, or other certificates, than those of its issuer: changes since another list, reasons, scopes. */
  readonly partial: boolean;
}

const AUTHORITY_KEY_ID = "2.5.29.35";
const CRL_NUMBER = "2.5.29.20";

/**
 * Reads one list.
 * @throws `signature/bad-crl`
 */
export function readCrl(der: Uint8Array): Crl {
  try {
    const list = CertificateRevocationList.fromBER(der.slice());
    const extensions = list.crlExtensions?.extensions ?? [];
    const ofIssuer = extensions.find(({ extnID }) => extnID === AUTHORITY_KEY_ID)?.parsedValue as
      | AuthorityKeyIdentifier
      | undefined;
    return {
      issuer: distinguishedName(list.issuer),
      issuerKey: nameKey(list.issuer),
      thisUpdate: list.thisUpdate.value,
      nextUpdate: list.nextUpdate?.value ?? null,
      revoked: new Set(
        (list.revokedCertificates ?? []).map(({ userCertificate }) => toHex(userCertificate.valueBlock.valueHexView)),
      ),
      authorityKeyId:
        ofIssuer?.keyIdentifier === undefined ? null : toHex(ofIssuer.keyIdentifier.valueBlock.valueHexView),
      tbs: list.tbsView.slice(),
      signature: list.signatureValue.valueBlock.valueHexView.slice(),
      scheme: schemeOf(list.signatureAlgorithm),
      partial:
        extensions.some(({ extnID, critical }) => critical && extnID !== AUTHORITY_KEY_ID && extnID !== CRL_NUMBER) ||
        (list.revokedCertificates ?? []).some(({ crlEntryExtensions }) =>
          (crlEntryExtensions?.extensions ?? []).some(({ critical }) => critical),
        ),
    };
  } catch (cause) {
    throw new FerryError("signature/bad-crl", "a list of revoked certificates breaks the rules of X.509", {
      cause,
      hint: "Look at it with 'openssl crl -text'. It is PEM or DER.",
    });
  }
}
