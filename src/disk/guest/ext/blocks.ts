/** Where the blocks of a file lie: extent trees and block maps. */
import { viewOf } from "../../../base/bytes.js";
import type { ExtInode } from "./inode.js";

/** A run of a file's blocks on disk. `at: null`: a hole, or room that was never written: zeros. */
export interface BlockRun {
  readonly at: number | null;
  /** Blocks, from the one asked for. */
  readonly count: number;
}

/** Reads a block by its number; `null` where that cannot be. */
export type ReadBlock = (block: number) => Promise<Uint8Array | null>;

const EXTENT_MAGIC = 0xf30a;
/** Levels of an extent tree below its root: five hold every file. */
const MOST_DEPTH = 5;
/** An extent that is longer was allocated and never written. */
const WRITTEN = 32_768;
/** Blocks named in the inode itself. */
const DIRECT = 12;

/** Where a block of a file lies, and how many follow it there; `null` for what is damaged. */
export function locate(inode: ExtInode, block: number, read: ReadBlock, blockBytes: number): Promise<BlockRun | null> {
  return inode.layout === "extents" ? inTree(inode, block, read) : inMap(inode, block, read, blockBytes);
}

async function inTree(inode: ExtInode, wanted: number, read: ReadBlock): Promise<BlockRun | null> {
  let node = inode.field;
  // The first block behind what this node knows.
  let end = 2 ** 32;
  for (let level = 0; level <= MOST_DEPTH; level++) {
    const view = viewOf(node);
    if (view.getUint16(0, true) !== EXTENT_MAGIC) return null;
    const entries = Math.min(view.getUint16(2, true), Math.floor((node.length - 12) / 12));
    const depth = view.getUint16(6, true);
    // The last entry that starts at the block or before it.
    let chosen = -1;
    for (let i = 0; i < entries && view.getUint32(12 + 12 * i, true) <= wanted; i++) chosen = i;
    if (chosen + 1 < entries) end = Math.min(end, view.getUint32(12 + 12 * (chosen + 1), true));
    const hole: BlockRun = { at: null, count: Math.max(1, end - wanted) };
    if (chosen === -1) return hole;
    const at = 12 + 12 * chosen;
    if (depth === 0) {
      const length = view.getUint16(at + 4, true);
      const unwritten = length > WRITTEN;
      const skip = wanted - view.getUint32(at, true);
      const left = (unwritten ? length - WRITTEN : length) - skip;
      if (left <= 0) return hole;
      const first = view.getUint16(at + 6, true) * 2 ** 32 + view.getUint32(at + 8, true);
      return { at: unwritten ? null : first + skip, count: left };
    }
    const below = await read(view.getUint16(at + 8, true) * 2 ** 32 + view.getUint32(at + 4, true));
    if (below === null) return null;
    node = below;
  }
  return null;
}

async function inMap(inode: ExtInode, wanted: number, read: ReadBlock, blockBytes: number): Promise<BlockRun | null> {
  const perBlock = blockBytes / 4;
  const field = viewOf(inode.field);
  if (wanted < DIRECT) return one(field.getUint32(4 * wanted, true));
  let index = wanted - DIRECT;
  for (let levels = 1; levels <= 3; levels++) {
    const span = perBlock ** levels;
    if (index >= span) {
      index -= span;
      continue;
    }
    let block = field.getUint32(4 * (DIRECT + levels - 1), true);
    for (let below = levels - 1; below >= 0; below--) {
      const inside = perBlock ** below;
      // Nothing below a pointer of zero: a hole as long as what it would have led to.
      if (block === 0) return { at: null, count: inside * perBlock - (index % (inside * perBlock)) };
      const pointers = await read(block);
      if (pointers === null) return null;
      block = viewOf(pointers).getUint32(4 * (Math.floor(index / inside) % perBlock), true);
    }
    return one(block);
  }
  return null;
}

function one(block: number): BlockRun {
  return { at: block === 0 ? null : block, count: 1 };
}
