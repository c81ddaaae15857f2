import { FerryError } from "./errors.js";

/** Sectors of virtual disks, where a format counts in them: 512 bytes. */
export const SECTOR = 512;
/** 2^20 bytes. */
export const MIB: number = 2 ** 20;
/** 2^30 bytes. */
export const GIB: number = 2 ** 30;
/** 2^40 bytes. */
export const TIB: number = 2 ** 40;

/** A half-open range of bytes, `[offset, offset + length)`. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/** A `DataView` over exactly the bytes of an array. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * An unsigned 64-bit field as a number.
 * @throws `io/limit` above 2^53 - 1: no size of a disk or file is that large.
 */
export function readU64(view: DataView, at: number, littleEndian: boolean): number {
  const value = view.getBigUint64(at, littleEndian);
  if (value > 9007199254740991n) {
    throw new FerryError("io/limit", `a 64-bit field holds ${value}, which is more than 2^53`, {
      hint: "The structure is damaged or hostile.",
    });
  }
  return Number(value);
}

/** Writes a non-negative safe integer as an unsigned 64-bit field. */
export function writeU64(view: DataView, at: number, value: number, littleEndian: boolean): void {
  view.setBigUint64(at, BigInt(value), littleEndian);
}

/** The smallest multiple of `unit` that is not less than `value`. Safe for sizes above 2^32. */
export function alignUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}

/** The largest multiple of `unit` that is not more than `value`. */
export function alignDown(value: number, unit: number): number {
  return Math.floor(value / unit) * unit;
}

/** Whether a positive integer is a power of two. Works above 2^32. */
export function isPowerOfTwo(value: number): boolean {
  return value >= 1 && Number.isInteger(value) && Number.isInteger(Math.log2(value));
}

/** Whether every byte is zero. Looks at eight bytes at a time where alignment allows. */
export function isZero(bytes: Uint8Array): boolean {
  const { length } = bytes;
  if (length === 0) return true;
  // Data seldom starts or ends with zeros: two looks settle most units.
  if (bytes[0] !== 0 || bytes[length - 1] !== 0) return false;
  const misaligned = bytes.byteOffset % 4;
  let i = 0;
  const lead = misaligned === 0 ? 0 : Math.min(4 - misaligned, length);
  for (; i < lead; i++) if (bytes[i] !== 0) return false;
  // A few bytes may end before the next word begins.
  if (lead === length) return true;
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset + lead, Math.floor((length - lead) / 4));
  const tail = words.length % 16;
  const main = words.length - tail;
  for (let w = 0; w < main; w += 16) {
    // Sixteen words a step: the loop is bound by memory, not by branches.
    const x =
      (words[w] as number) |
      (words[w + 1] as number) |
      (words[w + 2] as number) |
      (words[w + 3] as number) |
      (words[w + 4] as number) |
      (words[w + 5] as number) |
      (words[w + 6] as number) |
      (words[w + 7] as number) |
      (words[w + 8] as number) |
      (words[w + 9] as number) |
      (words[w + 10] as number) |
      (words[w + 11] as number) |
      (words[w + 12] as number) |
      (words[w + 13] as number) |
      (words[w + 14] as number) |
      (words[w + 15] as number);
    if (x !== 0) return false;
  }
  for (let w = main; w < words.length; w++) if (words[w] !== 0) return false;
  for (i = lead + words.length * 4; i < length; i++) if (bytes[i] !== 0) return false;
  return true;
}

/** Lower-case hexadecimal digits of some bytes. */
export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

/** Bytes of an even number of hexadecimal digits, or `null`. */
export function fromHex(text: string): Uint8Array | null {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return null;
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

/** Concatenates byte arrays into a new one. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Whether two arrays hold the same bytes. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
