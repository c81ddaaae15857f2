/** Algorithm identifiers of signatures (RFC 4055, RFC 5758, RFC 8410) and of digests. */
import { type AlgorithmIdentifier, RSASSAPSSParams } from "pkijs";
import type { HashName } from "../../base/ids.js";
import type { SignatureScheme } from "../../io/signatures.js";

const SCHEMES: Readonly<Record<string, SignatureScheme>> = {
  "1.2.840.113549.1.1.4": { kind: "rsa-pkcs1", hash: "md5" },
  "1.2.840.113549.1.1.5": { kind: "rsa-pkcs1", hash: "sha1" },
  "1.3.14.3.2.29": { kind: "rsa-pkcs1", hash: "sha1" },
  "1.2.840.113549.1.1.11": { kind: "rsa-pkcs1", hash: "sha256" },
  "1.2.840.113549.1.1.12": { kind: "rsa-pkcs1", hash: "sha384" },
  "1.2.840.113549.1.1.13": { kind: "rsa-pkcs1", hash: "sha512" },
  "1.2.840.10045.4.1": { kind: "ecdsa", hash: "sha1" },
  "1.2.840.10045.4.3.2": { kind: "ecdsa", hash: "sha256" },
  "1.2.840.10045.4.3.3": { kind: "ecdsa", hash: "sha384" },
  "1.2.840.10045.4.3.4": { kind: "ecdsa", hash: "sha512" },
  "1.2.840.10040.4.3": { kind: "dsa", hash: "sha1" },
  "2.16.840.1.101.3.4.3.2": { kind: "dsa", hash: "sha256" },
  "1.3.101.112": { kind: "eddsa" },
  "1.3.101.113": { kind: "eddsa" },
};

const DIGESTS: Readonly<Record<string, HashName>> = {
  "1.2.840.113549.2.5": "md5",
  "1.3.14.3.2.26": "sha1",
  "2.16.840.1.101.3.4.2.1": "sha256",
  "2.16.840.1.101.3.4.2.2": "sha384",
  "2.16.840.1.101.3.4.2.3": "sha512",
};

const RSA = "1.2.840.113549.1.1.1";
const RSA_PSS = "1.2.840.113549.1.1.10";
const EC_KEY = "1.2.840.10045.2.1";

/** The digest of an identifier; `null`: unknown. */
export function digestOf(oid: string): HashName | null {
  return DIGESTS[oid] ?? null;
}

/**
 * The scheme of an identifier; `null`: unknown.
 * @param digest of signatures whose identifier names the key alone, as those in CMS may
 */
export function schemeOf(algorithm: AlgorithmIdentifier, digest: HashName | null = null): SignatureScheme | null {
  const { algorithmId } = algorithm;
  if (algorithmId === RSA_PSS) return pssOf(algorithm);
  if (algorithmId === RSA && digest !== null) return { kind: "rsa-pkcs1", hash: digest };
  if (algorithmId === EC_KEY && digest !== null) return { kind: "ecdsa", hash: digest };
  return SCHEMES[algorithmId] ?? null;
}

function pssOf({ algorithmParams }: AlgorithmIdentifier): SignatureScheme | null {
  const parameters = new RSASSAPSSParams({ schema: algorithmParams as never });
  const hash = digestOf(parameters.hashAlgorithm.algorithmId);
  return hash === null ? null : { kind: "rsa-pss", hash, saltLength: parameters.saltLength };
}
