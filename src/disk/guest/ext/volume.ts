import { viewOf } from "../../../base/bytes.js";
import type { FoundFile, GuestFiles } from "../files.js";
import type { Region } from "../region.js";
import { locate } from "./blocks.js";
import { type ExtEntry, inlineEntries, parseEntries } from "./directory.js";
import { type ExtInode, parseInode } from "./inode.js";
import { descriptorAt, type ExtSuperblock, readSuperblock } from "./superblock.js";

/** The inode of the root. */
const ROOT = 2;
/** Symbolic links that one look-up follows: as many as Linux does. */
const MOST_LINKS = 40;
/** Bytes of the target of a symbolic link. */
const MOST_TARGET = 4096;
/** Bytes of one directory that are looked at, and entries of all of them together. */
const MOST_DIRECTORY = 2 ** 20;
const MOST_ENTRIES = 200_000;
/** Bytes that are asked for in one file system, those read before included: structures that lead in circles cost no more than honest ones. */
const MOST_WORK = 64 * 2 ** 20;
/** What asking costs by itself, in bytes of work. */
const STEP = 256;

/** An ext2, ext3 or ext4 file system, read only. Sums over metadata are not looked at, a journal is not replayed. */
export class ExtVolume implements GuestFiles {
  readonly superblock: ExtSuperblock;
  readonly #region: Region;
  readonly #directories = new Map<number, ReadonlyMap<string, number>>();
  #entries = 0;
  #work = 0;

  private constructor(region: Region, superblock: ExtSuperblock) {
    this.#region = region;
    this.superblock = superblock;
  }

  /** Opens what a region holds. A reason where it is such a file system and cannot be read, `null` where it is none. */
  static async open(region: Region): Promise<ExtVolume | string | null> {
    const superblock = await readSuperblock(region);
    return superblock === null || typeof superblock === "string" ? superblock : new ExtVolume(region, superblock);
  }

  get stale(): boolean {
    return this.superblock.needsRecovery;
  }

  async find(path: string): Promise<FoundFile | null> {
    const inode = await this.#lookUp(path);
    return inode === null || inode.type === "symlink" ? null : { type: inode.type, size: inode.size };
  }

  async read(path: string, most: number): Promise<Uint8Array | null> {
    const inode = await this.#lookUp(path);
    return inode?.type === "file" ? this.#content(inode, most) : null;
  }

  async list(path: string): Promise<readonly string[]> {
    const inode = await this.#lookUp(path);
    if (inode?.type !== "directory") return [];
    const names = [...(await this.#directory(inode)).keys()];
    return names.filter((name) => name !== "." && name !== "..");
  }

  /** Follows a path from the root, through symbolic links in any of its parts. */
  async #lookUp(path: string): Promise<ExtInode | null> {
    const root = await this.#inode(ROOT);
    let parts = path.split("/");
    // The directories from the root down to where the look-up is, for `..`.
    let way: ExtInode[] = root?.type === "directory" ? [root] : [];
    let links = 0;
    let here = way[0] ?? null;
    for (let part = parts.shift(); part !== undefined && here !== null; part = parts.shift()) {
      if (part === "" || part === ".") continue;
      if (here.type !== "directory") return null;
      if (part === "..") {
        if (way.length > 1) way.pop();
        here = way.at(-1) ?? null;
        continue;
      }
      const next = await this.#child(here, part);
      if (next === null) return null;
      if (next.type !== "symlink") {
        here = next;
        if (next.type === "directory") way.push(next);
        continue;
      }
      if (++links > MOST_LINKS) return null;
      const bytes = await this.#content(next, MOST_TARGET);
      if (bytes === null || bytes.length === 0) return null;
      const target = new TextDecoder().decode(bytes);
      if (target.startsWith("/")) {
        way = way.slice(0, 1);
        here = way[0] ?? null;
      }
      parts = [...target.split("/"), ...parts];
    }
    return here;
  }

  async #child(directory: ExtInode, name: string): Promise<ExtInode | null> {
    const number = (await this.#directory(directory)).get(name);
    return number === undefined ? null : this.#inode(number);
  }

  /** The names of a directory with their inodes. */
  async #directory(inode: ExtInode): Promise<ReadonlyMap<string, number>> {
    const known = this.#directories.get(inode.number);
    if (known !== undefined) return known;
    const names = new Map<string, number>();
    for (const entry of this.#entries < MOST_ENTRIES ? await this.#readDirectory(inode) : []) {
      if (!names.has(entry.name)) names.set(entry.name, entry.inode);
    }
    this.#entries += names.size;
    this.#directories.set(inode.number, names);
    return names;
  }

  async #readDirectory(inode: ExtInode): Promise<readonly ExtEntry[]> {
    const { blockBytes, fileTypes } = this.superblock;
    if (inode.layout === "inline") return inlineEntries(inode, fileTypes);
    const bytes = await this.#content(inode, MOST_DIRECTORY);
    const found: ExtEntry[] = [];
    // Sizes of directories are whole blocks; an entry crosses none.
    for (let at = 0; bytes !== null && at < bytes.length; at += blockBytes) {
      found.push(...parseEntries(bytes.subarray(at, at + blockBytes), fileTypes));
    }
    return found;
  }

  async #inode(number: number): Promise<ExtInode | null> {
    const { inodes, inodesPerGroup, inodeBytes, descriptorBytes, blockBytes } = this.superblock;
    if (number < 1 || number > inodes) return null;
    const group = Math.floor((number - 1) / inodesPerGroup);
    const descriptor = await this.#read(descriptorAt(this.superblock, group), descriptorBytes);
    if (descriptor === null) return null;
    const view = viewOf(descriptor);
    const high = descriptorBytes >= 64 ? view.getUint32(0x28, true) : 0;
    const table = view.getUint32(0x8, true) + high * 2 ** 32;
    const at = table * blockBytes + ((number - 1) % inodesPerGroup) * inodeBytes;
    const bytes = await this.#read(at, inodeBytes);
    return bytes === null ? null : parseInode(bytes, number);
  }

  /** The first bytes of a file, at most so many; `null` for one that is damaged, or where too much was looked at. */
  async #content(inode: ExtInode, most: number): Promise<Uint8Array | null> {
    const length = Math.min(inode.size, most);
    if (!this.#spend(length)) return null;
    const bytes = new Uint8Array(length);
    if (inode.layout === "inline") {
      bytes.set(inode.field.subarray(0, length));
      bytes.set(inode.more.subarray(0, Math.max(0, length - inode.field.length)), Math.min(length, inode.field.length));
      return bytes;
    }
    const { blockBytes } = this.superblock;
    const readBlock = (block: number): Promise<Uint8Array | null> => this.#read(block * blockBytes, blockBytes);
    for (let at = 0; at < length; ) {
      if (!this.#spend(0)) return null;
      const run = await locate(inode, at / blockBytes, readBlock, blockBytes);
      if (run === null) return null;
      const count = Math.min(run.count * blockBytes, length - at);
      if (run.at !== null) {
        const piece = await this.#read(run.at * blockBytes, count);
        if (piece === null) return null;
        bytes.set(piece, at);
      }
      at += count;
    }
    return bytes;
  }

  async #read(offset: number, length: number): Promise<Uint8Array | null> {
    return this.#spend(length) ? this.#region.read(offset, length) : null;
  }

  /** Whether so many bytes may still be asked for. */
  #spend(bytes: number): boolean {
    this.#work += bytes + STEP;
    return this.#work <= MOST_WORK;
  }
}
