import type { Diagnostic } from "../base/diagnostics.js";
import { FerryError } from "../base/errors.js";
import type { Context } from "../io/context.js";
import { toSegmentReads } from "./fetch.js";
import { findingOf } from "./findings.js";
import { readKernel } from "./hash.js";
import { unitKernels } from "./kernels.js";
import type { ReadOp, VirtualDisk } from "./model.js";
import { UsedSources } from "./used-sources.js";
import { dataSegments, walk } from "./walk.js";

const PACKED: ReadonlySet<string> = new Set(
  unitKernels.filter(({ packing }) => packing !== "none").map(({ id }) => id),
);

/**
 * Unpacks every packed unit of one layer, on all threads. Of each stretch of 4 MiB of the guest's disk the first unit that is damaged is found.
 * Places that point nowhere are passed over: a check of the structure names them.
 * @param found is called for each finding, in the guest's order
 * @throws `io/changed` where a source changed meanwhile, and what reading throws that is not about the image
 */
export async function unpackAll(
  disk: VirtualDisk,
  file: string,
  found: (finding: Diagnostic) => void,
  ctx: Context,
): Promise<void> {
  const { size } = disk.info;
  const progress = ctx.progress.child("check", disk.info.format, size);
  const used = new UsedSources();
  let position = 0;
  await walk(
    dataSegments([disk], size, ctx),
    async (range): Promise<Diagnostic | null> => {
      const ops = await packedReads(disk, range, ctx.signal);
      if (ops.length === 0) return null;
      used.add(ops);
      const transfer: ArrayBuffer[] = [];
      try {
        const reads = await toSegmentReads(ops, transfer, ctx.signal);
        await ctx.runtime.pool.run(readKernel, { ...range, reads }, { transfer, signal: ctx.signal });
        return null;
      } catch (cause) {
        return findingOf(cause, ["out-of-bounds"], file);
      }
    },
    (range, finding) => {
      if (finding !== null) found(finding);
      progress.advance(range.offset + range.length - position);
      position = range.offset + range.length;
      return true;
    },
    ctx,
  );
  await used.checkUnchanged();
  progress.advance(size - position);
  progress.done();
}

/** The reads of packed units; none where a table of the range is damaged. */
async function packedReads(
  disk: VirtualDisk,
  range: { readonly offset: number; readonly length: number },
  signal: AbortSignal,
): Promise<readonly ReadOp[]> {
  try {
    return (await disk.reads(range, signal)).filter(({ kernel }) => PACKED.has(kernel));
  } catch (cause) {
    if (cause instanceof FerryError && (cause.kind === "corrupt" || cause.kind === "out-of-bounds")) return [];
    throw cause;
  }
}
