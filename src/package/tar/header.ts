/**
 * One 512-byte tar header, parsed and serialized side by side. POSIX.1-1988 ustar, as IEEE 1003.1 "pax" describes it;
 * GNU additions as the GNU tar manual describes them ("Basic Tar Format", "Extensions to the Format").
 */
import { concatBytes } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";

/** Bytes of a header, and the unit that bodies are padded to. */
export const TAR_BLOCK = 512;

/** The first size that eleven octal digits cannot hold: 8 GiB. From there on sizes are written in base 256. */
export const OCTAL_SIZE_END: number = 8 ** 11;

/** Which of the old formats a header's magic names. `v7` has none. */
export type TarMagic = "v7" | "ustar" | "gnu";

/** A header as it stands; what extension headers before it say is not applied. */
export interface TarHeader {
  /** Bytes of the name, prefix included. */
  readonly name: Uint8Array;
  /** Bytes of the body, padding not counted. */
  readonly size: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  /** The type flag as a character; NUL, which v7 writes, as `0`. */
  readonly type: string;
  readonly link: Uint8Array;
  readonly magic: TarMagic;
  /** Whether the size is a GNU base-256 number. */
  readonly base256: boolean;
  /** Whether the checksum is spelled as tars spell it. Every other byte of a header is under the sum. */
  readonly canonical: boolean;
}

/** Where a block stands, for errors. */
export interface BlockPlace {
  readonly file: string;
  readonly offset: number;
}

const CHECKSUM_AT = 148;
const CHECKSUM_END = 156;
/** Six digits, NUL and blank, in this order or the other; seven digits and NUL; digits behind blanks, as old tars write. */
const CHECKSUMS = /^(?:[0-7]{6}(?:\0 | \0)|[0-7]{7}\0| +[1-7][0-7]*(?:\0 | \0|\0))$/;

