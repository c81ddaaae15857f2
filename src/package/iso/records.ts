/** Records of ISO 9660 (ECMA-119) as bytes. Numbers of two orders stand in both. */

/** Bytes of a sector. */
export const ISO_SECTOR = 2048;

/** Writes numbers and texts in the ways of ECMA-119. */
export interface Recorder {
  readonly bytes: Uint8Array;
  byte(at: number, value: number): void;
  /** 7.2.3 and 7.3.3: little endian, then big endian. */
  both16(at: number, value: number): void;
  both32(at: number, value: number): void;
  little32(at: number, value: number): void;
  big32(at: number, value: number): void;
  /** Padded with spaces. */
  text(at: number, length: number, text: string, letters: Letters): void;
}

/** Letters of a hierarchy: bytes, or UCS-2 with the higher byte first. */
export type Letters = "ascii" | "ucs2";

/** A recorder over bytes of its own. */
export function recorder(length: number): Recorder {
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  return {
    bytes,
    byte: (at, value) => view.setUint8(at, value),
    both16(at, value): void {
      view.setUint16(at, value, true);
      view.setUint16(at + 2, value, false);
    },
    both32(at, value): void {
      view.setUint32(at, value, true);
      view.setUint32(at + 4, value, false);
    },
    little32: (at, value) => view.setUint32(at, value, true),
    big32: (at, value) => view.setUint32(at, value, false),
    text(at, length, text, letters): void {
      const room = letters === "ascii" ? length : length - (length % 2);
      const padded = letters === "ascii" ? text.padEnd(room).slice(0, room) : text.padEnd(room / 2).slice(0, room / 2);
      bytes.set(lettersOf(padded, letters), at);
    },
  };
}

/** A text in a hierarchy's letters. */
export function lettersOf(text: string, letters: Letters): Uint8Array {
  if (letters === "ascii") return Uint8Array.from(text, (c) => c.charCodeAt(0) & 0x7f);
  const bytes = new Uint8Array(2 * text.length);
  for (let i = 0; i < text.length; i++) new DataView(bytes.buffer).setUint16(2 * i, text.charCodeAt(i));
  return bytes;
}

/** The date of a record (9.1.5), in UTC. */
export function recordDate(date: Date): Uint8Array {
  return Uint8Array.of(
    Math.max(0, Math.min(255, date.getUTCFullYear() - 1900)),
    date.getUTCMonth() + 1,
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
    date.getUTCSeconds(),
    0,
  );
}

/** The date of a volume (8.4.26.1): digits, and the zone behind them; `null`: none. */
export function volumeDate(date: Date | null): Uint8Array {
  const digits = date === null ? "0".repeat(16) : `${date.toISOString().replace(/\D/g, "").slice(0, 14)}00`;
  return Uint8Array.of(...lettersOf(digits, "ascii"), 0);
}

/** Where something lies. */
export interface Place {
  readonly sector: number;
  readonly bytes: number;
}

/** A record of a directory (9.1). `name`: its letters; the directory itself is a 0, its parent a 1. */
export function directoryRecord(
  name: Uint8Array,
  { sector, bytes }: Place,
  kind: "file" | "folder",
  date: Date,
): Uint8Array {
  const length = 33 + name.length + (name.length % 2 === 0 ? 1 : 0);
  const record = recorder(length);
  record.byte(0, length);
  record.both32(2, sector);
  record.both32(10, bytes);
  record.bytes.set(recordDate(date), 18);
  record.byte(25, kind === "folder" ? 2 : 0);
  record.both16(28, 1);
  record.byte(32, name.length);
  record.bytes.set(name, 33);
  return record.bytes;
}
