import { MIB, TIB } from "../../base/bytes.js";

/** Values of `createType` that are read, in VMware's own spelling. */
export const READ_VARIANTS = [
  "monolithicSparse",
  "streamOptimized",
  "monolithicFlat",
  "twoGbMaxExtentSparse",
  "twoGbMaxExtentFlat",
  "vmfs",
  "vmfsThin",
  "vmfsPreallocated",
  "vmfsEagerZeroedThick",
  "vmfsSparse",
  "seSparse",
  "custom",
] as const;

/** A variant that is read. */
export type VmdkVariant = (typeof READ_VARIANTS)[number];

/** The variant that a `createType` names, whatever its capitals: older tools spell `2GbMaxExtentSparse`. `custom` where it is another. */
export function variantOf(createType: string): VmdkVariant {
  const wanted = createType.toLowerCase().replace(/^2gb/, "twogb");
  return READ_VARIANTS.find((variant) => variant.toLowerCase() === wanted) ?? "custom";
}

/** Guest bytes of one file of a split disk: 2047 MiB, as VMware makes them, below the limit of old file systems. */
export const SPLIT_BYTES: number = 2047 * MIB;

/** Files of a split disk at most: all are open while it is written. */
const MOST_FILES = 4096;

/** Guest bytes at most, by variant. VMware's own limit is 62 TB; a split disk has a number of files. */
export const MOST_BYTES: Readonly<Record<"any" | "split", number>> = { any: 62 * TIB, split: MOST_FILES * SPLIT_BYTES };
