/** Signatures in CMS, also called PKCS #7 (RFC 5652), as VirtualBox appends them to a certificate file: of the manifest, which is not in them. */
import { type Attribute, Certificate, ContentInfo, type IssuerAndSerialNumber, SignedData } from "pkijs";
import { equalBytes, toHex } from "../../base/bytes.js";
import type { HashName } from "../../base/ids.js";
import type { Runtime } from "../../io/context.js";
import type { SignatureVerdict } from "../../io/signatures.js";
import { nameKey } from "./names.js";
import { digestOf, schemeOf } from "./schemes.js";
import { readX509, unreadable, type X509 } from "./x509.js";

/** One signer of a block. */
export interface CmsSigner {
  /** `null`: its certificate is not there. */
  readonly certificate: X509 | null;
  readonly digest: HashName | null;
  readonly verdict: SignatureVerdict;
}

/** What a block holds. */
export interface CmsFacts {
  /** `signature`: of content that lies elsewhere. `other`: a time stamp, or content of its own. */
  readonly kind: "signature" | "other";
  readonly certificates: readonly X509[];
  readonly signers: readonly CmsSigner[];
}

const SIGNED_DATA = "1.2.840.113549.1.7.2";
const DATA = "1.2.840.113549.1.7.1";
const CONTENT_TYPE = "1.2.840.113549.1.9.3";
const MESSAGE_DIGEST = "1.2.840.113549.1.9.4";
/** Signers and certificates of one block. */
const MOST = 64;

/**
 * Reads a block and checks its signatures of `content`.
 * @param leaf the certificate that stands beside the block: blocks may leave it out
 * @param limit bytes of one certificate
 * @throws `signature/unreadable`
 */
export function readCms(
  der: Uint8Array,
  content: Uint8Array,
  leaf: X509,
  limit: number,
  runtime: Pick<Runtime, "hash" | "keys">,
): CmsFacts {
  try {
    const info = ContentInfo.fromBER(der.slice());
    if (info.contentType !== SIGNED_DATA) return { kind: "other", certificates: [], signers: [] };
    const data = new SignedData({ schema: info.content });
    const found = (data.certificates ?? []).filter((item): item is Certificate => item instanceof Certificate);
    if (found.length > MOST || data.signerInfos.length > MOST) throw unreadable("a block of CMS has too many parts");
    const certificates = found.map((item) => readX509(new Uint8Array(item.toSchema().toBER()), limit));
    const { eContentType, eContent } = data.encapContentInfo;
    if (eContentType !== DATA || eContent !== undefined) return { kind: "other", certificates, signers: [] };
    const signers = data.signerInfos.map((signer) => judge(signer, [leaf, ...certificates], content, runtime));
    return { kind: "signature", certificates, signers };
  } catch (cause) {
    throw unreadable("a block of CMS breaks the rules of RFC 5652", cause);
  }
}

function judge(
  signer: SignedData["signerInfos"][number],
  certificates: readonly X509[],
  content: Uint8Array,
  runtime: Pick<Runtime, "hash" | "keys">,
): CmsSigner {
  const certificate = certificateOf(signer.sid, certificates);
  const digest = digestOf(signer.digestAlgorithm.algorithmId);
  const scheme = schemeOf(signer.signatureAlgorithm, digest);
  if (certificate === null || digest === null || scheme === null) {
    return { certificate, digest, verdict: "unsupported" };
  }
  const signature = signer.signature.valueBlock.valueHexView.slice();
  const { publicKey } = certificate;
  const { signedAttrs } = signer;
  if (signedAttrs === undefined) {
    return { certificate, digest, verdict: runtime.keys.verify({ publicKey, scheme, data: content, signature }) };
  }
  // What is signed is the attributes as a SET; one of them is the digest of the content (RFC 5652, section 5.4).
  const data = new Uint8Array(signedAttrs.encodedValue);
  const verdict = runtime.keys.verify({ publicKey, scheme, data, signature });
  if (verdict !== "valid") return { certificate, digest, verdict };
  const hash = runtime.hash(digest);
  hash.update(content);
  const type = attributeOf(signedAttrs.attributes, CONTENT_TYPE);
  const signed = attributeOf(signedAttrs.attributes, MESSAGE_DIGEST);
  const isOf = type === DATA && signed instanceof Uint8Array && equalBytes(signed, hash.digest());
  return { certificate, digest, verdict: isOf ? "valid" : "other-content" };
}

function certificateOf(sid: unknown, certificates: readonly X509[]): X509 | null {
  const named = sid as Partial<IssuerAndSerialNumber> & {
    readonly valueBlock?: { readonly valueHexView?: Uint8Array };
  };
  if (named.issuer !== undefined && named.serialNumber !== undefined) {
    const issuer = nameKey(named.issuer);
    const serial = toHex(named.serialNumber.valueBlock.valueHexView);
    return certificates.find((one) => one.issuerKey === issuer && one.serial === serial) ?? null;
  }
  const keyId = named.valueBlock?.valueHexView;
  return keyId === undefined ? null : (certificates.find((one) => one.subjectKeyId === toHex(keyId)) ?? null);
}

/** The one value of an attribute: an object identifier as text, or octets. `null` where there is not exactly one. */
function attributeOf(attributes: readonly Attribute[], oid: string): string | Uint8Array | null {
  const [attribute, second] = attributes.filter(({ type }) => type === oid);
  const [value, another] = attribute?.values ?? [];
  if (value === undefined || second !== undefined || another !== undefined) return null;
  const block = (value as { readonly valueBlock: { readonly valueHexView?: Uint8Array } }).valueBlock;
  if (oid === CONTENT_TYPE) return String((value as { getValue?(): unknown }).getValue?.() ?? "");
  return block.valueHexView?.slice() ?? null;
}
