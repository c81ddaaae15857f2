/** What a passphrase opens: PBES2 (RFC 8018, section 6.2) and the schemes of PKCS #12 (RFC 7292, appendices B and C). */
import { createDecipheriv, createHash, pbkdf2Sync } from "node:crypto";
import { type AlgorithmIdentifier, PBES2Params, PBKDF2Params } from "pkijs";

/** Rounds that are made: OpenSSL and Windows ask for some thousand, careful people for some hundred thousand. */
const MOST_ROUNDS = 5_000_000;

const PBES2 = "1.2.840.113549.1.5.13";
const PBKDF2 = "1.2.840.113549.1.5.12";

const CIPHERS: Readonly<Record<string, { readonly name: string; readonly keyBytes: number }>> = {
  "2.16.840.1.101.3.4.1.2": { name: "aes-128-cbc", keyBytes: 16 },
  "2.16.840.1.101.3.4.1.22": { name: "aes-192-cbc", keyBytes: 24 },
  "2.16.840.1.101.3.4.1.42": { name: "aes-256-cbc", keyBytes: 32 },
  "1.2.840.113549.3.7": { name: "des-ede3-cbc", keyBytes: 24 },
};

const HMACS: Readonly<Record<string, string>> = {
  "1.2.840.113549.2.7": "sha1",
  "1.2.840.113549.2.8": "sha224",
  "1.2.840.113549.2.9": "sha256",
  "1.2.840.113549.2.10": "sha384",
  "1.2.840.113549.2.11": "sha512",
};

/** RFC 7292, appendix C. `bits`: of RC2. */
const OLD_SCHEMES: Readonly<Record<string, { readonly bits: number | null; readonly keyBytes: number }>> = {
  "1.2.840.113549.1.12.1.3": { bits: null, keyBytes: 24 },
  "1.2.840.113549.1.12.1.4": { bits: null, keyBytes: 16 },
  "1.2.840.113549.1.12.1.5": { bits: 128, keyBytes: 16 },
  "1.2.840.113549.1.12.1.6": { bits: 40, keyBytes: 5 },
};

/** Thrown where a scheme is unknown or asks for too much. Whoever catches it says of which file. */
export class UnknownScheme extends Error {}

/** What ASN.1 values have in common here. */
interface Value {
  readonly valueBlock: {
    readonly value?: readonly Value[];
    readonly valueHexView?: Uint8Array;
    readonly valueDec?: number;
  };
}

/** Deciphers; the padding is taken off. `null`: the passphrase is wrong, or the data are damaged. @throws UnknownScheme */
export async function openWithPassphrase(
  algorithm: AlgorithmIdentifier,
  data: Uint8Array,
  passphrase: string,
): Promise<Uint8Array | null> {
  const old = OLD_SCHEMES[algorithm.algorithmId];
  if (algorithm.algorithmId !== PBES2 && old === undefined) throw new UnknownScheme(algorithm.algorithmId);
  if (old === undefined) return openPbes2(algorithm, data, passphrase);
  const [salt, rounds] = (algorithm.algorithmParams as Value).valueBlock.value ?? [];
  const made = (id: number, bytes: number): Uint8Array =>
    pkcs12Key({
      id,
      bytes,
      passphrase,
      salt: bytesOf(salt),
      rounds: roundsOf(rounds?.valueBlock.valueDec),
      hash: "sha1",
    });
  const key = made(1, old.keyBytes);
  const iv = made(2, 8);
  if (old.bits === null) {
    // Two keys are three of which the first comes again.
    return decipher("des-ede3-cbc", old.keyBytes === 24 ? key : Buffer.concat([key, key.subarray(0, 8)]), iv, data);
  }
  const { decipherRc2 } = await import("./rc2.js");
  return withoutPadding(decipherRc2(key, old.bits, iv, data));
}

