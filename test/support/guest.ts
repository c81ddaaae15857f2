/** Guest disks made in code: partition tables and FAT file systems, small and exact, to be broken in one place. */
import { SECTOR, viewOf, writeU64 } from "../../src/base/bytes.js";
import { SparseBytes } from "../../src/io/testing/sparse-bytes.js";

/** A partition of an MBR. Sectors count in the disk's own size. */
export interface MbrEntry {
  readonly type: number;
  readonly first: number;
  readonly sectors: number;
  readonly active?: boolean;
}

/** The first sector of a disk. */
export function mbr(
  entries: readonly MbrEntry[],
  how: { readonly code?: boolean; readonly signed?: boolean } = {},
): Uint8Array {
  const bytes = new Uint8Array(SECTOR);
  const view = viewOf(bytes);
  if (how.code === true) bytes.fill(0x90, 0, 300);
  for (const [i, { type, first, sectors, active }] of entries.entries()) {
    const at = 446 + 16 * i;
    bytes[at] = active === true ? 0x80 : 0;
    bytes[at + 4] = type;
    view.setUint32(at + 8, first, true);
    view.setUint32(at + 12, sectors, true);
  }
  if (how.signed !== false) bytes.set([0x55, 0xaa], 510);
  return bytes;
}

/** The entry that keeps old programs away from a GPT. */
export const PROTECTIVE: MbrEntry = { type: 0xee, first: 1, sectors: 0xffffffff };

/** Types of GPT partitions, as they lie on disk. */
export const GPT_TYPES = {
  esp: "28732ac11ff8d211ba4b00a0c93ec93b",
  "bios-boot": "4861682149646f6e744e656564454649",
  linux: "af3dc60f838472478e793d69d8477de4",
} as const;

/** A partition of a GPT. */
export interface GptEntry {
  readonly type: keyof typeof GPT_TYPES;
  readonly first: number;
  readonly sectors: number;
  readonly attributes?: number;
}

/** A GPT: its header and its entries in the two sectors behind the MBR, or at the end of a disk. */
export function gpt(
  entries: readonly GptEntry[],
  tableAt: number,
  change: (header: DataView) => void = () => {},
): {
  readonly header: Uint8Array;
  readonly table: Uint8Array;
} {
  const header = new Uint8Array(SECTOR);
  header.set(new TextEncoder().encode("EFI PART"));
  const view = viewOf(header);
  view.setUint32(8, 0x10000, true);
  view.setUint32(12, 92, true);
  writeU64(view, 72, tableAt, true);
  view.setUint32(80, 128, true);
  view.setUint32(84, 128, true);
  change(view);
  const table = new Uint8Array(128 * 128);
  for (const [i, { type, first, sectors, attributes = 0 }] of entries.entries()) {
    const entry = table.subarray(i * 128, (i + 1) * 128);
    entry.set(Buffer.from(GPT_TYPES[type], "hex"));
    entry.fill(i + 1, 16, 32);
    writeU64(viewOf(entry), 32, first, true);
    writeU64(viewOf(entry), 40, first + sectors - 1, true);
    writeU64(viewOf(entry), 48, attributes, true);
  }
  return { header, table };
}

/** How a FAT file system is made. */
export interface FatShape {
  readonly kind: 12 | 16 | 32;
  /** Paths with `/`; folders come by themselves. */
  readonly files: readonly string[];
  readonly sector?: number;
  readonly sectorsPerCluster?: number;
  readonly clusters?: number;
  /** Clusters that each folder takes beyond the one that it needs: filled with deleted entries, in front of what is there. */
  readonly spread?: number;
}

const CLUSTERS = { 12: 200, 16: 5000, 32: 66_000 } as const;
const END = { 12: 0xfff, 16: 0xffff, 32: 0x0fffffff } as const;

/** A FAT file system, and where its parts lie, for tests that break it. */
export class FatImage {
  readonly bytes: SparseBytes;
  readonly fatAt: number;
  readonly dataAt: number;
  readonly clusterBytes: number;
  readonly #shape: FatShape;
  #next = 2;

