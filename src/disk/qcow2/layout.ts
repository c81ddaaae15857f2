import { alignUp, GIB, MIB, SECTOR, viewOf } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { UnitRuns } from "../extents.js";
import type { DiskShape, PlanOptions } from "../model.js";
import type { NewQcow2Header } from "./header.js";

/** The clusters that we write: QEMU's own default. */
export const CLUSTER_BITS = 16;
/** 64 KiB. */
export const CLUSTER: number = 2 ** CLUSTER_BITS;
/** Entries of an L2 table. */
export const L2_ENTRIES: number = CLUSTER / 8;
/** Guest bytes of an L2 table: 512 MiB. */
export const L2_SPAN: number = CLUSTER * L2_ENTRIES;
/** 16-bit reference counts of one refcount block: 2 GiB of the file. */
export const BLOCK_ENTRIES: number = CLUSTER / 2;
/** Entries of the refcount table that fit into a cluster. */
export const TABLE_ENTRIES: number = CLUSTER / 8;
/** QEMU opens L1 tables of 32 MiB at most: 2 PiB of guest. */
export const MAX_SIZE: number = ((32 * MIB) / 8) * L2_SPAN;
/** QEMU opens refcount tables of 8 MiB at most: files of 2 PiB. */
export const MAX_FILE: number = 2 * MIB * GIB;

/** The guest's capacity as we write it. @throws `disk/too-large` */
export function guestSize(shape: DiskShape): number {
  const size = alignUp(shape.info.size, SECTOR);
  if (size <= MAX_SIZE) return size;
  throw new FerryError(
    "disk/too-large",
    `QCOW2 with clusters of 64 KiB holds 2 PiB at most, and the disk has ${size} bytes`,
    {
      hint: "Convert to raw.",
    },
  );
}

/** Refuses a file of more clusters than QEMU opens. @throws `disk/too-large` */
export function checkFileSize(clusters: number): void {
  if (clusters * CLUSTER <= MAX_FILE) return;
  throw new FerryError(
    "disk/too-large",
    `the image would take ${clusters * CLUSTER} bytes, and QEMU opens none above 2 PiB`,
    { hint: "Convert to raw." },
  );
}

/** What the header says of the image below. */
export function backingOf({ parent }: PlanOptions): NewQcow2Header["backing"] {
  return parent === undefined ? null : { name: parent.name, format: parent.format ?? "qcow2" };
}

/** Bit 63 of an entry: the cluster's reference count is exactly one. */
const COPIED_HIGH = 2 ** 31;
/** Bit 62: a compressed cluster. */
const COMPRESSED_HIGH = 2 ** 30;

/** Stores an L1 or L2 entry for a cluster whose reference count is one. */
export function putEntry(view: DataView, index: number, place: number): void {
  view.setUint32(8 * index, Math.floor(place / 2 ** 32) + COPIED_HIGH);
  view.setUint32(8 * index + 4, place % 2 ** 32);
}

/** Stores an L2 entry of a cluster that reads as zeros and takes no room (interop document, "Standard Cluster Descriptor", bit 0). */
export function putZeroEntry(view: DataView, index: number): void {
  view.setUint32(8 * index, 0);
  view.setUint32(8 * index + 4, 1);
}

/** Stores an L2 entry for a compressed cluster of `bytes` bytes, which start anywhere. */
export function putCompressedEntry(view: DataView, index: number, place: number, bytes: number): void {
  const sectors = Math.floor((place + bytes - 1) / 512) - Math.floor(place / 512);
  // Bits 54 to 61 count the sectors after the first (interop document, x = 62 - (cluster_bits - 8)).
  view.setUint32(8 * index, Math.floor(place / 2 ** 32) + sectors * 2 ** (54 - 32) + COMPRESSED_HIGH);
  view.setUint32(8 * index + 4, place % 2 ** 32);
}

/** Indexes of the L2 tables that some runs need, ascending. */
export function* tablesOf(runs: UnitRuns): Iterable<number> {
  let last = -1;
  for (const { offset, length } of runs) {
    const end = Math.ceil((offset + length) / L2_SPAN);
    for (let index = Math.max(last + 1, Math.floor(offset / L2_SPAN)); index < end; index++) {
      yield index;
      last = index;
    }
  }
}

/** Clusters that reference counts take in a file of `others` other clusters. */
export interface RefcountLayout {
  readonly tableClusters: number;
  readonly blocks: number;
}

/** The reference counts of a file count themselves too: grows until all is covered. */
export function refcountLayout(others: number): RefcountLayout {
  let tableClusters = 1;
  let blocks = 1;
  for (;;) {
    const total = others + tableClusters + blocks;
    const blocksNeeded = Math.ceil(total / BLOCK_ENTRIES);
    const tableNeeded = Math.ceil(blocksNeeded / TABLE_ENTRIES);
    if (blocksNeeded <= blocks && tableNeeded <= tableClusters) return { tableClusters, blocks };
    blocks = Math.max(blocks, blocksNeeded);
    tableClusters = Math.max(tableClusters, tableNeeded);
  }
}

/** A refcount table of `blocks` blocks that follow each other from `firstBlock` on, cluster by cluster. */
export function* refcountTable(tableClusters: number, blocks: number, firstBlock: number): Iterable<Uint8Array> {
  for (let cluster = 0; cluster < tableClusters; cluster++) {
    const bytes = new Uint8Array(CLUSTER);
    const view = viewOf(bytes);
    const last = Math.min(TABLE_ENTRIES, blocks - cluster * TABLE_ENTRIES);
    for (let i = 0; i < last; i++) {
      const place = firstBlock + (cluster * TABLE_ENTRIES + i) * CLUSTER;
      view.setUint32(8 * i, Math.floor(place / 2 ** 32));
      view.setUint32(8 * i + 4, place % 2 ** 32);
    }
    yield bytes;
  }
}

/** Refcount blocks of a file of `clusters` clusters that are all used once. */
export function* fullRefcountBlocks(blocks: number, clusters: number): Iterable<Uint8Array> {
  const full = new Uint8Array(CLUSTER);
  for (let i = 1; i < CLUSTER; i += 2) full[i] = 1;
  for (let block = 0; block < blocks; block++) {
    const used = Math.min(BLOCK_ENTRIES, Math.max(0, clusters - block * BLOCK_ENTRIES));
    if (used === BLOCK_ENTRIES) {
      yield full;
      continue;
    }
    const partly = new Uint8Array(CLUSTER);
    partly.set(full.subarray(0, 2 * used));
    yield partly;
  }
}