function openPbes2({ algorithmParams }: AlgorithmIdentifier, data: Uint8Array, passphrase: string): Uint8Array | null {
  const { keyDerivationFunc, encryptionScheme } = new PBES2Params({ schema: algorithmParams as never });
  const cipher = CIPHERS[encryptionScheme.algorithmId];
  if (keyDerivationFunc.algorithmId !== PBKDF2) throw new UnknownScheme(keyDerivationFunc.algorithmId);
  if (cipher === undefined) throw new UnknownScheme(encryptionScheme.algorithmId);
  const { salt, iterationCount, prf } = new PBKDF2Params({ schema: keyDerivationFunc.algorithmParams as never });
  const hmac = HMACS[prf?.algorithmId ?? "1.2.840.113549.2.7"];
  if (hmac === undefined) throw new UnknownScheme(prf?.algorithmId ?? "");
  const key = pbkdf2Sync(passphrase, bytesOf(salt as Value), roundsOf(iterationCount), cipher.keyBytes, hmac);
  return decipher(cipher.name, key, bytesOf(encryptionScheme.algorithmParams as Value), data);
}

function decipher(name: string, key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array | null {
  try {
    const cipher = createDecipheriv(name, key, iv);
    return new Uint8Array(Buffer.concat([cipher.update(data), cipher.final()]));
  } catch {
    return null;
  }
}

function withoutPadding(plain: Uint8Array): Uint8Array | null {
  const count = plain.at(-1) ?? 0;
  const isPadding = count >= 1 && count <= 8 && plain.subarray(-count).every((byte) => byte === count);
  return isPadding ? plain.subarray(0, plain.length - count) : null;
}

function bytesOf(value: Value | undefined): Uint8Array {
  const bytes = value?.valueBlock.valueHexView;
  if (bytes === undefined) throw new UnknownScheme("its parameters are damaged");
  return bytes;
}

function roundsOf(count: number | undefined): number {
  if (count === undefined || !(count >= 1 && count <= MOST_ROUNDS))
    throw new UnknownScheme(`it asks for ${count} rounds`);
  return count;
}

/** What a key is derived from. */
export interface Pkcs12KeyInput {
  /** 1: a key, 2: an initial vector, 3: the key of the integrity check. */
  readonly id: number;
  readonly bytes: number;
  readonly passphrase: string;
  readonly salt: Uint8Array;
  readonly rounds: number;
  readonly hash: "sha1" | "sha256" | "sha384" | "sha512";
}

/** RFC 7292, appendix B.2. @throws UnknownScheme where it asks for too many rounds */
export function pkcs12Key({ id, bytes, passphrase, salt, rounds, hash }: Pkcs12KeyInput): Uint8Array {
  const block = hash === "sha1" || hash === "sha256" ? 64 : 128;
  // UTF-16, big-endian, with a NUL at the end (appendix B.1).
  const password = Buffer.from(`${passphrase}\0`, "utf16le").swap16();
  const filled = (from: Uint8Array): Uint8Array => {
    const length = block * Math.ceil(from.length / block);
    return Uint8Array.from({ length }, (_, i) => from[i % from.length] ?? 0);
  };
  const diversifier = new Uint8Array(block).fill(id);
  const input = Buffer.concat([filled(salt), filled(password)]);
  const parts: Uint8Array[] = [];
  for (let length = 0; length < bytes; ) {
    let digest: Uint8Array = createHash(hash).update(diversifier).update(input).digest();
    for (let i = 1; i < roundsOf(rounds); i++) digest = createHash(hash).update(digest).digest();
    parts.push(digest);
    length += digest.length;
    const added = Uint8Array.from({ length: block }, (_, i) => digest[i % digest.length] ?? 0);
    for (let at = 0; at < input.length; at += block) {
      let carry = 1;
      for (let i = block - 1; i >= 0; i--) {
        carry += (input[at + i] ?? 0) + (added[i] ?? 0);
        input[at + i] = carry % 256;
        carry = Math.floor(carry / 256);
      }
    }
  }
  return new Uint8Array(Buffer.concat(parts).subarray(0, bytes));
}
