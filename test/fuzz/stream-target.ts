import type { ReadOp, VirtualDisk } from "../../src/disk/model.js";
import { readGuest } from "../../src/disk/read.js";
import { vmdk } from "../../src/disk/vmdk/format.js";
import { choppedStream } from "../../src/io/testing/chopped.js";
import type { FuzzTarget } from "./target.js";

/** No read of a stream crosses a multiple of this (`DiskStream.reads`). */
const SEGMENT = 4 * 2 ** 20;
/** Reads that are unpacked: a few show what happens to all. */
const MOST_UNPACKED = 6;
/** How the stream is cut into pieces, by the size of the input. */
const CUTS: readonly (readonly number[])[] = [[65_536], [512], [7, 1, 4096, 300], [1 << 20]];

/** A VMDK that is read in one pass: nothing of it is seen twice. */
export function streamTarget(seeds: () => Promise<readonly Uint8Array[]>): FuzzTarget {
  return {
    name: "vmdk-stream",
    seeds,
    async run(bytes, ctx) {
      const pieces = CUTS[bytes.length % CUTS.length] as readonly number[];
      const input = choppedStream(bytes, { label: "fuzz.vmdk", pieces });
      const stream = (await vmdk.openStream?.(input, ctx)) ?? null;
      if (stream === null) throw new Error("VMDKs are not read in one pass");
      const { size } = stream.info;
      const units = new Set<number>();
      let unpacked = 0;
      for await (const op of stream.reads()) {
        const { outOffset, length, unitBytes } = op;
        const end = outOffset + length;
        if (outOffset < 0 || length <= 0 || end > size) throw new Error("a read lies outside of the disk");
        if (Math.floor(outOffset / SEGMENT) !== Math.floor((end - 1) / SEGMENT)) throw new Error("a read is too wide");
        for (let at = outOffset; at < end; at += unitBytes) {
          if (units.has(at)) throw new Error(`the guest's byte ${at} comes twice`);
          units.add(at);
        }
        if (unpacked++ < MOST_UNPACKED) await readGuest(diskOf(op, stream.info), { offset: outOffset, length }, ctx);
      }
      if (input.taken < bytes.length) throw new Error("what follows the end of the disk was not taken");
    },
  };
}

/** A disk that holds what one read brings. */
function diskOf(op: ReadOp, info: VirtualDisk["info"]): VirtualDisk {
  return {
    info,
    async *extents() {
      yield { offset: op.outOffset, length: op.length, kind: "data" };
    },
    reads: async () => [op],
    units: () => null,
    close: async () => {},
  };
}
