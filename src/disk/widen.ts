import type { ByteRange } from "../base/bytes.js";
import type { VirtualDisk } from "./model.js";

/** A disk with zeros behind its end. @param size bytes; not more than it has: it stays as it is */
export function widenDisk(disk: VirtualDisk, size: number): VirtualDisk {
  const own = disk.info.size;
  if (size <= own) return disk;
  const inside = ({ offset, length }: ByteRange): ByteRange => ({
    offset,
    length: Math.min(offset + length, own) - offset,
  });
  return {
    ...disk,
    info: { ...disk.info, size },
    async *extents(range = { offset: 0, length: size }, signal) {
      if (range.offset < own) yield* disk.extents(inside(range), signal);
      const start = Math.max(range.offset, own);
      const end = range.offset + range.length;
      if (end > start) yield { offset: start, length: end - start, kind: "zero" };
    },
    reads: async (range, signal) => (range.offset < own ? disk.reads(inside(range), signal) : []),
    // Units are of the whole disk, whose end moved.
    units: () => null,
    close: () => disk.close(),
  };
}
