import { viewOf } from "../../base/bytes.js";
import type { Region } from "./region.js";

/** What lies in a partition or a logical volume, as far as its first bytes tell. */
export type ContentKind =
  | "ext"
  | "xfs"
  | "btrfs"
  | "ntfs"
  | "bitlocker"
  | "refs"
  | "fat"
  | "exfat"
  | "f2fs"
  | "reiserfs"
  | "jfs"
  | "squashfs"
  | "iso9660"
  | "swap"
  | "luks"
  | "lvm"
  | "md-raid"
  | "unknown";

/** How each is called in sentences. */
export const CONTENT_NAMES: Readonly<Record<ContentKind, string>> = {
  ext: "ext2, ext3 or ext4",
  xfs: "XFS",
  btrfs: "btrfs",
  ntfs: "NTFS",
  bitlocker: "BitLocker",
  refs: "ReFS",
  fat: "FAT",
  exfat: "exFAT",
  f2fs: "F2FS",
  reiserfs: "ReiserFS",
  jfs: "JFS",
  squashfs: "SquashFS",
  iso9660: "ISO 9660",
  swap: "swap space",
  luks: "LUKS",
  lvm: "LVM",
  "md-raid": "Linux RAID",
  unknown: "something unknown",
};

/** Texts at fixed places. The first that fits counts: what can stand inside of others comes first. */
const TEXTS: readonly (readonly [kind: ContentKind, at: number, text: string])[] = [
  ["luks", 0, "LUKS\u00ba\u00be"],
  ["xfs", 0, "XFSB"],
  ["squashfs", 0, "hsqs"],
  ["bitlocker", 3, "-FVE-FS-"],
  ["ntfs", 3, "NTFS    "],
  ["exfat", 3, "EXFAT   "],
  ["refs", 3, "ReFS\0\0\0\0"],
  ["fat", 0x36, "FAT12   "],
  ["fat", 0x36, "FAT16   "],
  ["fat", 0x52, "FAT32   "],
  ["swap", 4086, "SWAPSPACE2"],
  ["btrfs", 0x10040, "_BHRfS_M"],
  ["reiserfs", 0x10034, "ReIsEr"],
  ["jfs", 0x8000, "JFS1"],
  ["iso9660", 0x8001, "CD001"],
];
/** Numbers at fixed places, little endian. */
const NUMBERS: readonly (readonly [kind: ContentKind, at: number, value: number])[] = [
  ["md-raid", 0, 0xa92b4efc],
  ["md-raid", 4096, 0xa92b4efc],
  ["f2fs", 1024, 0xf2f52010],
];
/** Sectors in which the label of an LVM physical volume may lie. */
const LVM_SECTORS = 4;
const SECTOR = 512;

/** What the first 68 KiB of a region say that it holds. */
export async function contentKind(region: Region): Promise<ContentKind> {
  const text = async (at: number, length: number): Promise<string> =>
    new TextDecoder("latin1").decode((await region.read(at, length)) ?? new Uint8Array(0));
  for (let sector = 0; sector < LVM_SECTORS; sector++) {
    const label = await text(sector * SECTOR, 32);
    if (label.startsWith("LABELONE") && label.endsWith("LVM2 001")) return "lvm";
  }
  // windows-1252, which is what a decoder understands by latin1, leaves these letters as they are.
  for (const [kind, at, wanted] of TEXTS) if ((await text(at, wanted.length)) === wanted) return kind;
  for (const [kind, at, wanted] of NUMBERS) {
    const bytes = await region.read(at, 4);
    if (bytes !== null && viewOf(bytes).getUint32(0, true) === wanted) return kind;
  }
  const magic = await region.read(1024 + 0x38, 2);
  return magic !== null && viewOf(magic).getUint16(0, true) === 0xef53 ? "ext" : "unknown";
}
