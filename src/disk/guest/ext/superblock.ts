/** The superblock of ext2, ext3 and ext4. Offsets and names: the Linux kernel's documentation, filesystems/ext4/globals. */
import { viewOf } from "../../../base/bytes.js";
import type { Region } from "../region.js";

/** Where it lies in the file system, and how much of it is read. */
const SUPERBLOCK_AT = 1024;
const SUPERBLOCK_BYTES = 1024;
const MAGIC = 0xef53;

const INCOMPAT_COMPRESSION = 0x1;
const INCOMPAT_FILETYPE = 0x2;
const INCOMPAT_RECOVER = 0x4;
const INCOMPAT_META_BG = 0x10;
const INCOMPAT_EXTENTS = 0x40;
const INCOMPAT_64BIT = 0x80;
const INCOMPAT_MMP = 0x100;
const INCOMPAT_FLEX_BG = 0x200;
const INCOMPAT_EA_INODE = 0x400;
const INCOMPAT_CSUM_SEED = 0x2000;
const INCOMPAT_LARGEDIR = 0x4000;
const INCOMPAT_INLINE_DATA = 0x8000;
const INCOMPAT_ENCRYPT = 0x10000;
const INCOMPAT_CASEFOLD = 0x20000;
/** What changes nothing for whoever reads plain files by their names, or is read here. */
const UNDERSTOOD =
  INCOMPAT_FILETYPE +
  INCOMPAT_RECOVER +
  INCOMPAT_META_BG +
  INCOMPAT_EXTENTS +
  INCOMPAT_64BIT +
  INCOMPAT_MMP +
  INCOMPAT_FLEX_BG +
  INCOMPAT_EA_INODE +
  INCOMPAT_CSUM_SEED +
  INCOMPAT_LARGEDIR +
  INCOMPAT_INLINE_DATA +
  INCOMPAT_ENCRYPT +
  INCOMPAT_CASEFOLD;
const COMPAT_HAS_JOURNAL = 0x4;
const COMPAT_SPARSE_SUPER2 = 0x200;
const RO_COMPAT_SPARSE_SUPER = 0x1;

/** What is needed to read an ext file system. Sizes in bytes, places in blocks. */
export interface ExtSuperblock {
  /** By its features: `ext2` has no journal, `ext4` has extents or other things that ext3 does not know. */
  readonly kind: "ext2" | "ext3" | "ext4";
  readonly label: string;
  readonly blockBytes: number;
  readonly blocks: number;
  readonly firstDataBlock: number;
  readonly blocksPerGroup: number;
  readonly inodes: number;
  readonly inodesPerGroup: number;
  readonly inodeBytes: number;
  readonly descriptorBytes: number;
  /** The file type stands in entries of directories; without it the length of a name has 16 bits. */
  readonly fileTypes: boolean;
  /** Metadata that the journal holds may be newer than what is read here. */
  readonly needsRecovery: boolean;
  /** Group descriptors lie in meta groups from this one on; `null`: all behind the superblock. */
  readonly firstMetaGroup: number | null;
  /** Where copies of the superblock lie. */
  readonly copies: "all" | "sparse" | readonly number[];
}

/** Whether bits of a 32-bit field are set. */
export function has(field: number, flag: number): boolean {
  return (field & flag) !== 0;
}

