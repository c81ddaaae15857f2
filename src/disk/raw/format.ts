import { alignUp, SECTOR } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { DiskInput } from "../../io/source.js";
import { plainOps } from "../arrivals.js";
import { collectRuns } from "../extents.js";
import type { DiskFormat, DiskShape, PlanOptions, VirtualDisk, WriteOp, WritePlan } from "../model.js";
import { PLAIN_UNIT, plainKernel } from "../plain.js";
import { variantToWrite } from "../variant.js";
import { openRaw } from "./read.js";
import { resizeRaw } from "./resize.js";
import { openRawStream } from "./stream.js";

/** Guest bytes and nothing else. It has no signature, so it is never guessed: the name or the caller says so. */
export const raw: DiskFormat = {
  id: "raw",
  label: "raw disk image",
  extensions: [".raw", ".img"],
  ovfUris: ["http://en.wikipedia.org/wiki/Byte", "http://raw/"],
  variants: ["raw"],
  writes: ["raw"],
  limits: { maxSize: Number.MAX_SAFE_INTEGER, sizeMultiple: SECTOR },
  kernels: [plainKernel],
  async amend(source, change) {
    if (change.change === "resize") return resizeRaw(source, change.size);
    throw new FerryError("disk/cannot-amend", "a raw disk has nothing that could be mended", {
      hint: "Its bytes are the guest's alone.",
    });
  },
  // By name only, and only as a last resort: a guest can write any signature into a raw disk.
  probe: (window) => (/\.(raw|img)$/i.test(window.name) ? { match: "maybe", variant: "raw" } : null),
  async open(input: DiskInput): Promise<VirtualDisk> {
    if (!("bytes" in input)) throw new FerryError("internal/bug", "a raw disk is opened from bytes");
    return openRaw(input.bytes);
  },
  openStream: openRawStream,
  plan,
};

async function plan(shape: DiskShape, options: PlanOptions, ctx: Context): Promise<WritePlan> {
  variantToWrite(raw, options);
  const size = alignUp(shape.info.size, SECTOR);
  const runs = await collectRuns(shape, PLAIN_UNIT, ctx);
  function* segments(): Iterable<WriteOp> {
    for (const run of runs) {
      yield {
        file: options.name,
        at: run.offset,
        kernel: plainKernel.id,
        offset: run.offset,
        length: Math.min(run.length, size - run.offset),
        unitBytes: PLAIN_UNIT,
      };
    }
  }
  return {
    files: [{ name: options.name, size }],
    order: "sequential",
    acceptsUnits: null,
    fixed: [],
    segments: { [Symbol.iterator]: () => segments()[Symbol.iterator]() },
    tables: () => ({
      place: (arrived) =>
        plainOps(arrived, { file: options.name, unit: PLAIN_UNIT, size, at: (unit) => unit * PLAIN_UNIT }),
      add: () => [],
      end: () => [],
    }),
  };
}
