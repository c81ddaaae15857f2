import { alignUp, isZero } from "../base/bytes.js";
import { FerryError } from "../base/errors.js";
import { adler32 } from "../io/checksums/adler32.js";
import type { Codec, DeflateWrapper } from "../io/codec.js";
import type { UnitKernel, UnitKind } from "./model.js";

/** A unit that passes unopened from one image to another. */
export interface CarriedUnit {
  /** The deflate stream, perhaps with bytes after its end. */
  readonly payload: Uint8Array;
  readonly wrapper: DeflateWrapper;
}

/** Whether a disk's packed units can be placed by a plan without packing them anew. Wrappers may differ: they are exchanged. */
export function canCarry(units: UnitKind | null, accepts: UnitKind | null): boolean {
  return units?.codec === "deflate" && accepts?.codec === "deflate" && units.unitBytes === accepts.unitBytes;
}

/** Deflate makes at most this many bytes of one. */
const MOST_RATIO = 1032;
/** Bytes around a deflate stream in a zlib stream (RFC 1950): two before it, the Adler-32 after it. */
const ZLIB_HEADER = 2;
const ZLIB_TRAILER = 4;

/** Whether a payload can stand for a whole unit: long enough, and behind a header without a preset dictionary. */
export function isCarriable(payload: Uint8Array, wrapper: DeflateWrapper, unitBytes: number): boolean {
  if (payload.length * MOST_RATIO < unitBytes) return false;
  if (wrapper === "raw") return true;
  const [method = 0, flags = 0] = payload;
  const presetDictionary = Math.floor(flags / 32) % 2 === 1;
  return method % 16 === 8 && (method * 256 + flags) % 31 === 0 && !presetDictionary;
}

/** What is packed, and how. */
export interface PackWork {
  readonly offset: number;
  readonly length: number;
  readonly unitBytes: number;
  readonly level: number;
  /** Units that are all zeros are packed like any others. Else they are left out. */
  readonly zeros: "stored" | "skipped";
}

/** Units handed back by a worker. */
export interface PackedUnits {
  /** Stored bytes per unit; 0: all zeros, left out. */
  readonly stored: Uint32Array;
  /**
   * The stored units one after the other, where the worker did not write them; `payloadBytes` of the buffer count. With a kernel that
   * stores some units plain, those come after all others.
   */
  readonly payload: ArrayBuffer | null;
  readonly payloadBytes: number;
}

/**
 * Packs and frames units into one buffer that is handed back.
 * @param guest the units' plain bytes; where a unit is carried, room for them
 * @param carried packed units by guest offset: they pass unopened
 */
export function packUnits(
  work: PackWork,
  kernel: UnitKernel,
  guest: Uint8Array,
  carried: ReadonlyMap<number, CarriedUnit> | null,
  codec: Codec,
): PackedUnits {
  const { unitBytes } = work;
  const units = Math.ceil(work.length / unitBytes);
  const stored = new Uint32Array(units);
  const plain: number[] = [];
  const header = kernel.frame?.headerBytes ?? 0;
  const alignment = kernel.frame?.alignment ?? 1;
  // Deflate grows what it cannot shrink by 5 bytes in 16 KiB at most, in any codec that we use, and Zstandard by its header and 3 bytes in
  // 128 KiB; a carried unit may be larger.
  let most = unitBytes + Math.ceil(unitBytes / 512) + 64;
  for (const { payload } of carried?.values() ?? []) most = Math.max(most, payload.length + ZLIB_HEADER + ZLIB_TRAILER);
  const slot = alignUp(header + most, alignment);
  const out = new Uint8Array(slot * units);
  let at = 0;
  for (let i = 0; i < units; i++) {
    const from = i * unitBytes;
    const unit = guest.subarray(from, from + unitBytes);
    const room = out.subarray(at + header, at + slot);
    const given = carried?.get(work.offset + from);
    let length: number;
    if (given !== undefined) {
      length = carry(given, kernel, unit, room, codec);
      if (kernel.unshrunk === "plain" && length >= unitBytes) {
        unit.fill(0, codec.inflateInto(given.payload, unit, given.wrapper));
      }
    } else {
      if (work.zeros === "skipped" && isZero(unit)) continue;
      length = pack(kernel, unit, room, work.level, codec);
    }
    if (kernel.unshrunk === "plain" && length >= unitBytes) {
      plain.push(i);
      continue;
    }
    kernel.frame?.header(out.subarray(at, at + header), work.offset + from, length);
    const whole = alignUp(header + length, alignment);
    stored[i] = whole;
    at += whole;
  }
  for (const i of plain) {
    out.set(guest.subarray(i * unitBytes, (i + 1) * unitBytes), at);
    stored[i] = unitBytes;
    at += unitBytes;
  }
  return { stored, payload: out.buffer, payloadBytes: at };
}

function pack(kernel: UnitKernel, unit: Uint8Array, room: Uint8Array, level: number, codec: Codec): number {
  if (kernel.packing === "none") {
    room.set(unit);
    return unit.length;
  }
  const length =
    kernel.packing === "zstd"
      ? (codec.zstdInto?.(unit, room, level) ?? 0)
      : codec.deflateInto(unit, room, kernel.packing, level);
  if (length === 0) throw new FerryError("internal/bug", "a packed unit did not fit into its buffer");
  return length;
}

/**
 * Places a carried unit, in the wrapper that the kernel wants. A raw stream that becomes a zlib stream is unpacked into `unit` for the
 * Adler-32 of its plain bytes, and kept as it is.
 */
function carry(
  { payload, wrapper }: CarriedUnit,
  kernel: UnitKernel,
  unit: Uint8Array,
  room: Uint8Array,
  codec: Codec,
): number {
  if (wrapper === kernel.packing) {
    room.set(payload);
    return payload.length;
  }
  if (wrapper === "zlib") {
    const stream = payload.subarray(ZLIB_HEADER, payload.length - ZLIB_TRAILER);
    room.set(stream);
    return stream.length;
  }
  const length = codec.inflateWhole(payload, unit, "raw");
  // A window of 32 KiB, deflate; no dictionary, the compressor's default level: RFC 1950, section 2.2.
  room[0] = 0x78;
  room[1] = 0x9c;
  room.set(payload.subarray(0, length), ZLIB_HEADER);
  const sum = codec.adler32?.(unit) ?? adler32(unit);
  for (let i = 0; i < ZLIB_TRAILER; i++) room[ZLIB_HEADER + length + i] = Math.floor(sum / 256 ** (3 - i)) % 256;
  return ZLIB_HEADER + length + ZLIB_TRAILER;
}
