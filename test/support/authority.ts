/** Certificates of our own making: what an authority, and one that lies, could hand out. */
import { createHash, createPrivateKey, type KeyObject, sign, webcrypto } from "node:crypto";
import * as asn1js from "asn1js";
import {
  Attribute,
  AttributeTypeAndValue,
  BasicConstraints,
  Certificate,
  CertificateRevocationList,
  ContentInfo,
  CryptoEngine,
  EncapsulatedContentInfo,
  Extension,
  ExtKeyUsage,
  IssuerAndSerialNumber,
  RevokedCertificate,
  SignedAndUnsignedAttributes,
  SignedData,
  SignerInfo,
  Time,
} from "pkijs";

const engine = new CryptoEngine({ name: "node", crypto: webcrypto as never });

/** How a certificate is made. */
export interface CertificateOptions {
  readonly name: string;
  readonly organization?: string;
  readonly key?: "rsa" | "rsa-512" | "rsa-1024" | "ec" | "ec-384";
  /** Who signs; itself by default. */
  readonly issuer?: Issued;
  /** The issuer's name in it where that is another one. */
  readonly issuerName?: string;
  /** Whose key signs where that is not the issuer's: a forger's. */
  readonly signedBy?: Issued;
  readonly notBefore?: string;
  readonly notAfter?: string;
  /** Left out: there are no basic constraints. */
  readonly authority?: boolean;
  readonly pathLength?: number;
  /** Bits of the first byte: 0x80 digitalSignature, 0x04 keyCertSign, 0x02 cRLSign. */
  readonly usage?: number;
  readonly purposes?: readonly string[];
  /** A critical extension with this number. */
  readonly critical?: string;
  readonly hash?: "SHA-1" | "SHA-256" | "SHA-384" | "SHA-512";
  readonly serial?: number;
}

/** A certificate with its key. */
export interface Issued {
  readonly der: Uint8Array;
  readonly pem: string;
  /** SHA-256, lower-case hexadecimal. */
  readonly fingerprint: string;
  readonly certificate: Certificate;
  readonly cryptoKey: webcrypto.CryptoKey;
  readonly key: KeyObject;
}

let serials = 1000;

/** Makes a key and a certificate for it. */
export async function issue(options: CertificateOptions): Promise<Issued> {
  const { key = "ec", hash = "SHA-256" } = options;
  const pair = (await webcrypto.subtle.generateKey(algorithmOf(key, hash), true, [
    "sign",
    "verify",
  ])) as webcrypto.CryptoKeyPair;
  const certificate = new Certificate();
  certificate.version = 2;
  certificate.serialNumber = new asn1js.Integer({ value: options.serial ?? serials++ });
  named(certificate.subject, options.name, options.organization);
  const { issuer } = options;
  if (options.issuerName !== undefined) named(certificate.issuer, options.issuerName);
  else if (issuer === undefined) named(certificate.issuer, options.name, options.organization);
  else certificate.issuer.typesAndValues.push(...issuer.certificate.subject.typesAndValues);
  certificate.notBefore = new Time({ value: new Date(options.notBefore ?? "2020-01-01T00:00:00Z") });
  certificate.notAfter = new Time({ value: new Date(options.notAfter ?? "2045-01-01T00:00:00Z") });
  certificate.extensions = [...extensionsOf(options)];
  await certificate.subjectPublicKeyInfo.importKey(pair.publicKey as never, engine);
  const signer = options.signedBy ?? issuer;
  await certificate.sign((signer?.cryptoKey ?? pair.privateKey) as never, hash, engine);
  const der = new Uint8Array(certificate.toSchema(true).toBER());
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", pair.privateKey));
  return {
    der,
    pem: pemOf("CERTIFICATE", der),
    fingerprint: createHash("sha256").update(der).digest("hex"),
    certificate,
    cryptoKey: pair.privateKey,
    key: createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" }),
  };
}

/** A list of revoked certificates. */
export async function revoke(
  issuer: Issued,
  revoked: readonly Issued[],
  dates: { readonly thisUpdate?: string; readonly nextUpdate?: string; readonly critical?: string } = {},
): Promise<Uint8Array> {
  const list = new CertificateRevocationList();
  list.version = 1;
  list.issuer.typesAndValues.push(...issuer.certificate.subject.typesAndValues);
  list.thisUpdate = new Time({ value: new Date(dates.thisUpdate ?? "2025-01-01T00:00:00Z") });
  list.nextUpdate = new Time({ value: new Date(dates.nextUpdate ?? "2044-01-01T00:00:00Z") });
  if (revoked.length > 0) {
    list.revokedCertificates = revoked.map(
      ({ certificate }) =>
        new RevokedCertificate({
          userCertificate: certificate.serialNumber,
          revocationDate: new Time({ value: new Date("2025-01-01T00:00:00Z") }),
        }),
    );
  }
  await list.sign(issuer.cryptoKey as never, "SHA-256", engine);
  return new Uint8Array(list.toSchema(true).toBER());
}

