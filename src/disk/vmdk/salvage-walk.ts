import { alignUp, type ByteRange, isZero, SECTOR, viewOf } from "../../base/bytes.js";
import { FerryError, throwIfAborted } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import { GD_AT_END, grainBytes, parseSparseHeader, SPARSE_HEADER_BYTES, type SparseHeader } from "./header.js";
import { GRAIN_MARKER_BYTES } from "./kernel.js";
import { MARKER } from "./markers.js";
import type { FoundGrains } from "./salvage-grains.js";

/** Bytes that are read at once. */
const WINDOW = 1024 * 1024;
/** Stretches of a file that lead nowhere, at most: behind so many, all that was not found counts as lost. */
const MOST_BREAKS = 100_000;

/** What the markers of a damaged stream lead to. */
export interface DamagedWalk {
  /** Guest ranges of which the walk cannot say whether something was stored for them. Sorted unless `ordered` is false. */
  readonly doubtful: readonly ByteRange[];
  /** Whether grains come in the guest's order, as all known writers have them. */
  readonly ordered: boolean;
  /** Sectors of what may be grain tables, in the order of the file. */
  readonly tables: readonly number[];
  /** Whether the stream goes on without a break up to its footer and end. */
  readonly ended: boolean;
  /** Where in the file the first thing is that leads nowhere; `null`: nowhere. */
  readonly brokenAt: number | null;
}

/** A marker of a grain that may be one. Places in bytes of the file, `guest` in bytes of the guest's disk. */
interface Candidate {
  readonly at: number;
  readonly guest: number;
  readonly packedBytes: number;
}

/** Whether a grain is whole: its stream makes a grain with the right sum. `exact`: and takes as many bytes as its marker says. */
type Proof = "broken" | "whole" | "exact";

/**
 * Walks a stream whose bytes may be damaged or missing. Behind damage it goes on at the next sector that holds the marker of a grain which
 * unpacks. No table is asked; grains go to `found` as their markers have them, those behind a break proven, others not.
 * @throws `io/limit`
 */
