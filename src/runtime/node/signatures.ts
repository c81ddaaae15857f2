import { constants, createHash, createPublicKey, type KeyObject, publicDecrypt, verify } from "node:crypto";
import { fromHex } from "../../base/bytes.js";
import type { HashName } from "../../base/ids.js";
import type { Keys, PublicKeyFacts, SignatureCheck, SignatureVerdict } from "../../io/signatures.js";

/** What stands before the digest in a signature of PKCS #1 v1.5 (RFC 8017, section 9.2, note 1). */
const DIGEST_INFO: Readonly<Record<HashName, string>> = {
  md5: "3020300c06082a864886f70d020505000410",
  sha1: "3021300906052b0e03021a05000414",
  sha256: "3031300d060960864801650304020105000420",
  sha384: "3041300d060960864801650304020205000430",
  sha512: "3051300d060960864801650304020305000440",
};

/** What stands before a digest in a signature of PKCS #1 v1.5. */
export function digestInfoHead(hash: HashName): Uint8Array {
  return fromHex(DIGEST_INFO[hash]) as Uint8Array;
}

/** Keys and signatures by OpenSSL. */
export const nodeKeys: Keys = {
  describe(publicKey): PublicKeyFacts | null {
    const key = keyOf(publicKey);
    return key === null ? null : factsOf(key);
  },
  verify(check): SignatureVerdict {
    const key = keyOf(check.publicKey);
    const facts = key === null ? null : factsOf(key);
    if (key === null || facts === null || !fits(check.scheme.kind, facts.kind)) return "unsupported";
    try {
      if (isValid(key, check)) return "valid";
    } catch {
      // Digests that this build of OpenSSL does not have.
      return "unsupported";
    }
    return check.scheme.kind === "rsa-pkcs1" && isOfOtherContent(key, check) ? "other-content" : "invalid";
  },
};

function keyOf(der: Uint8Array): KeyObject | null {
  try {
    return createPublicKey({ key: Buffer.from(der), format: "der", type: "spki" });
  } catch {
    return null;
  }
}

/** Bits of the curves that signatures are made with. */
const CURVE_BITS: Readonly<Record<string, number>> = {
  prime256v1: 256,
  secp256k1: 256,
  secp384r1: 384,
  secp521r1: 521,
  brainpoolP256r1: 256,
  brainpoolP384r1: 384,
  brainpoolP512r1: 512,
};

function factsOf(key: KeyObject): PublicKeyFacts | null {
  const { modulusLength = 0, namedCurve = "" } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case "rsa":
    case "rsa-pss":
    case "dsa":
      return { kind: key.asymmetricKeyType, bits: modulusLength };
    case "ec": {
      const bits = CURVE_BITS[namedCurve];
      return bits === undefined ? null : { kind: "ec", bits };
    }
    case "ed25519":
      return { kind: "ed25519", bits: 256 };
    case "ed448":
      return { kind: "ed448", bits: 456 };
    default:
      return null;
  }
}

function fits(scheme: SignatureCheck["scheme"]["kind"], key: PublicKeyFacts["kind"]): boolean {
  switch (scheme) {
    case "rsa-pkcs1":
      return key === "rsa";
    case "rsa-pss":
      return key === "rsa" || key === "rsa-pss";
    case "ecdsa":
      return key === "ec";
    case "dsa":
      return key === "dsa";
    case "eddsa":
      return key === "ed25519" || key === "ed448";
  }
}

function isValid(key: KeyObject, { scheme, data, signature }: SignatureCheck): boolean {
  if (scheme.kind === "eddsa") return verify(null, data, key, signature);
  const padding =
    scheme.kind === "rsa-pss"
      ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: scheme.saltLength }
      : scheme.kind === "rsa-pkcs1"
        ? { padding: constants.RSA_PKCS1_PADDING }
        : { dsaEncoding: "der" as const };
  return verify(scheme.hash, data, { key, ...padding }, signature);
}

/** Whether the key's owner signed, and another digest than that of the data. */
function isOfOtherContent(key: KeyObject, { scheme, data, signature }: SignatureCheck): boolean {
  let info: Buffer;
  try {
    info = publicDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, signature);
  } catch {
    return false;
  }
  for (const [name, head] of Object.entries(DIGEST_INFO)) {
    const prefix = Buffer.from(fromHex(head) as Uint8Array);
    const digest = createHash(name).update(data).digest();
    if (info.length !== prefix.length + digest.length || !info.subarray(0, prefix.length).equals(prefix)) continue;
    // The right digest of an algorithm that is not the one that was named is a mistake of another kind.
    return !info.subarray(prefix.length).equals(digest) || ("hash" in scheme && scheme.hash !== name);
  }
  return false;
}