function untilNul(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

function matches(block: Uint8Array, at: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (block[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** The magic at offset 257: `ustar\0` is POSIX, `ustar  \0` is GNU. */
export function magicOf(block: Uint8Array): TarMagic {
  if (matches(block, 257, "ustar\0")) return "ustar";
  return matches(block, 257, "ustar  \0") ? "gnu" : "v7";
}

/** The sum of all bytes with the checksum field as blanks: unsigned as the standard says, and signed as some old tars did. */
function checksums(block: Uint8Array): { unsigned: number; signed: number } {
  let unsigned = 0;
  let high = 0;
  for (let i = 0; i < TAR_BLOCK; i++) {
    const byte = i >= CHECKSUM_AT && i < CHECKSUM_END ? 32 : (block[i] ?? 0);
    unsigned += byte;
    if (byte > 127) high++;
  }
  return { unsigned, signed: unsigned - 256 * high };
}

/** A number field: octal digits padded with blanks and NULs, or base 256 where the first bit is set. `null`: neither. */
function numberField(field: Uint8Array): { value: number; base256: boolean } | null {
  const first = field[0] ?? 0;
  if (first >= 0x80) {
    // 0xff starts a negative number, which no size can be; bits below the first belong to the number.
    if (first === 0xff) return null;
    let value = first - 0x80;
    for (const byte of field.subarray(1)) {
      value = value * 256 + byte;
      if (value > Number.MAX_SAFE_INTEGER) return null;
    }
    return { value, base256: true };
  }
  const text = String.fromCharCode(...untilNul(field)).trim();
  if (!/^[0-7]*$/.test(text)) return null;
  return { value: text === "" ? 0 : Number.parseInt(text, 8), base256: false };
}

/** Whether the header's sum agrees with its bytes. The one sign of a tar that every dialect has. */
export function hasTarChecksum(block: Uint8Array): boolean {
  if (block.length < TAR_BLOCK) return false;
  const stored = numberField(block.subarray(CHECKSUM_AT, CHECKSUM_END));
  if (stored === null) return false;
  const sums = checksums(block);
  return stored.value === sums.unsigned || stored.value === sums.signed;
}

/**
 * Parses a header of any dialect.
 * @throws `tar/bad-checksum`, `tar/bad-number`
 */
export function parseTarHeader(block: Uint8Array, place: BlockPlace): TarHeader {
  if (!hasTarChecksum(block)) {
    throw new FerryError("tar/bad-checksum", "a header's checksum does not agree with its bytes", {
      location: { at: "bytes", file: place.file, offset: place.offset, length: TAR_BLOCK, field: "chksum" },
      hint: "The archive is damaged here, or the size of the member before is wrong. Fetch it again.",
    });
  }
  const number = (field: string, at: number, length: number): { value: number; base256: boolean } => {
    const parsed = numberField(block.subarray(at, at + length));
    if (parsed !== null) return parsed;
    throw new FerryError("tar/bad-number", `the ${field} of a member is no number that a file can have`, {
      location: { at: "bytes", file: place.file, offset: place.offset + at, length, field },
      hint: "The header was damaged or made by hand.",
    });
  };
  const magic = magicOf(block);
  const short = untilNul(block.subarray(0, 100));
  // GNU keeps times and a sparse map where POSIX has the prefix.
  const prefix = magic === "ustar" ? untilNul(block.subarray(345, 500)) : new Uint8Array();
  const size = number("size", 124, 12);
  const mtime = numberField(block.subarray(136, 148));
  const type = block[156] ?? 0;
  return {
    name: prefix.length === 0 ? short : concatBytes([prefix, Uint8Array.of(0x2f), short]),
    size: size.value,
    mtime: mtime === null ? 0 : mtime.value,
    type: type === 0 ? "0" : String.fromCharCode(type),
    link: untilNul(block.subarray(157, 257)),
    magic,
    base256: size.base256,
    canonical: CHECKSUMS.test(String.fromCharCode(...block.subarray(CHECKSUM_AT, CHECKSUM_END))),
  };
}

/** What is written about a member. Everything else is fixed, so that equal members make equal headers. */
export interface TarMemberFields {
  /** Relative, with `/`. */
  readonly name: string;
  readonly size: number;
  /** Seconds since 1970. */
  readonly mtime: number;
}

/** Where a name goes: into `name` and `prefix`, cut at a `/`, or `null` where it is too long for both. */
function splitName(name: Uint8Array): { name: Uint8Array; prefix: Uint8Array } | null {
  if (name.length <= 100) return { name, prefix: new Uint8Array() };
  for (let cut = Math.min(155, name.length - 2); cut > 0; cut--) {
    if (name[cut] === 0x2f && name.length - cut - 1 <= 100) {
      return { name: name.subarray(cut + 1), prefix: name.subarray(0, cut) };
    }
  }
  return null;
}

function putOctal(block: Uint8Array, at: number, length: number, value: number): void {
  const digits = value.toString(8).padStart(length - 1, "0");
  for (let i = 0; i < digits.length; i++) block[at + i] = digits.charCodeAt(i);
}

function putSize(block: Uint8Array, value: number): void {
  if (value < OCTAL_SIZE_END) {
    putOctal(block, 124, 12, value);
    return;
  }
  let rest = value;
  for (let at = 135; at > 124; at--) {
    block[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  block[124] = 0x80;
}

function putBlock(fields: {
  name: Uint8Array;
  prefix: Uint8Array;
  size: number;
  mtime: number;
  type: string;
}): Uint8Array {
  const block = new Uint8Array(TAR_BLOCK);
  block.set(fields.name, 0);
  putOctal(block, 100, 8, 0o644);
  putOctal(block, 108, 8, 0);
  putOctal(block, 116, 8, 0);
  putSize(block, fields.size);
  putOctal(block, 136, 12, Math.min(Math.max(0, Math.floor(fields.mtime)), OCTAL_SIZE_END - 1));
  block[156] = fields.type.charCodeAt(0);
  block.set(new TextEncoder().encode(fields.type === "L" ? "ustar  \0" : "ustar\x0000"), 257);
  putOctal(block, 329, 8, 0);
  putOctal(block, 337, 8, 0);
  block.set(fields.prefix, 345);
  // Six digits, a NUL and a blank, as every tar since the seventh edition writes it.
  putOctal(block, CHECKSUM_AT, 7, checksums(block).unsigned);
  block[CHECKSUM_END - 1] = 32;
  return block;
}

/** Bytes that `serializeTarHeader` makes for a name, whatever the size. */
export function tarHeaderBytes(name: string): number {
  const bytes = new TextEncoder().encode(name);
  return splitName(bytes) === null ? 2 * TAR_BLOCK + Math.ceil((bytes.length + 1) / TAR_BLOCK) * TAR_BLOCK : TAR_BLOCK;
}

/**
 * All that stands before a regular file's body: a ustar header, with a base-256 size from 8 GiB on; before it a GNU long
 * name where `name` and `prefix` are too short. Never pax, which VirtualBox refuses. Mode 0644, owner and group 0.
 */
export function serializeTarHeader(fields: TarMemberFields): Uint8Array {
  const bytes = new TextEncoder().encode(fields.name);
  const fit = splitName(bytes);
  const own = fit ?? { name: bytes.subarray(0, 100), prefix: new Uint8Array() };
  const header = putBlock({ ...own, size: fields.size, mtime: fields.mtime, type: "0" });
  if (fit !== null) return header;
  const longName = new Uint8Array(Math.ceil((bytes.length + 1) / TAR_BLOCK) * TAR_BLOCK);
  longName.set(bytes);
  const marker = { name: new TextEncoder().encode("././@LongLink"), prefix: new Uint8Array(), mtime: 0, type: "L" };
  return concatBytes([putBlock({ ...marker, size: bytes.length + 1 }), longName, header]);
}
