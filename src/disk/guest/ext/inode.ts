/** Inodes of ext2, ext3 and ext4: the Linux kernel's documentation, filesystems/ext4/dynamic. */
import { viewOf } from "../../../base/bytes.js";
import { has } from "./superblock.js";

const FLAG_EXTENTS = 0x80000;
const FLAG_INLINE = 0x10000000;
/** Bytes of the field that holds block numbers, an extent tree, or a short content itself. */
export const BLOCK_FIELD = 60;
/** In front of extended attributes that lie in an inode. */
const XATTR_MAGIC = 0xea020000;
/** Prefix `system.` of an extended attribute. */
const XATTR_SYSTEM = 7;
const XATTR_ENTRY = 16;

/** What a name leads to. */
export interface ExtInode {
  readonly number: number;
  readonly type: "file" | "directory" | "symlink" | "other";
  /** Bytes. */
  readonly size: number;
  /** How its content is found. */
  readonly layout: "extents" | "map" | "inline";
  /** The field that leads there: 60 bytes. */
  readonly field: Uint8Array;
  /** What goes on behind the field where the content lies in the inode. */
  readonly more: Uint8Array;
}

const TYPES: Readonly<Record<number, ExtInode["type"]>> = { 4: "directory", 8: "file", 10: "symlink" };

/** An inode as it lies on disk. */
export function parseInode(bytes: Uint8Array, number: number): ExtInode {
  const view = viewOf(bytes);
  const flags = view.getUint32(0x20, true);
  const type = TYPES[Math.floor(view.getUint16(0, true) / 4096)] ?? "other";
  const high = view.getUint32(0x6c, true);
  const size = view.getUint32(0x4, true) + high * 2 ** 32;
  const inline = has(flags, FLAG_INLINE);
  // Targets of up to 59 bytes lie in the field itself, without a flag that says so.
  const isFastLink = type === "symlink" && size < BLOCK_FIELD && !has(flags, FLAG_EXTENTS);
  return {
    number,
    type,
    size: Number.isSafeInteger(size) ? size : 0,
    layout: inline || isFastLink ? "inline" : has(flags, FLAG_EXTENTS) ? "extents" : "map",
    field: bytes.slice(0x28, 0x28 + BLOCK_FIELD),
    more: inline ? inlineRest(bytes) : new Uint8Array(0),
  };
}

/** The value of the attribute `system.data`, which holds what has no room in the field. Empty where there is none. */
function inlineRest(bytes: Uint8Array): Uint8Array {
  const none = new Uint8Array(0);
  const view = viewOf(bytes);
  if (bytes.length < 0x84) return none;
  const start = 128 + view.getUint16(0x80, true);
  if (start + 4 > bytes.length || view.getUint32(start, true) !== XATTR_MAGIC) return none;
  // Places of values count from the first entry.
  const first = start + 4;
  for (let at = first; at + XATTR_ENTRY <= bytes.length; ) {
    const nameBytes = bytes[at] as number;
    const index = bytes[at + 1] as number;
    if (nameBytes === 0 && index === 0) break;
    const name = new TextDecoder().decode(bytes.subarray(at + XATTR_ENTRY, at + XATTR_ENTRY + nameBytes));
    if (index === XATTR_SYSTEM && name === "data") {
      const value = first + view.getUint16(at + 2, true);
      // A value in another inode is none of those that hold short files.
      if (view.getUint32(at + 4, true) !== 0) return none;
      return bytes.slice(value, value + view.getUint32(at + 8, true));
    }
    at += XATTR_ENTRY + Math.ceil(nameBytes / 4) * 4;
  }
  return none;
}
