import { alignUp, type ByteRange, SECTOR } from "../../base/bytes.js";
import type { Context } from "../../io/context.js";
import { collectRuns } from "../extents.js";
import type { DiskShape, PlanOptions, WriteOp, WritePlan } from "../model.js";
import { PLAIN_UNIT, plainKernel } from "../plain.js";
import { cidOf } from "./cid.js";
import { extentName, innerName, serializeVmdkDescriptor } from "./descriptor.js";
import { SPLIT_BYTES } from "./variants.js";

/** What distinguishes one flat file from several. */
interface FlatKind {
  readonly createType: "monolithicFlat" | "twoGbMaxExtentFlat";
  /** Guest bytes of a file at most. A multiple of 64 KiB. */
  readonly extentBytes: number;
  /** Name of the file with an index from 0. */
  file(index: number): string;
}

/** A text file and the guest's bytes as they are, in one sparse file. */
export function planMonolithicFlat(shape: DiskShape, options: PlanOptions, ctx: Context): Promise<WritePlan> {
  return planFlat(
    shape,
    options,
    {
      createType: "monolithicFlat",
      extentBytes: Math.max(PLAIN_UNIT, alignUp(shape.info.size, PLAIN_UNIT)),
      file: () => extentName(options.name, "-flat"),
    },
    ctx,
  );
}

/** A text file and the guest's bytes as they are, in files of two gigabytes at most. */
export function planSplitFlat(shape: DiskShape, options: PlanOptions, ctx: Context): Promise<WritePlan> {
  return planFlat(
    shape,
    options,
    {
      createType: "twoGbMaxExtentFlat",
      extentBytes: SPLIT_BYTES,
      file: (index) => extentName(options.name, `-f${String(index + 1).padStart(3, "0")}`),
    },
    ctx,
  );
}

async function planFlat(shape: DiskShape, options: PlanOptions, kind: FlatKind, ctx: Context): Promise<WritePlan> {
  const runs = await collectRuns(shape, PLAIN_UNIT, ctx);
  const size = alignUp(shape.info.size, SECTOR);
  const extents = Array.from({ length: Math.max(1, Math.ceil(size / kind.extentBytes)) }, (_, i) => ({
    name: kind.file(i),
    size: Math.min(kind.extentBytes, size - i * kind.extentBytes),
  }));
  const descriptor = new TextEncoder().encode(
    serializeVmdkDescriptor({
      createType: kind.createType,
      cid: cidOf(shape.info),
      uuid: options.identity ?? null,
      extents: extents.map((extent) => ({
        access: "RW",
        sectors: extent.size / SECTOR,
        kind: "FLAT",
        file: innerName(extent.name),
        offset: 0,
      })),
      capacitySectors: size / SECTOR,
      adapterType: "lsilogic",
    }),
  );

  /** Stretches, cut where a file ends. */
  function* opsOf(stretches: Iterable<ByteRange>): Iterable<WriteOp> {
    for (const run of stretches) {
      const end = Math.min(run.offset + run.length, size);
      for (let offset = run.offset; offset < end; ) {
        const index = Math.floor(offset / kind.extentBytes);
        const start = index * kind.extentBytes;
        const length = Math.min(end, start + kind.extentBytes) - offset;
        yield {
          file: kind.file(index),
          at: offset - start,
          kernel: plainKernel.id,
          offset,
          length,
          unitBytes: PLAIN_UNIT,
        };
        offset += length;
      }
    }
  }

  return {
    files: [{ name: options.name, size: descriptor.length }, ...extents],
    order: "sequential",
    acceptsUnits: null,
    fixed: [{ file: options.name, at: 0, length: descriptor.length, bytes: () => [descriptor] }],
    segments: { [Symbol.iterator]: () => opsOf(runs)[Symbol.iterator]() },
    tables: () => ({ place: opsOf, add: () => [], end: () => [] }),
  };
}
