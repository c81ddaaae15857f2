/** Files of PKCS #12 (RFC 7292), `.p12` and `.pfx`: a key and certificates under one passphrase. */
import { createHmac, timingSafeEqual } from "node:crypto";
import {
  AuthenticatedSafe,
  type CertBag,
  type ContentInfo,
  EncryptedData,
  PFX,
  type PKCS8ShroudedKeyBag,
  type PrivateKeyInfo,
  type SafeBag,
  SafeContents,
} from "pkijs";
import { openWithPassphrase, pkcs12Key, UnknownScheme } from "./pbe.js";

/** What a file holds. */
export interface Pkcs12Content {
  /** PKCS #8 in DER, each. */
  readonly keys: readonly Uint8Array[];
  /** DER, in the order of the file, which says nothing. */
  readonly certificates: readonly Uint8Array[];
}

const DATA = "1.2.840.113549.1.7.1";
const ENCRYPTED_DATA = "1.2.840.113549.1.7.6";
const KEY_BAG = "1.2.840.113549.1.12.10.1.1";
const SHROUDED_KEY_BAG = "1.2.840.113549.1.12.10.1.2";
const CERT_BAG = "1.2.840.113549.1.12.10.1.3";
const X509_CERTIFICATE = "1.2.840.113549.1.9.22.1";

/** Bags that are looked at: real files have a key and a few certificates. */
const MOST_BAGS = 256;

const MAC_DIGESTS: Readonly<Record<string, "sha1" | "sha256" | "sha384" | "sha512">> = {
  "1.3.14.3.2.26": "sha1",
  "2.16.840.1.101.3.4.2.1": "sha256",
  "2.16.840.1.101.3.4.2.2": "sha384",
  "2.16.840.1.101.3.4.2.3": "sha512",
};

interface Octets {
  getValue(): ArrayBuffer;
}

/**
 * Opens a file. `null`: the passphrase is wrong.
 * @throws UnknownScheme, and any error where the file is damaged
 */
export async function openPkcs12(der: Uint8Array, passphrase: string): Promise<Pkcs12Content | null> {
  const pfx = PFX.fromBER(der.slice());
  if (pfx.authSafe.contentType !== DATA) throw new UnknownScheme("it is protected by a public key");
  const safe = octets(pfx.authSafe.content as Octets);
  if (pfx.macData !== undefined && !hasRightMac(pfx, safe, passphrase)) return null;
  const keys: Uint8Array[] = [];
  const certificates: Uint8Array[] = [];
  for (const content of AuthenticatedSafe.fromBER(safe).safeContents) {
    const plain = await contentOf(content, passphrase);
    if (plain === null) return null;
    const { safeBags } = SafeContents.fromBER(plain);
    if (safeBags.length > MOST_BAGS) throw new UnknownScheme(`it has more than ${MOST_BAGS} parts`);
    for (const bag of safeBags) {
      const found = await partOf(bag, passphrase);
      if (found === null) return null;
      if (found !== "other") (found.is === "key" ? keys : certificates).push(found.der);
    }
  }
  return { keys, certificates };
}

/** RFC 7292, section 4: a MAC under the same passphrase tells whether it is the right one. */
function hasRightMac({ macData }: PFX, safe: Uint8Array, passphrase: string): boolean {
  if (macData === undefined) return true;
  const { mac, macSalt, iterations = 1 } = macData;
  const hash = MAC_DIGESTS[mac.digestAlgorithm.algorithmId];
  if (hash === undefined) throw new UnknownScheme(mac.digestAlgorithm.algorithmId);
  const bytes = { sha1: 20, sha256: 32, sha384: 48, sha512: 64 }[hash];
  const key = pkcs12Key({ id: 3, bytes, passphrase, salt: macSalt.valueBlock.valueHexView, rounds: iterations, hash });
  const made = createHmac(hash, key).update(safe).digest();
  const there = mac.digest.valueBlock.valueHexView;
  return made.length === there.length && timingSafeEqual(made, there);
}

async function contentOf(content: ContentInfo, passphrase: string): Promise<Uint8Array | null> {
  if (content.contentType === DATA) return octets(content.content as Octets);
  if (content.contentType !== ENCRYPTED_DATA) throw new UnknownScheme("a part of it is protected by a public key");
  const { encryptedContentInfo } = new EncryptedData({ schema: content.content as never });
  const data = new Uint8Array(encryptedContentInfo.getEncryptedContent());
  return openWithPassphrase(encryptedContentInfo.contentEncryptionAlgorithm, data, passphrase);
}

type Part = { readonly is: "key" | "certificate"; readonly der: Uint8Array } | "other";

async function partOf({ bagId, bagValue }: SafeBag, passphrase: string): Promise<Part | null> {
  switch (bagId) {
    case KEY_BAG:
      return { is: "key", der: new Uint8Array((bagValue as PrivateKeyInfo).toSchema().toBER()) };
    case SHROUDED_KEY_BAG: {
      const { encryptionAlgorithm, encryptedData } = bagValue as PKCS8ShroudedKeyBag;
      const plain = await openWithPassphrase(encryptionAlgorithm, octets(encryptedData), passphrase);
      return plain === null ? null : { is: "key", der: plain };
    }
    case CERT_BAG: {
      const { certId, certValue } = bagValue as CertBag;
      return certId === X509_CERTIFICATE ? { is: "certificate", der: octets(certValue as unknown as Octets) } : "other";
    }
    default:
      return "other";
  }
}

function octets(value: Octets): Uint8Array {
  return new Uint8Array(value.getValue());
}
