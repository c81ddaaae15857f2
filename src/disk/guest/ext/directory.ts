/** Directories of ext file systems: the Linux kernel's documentation, filesystems/ext4/directory. */
import { viewOf } from "../../../base/bytes.js";
import { BLOCK_FIELD, type ExtInode } from "./inode.js";

/** A name in a directory. */
export interface ExtEntry {
  readonly name: string;
  readonly inode: number;
}

/** Bytes of an entry in front of its name. */
const HEAD = 8;

/**
 * Entries of one block of a directory. Blocks of a hash tree look like blocks without names to whoever does not know the tree, so that
 * reading all blocks finds all names.
 * @param fileTypes whether the length of a name has 8 bits
 */
export function parseEntries(block: Uint8Array, fileTypes: boolean): readonly ExtEntry[] {
  const view = viewOf(block);
  const found: ExtEntry[] = [];
  for (let at = 0; at + HEAD <= block.length; ) {
    const inode = view.getUint32(at, true);
    const told = view.getUint16(at + 4, true);
    // 65536 has no room in 16 bits.
    const length = told === 0 || told === 0xffff ? 65_536 : told;
    const nameBytes = fileTypes ? (block[at + 6] as number) : view.getUint16(at + 6, true);
    if (length < HEAD || length % 4 !== 0) break;
    if (inode !== 0 && nameBytes > 0 && HEAD + nameBytes <= length && at + HEAD + nameBytes <= block.length) {
      found.push({ name: new TextDecoder().decode(block.subarray(at + HEAD, at + HEAD + nameBytes)), inode });
    }
    at += length;
  }
  return found;
}

/** Entries of a directory that lies in its inode: four bytes say its parent, and each of the two parts is a list of its own. */
export function inlineEntries(inode: ExtInode, fileTypes: boolean): readonly ExtEntry[] {
  return [...parseEntries(inode.field.subarray(4, BLOCK_FIELD), fileTypes), ...parseEntries(inode.more, fileTypes)];
}
