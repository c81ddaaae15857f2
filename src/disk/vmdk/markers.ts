import { alignUp, isZero, SECTOR, viewOf } from "../../base/bytes.js";
import { throwIfAborted } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import type { SparseHeader } from "./header.js";
import { GRAIN_MARKER_BYTES } from "./kernel.js";

/** Bytes that are read at once: markers stand in every few sectors. */
const WINDOW = 1024 * 1024;

/** Marker types (VMware Virtual Disk Format 5.0, "Markers"). */
export const MARKER = { endOfStream: 0, grainTable: 1, grainDirectory: 2, footer: 3 } as const;

/** A marker of a stream. Places in bytes of the file. */
export type StreamMarker =
  | {
      readonly kind: "grain";
      readonly at: number;
      /** Guest sector, as stored. */
      readonly guest: number;
      readonly packedBytes: number;
      /** Whether so many bytes are there, and no more than packing can make of a grain. */
      readonly fits: boolean;
      /** The first two packed bytes: the header of a zlib stream. */
      readonly zlib: readonly [method: number, flags: number];
      /** Where the next marker stands. */
      readonly end: number;
    }
  | {
      readonly kind: "metadata";
      readonly at: number;
      readonly type: number;
      /** Behind what the marker announces. */
      readonly end: number;
    }
  | { readonly kind: "end"; readonly at: number; readonly clean: boolean; readonly end: number }
  | { readonly kind: "unknown"; readonly at: number; readonly type: number };

/** The markers of a stream in the order of the file, up to its end or the first one that leads nowhere. */
export async function* streamMarkers(
  source: ByteSource,
  header: SparseHeader,
  ctx: Context,
): AsyncIterable<StreamMarker> {
  let window = new Uint8Array(0);
  let windowAt = 0;
  const most = header.grainSectors * SECTOR * 1.125 + 1024;
  let at = header.overheadSectors * SECTOR;
  while (at + SECTOR <= source.size) {
    throwIfAborted(ctx.signal);
    if (at < windowAt || at + SECTOR > windowAt + window.length) {
      window = new Uint8Array(await source.read(at, Math.min(WINDOW, source.size - at), ctx.signal));
      windowAt = at;
    }
    const bytes = window.subarray(at - windowAt, at - windowAt + SECTOR);
    const view = viewOf(bytes);
    const value = view.getUint32(4, true) * 2 ** 32 + view.getUint32(0, true);
    const packedBytes = view.getUint32(8, true);
    if (packedBytes > 0) {
      const fits = at + GRAIN_MARKER_BYTES + packedBytes <= source.size && packedBytes <= most;
      const end = alignUp(at + GRAIN_MARKER_BYTES + packedBytes, SECTOR);
      const zlib = [view.getUint8(GRAIN_MARKER_BYTES), view.getUint8(GRAIN_MARKER_BYTES + 1)] as const;
      yield { kind: "grain", at, guest: value, packedBytes, fits, zlib, end };
      if (!fits) return;
      at = end;
      continue;
    }
    const type = view.getUint32(12, true);
    if (type === MARKER.endOfStream && value === 0) {
      yield { kind: "end", at, clean: isZero(bytes), end: at + SECTOR };
      return;
    }
    const end = at + (1 + value) * SECTOR;
    const known = type === MARKER.grainTable || type === MARKER.grainDirectory || type === MARKER.footer;
    if (!known || end > source.size) {
      yield { kind: "unknown", at, type };
      return;
    }
    yield { kind: "metadata", at, type, end };
    at = end;
  }
}

/** Whether all bytes from a place on are zeros, as those are that uploads are padded with. */
export async function restIsZero(source: ByteSource, from: number, ctx: Context): Promise<boolean> {
  for (let at = from; at < source.size; at += WINDOW) {
    throwIfAborted(ctx.signal);
    if (!isZero(await source.read(at, Math.min(WINDOW, source.size - at), ctx.signal))) return false;
  }
  return true;
}
