import { alignUp, type ByteRange, SECTOR } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { ByteSource } from "../../io/source.js";
import type { Extent, ReadOp, UnitKind } from "../model.js";
import { plainKernel } from "../plain.js";
import type { GrainEntries, GrainTables } from "./grain-tables.js";
import { grainKernel } from "./kernel.js";

/** One extent of a VMDK: a part of the guest's disk in one file. Ranges are relative to the extent. */
export interface ExtentReader {
  /** Guest bytes. */
  readonly bytes: number;
  /** Tiles the range; neighbours may be of one kind. */
  extents(range: ByteRange, signal?: AbortSignal): AsyncIterable<Extent>;
  reads(range: ByteRange, signal?: AbortSignal): Promise<readonly ReadOp[]>;
  units(): UnitKind | null;
}

/** How the grains of a sparse extent are stored. */
export interface GrainLayout {
  /** Bytes of a grain. */
  readonly grain: number;
  /** Grains are compressed and stand behind markers. */
  readonly compressed: boolean;
  /** A table entry of 1 means a grain of zeros. */
  readonly zeroedGrains: boolean;
  /** What a missing grain means: zeros, or (in a delta) the parent's bytes. */
  readonly unallocated: "zero" | "absent";
}

/** A grain table entry that stands for zeros, where the header's flag says so. */
const ZEROED_GRAIN = 1;

/** A stretch of one kind within one grain table, or over several tables that do not exist. */
interface Stretch {
  readonly offset: number;
  readonly length: number;
  readonly kind: Extent["kind"];
  /** `null` where no table exists. */
  readonly table: GrainEntries | null;
  /** Entry of the first grain. */
  readonly entry: number;
}

/** A sparse extent over its tables. `bytes`: guest bytes; what lies past the last table is unallocated. */
export function openSparseExtent(
  source: ByteSource,
  layout: GrainLayout,
  tables: GrainTables<GrainEntries>,
  bytes: number,
): ExtentReader {
  const { grain, compressed, zeroedGrains, unallocated } = layout;
  const tableSpan = tables.entries * grain;

  function kindOf(entry: number): Extent["kind"] {
    if (entry === 0) return unallocated;
    return entry === ZEROED_GRAIN && zeroedGrains ? "zero" : "data";
  }

  async function* stretches(range: ByteRange, signal?: AbortSignal): AsyncIterable<Stretch> {
    const end = range.offset + range.length;
    for (let at = range.offset; at < end; ) {
      const index = Math.floor(at / tableSpan);
      if (!tables.exists(index)) {
        // Huge disks are mostly missing tables: one stretch for all of them.
        let next = index + 1;
        while (next < tables.count && !tables.exists(next)) next++;
        const until = next < tables.count ? Math.min(end, next * tableSpan) : end;
        yield { offset: at, length: until - at, kind: unallocated, table: null, entry: 0 };
        at = until;
        continue;
      }
      const stop = Math.min(end, (index + 1) * tableSpan);
      const table = await tables.table(index, signal);
      while (at < stop) {
        const first = Math.floor((at - index * tableSpan) / grain);
        const kind = kindOf(table[first] as number);
        let last = first + 1;
        while (index * tableSpan + last * grain < stop && kindOf(table[last] as number) === kind) last++;
        const until = Math.min(stop, index * tableSpan + last * grain);
        yield { offset: at, length: until - at, kind, table, entry: first };
        at = until;
      }
    }
  }

  return {
    bytes,
    extents: stretches,
    async reads(range, signal): Promise<readonly ReadOp[]> {
      const ops: ReadOp[] = [];
      for await (const stretch of stretches(range, signal)) {
        if (stretch.kind !== "data" || stretch.table === null) continue;
        if (compressed) ops.push(packedRead(source, grain, stretch, stretch.table));
        else ops.push(...plainReads(source, grain, stretch, stretch.table));
      }
      return ops;
    },
    units: () => (compressed ? { codec: "deflate", wrapper: "zlib", unitBytes: grain } : null),
  };
}

function badGrain(source: ByteSource, guest: number, sector: number, length: number): FerryError {
  return new FerryError(
    "vmdk/bad-grain",
    `the grain at guest offset ${guest} lies past the end of the file (sector ${sector} of ${Math.ceil(source.size / SECTOR)})`,
    {
      location: { at: "bytes", file: source.label, offset: sector * SECTOR, length },
      hint: "The download may be incomplete: compare its size with the manifest.",
    },
  );
}

/** One read for all grains of a stretch. How many bytes a grain takes is told by its marker; the table gives an upper bound. */
function packedRead(source: ByteSource, grain: number, stretch: Stretch, entries: GrainEntries): ReadOp {
  const skip = stretch.offset % grain;
  const count = Math.ceil((skip + stretch.length) / grain);
  // Room for the marker and for data that deflate could not shrink.
  const most = alignUp(grain + grain / 8 + 1024, SECTOR);
  const table = new Float64Array(2 * count);
  let following = 0;
  for (let next = stretch.entry + count; next < entries.length && following === 0; next++) {
    following = entries[next] as number;
  }
  for (let i = count - 1; i >= 0; i--) {
    const sector = entries[stretch.entry + i] as number;
    const at = sector * SECTOR;
    // Grains follow each other in the file in all but odd cases: the next one ends this one.
    const room = following > sector ? Math.min(most, (following - sector) * SECTOR) : most;
    if (at >= source.size) throw badGrain(source, stretch.offset - skip + i * grain, sector, room);
    table[2 * i] = at;
    table[2 * i + 1] = Math.min(room, source.size - at);
    following = sector;
  }
  return {
    kernel: grainKernel.id,
    source,
    unitBytes: grain,
    table,
    skip,
    outOffset: stretch.offset,
    length: stretch.length,
  };
}

/** One read for each run of grains that lie one after the other in the file. */
function* plainReads(source: ByteSource, grain: number, stretch: Stretch, entries: GrainEntries): Iterable<ReadOp> {
  const end = stretch.offset + stretch.length;
  let entry = stretch.entry;
  for (let at = stretch.offset; at < end; ) {
    const skip = at % grain;
    const sector = entries[entry] as number;
    let grains = 1;
    while (at - skip + grains * grain < end && entries[entry + grains] === sector + (grains * grain) / SECTOR) grains++;
    const length = Math.min(at - skip + grains * grain, end) - at;
    const place = sector * SECTOR + skip;
    if (place + length > source.size) throw badGrain(source, at, sector, length);
    yield {
      kernel: plainKernel.id,
      source,
      unitBytes: length,
      table: Float64Array.of(place, length),
      skip: 0,
      outOffset: at,
      length,
    };
    at += length;
    entry += grains;
  }
}
