/** Private keys out of files: PEM and DER of PKCS #1, SEC 1 and PKCS #8, encrypted or not, and PKCS #12. */
import { createPrivateKey, type KeyObject } from "node:crypto";
import { FerryError } from "../../../base/errors.js";

/** A key with what lay beside it. */
export interface KeyMaterial {
  readonly key: KeyObject;
  /** DER of each certificate in the same file, in its order. */
  readonly certificates: readonly Uint8Array[];
}

/** A file that may hold a key. */
export interface KeyFile {
  /** How messages name it. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Asked where the key is encrypted, and only then; `null`: there is none. */
  passphrase(): Promise<string | null>;
}

/**
 * Reads a key.
 * @throws `sign/unreadable-key`, `sign/no-passphrase`, `sign/wrong-passphrase`, and what asking for the passphrase throws
 */
export async function readKey(file: KeyFile): Promise<KeyMaterial> {
  switch (kindOf(file.bytes)) {
    case "pem":
      return ofPem(file);
    case "pkcs12":
      return ofPkcs12(file);
    case "pkcs8-encrypted": {
      const passphrase = await needed(file);
      const key = attempt(file.bytes, ["pkcs8"], passphrase);
      if (key === null) throw wrongPassphrase(file);
      return { key, certificates: [] };
    }
    case "der": {
      const key = attempt(file.bytes, ["pkcs8", "pkcs1", "sec1"]);
      if (key === null) throw unreadableKey(file);
      return { key, certificates: [] };
    }
  }
}

/** DER of every certificate in a file: PEM with anything between, or one in DER. Nothing about them is checked. */
export function certificatesIn(bytes: Uint8Array): readonly Uint8Array[] {
  if (bytes[0] === 0x30) return [bytes];
  const text = new TextDecoder("latin1").decode(bytes);
  const found = text.matchAll(/-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END /g);
  return [...found].map(([, base64 = ""]) => new Uint8Array(Buffer.from(base64, "base64")));
}

/** DER tells by its first fields: PKCS #12 starts with version 3, an encrypted PKCS #8 with an algorithm's number, keys with 0 or 1. */
function kindOf(bytes: Uint8Array): "pem" | "pkcs12" | "pkcs8-encrypted" | "der" {
  if (bytes[0] !== 0x30) return "pem";
  const at = contentAt(bytes, 0);
  if (bytes[at] === 0x30 && bytes[contentAt(bytes, at)] === 0x06) return "pkcs8-encrypted";
  return bytes[at] === 0x02 && bytes[at + 1] === 1 && bytes[at + 2] === 3 ? "pkcs12" : "der";
}

/** Where what an element holds begins. */
function contentAt(bytes: Uint8Array, at: number): number {
  const length = bytes[at + 1] ?? 0;
  return length <= 0x80 ? at + 2 : at + 2 + (length - 0x80);
}

async function ofPem(file: KeyFile): Promise<KeyMaterial> {
  const text = new TextDecoder("latin1").decode(file.bytes);
  const [block] = /-----BEGIN ((?:RSA |EC |ENCRYPTED )?PRIVATE KEY)-----.{1,100000}?-----END \1-----/s.exec(text) ?? [];
  if (block === undefined) throw unreadableKey(file);
  const encrypted = /BEGIN ENCRYPTED|^Proc-Type: *4, *ENCRYPTED/m.test(block);
  const passphrase = encrypted ? await needed(file) : undefined;
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: block, format: "pem", ...(passphrase === undefined ? {} : { passphrase }) });
  } catch (cause) {
    if (passphrase !== undefined && !isUnsupported(cause)) throw wrongPassphrase(file);
    throw unreadableKey(file, cause);
  }
  return { key, certificates: certificatesIn(file.bytes) };
}

async function ofPkcs12(file: KeyFile): Promise<KeyMaterial> {
  // With it comes a library that other keys do not need.
  const { openPkcs12 } = await import("./pkcs12.js");
  try {
    // Many have an empty passphrase, and nobody would give one then.
    const content = (await openPkcs12(file.bytes, "")) ?? (await openPkcs12(file.bytes, await needed(file)));
    if (content === null) throw wrongPassphrase(file);
    const [der, second] = content.keys;
    if (second !== undefined) throw unreadableKey(file, new Error("it holds more than one key"));
    const key = der === undefined ? null : attempt(der, ["pkcs8"]);
    if (key === null) throw unreadableKey(file);
    return { key, certificates: content.certificates };
  } catch (cause) {
    throw cause instanceof FerryError ? cause : unreadableKey(file, cause);
  }
}

function attempt(
  der: Uint8Array,
  types: readonly ("pkcs8" | "pkcs1" | "sec1")[],
  passphrase?: string,
): KeyObject | null {
  for (const type of types) {
    try {
      const secret = passphrase === undefined ? {} : { passphrase };
      return createPrivateKey({ key: Buffer.from(der), format: "der", type, ...secret });
    } catch {
      // Of another type.
    }
  }
  return null;
}

function isUnsupported(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && cause.code === "ERR_OSSL_UNSUPPORTED";
}

async function needed(file: KeyFile): Promise<string> {
  const passphrase = await file.passphrase();
  if (passphrase !== null) return passphrase;
  throw new FerryError("sign/no-passphrase", `the key in ${file.name} is encrypted, and there is no passphrase`, {
    hint: "Say where it is: --passphrase env:NAME, file:PATH or cmd:COMMAND.",
  });
}

function wrongPassphrase({ name }: KeyFile): FerryError {
  return new FerryError("sign/wrong-passphrase", `the passphrase does not open the key in ${name}`, {
    hint: "Check it. A line feed at its end is cut off; other white space is part of it.",
  });
}

function unreadableKey({ name }: KeyFile, cause?: unknown): FerryError {
  return new FerryError("sign/unreadable-key", `${name} holds no private key that can be read`, {
    hint: "Give a key in PEM, DER or PKCS #12: 'openssl pkey -in FILE -noout' tells whether it is one.",
    ...(cause === undefined ? {} : { cause }),
  });
}