/** A superblock as it lies on disk; `null` for one that is none; a reason for one that cannot be read. */
export function parseSuperblock(bytes: Uint8Array): ExtSuperblock | string | null {
  const view = viewOf(bytes);
  if (bytes.length < SUPERBLOCK_BYTES || view.getUint16(0x38, true) !== MAGIC) return null;
  const u32 = (at: number): number => view.getUint32(at, true);
  const [compat, incompat, readOnly] = [u32(0x5c), u32(0x60), u32(0x64)];
  // Revision 0 knows no features, and no other size of an inode.
  const old = u32(0x4c) === 0;
  const features = old ? 0 : incompat;
  if (has(features, INCOMPAT_COMPRESSION)) return "it is compressed";
  const unknown = (features & ~UNDERSTOOD) >>> 0;
  if (unknown !== 0) return `it has features that are not known here (0x${unknown.toString(16)})`;
  const logBlock = u32(0x18);
  const is64 = has(features, INCOMPAT_64BIT);
  const descriptorBytes = is64 ? view.getUint16(0xfe, true) : 32;
  const inodeBytes = old ? 128 : view.getUint16(0x58, true);
  const blockBytes = logBlock <= 6 ? 1024 * 2 ** logBlock : 0;
  const blocks = u32(0x4) + (is64 ? u32(0x150) * 2 ** 32 : 0);
  const damaged =
    blockBytes === 0 ||
    inodeBytes < 128 ||
    inodeBytes > blockBytes ||
    descriptorBytes < 32 ||
    descriptorBytes > blockBytes ||
    u32(0x20) === 0 ||
    u32(0x28) === 0 ||
    blocks === 0 ||
    !Number.isSafeInteger(blocks * blockBytes);
  if (damaged) return "its superblock is damaged";
  const newer = incompat & (INCOMPAT_EXTENTS + INCOMPAT_64BIT + INCOMPAT_FLEX_BG + INCOMPAT_INLINE_DATA);
  return {
    kind: newer !== 0 ? "ext4" : has(compat, COMPAT_HAS_JOURNAL) ? "ext3" : "ext2",
    label: textOf(bytes.subarray(0x78, 0x88)),
    blockBytes,
    blocks,
    firstDataBlock: u32(0x14),
    blocksPerGroup: u32(0x20),
    inodes: u32(0x0),
    inodesPerGroup: u32(0x28),
    inodeBytes,
    descriptorBytes,
    fileTypes: has(features, INCOMPAT_FILETYPE),
    needsRecovery: has(features, INCOMPAT_RECOVER),
    firstMetaGroup: has(features, INCOMPAT_META_BG) ? u32(0x104) : null,
    copies: has(compat, COMPAT_SPARSE_SUPER2)
      ? [u32(0x24c), u32(0x250)]
      : has(readOnly, RO_COMPAT_SPARSE_SUPER)
        ? "sparse"
        : "all",
  };
}

/** Reads the superblock of a region. */
export async function readSuperblock(region: Region): Promise<ExtSuperblock | string | null> {
  const bytes = await region.read(SUPERBLOCK_AT, SUPERBLOCK_BYTES);
  return bytes === null ? null : parseSuperblock(bytes);
}

function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end === -1 ? bytes : bytes.subarray(0, end));
}

function hasCopy(volume: ExtSuperblock, group: number): boolean {
  if (group === 0 || volume.copies === "all") return true;
  if (volume.copies !== "sparse") return volume.copies.includes(group);
  if (group === 1) return true;
  return [3, 5, 7].some((base) => {
    let power = base;
    while (power < group) power *= base;
    return power === group;
  });
}

/** Where the descriptor of a group lies, in bytes of the file system. */
export function descriptorAt(volume: ExtSuperblock, group: number): number {
  const { blockBytes, descriptorBytes, firstDataBlock, firstMetaGroup } = volume;
  const perBlock = Math.floor(blockBytes / descriptorBytes);
  const meta = Math.floor(group / perBlock);
  // Blocks of 1 KiB count from 1, so that the superblock is the first; with clusters they count from 0 all the same.
  const shift = firstDataBlock === 0 && blockBytes === SUPERBLOCK_AT ? 1 : 0;
  if (firstMetaGroup === null || meta < firstMetaGroup) {
    return (firstDataBlock + shift + 1 + meta) * blockBytes + (group % perBlock) * descriptorBytes;
  }
  // A meta group is as many groups as one block of descriptors describes, and the block lies in the first of them.
  const first = meta * perBlock;
  const block =
    firstDataBlock + first * volume.blocksPerGroup + (hasCopy(volume, first) ? 1 : 0) + (first === 0 ? shift : 0);
  return block * blockBytes + (group % perBlock) * descriptorBytes;
}
