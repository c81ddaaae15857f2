import { alignUp, type ByteRange, SECTOR, viewOf, writeU64 } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import { packedOps } from "../arrivals.js";
import { collectRuns } from "../extents.js";
import type { DiskShape, PlanOptions, PlanTables, Region, WriteOp, WritePlan, WriteResult } from "../model.js";
import { cidOf } from "./cid.js";
import { innerName, serializeVmdkDescriptor } from "./descriptor.js";
import { serializeTable } from "./grain-tables.js";
import { GD_AT_END, type SparseHeader, serializeSparseHeader } from "./header.js";
import { grainKernel } from "./kernel.js";
import { MARKER } from "./markers.js";

/** 64 KiB: the grain that every writer of streams uses, and the only one that VMware's importers take. */
const GRAIN = 64 * 1024;
const TABLE_ENTRIES = 512;
/** Sectors before the first grain: header, descriptor, padding, as VMware's tools leave them. */
const OVERHEAD_SECTORS = 128;
const DESCRIPTOR_SECTORS = 20;
/** Guest bytes of one grain table: 32 MiB. */
const TABLE_SPAN = GRAIN * TABLE_ENTRIES;

/** A metadata marker: how many sectors follow, and of what. */
function marker(sectors: number, type: number): Uint8Array {
  const bytes = new Uint8Array(SECTOR);
  const view = viewOf(bytes);
  writeU64(view, 0, sectors, true);
  view.setUint32(12, type, true);
  return bytes;
}

/**
 * A stream-optimized VMDK: grains in guest order behind markers, each table after its grains, then directory, footer and
 * end-of-stream marker. The file ends exactly there, so that one-pass readers accept it.
 * @throws `disk/too-large` above 2 TiB of guest bytes that would not fit behind 32-bit sector numbers
 */
export async function planStream(shape: DiskShape, options: PlanOptions, ctx: Context): Promise<WritePlan> {
  const runs = await collectRuns(shape, GRAIN, ctx);
  // The header counts whole grains, as VirtualBox writes it; the descriptor keeps the true size.
  const capacitySectors = alignUp(shape.info.size, GRAIN) / SECTOR;
  const header: SparseHeader = {
    version: 3,
    flags: { redundantDirectory: false, zeroedGrains: false, compressed: true, markers: true },
    capacitySectors,
    grainSectors: GRAIN / SECTOR,
    descriptorSector: 1,
    descriptorSectors: DESCRIPTOR_SECTORS,
    tableEntries: TABLE_ENTRIES,
    redundantDirectorySector: 0,
    directorySector: GD_AT_END,
    overheadSectors: OVERHEAD_SECTORS,
    unclean: false,
  };
  const descriptor = serializeVmdkDescriptor({
    createType: "streamOptimized",
    cid: cidOf(shape.info),
    uuid: options.identity ?? null,
    extents: [
      {
        access: "RDONLY",
        sectors: Math.ceil(shape.info.size / SECTOR),
        kind: "SPARSE",
        file: innerName(options.name),
        offset: 0,
      },
    ],
    capacitySectors: Math.ceil(shape.info.size / SECTOR),
    adapterType: "lsilogic",
  });
  const head = new Uint8Array(OVERHEAD_SECTORS * SECTOR);
  head.set(serializeSparseHeader(header));
  head.set(new TextEncoder().encode(descriptor), SECTOR);

  const opOf = (range: ByteRange): WriteOp => ({
    file: options.name,
    at: null,
    kernel: grainKernel.id,
    offset: range.offset,
    length: range.length,
    unitBytes: GRAIN,
    ...(options.level === undefined ? {} : { level: options.level }),
  });

  function* segments(): Iterable<WriteOp> {
    for (const run of runs) yield opOf(run);
  }

  return {
    files: [{ name: options.name, size: null }],
    order: "sequential",
    acceptsUnits: { codec: "deflate", wrapper: "zlib", unitBytes: GRAIN },
    fixed: [{ file: options.name, at: 0, length: head.length, bytes: () => [head] }],
    segments: { [Symbol.iterator]: () => segments()[Symbol.iterator]() },
    tables: () => ({ ...streamTables(options.name, header), place: packedOps(GRAIN, opOf) }),
  };
}

/** Gathers grain tables while grains are appended, and writes each when its last grain stands. */
function streamTables(file: string, header: SparseHeader): PlanTables {
  const directory = new Uint32Array(Math.ceil((header.capacitySectors * SECTOR) / TABLE_SPAN));
  let table = new Uint32Array(TABLE_ENTRIES);
  let tableIndex = -1;
  /** Bytes of the file so far: head, and all that was appended. */
  let end = OVERHEAD_SECTORS * SECTOR;

  function append(bytes: Uint8Array): Region {
    end += bytes.length;
    if (end / SECTOR > 0xffffffff) {
      throw new FerryError("disk/too-large", "the stream would grow past 2 TiB, where its sector numbers end", {
        hint: "Convert to another format or variant, such as qcow2 or vhdx.",
      });
    }
    return { file, at: "append", length: bytes.length, bytes: () => [bytes] };
  }

  function* flush(): Iterable<Region> {
    if (tableIndex < 0) return;
    yield append(marker((TABLE_ENTRIES * 4) / SECTOR, MARKER.grainTable));
    directory[tableIndex] = end / SECTOR;
    yield append(serializeTable(table));
    table = new Uint32Array(TABLE_ENTRIES);
    tableIndex = -1;
  }

  return {
    *before(op: WriteOp): Iterable<Region> {
      if (tableIndex >= 0 && Math.floor(op.offset / TABLE_SPAN) !== tableIndex) yield* flush();
    },
    add(result: WriteResult): Iterable<Region> {
      let at = result.at;
      for (const [i, length] of result.stored.entries()) {
        if (length === 0) continue;
        const guest = result.op.offset + i * GRAIN;
        tableIndex = Math.floor(guest / TABLE_SPAN);
        table[Math.floor((guest - tableIndex * TABLE_SPAN) / GRAIN)] = at / SECTOR;
        at += length;
      }
      end = Math.max(end, at);
      return [];
    },
    *end(): Iterable<Region> {
      yield* flush();
      const directoryBytes = serializeTable(directory);
      yield append(marker(directoryBytes.length / SECTOR, MARKER.grainDirectory));
      const directorySector = end / SECTOR;
      yield append(directoryBytes);
      yield append(marker(1, MARKER.footer));
      yield append(serializeSparseHeader({ ...header, directorySector }));
      yield append(marker(0, MARKER.endOfStream));
    },
  };
}
