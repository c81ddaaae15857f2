import { viewOf } from "../base/bytes.js";
import type { Context } from "../io/context.js";
import type { VirtualDisk } from "./model.js";
import { readGuest } from "./read.js";

/** The most directory bytes and cluster steps that one lookup follows: an EFI system partition needs a fraction. */
const MOST_DIRECTORY = 256 * 1024;

/** An entry of a FAT directory, by its short name `NAME.EXT`. */
interface FatEntry {
  readonly name: string;
  readonly folder: boolean;
  readonly cluster: number;
}

/** What is needed to follow a path in a FAT file system (Microsoft FAT specification 1.03). */
interface FatVolume {
  readonly kind: 12 | 16 | 32;
  readonly clusterBytes: number;
  readonly fatAt: number;
  readonly fatBytes: number;
  readonly rootAt: number;
  readonly rootBytes: number;
  readonly rootCluster: number;
  readonly dataAt: number;
}

function parseVolume(boot: Uint8Array, at: number): FatVolume | null {
  const view = viewOf(boot);
  const sector = view.getUint16(11, true);
  const sectorsPerCluster = boot[13] as number;
  const fats = boot[16] as number;
  if (![512, 1024, 2048, 4096].includes(sector) || sectorsPerCluster === 0 || fats === 0 || fats > 4) return null;
  const reserved = view.getUint16(14, true);
  const rootEntries = view.getUint16(17, true);
  const fatSectors = view.getUint16(22, true) || view.getUint32(36, true);
  const sectors = view.getUint16(19, true) || view.getUint32(32, true);
  const rootSectors = Math.ceil((rootEntries * 32) / sector);
  const dataSector = reserved + fats * fatSectors + rootSectors;
  if (fatSectors === 0 || sectors <= dataSector) return null;
  const clusters = Math.floor((sectors - dataSector) / sectorsPerCluster);
  const kind = clusters < 4085 ? 12 : clusters < 65_525 ? 16 : 32;
  return {
    kind,
    clusterBytes: sector * sectorsPerCluster,
    fatAt: at + reserved * sector,
    fatBytes: fatSectors * sector,
    rootAt: at + (reserved + fats * fatSectors) * sector,
    rootBytes: rootSectors * sector,
    rootCluster: kind === 32 ? view.getUint32(44, true) : 0,
    dataAt: at + dataSector * sector,
  };
}

function parseEntries(bytes: Uint8Array): readonly FatEntry[] {
  const view = viewOf(bytes);
  const entries: FatEntry[] = [];
  for (let at = 0; at + 32 <= bytes.length; at += 32) {
    const first = bytes[at] as number;
    const attributes = bytes[at + 11] as number;
    if (first === 0) break;
    // Deleted, a part of a long name, or the volume's label.
    if (first === 0xe5 || attributes === 0x0f || Math.floor(attributes / 8) % 2 === 1) continue;
    const text = (from: number, to: number): string =>
      String.fromCharCode(...bytes.subarray(at + from, at + to)).trimEnd();
    const extension = text(8, 11);
    entries.push({
      name: (text(0, 8) + (extension === "" ? "" : `.${extension}`)).toUpperCase(),
      folder: Math.floor(attributes / 16) % 2 === 1,
      cluster: view.getUint16(at + 26, true) + view.getUint16(at + 20, true) * 65_536,
    });
  }
  return entries;
}

async function nextCluster(
  disk: VirtualDisk,
  volume: FatVolume,
  cluster: number,
  ctx: Context,
): Promise<number | null> {
  const at = volume.kind === 12 ? Math.floor(cluster * 1.5) : cluster * (volume.kind / 8);
  if (at + 4 > volume.fatBytes) return null;
  const view = viewOf(await readGuest(disk, { offset: volume.fatAt + at, length: 4 }, ctx));
  if (volume.kind === 32) {
    const value = view.getUint32(0, true) % 0x10000000;
    return value < 2 || value >= 0x0ffffff8 ? null : value;
  }
  const word = view.getUint16(0, true);
  if (volume.kind === 16) return word < 2 || word >= 0xfff8 ? null : word;
  const value = cluster % 2 === 0 ? word % 4096 : Math.floor(word / 16);
  return value < 2 || value >= 0xff8 ? null : value;
}

async function readFolder(
  disk: VirtualDisk,
  volume: FatVolume,
  cluster: number,
  ctx: Context,
): Promise<readonly FatEntry[]> {
  if (cluster === 0) {
    const length = Math.min(volume.rootBytes, MOST_DIRECTORY);
    return parseEntries(await readGuest(disk, { offset: volume.rootAt, length }, ctx));
  }
  const entries: FatEntry[] = [];
  let current: number | null = cluster;
  for (let bytes = 0; current !== null && bytes < MOST_DIRECTORY; bytes += volume.clusterBytes) {
    const offset = volume.dataAt + (current - 2) * volume.clusterBytes;
    if (offset + volume.clusterBytes > disk.info.size) return entries;
    entries.push(...parseEntries(await readGuest(disk, { offset, length: volume.clusterBytes }, ctx)));
    current = await nextCluster(disk, volume, current, ctx);
  }
  return entries;
}

/**
 * Whether a FAT file system at a guest offset holds an EFI loader: `\EFI\<anything>\*.EFI`. Returns its path, or `null`. Never throws for what the
 * guest wrote there: damage means that no loader was found.
 */
export async function findEfiLoader(disk: VirtualDisk, at: number, ctx: Context): Promise<string | null> {
  if (at + 512 > disk.info.size) return null;
  const volume = parseVolume(await readGuest(disk, { offset: at, length: 512 }, ctx), at);
  if (volume === null) return null;
  const end = volume.dataAt;
  if (end > disk.info.size || volume.rootAt + volume.rootBytes > disk.info.size) return null;
  const root = await readFolder(disk, volume, volume.rootCluster, ctx);
  const efi = root.find((entry) => entry.folder && entry.name === "EFI");
  if (efi === undefined || efi.cluster < 2) return null;
  for (const vendor of await readFolder(disk, volume, efi.cluster, ctx)) {
    if (!vendor.folder || vendor.name.startsWith(".") || vendor.cluster < 2) continue;
    const loader = (await readFolder(disk, volume, vendor.cluster, ctx)).find(
      (entry) => !entry.folder && entry.name.endsWith(".EFI"),
    );
    if (loader !== undefined) return `\\EFI\\${vendor.name}\\${loader.name}`;
  }
  return null;
}
