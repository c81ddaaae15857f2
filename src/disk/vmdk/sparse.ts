import { alignUp, type ByteRange, SECTOR } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { ByteSource } from "../../io/source.js";
import type { Extent, ReadOp, UnitKind } from "../model.js";
import { plainKernel } from "../plain.js";
import type { GrainTables } from "./grain-tables.js";
import { grainBytes, type SparseHeader } from "./header.js";
import { grainKernel } from "./kernel.js";

/** One extent of a VMDK: a part of the guest's disk in one file. Offsets are relative to the extent. */
export interface ExtentReader {
  readonly bytes: number;
  extents(range: ByteRange, signal?: AbortSignal): AsyncIterable<Extent>;
  reads(range: ByteRange, signal?: AbortSignal): Promise<readonly ReadOp[]>;
  units(): UnitKind | null;
}

/** A grain table entry that stands for zeros, where the header's flag says so. */
const ZEROED_GRAIN = 1;

/**
 * A sparse extent over its tables.
 * @param unallocated what a missing grain means: zeros, or (in a delta) the parent's bytes
 */
export function openSparseExtent(
  source: ByteSource,
  header: SparseHeader,
  tables: GrainTables,
  bytes: number,
  unallocated: "zero" | "absent",
): ExtentReader {
  const grain = grainBytes(header);
  const { compressed, zeroedGrains } = header.flags;
  const tableSpan = tables.entries * grain;
  // Room for the marker and for data that deflate could not shrink; a marker tells the true size.
  const mostStored = alignUp(grain + grain / 8 + 1024, SECTOR);

  function kindOf(entry: number): Extent["kind"] {
    if (entry === 0) return unallocated;
    return entry === ZEROED_GRAIN && zeroedGrains ? "zero" : "data";
  }

  async function* extents(range: ByteRange, signal?: AbortSignal): AsyncIterable<Extent> {
    const end = range.offset + range.length;
    for (let at = range.offset; at < end; ) {
      const index = Math.floor(at / tableSpan);
      if (!tables.exists(index)) {
        // Huge disks are mostly missing tables: one extent for all of them.
        let next = index + 1;
        while (next * tableSpan < end && !tables.exists(next)) next++;
        const until = Math.min(end, next * tableSpan);
        yield { offset: at, length: until - at, kind: unallocated };
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
        yield { offset: at, length: until - at, kind };
        at = until;
      }
    }
  }

  /** Where a grain is stored and how many bytes it takes at most. */
  function stored(table: Uint32Array, entry: number, guest: number): readonly [at: number, length: number] {
    const at = (table[entry] as number) * SECTOR;
    let length = grain;
    if (compressed) {
      const next = entry + 1 < table.length ? (table[entry + 1] as number) * SECTOR : 0;
      length = Math.min(next > at ? next - at : mostStored, mostStored, source.size - at);
    }
    if (at + length > source.size || length <= 0) {
      throw new FerryError(
        "vmdk/bad-grain",
        `the grain at guest offset ${guest} lies past the end of the file (sector ${table[entry]} of ${Math.ceil(source.size / SECTOR)})`,
        {
          location: { at: "bytes", file: source.label, offset: at, length: grain },
          hint: "The download may be incomplete: compare its size with the manifest.",
        },
      );
    }
    return [at, length];
  }

  async function reads(range: ByteRange, signal?: AbortSignal): Promise<readonly ReadOp[]> {
    const ops: ReadOp[] = [];
    for await (const extent of extents(range, signal)) {
      if (extent.kind !== "data") continue;
      const firstGrain = Math.floor(extent.offset / grain);
      const lastGrain = Math.ceil((extent.offset + extent.length) / grain);
      const table = new Float64Array(2 * (lastGrain - firstGrain));
      for (let i = 0; i < lastGrain - firstGrain; i++) {
        const index = Math.floor((firstGrain + i) / tables.entries);
        const entries = await tables.table(index, signal);
        const [at, length] = stored(entries, (firstGrain + i) % tables.entries, (firstGrain + i) * grain);
        table[2 * i] = at;
        table[2 * i + 1] = length;
      }
      ops.push({
        kernel: compressed ? grainKernel.id : plainKernel.id,
        source,
        unitBytes: grain,
        table,
        skip: extent.offset - firstGrain * grain,
        outOffset: extent.offset,
        length: extent.length,
      });
    }
    return ops;
  }

  return {
    bytes,
    extents,
    reads,
    units: () => (compressed ? { codec: "deflate", wrapper: "zlib", unitBytes: grain } : null),
  };
}
