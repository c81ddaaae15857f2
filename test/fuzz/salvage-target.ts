import type { ByteRange } from "../../src/base/bytes.js";
import { readGuest } from "../../src/disk/read.js";
import { salvageDisk } from "../../src/disk/salvage.js";
import { lawfulExtents } from "../../src/disk/testing/laws.js";
import { vmdk } from "../../src/disk/vmdk/format.js";
import { memorySource } from "../../src/io/sources/memory.js";
import type { FuzzTarget } from "./target.js";

/** Stretches of data that are read: a few show what happens to all. */
const MOST_READ = 4;

/** A stream that is salvaged: what was found can be read, and what is lost lies in the disk, in order, and reads as zeros. */
export function salvageTarget(seeds: () => Promise<readonly Uint8Array[]>): FuzzTarget {
  return {
    name: "vmdk-salvage",
    seeds,
    async run(bytes, ctx) {
      const lost: ByteRange[] = [];
      const disk = await salvageDisk(vmdk, memorySource(bytes, "fuzz.vmdk"), {
        ...ctx,
        report(finding) {
          const { code, data = {} } = finding;
          if (code === "disk/data-lost") lost.push(...(data.ranges as unknown as readonly ByteRange[]));
        },
      });
      const { size } = disk.info;
      let at = 0;
      for (const { offset, length } of lost) {
        if (offset < at || length <= 0 || offset + length > size) throw new Error("a lost range is out of order");
        at = offset + length;
      }
      let read = 0;
      for (const { kind, offset, length } of await lawfulExtents(disk)) {
        const end = offset + length;
        if (kind !== "data") continue;
        if (lost.some((range) => range.offset < end && offset < range.offset + range.length)) {
          throw new Error("what is lost is data");
        }
        // Every grain was unpacked once: that it does not now would be ours to explain.
        if (read++ < MOST_READ) await readGuest(disk, { offset, length: Math.min(length, 262_144) }, ctx);
      }
    },
  };
}
