import { alignUp, SECTOR } from "../../base/bytes.js";
import type { ByteSource } from "../../io/source.js";
import { mergeExtents } from "../extents.js";
import { flatPart } from "../flat.js";
import type { DiskInfo, VirtualDisk } from "../model.js";

/** Facts about a raw disk. `size`: guest bytes. */
export function rawInfo(size: number): DiskInfo {
  return {
    format: "raw",
    variant: "raw",
    size,
    logicalSectorSize: 512,
    blockSize: SECTOR,
    parent: null,
    identity: null,
    properties: {},
  };
}

/**
 * The guest's disk as it lies in a source. A size that is no multiple of a sector is rounded up; the bytes past the end read as zeros.
 */
export function openRaw(source: ByteSource): VirtualDisk {
  const size = alignUp(source.size, SECTOR);
  const part = flatPart(source, 0);
  return {
    info: rawInfo(size),
    extents: (range = { offset: 0, length: size }, signal) => mergeExtents(part.extents(range, signal)),
    reads: (range, signal) => part.reads(range, signal),
    units: () => null,
    close: async () => {},
  };
}