  constructor(shape: FatShape) {
    const { kind, sector = SECTOR, sectorsPerCluster = 1, clusters = CLUSTERS[kind] } = shape;
    this.#shape = shape;
    this.clusterBytes = sector * sectorsPerCluster;
    const reserved = kind === 32 ? 32 : 1;
    const fatSectors = Math.ceil(((clusters + 2) * kind) / 8 / sector);
    const rootEntries = kind === 32 ? 0 : 64;
    const rootSectors = Math.ceil((rootEntries * 32) / sector);
    const dataSector = reserved + 2 * fatSectors + rootSectors;
    const total = dataSector + clusters * sectorsPerCluster;
    this.fatAt = reserved * sector;
    this.dataAt = dataSector * sector;
    this.bytes = new SparseBytes(total * sector);
    const boot = new Uint8Array(SECTOR);
    const view = viewOf(boot);
    boot.set([0xeb, 0x3c, 0x90, ...new TextEncoder().encode("MSDOS5.0")]);
    view.setUint16(11, sector, true);
    boot[13] = sectorsPerCluster;
    view.setUint16(14, reserved, true);
    boot[16] = 2;
    view.setUint16(17, rootEntries, true);
    if (total < 0x10000) view.setUint16(19, total, true);
    else view.setUint32(32, total, true);
    boot[21] = 0xf8;
    if (kind === 32) {
      view.setUint32(36, fatSectors, true);
      view.setUint32(44, 2, true);
    } else {
      view.setUint16(22, fatSectors, true);
    }
    boot.set([0x55, 0xaa], 510);
    this.bytes.write(0, boot);
    const root = tree(shape.files);
    if (kind === 32) this.#folder(root);
    else this.bytes.write((reserved + 2 * fatSectors) * sector, this.#entries(root));
  }

  /** Makes the FAT say which cluster follows another. */
  link(cluster: number, next: number): void {
    const { kind } = this.#shape;
    const at = this.fatAt + (kind === 12 ? Math.floor(cluster * 1.5) : cluster * (kind / 8));
    const entry = this.bytes.read(at, 4);
    const view = viewOf(entry);
    if (kind === 32) view.setUint32(0, next, true);
    else if (kind === 16) view.setUint16(0, next, true);
    else {
      const word = view.getUint16(0, true);
      view.setUint16(0, cluster % 2 === 0 ? (word & 0xf000) | next : (word & 0x000f) | (next << 4), true);
    }
    this.bytes.write(at, entry);
  }

  /** Writes a folder, and returns its first cluster. The clusters of a folder lie behind each other backwards. */
  #folder(folder: Tree): number {
    const deleted = new Uint8Array(((this.#shape.spread ?? 0) * this.clusterBytes) / 32).length;
    const count = Math.ceil(((deleted + folder.size + 1) * 32) / this.clusterBytes);
    const clusters = Array.from({ length: count }, () => this.#next++).reverse();
    const bytes = new Uint8Array(count * this.clusterBytes);
    for (let i = 0; i < deleted; i++) bytes[i * 32] = 0xe5;
    bytes.set(this.#entries(folder), deleted * 32);
    for (const [i, cluster] of clusters.entries()) {
      const part = bytes.subarray(i * this.clusterBytes, (i + 1) * this.clusterBytes);
      this.bytes.write(this.dataAt + (cluster - 2) * this.clusterBytes, part);
      this.link(cluster, clusters[i + 1] ?? END[this.#shape.kind]);
    }
    return clusters[0] as number;
  }

  #entries(folder: Tree): Uint8Array {
    const bytes = new Uint8Array(folder.size * 32);
    for (const [i, [name, below]] of [...folder].entries()) {
      const entry = bytes.subarray(i * 32, (i + 1) * 32).fill(0x20, 0, 11);
      const [base = "", extension = ""] = name === "." || name === ".." ? [name] : name.split(".");
      entry.set(new TextEncoder().encode(base.slice(0, 8)));
      entry.set(new TextEncoder().encode(extension.slice(0, 3)), 8);
      entry[11] = below === null ? 0x20 : 0x10;
      const cluster = below === null ? 0 : this.#folder(below);
      viewOf(entry).setUint16(26, cluster % 65_536, true);
      viewOf(entry).setUint16(20, Math.floor(cluster / 65_536), true);
    }
    return bytes;
  }
}

/** `null`: a file. */
type Tree = Map<string, Tree | null>;

function tree(paths: readonly string[]): Tree {
  const root: Tree = new Map();
  for (const path of paths) {
    let folder = root;
    const parts = path.split("/");
    for (const part of parts.slice(0, -1)) {
      const below = folder.get(part) ?? new Map();
      folder.set(part, below);
      folder = below;
    }
    folder.set(parts.at(-1) ?? "", null);
  }
  return root;
}

/** A disk with bytes at some places. */
export function guestDisk(size: number, parts: Readonly<Record<number, Uint8Array | SparseBytes>>): SparseBytes {
  const disk = new SparseBytes(size);
  for (const [at, part] of Object.entries(parts)) {
    if (part instanceof Uint8Array) disk.write(Number(at), part);
    else {
      for (const run of part.runs({ offset: 0, length: part.size })) {
        disk.write(Number(at) + run.offset, part.read(run.offset, run.length));
      }
    }
  }
  return disk;
}
