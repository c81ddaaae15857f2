import type { HashName } from "../../base/ids.js";

/** Hexadecimal digits of each digest. */
export const DIGEST_DIGITS: Readonly<Record<HashName, number>> = Object.freeze({
  md5: 32,
  sha1: 40,
  sha256: 64,
  sha384: 96,
  sha512: 128,
});

/** Digests that no longer prove who made a file: collisions are made on purpose. They still show accidents. */
export function isWeak(algorithm: HashName): boolean {
  return algorithm === "md5" || algorithm === "sha1";
}

/** What an algorithm is called in a manifest: `SHA256`. */
export function manifestToken(algorithm: HashName): string {
  return algorithm.toUpperCase();
}

/** The algorithm of a manifest's token in any spelling: `SHA256`, `sha-256`, `SHA2-256`, `SHA2_256`; `null`: unknown. */
export function algorithmOfToken(token: string): HashName | null {
  const plain = token.toLowerCase().replace(/[-_ ]/g, "");
  const name = /^sha2(?:256|384|512)$/.test(plain) ? `sha${plain.slice(4)}` : plain;
  return Object.hasOwn(DIGEST_DIGITS, name) ? (name as HashName) : null;
}

/** The algorithm whose digests have so many hexadecimal digits, as the lines of `sha1sum` leave it to the reader. */
export function algorithmOfLength(digits: number): HashName | null {
  for (const [name, length] of Object.entries(DIGEST_DIGITS)) if (length === digits) return name as HashName;
  return null;
}
