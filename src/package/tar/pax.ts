/** Records of pax extended headers: `LENGTH KEY=VALUE\n`, IEEE 1003.1 "pax Extended Header". Read, never written. */
import { FerryError } from "../../base/errors.js";
import type { BlockPlace } from "./header.js";

/** Bytes of a key that are looked at: longer than any key that matters. */
const LONGEST_KEY = 64;

/** What pax records say that matters here. Everything else is skipped, so that hostile headers cannot pile up. */
export interface PaxRecords {
  /** Undecoded: it may be in any encoding. */
  readonly path?: Uint8Array;
  /** Bytes, in decimal digits that nobody has checked. */
  readonly size?: string;
  /** Whether the body is a GNU sparse file, not the file's own bytes. */
  readonly sparse?: boolean;
}

/**
 * Parses the body of an `x` or `g` header.
 * @throws `tar/bad-pax`
 */
export function parsePaxRecords(body: Uint8Array, place: BlockPlace): PaxRecords {
  let records: PaxRecords = {};
  let at = 0;
  while (at < body.length) {
    const blank = body.indexOf(0x20, at);
    const digits = blank < 0 || blank - at > 12 ? "" : String.fromCharCode(...body.subarray(at, blank));
    const length = /^[0-9]+$/.test(digits) ? Number.parseInt(digits, 10) : 0;
    const end = at + length;
    const equals = body.indexOf(0x3d, blank + 1);
    // The length counts its own digits, the blank and the line feed.
    if (length === 0 || end > body.length || body[end - 1] !== 0x0a || equals < 0 || equals >= end) {
      throw new FerryError("tar/bad-pax", "a pax extended header holds a record that is cut off or has no key", {
        location: { at: "bytes", file: place.file, offset: place.offset + at, field: "pax record" },
        hint: "The archive is damaged here. Fetch it again.",
      });
    }
    const key = new TextDecoder().decode(body.subarray(blank + 1, Math.min(equals, blank + 1 + LONGEST_KEY)));
    const value = body.subarray(equals + 1, end - 1);
    if (key === "path") records = { ...records, path: value };
    else if (key === "size") records = { ...records, size: new TextDecoder().decode(value.subarray(0, 32)) };
    else if (key.startsWith("GNU.sparse.")) records = { ...records, sparse: true };
    at = end;
  }
  return records;
}

/**
 * A record that is a size in bytes, or `undefined` where it is not there.
 * @throws `tar/bad-pax` where it is no number that a file can have
 */
export function paxSize(records: PaxRecords, place: BlockPlace): number | undefined {
  const text = records.size;
  if (text === undefined) return undefined;
  const value = /^[0-9]{1,16}$/.test(text) ? Number.parseInt(text, 10) : Number.NaN;
  if (Number.isSafeInteger(value)) return value;
  throw new FerryError("tar/bad-pax", "the size in a pax extended header is no number that a file can have", {
    location: { at: "bytes", file: place.file, offset: place.offset, field: "size" },
    hint: "The archive is damaged here. Fetch it again.",
  });
}
