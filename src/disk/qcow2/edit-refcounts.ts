import { viewOf, writeU64 } from "../../base/bytes.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import type { Move, Patch } from "../../io/target.js";
import { cannotResize } from "../resize.js";
import type { Qcow2Header } from "./header.js";

/** A run of clusters. */
export interface ClusterRun {
  readonly first: number;
  readonly count: number;
}

/** What becomes of the clusters of an image. */
export interface ClusterChange {
  /** The first cluster behind the file. */
  readonly first: number;
  /** Clusters from there on that are taken. */
  readonly needed: number;
  /** Clusters that are given up. */
  readonly freed: readonly ClusterRun[];
}

/** The reference counts of an image afterwards. */
export interface EditedRefcounts {
  readonly patches: readonly Patch[];
  readonly moves: readonly Move[];
  readonly tableOffset: number;
  readonly tableClusters: number;
  /** The cluster behind all that was taken, for the counts themselves too. */
  readonly end: number;
}

/**
 * Plans reference counts (interop document, "Host cluster management"): clusters behind the file count 1, those given up 0. Blocks of counts
 * that are missing, and a larger table where the present one ends too early, follow the clusters that are taken.
 * @throws `disk/cannot-amend` where a table or block lies outside of the file
 */
export async function editRefcounts(
  source: ByteSource,
  header: Qcow2Header,
  change: ClusterChange,
  ctx: Context,
): Promise<EditedRefcounts> {
  const { clusterBytes, refcountBits, refcountTableOffset } = header;
  const perBlock = (clusterBytes * 8) / refcountBits;
  const tableEntries = (header.refcountTableClusters * clusterBytes) / 8;
  const outside = (): Error =>
    cannotResize(source.label, "its reference counts lie outside of the file", "Check it with vmferry disk check.");
  if (refcountTableOffset % clusterBytes !== 0 || refcountTableOffset + tableEntries * 8 > source.size) throw outside();

  const places = new Map<number, number>();
  const patches: Patch[] = [];
  async function placeOf(block: number): Promise<number> {
    const known = places.get(block);
    if (known !== undefined) return known;
    let place = 0;
    if (block < tableEntries) {
      const entry = viewOf(await source.read(refcountTableOffset + block * 8, 8, ctx.signal));
      // Bits 0 to 8 are reserved.
      place = entry.getUint32(0) * 2 ** 32 + entry.getUint32(4);
      place -= place % 512;
      if (place % clusterBytes !== 0 || place + clusterBytes > source.size) throw outside();
    }
    places.set(block, place);
    return place;
  }

  // The counts of the counts: until nothing more is missing.
  let missing: number[] = [];
  let newTable = 0;
  let end = change.first + change.needed;
  for (;;) {
    missing = [];
    const lastBlock = Math.floor((end - 1) / perBlock);
    for (let block = Math.floor(change.first / perBlock); block <= lastBlock; block++) {
      if ((await placeOf(block)) === 0) missing.push(block);
    }
    newTable = lastBlock < tableEntries ? 0 : Math.ceil(((lastBlock + 1) * 8) / clusterBytes);
    const next = change.first + change.needed + missing.length + newTable;
    if (next === end) break;
    end = next;
  }

  const blocks = new Map<number, Uint8Array>();
  for (const [i, block] of missing.entries()) {
    places.set(block, (change.first + change.needed + i) * clusterBytes);
    blocks.set(block, new Uint8Array(clusterBytes));
  }
  async function set({ first, count }: ClusterRun, value: 0 | 1): Promise<void> {
    for (let cluster = first; cluster < first + count; cluster++) {
      const block = Math.floor(cluster / perBlock);
      let bytes = blocks.get(block);
      if (bytes === undefined) {
        const place = await placeOf(block);
        if (place === 0) throw outside();
        bytes = new Uint8Array(await source.read(place, clusterBytes, ctx.signal));
        blocks.set(block, bytes);
      }
      setRefcount(bytes, cluster % perBlock, refcountBits, value);
    }
  }
  await set({ first: change.first, count: end - change.first }, 1);
  for (const run of change.freed) await set(run, 0);

  const moves: Move[] = [];
  let tableOffset = refcountTableOffset;
  if (newTable > 0) {
    await set({ first: refcountTableOffset / clusterBytes, count: header.refcountTableClusters }, 0);
    tableOffset = (end - newTable) * clusterBytes;
    moves.push({ from: refcountTableOffset, to: tableOffset, length: tableEntries * 8 });
  }
  patches.push(...entryPatches(missing, places, tableOffset, newTable > 0 ? tableEntries : null, moves));
  for (const [block, bytes] of blocks) patches.push({ at: places.get(block) as number, bytes });
  return {
    patches,
    moves,
    tableOffset,
    tableClusters: newTable > 0 ? newTable : header.refcountTableClusters,
    end,
  };
}

/** The table's entries of new blocks. Where the table moves, those within its old length are cut out of the move. */
function entryPatches(
  missing: readonly number[],
  places: ReadonlyMap<number, number>,
  tableOffset: number,
  movedEntries: number | null,
  moves: Move[],
): readonly Patch[] {
  const [whole] = moves;
  if (movedEntries !== null && whole !== undefined) {
    moves.length = 0;
    let at = 0;
    for (const block of [...missing.filter((block) => block < movedEntries), movedEntries]) {
      if (block > at) moves.push({ from: whole.from + at * 8, to: whole.to + at * 8, length: (block - at) * 8 });
      at = block + 1;
    }
  }
  return missing.map((block) => {
    const bytes = new Uint8Array(8);
    writeU64(viewOf(bytes), 0, places.get(block) as number, false);
    return { at: tableOffset + block * 8, bytes };
  });
}

/** Sets a count of 1 to 64 bits, big-endian; those below a byte count from the lowest bit. */
function setRefcount(block: Uint8Array, index: number, bits: number, value: 0 | 1): void {
  if (bits < 8) {
    const at = Math.floor((index * bits) / 8);
    const shift = 2 ** ((index * bits) % 8);
    const mask = 2 ** bits;
    const old = block[at] as number;
    const field = Math.floor(old / shift) % mask;
    block[at] = old - field * shift + value * shift;
    return;
  }
  const bytes = bits / 8;
  block.fill(0, index * bytes, (index + 1) * bytes);
  block[(index + 1) * bytes - 1] = value;
}
