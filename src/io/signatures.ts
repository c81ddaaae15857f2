import type { HashName } from "../base/ids.js";

/** How a signature is made, as its algorithm identifier says (RFC 4055, RFC 5758, RFC 8410). */
export type SignatureScheme =
  | { readonly kind: "rsa-pkcs1"; readonly hash: HashName }
  /** MGF1 with the same digest. `saltLength`: bytes. */
  | { readonly kind: "rsa-pss"; readonly hash: HashName; readonly saltLength: number }
  | { readonly kind: "ecdsa"; readonly hash: HashName }
  | { readonly kind: "dsa"; readonly hash: HashName }
  /** Ed25519 and Ed448, which hash by themselves. */
  | { readonly kind: "eddsa" };

/** What a public key is. */
export interface PublicKeyFacts {
  readonly kind: "rsa" | "rsa-pss" | "ec" | "dsa" | "ed25519" | "ed448";
  /** Of the modulus, or of the curve. */
  readonly bits: number;
}

/** A signature, and what it is said to be of. */
export interface SignatureCheck {
  /** A SubjectPublicKeyInfo in DER. */
  readonly publicKey: Uint8Array;
  readonly scheme: SignatureScheme;
  readonly data: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * `other-content`: made with this key, and of something else, which RSA can tell. `unsupported`: the key or the curve is unknown, or key and
 * scheme do not fit.
 */
export type SignatureVerdict = "valid" | "other-content" | "invalid" | "unsupported";

/** Public keys and signatures, by the environment's own library. */
export interface Keys {
  /** `null`: no key that is known. */
  describe(publicKey: Uint8Array): PublicKeyFacts | null;
  verify(check: SignatureCheck): SignatureVerdict;
}

/** Somebody who can sign: a private key, or a program that has one. */
export interface Signer {
  /** The certificate of the key first, its issuers after it, each in DER. */
  readonly certificates: readonly Uint8Array[];
  /**
   * The signature of `data`: PKCS #1 v1.5 of an RSA key, DER of an elliptic one.
   * @throws `sign/failed`
   */
  sign(data: Uint8Array, hash: HashName, signal: AbortSignal): Promise<Uint8Array>;
}
