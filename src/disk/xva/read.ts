import { MIB } from "../../base/bytes.js";
import type { Context } from "../../io/context.js";
import type { ChunkSet } from "../../io/source.js";
import { chunkSetInfo, openChunkSet } from "../chunk-set.js";
import type { DiskInfo, VirtualDisk } from "../model.js";

/** Chunks as every known writer makes them. */
const FACTS = { format: "xva", variant: "chunks", blockSize: MIB } as const;

/** Facts of a disk in chunks. @param bytes its size; what is missing of the last sector are zeros */
export function xvaInfo(bytes: number): DiskInfo {
  return chunkSetInfo(bytes, FACTS);
}

/** The disk whose chunks lie in an archive. Gaps, and what is missing of the last sector, are zeros. */
export function openXva(chunks: ChunkSet, ctx: Context): VirtualDisk {
  return openChunkSet(chunks, FACTS, ctx);
}