/** A certificate file as everybody writes it: the signature's line, then certificates. */
export function signatureFile(
  manifest: string,
  bytes: Uint8Array,
  signer: Issued,
  { hash = "sha256", more = [] }: { readonly hash?: string; readonly more?: readonly Issued[] } = {},
): string {
  const signature = sign(hash, bytes, signer.key).toString("hex");
  return `${hash.toUpperCase()}(${manifest})= ${signature}\n${[signer, ...more].map(({ pem }) => pem).join("")}`;
}

/** PEM of any bytes. */
export function pemOf(label: string, bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

function algorithmOf(key: string, hash: string): webcrypto.RsaHashedKeyGenParams | webcrypto.EcKeyGenParams {
  if (key.startsWith("ec")) return { name: "ECDSA", namedCurve: key === "ec-384" ? "P-384" : "P-256" };
  const modulusLength = { "rsa-512": 512, "rsa-1024": 1024 }[key] ?? 2048;
  return { name: "RSASSA-PKCS1-v1_5", modulusLength, publicExponent: Uint8Array.of(1, 0, 1), hash };
}

function named(to: Certificate["subject"], name: string, organization?: string): void {
  const part = (type: string, value: string) =>
    new AttributeTypeAndValue({ type, value: new asn1js.Utf8String({ value }) as never });
  if (organization !== undefined) to.typesAndValues.push(part("2.5.4.10", organization));
  to.typesAndValues.push(part("2.5.4.3", name));
}

function* extensionsOf(options: CertificateOptions): Iterable<Extension> {
  const { authority, pathLength, usage, purposes, critical } = options;
  const make = (extnID: string, isCritical: boolean, value: ArrayBuffer): Extension =>
    new Extension({ extnID, critical: isCritical, extnValue: value });
  if (authority !== undefined) {
    const constraints = new BasicConstraints({
      cA: authority,
      ...(pathLength === undefined ? {} : { pathLenConstraint: pathLength }),
    });
    yield make("2.5.29.19", true, constraints.toSchema().toBER());
  }
  if (usage !== undefined) {
    yield make("2.5.29.15", true, new asn1js.BitString({ valueHex: Uint8Array.of(usage).buffer }).toBER());
  }
  if (purposes !== undefined) {
    yield make("2.5.29.37", false, new ExtKeyUsage({ keyPurposes: [...purposes] }).toSchema().toBER());
  }
  if (critical !== undefined) yield make(critical, true, new asn1js.Null().toBER());
}

/** A block of CMS, whose content lies elsewhere: signed attributes or not, certificates in it or not. */
export async function cmsOf(
  content: Uint8Array,
  signer: Issued,
  options: { readonly attributes?: boolean; readonly certificates?: readonly Issued[]; readonly type?: string } = {},
): Promise<Uint8Array> {
  const { attributes = true, certificates = [signer], type = "1.2.840.113549.1.7.1" } = options;
  const digest = createHash("sha256").update(content).digest();
  const info = new SignerInfo({
    version: 1,
    sid: new IssuerAndSerialNumber({
      issuer: signer.certificate.issuer,
      serialNumber: signer.certificate.serialNumber,
    }),
  });
  if (attributes) {
    info.signedAttrs = new SignedAndUnsignedAttributes({
      type: 0,
      attributes: [
        new Attribute({ type: "1.2.840.113549.1.9.3", values: [new asn1js.ObjectIdentifier({ value: type })] }),
        new Attribute({
          type: "1.2.840.113549.1.9.4",
          values: [new asn1js.OctetString({ valueHex: new Uint8Array(digest).buffer })],
        }),
      ],
    });
  }
  const data = new SignedData({
    version: 1,
    encapContentInfo: new EncapsulatedContentInfo({ eContentType: type }),
    signerInfos: [info],
    certificates: certificates.map(({ certificate }) => certificate),
  });
  await data.sign(signer.cryptoKey as never, 0, "SHA-256", content.slice().buffer, engine);
  const whole = new ContentInfo({ contentType: "1.2.840.113549.1.7.2", content: data.toSchema(true) });
  return new Uint8Array(whole.toSchema().toBER());
}