export async function walkDamaged(
  source: ByteSource,
  header: SparseHeader,
  found: FoundGrains,
  ctx: Context,
): Promise<DamagedWalk> {
  const grain = grainBytes(header);
  const capacity = header.capacitySectors * SECTOR;
  const tableSectors = alignUp(header.tableEntries * 4, SECTOR) / SECTOR;
  const window = windowOf(source, ctx);
  const scratch = new Uint8Array(grain);
  const tables: number[] = [];
  const doubtful: ByteRange[] = [];
  let [ordered, ended, footer, scanning] = [true, false, false, false];
  let brokenAt: number | null = null;
  // The last grain, and the guest offset up to which all is known: before that grain, and behind it.
  const latest: { grain: Candidate | null } = { grain: null };
  let [before, known] = [0, 0];
  let at = header.overheadSectors * SECTOR;

  const doubt = (from: number, to: number): void => {
    if (to <= from) return;
    if (doubtful.length < MOST_BREAKS) doubtful.push({ offset: from, length: to - from });
    else ordered = false;
  };
  const accept = (candidate: Candidate): void => {
    const { guest, packedBytes } = candidate;
    found.add(guest / grain, candidate.at / SECTOR);
    if (guest < known) ordered = false;
    before = known;
    known = Math.max(known, guest + grain);
    latest.grain = candidate;
    at = alignUp(candidate.at + GRAIN_MARKER_BYTES + packedBytes, SECTOR);
  };

  while (!ended && at + SECTOR <= source.size) {
    throwIfAborted(ctx.signal);
    const sector = await window(at, SECTOR);
    const candidate = candidateIn(sector, at, { grain, capacity, size: source.size });
    if (scanning) {
      if (candidate !== null && (await prove(candidate)) !== "broken") {
        doubt(known, candidate.guest);
        if (candidate.guest < known) ordered = false;
        scanning = false;
        accept(candidate);
        continue;
      }
      if (isTableMarker(sector, tableSectors)) tables.push(at / SECTOR + 1);
      at += SECTOR;
      continue;
    }
    if (candidate !== null) {
      accept(candidate);
      continue;
    }
    const view = viewOf(sector);
    const [value, high, type] = [view.getUint32(0, true), view.getUint32(4, true), view.getUint32(12, true)];
    const metadata = view.getUint32(8, true) === 0 && high === 0;
    if (metadata && type === MARKER.grainTable && value === tableSectors) {
      tables.push(at / SECTOR + 1);
      at += (1 + value) * SECTOR;
    } else if (metadata && type === MARKER.grainDirectory && value > 0 && at + (1 + value) * SECTOR <= source.size) {
      at += (1 + value) * SECTOR;
    } else if (metadata && type === MARKER.footer && value === 1 && (await isFooter(at + SECTOR))) {
      footer = true;
      at += 2 * SECTOR;
    } else if (footer && isZero(sector)) {
      ended = true;
    } else {
      brokenAt ??= at;
      scanning = true;
      // What a marker says of its grain's length may be wrong itself: then the next one stands before.
      const { grain: last } = latest;
      const proof = last === null ? "exact" : await prove(last);
      if (last === null || proof === "exact") continue;
      at = last.at + SECTOR;
      if (proof === "broken") {
        found.lose(last.guest / grain);
        known = before;
      }
    }
  }
  if (!ended) {
    brokenAt ??= Math.min(at, source.size);
    doubt(known, capacity);
  }
  return { doubtful, ordered, tables, ended, brokenAt };

  async function prove({ at: place, guest, packedBytes }: Candidate): Promise<Proof> {
    const packed = await window(place + GRAIN_MARKER_BYTES, packedBytes);
    // The last grain of a disk may be packed short, as QEMU does.
    for (const length of new Set([grain, Math.min(grain, capacity - guest)])) {
      try {
        const taken = ctx.runtime.codec.inflateWhole(packed, scratch.subarray(0, length), "zlib");
        return taken === packedBytes ? "exact" : "whole";
      } catch (cause) {
        if (!(cause instanceof FerryError && cause.kind === "corrupt")) throw cause;
      }
    }
    return "broken";
  }

  async function isFooter(place: number): Promise<boolean> {
    if (place + SPARSE_HEADER_BYTES > source.size) return false;
    try {
      const { directorySector, capacitySectors } = parseSparseHeader(
        await window(place, SPARSE_HEADER_BYTES),
        source.label,
        place,
      );
      return (
        header.directorySector === GD_AT_END && directorySector !== GD_AT_END && capacitySectors * SECTOR === capacity
      );
    } catch (cause) {
      if (cause instanceof FerryError) return false;
      throw cause;
    }
  }
}

/** What a sector says of a grain, where all of that can be. */
function candidateIn(
  sector: Uint8Array,
  at: number,
  { grain, capacity, size }: { readonly grain: number; readonly capacity: number; readonly size: number },
): Candidate | null {
  const view = viewOf(sector);
  const guest = (view.getUint32(4, true) * 2 ** 32 + view.getUint32(0, true)) * SECTOR;
  const packedBytes = view.getUint32(8, true);
  if (packedBytes === 0 || packedBytes > grain * 1.125 + 1024) return null;
  if (guest % grain !== 0 || guest >= capacity || at + GRAIN_MARKER_BYTES + packedBytes > size) return null;
  const [method, flags] = [view.getUint8(GRAIN_MARKER_BYTES), view.getUint8(GRAIN_MARKER_BYTES + 1)];
  return method % 16 === 8 && (method * 256 + flags) % 31 === 0 ? { at, guest, packedBytes } : null;
}

/** Whether a sector is nothing but the marker of a grain table. */
function isTableMarker(sector: Uint8Array, tableSectors: number): boolean {
  const view = viewOf(sector);
  if (view.getUint32(12, true) !== MARKER.grainTable || view.getUint32(0, true) !== tableSectors) return false;
  return isZero(sector.subarray(4, 12)) && isZero(sector.subarray(16));
}

/** Reads through a window, so that sectors one after the other are one request. */
function windowOf(source: ByteSource, ctx: Context): (at: number, length: number) => Promise<Uint8Array> {
  let bytes = new Uint8Array(0);
  let from = 0;
  return async (at, length) => {
    if (at < from || at + length > from + bytes.length) {
      bytes = new Uint8Array(await source.read(at, Math.min(Math.max(WINDOW, length), source.size - at), ctx.signal));
      from = at;
    }
    return bytes.subarray(at - from, at - from + length);
  };
}
