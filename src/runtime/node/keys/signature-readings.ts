import { fromHex } from "../../../base/bytes.js";

/**
 * What a program printed, in every way in which it may be a signature: bytes as they are, hexadecimal, base64; of an elliptic curve also the two
 * numbers beside each other (IEEE P1363), as cards give them, which become DER.
 */
export function signatureReadings(printed: Uint8Array, kind: "rsa" | "ec"): readonly Uint8Array[] {
  const readings = [printed];
  const text = new TextDecoder("latin1").decode(printed).replace(/\s+/g, "");
  // Of JSON with one string it is that string.
  const plain = /^"([^"]*)"$/.exec(text)?.[1] ?? text;
  const hex = fromHex(plain.replace(/^0x/i, "").replaceAll(":", "").toLowerCase());
  if (hex !== null && hex.length > 0) readings.push(hex);
  if (/^[A-Za-z0-9+/_-]+={0,2}$/.test(plain)) readings.push(new Uint8Array(Buffer.from(plain, "base64")));
  return kind === "rsa" ? readings : readings.flatMap((bytes) => [bytes, ...asDer(bytes)]);
}

/** Two numbers of the same length as a sequence of integers (RFC 3279, section 2.2.3). */
function asDer(bytes: Uint8Array): readonly Uint8Array[] {
  if (bytes.length % 2 !== 0 || bytes.length < 64 || bytes.length > 132) return [];
  const half = bytes.length / 2;
  const body = [...integer(bytes.subarray(0, half)), ...integer(bytes.subarray(half))];
  const head = body.length < 0x80 ? [0x30, body.length] : [0x30, 0x81, body.length];
  return [Uint8Array.from([...head, ...body])];
}

function integer(bytes: Uint8Array): readonly number[] {
  const first = bytes.findIndex((byte) => byte !== 0);
  const digits = [...bytes.subarray(first < 0 ? bytes.length - 1 : first)];
  if ((digits[0] ?? 0) >= 0x80) digits.unshift(0);
  return [0x02, digits.length, ...digits];
}
