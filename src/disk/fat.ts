import { viewOf } from "../base/bytes.js";
import type { Glimpse } from "./glimpse.js";

/** Clusters of folders that one look-up follows: chains of clusters may lead in circles. */
const MOST_CLUSTERS = 2048;
/** Bytes of an entry of a folder. */
const ENTRY = 32;

/** An entry of a FAT folder, by its short name `NAME.EXT`. */
interface FatEntry {
  readonly name: string;
  readonly folder: boolean;
  readonly cluster: number;
}

/** What is needed to follow a path in a FAT file system (Microsoft FAT specification 1.03). Offsets are guest bytes. */
interface FatVolume {
  readonly kind: 12 | 16 | 32;
  readonly clusterBytes: number;
  readonly fatAt: number;
  readonly fatBytes: number;
  /** FAT12 and FAT16: the root folder lies in front of the clusters. */
  readonly rootAt: number;
  readonly rootBytes: number;
  /** FAT32: the root folder is a file. 0 elsewhere. */
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
  const shortFat = view.getUint16(22, true);
  const fatSectors = shortFat || view.getUint32(36, true);
  const sectors = view.getUint16(19, true) || view.getUint32(32, true);
  const rootSectors = Math.ceil((rootEntries * ENTRY) / sector);
  const dataSector = reserved + fats * fatSectors + rootSectors;
  if (fatSectors === 0 || sectors <= dataSector) return null;
  const clusters = Math.floor((sectors - dataSector) / sectorsPerCluster);
  // By the number of clusters says the specification; but system partitions of few clusters are made as FAT32, and only FAT32 leaves
  // the short field empty.
  const kind = shortFat === 0 ? 32 : clusters < 4085 ? 12 : 16;
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

/** The entries of a part of a folder. `end`: nothing follows. */
function parseEntries(bytes: Uint8Array): { readonly entries: readonly FatEntry[]; readonly end: boolean } {
  const view = viewOf(bytes);
  const entries: FatEntry[] = [];
  for (let at = 0; at + ENTRY <= bytes.length; at += ENTRY) {
    const first = bytes[at] as number;
    const attributes = bytes[at + 11] as number;
    if (first === 0) return { entries, end: true };
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
  return { entries, end: false };
}

/** Folders of one file system. */
class FatFolders {
  readonly #look: Glimpse;
  readonly #volume: FatVolume;
  #clusters = 0;

  constructor(look: Glimpse, volume: FatVolume) {
    this.#look = look;
    this.#volume = volume;
  }

  root(): Promise<readonly FatEntry[]> {
    const { kind, rootCluster } = this.#volume;
    return kind === 32 ? this.folder(rootCluster) : this.#fixedRoot();
  }

  /** What can be read of a folder that starts in a cluster. */
  async folder(first: number): Promise<readonly FatEntry[]> {
    const { clusterBytes, dataAt } = this.#volume;
    const found: FatEntry[] = [];
    for (let cluster: number | null = first; cluster !== null && cluster >= 2; cluster = await this.#next(cluster)) {
      if (this.#clusters++ >= MOST_CLUSTERS) break;
      const bytes = await this.#look.read(dataAt + (cluster - 2) * clusterBytes, clusterBytes);
      if (bytes === null) break;
      const { entries, end } = parseEntries(bytes);
      found.push(...entries);
      if (end) break;
    }
    return found;
  }

  async #fixedRoot(): Promise<readonly FatEntry[]> {
    const { rootAt, rootBytes } = this.#volume;
    const bytes = await this.#look.read(rootAt, rootBytes);
    return bytes === null ? [] : parseEntries(bytes).entries;
  }

  /** The cluster behind another one in its chain; `null` at the end. */
  async #next(cluster: number): Promise<number | null> {
    const { kind, fatAt, fatBytes } = this.#volume;
    const at = kind === 12 ? Math.floor(cluster * 1.5) : cluster * (kind / 8);
    const width = kind === 32 ? 4 : 2;
    if (at + width > fatBytes) return null;
    const bytes = await this.#look.read(fatAt + at, width);
    if (bytes === null) return null;
    const view = viewOf(bytes);
    if (kind === 32) {
      const value = view.getUint32(0, true) % 0x10000000;
      return value < 2 || value >= 0x0ffffff8 ? null : value;
    }
    const word = view.getUint16(0, true);
    if (kind === 16) return word < 2 || word >= 0xfff8 ? null : word;
    const value = cluster % 2 === 0 ? word % 4096 : Math.floor(word / 16);
    return value < 2 || value >= 0xff8 ? null : value;
  }
}

/**
 * Whether a FAT file system at a guest offset holds an EFI loader: `\EFI\<anything>\*.EFI`. Returns its path by short names, or `null`: also
 * for what is damaged, since nothing could be started there.
 */
export async function findEfiLoader(look: Glimpse, at: number): Promise<string | null> {
  const boot = await look.read(at, 512);
  const volume = boot === null ? null : parseVolume(boot, at);
  if (volume === null) return null;
  const folders = new FatFolders(look, volume);
  const efi = (await folders.root()).find((entry) => entry.folder && entry.name === "EFI");
  if (efi === undefined) return null;
  for (const vendor of await folders.folder(efi.cluster)) {
    if (!vendor.folder || vendor.name.startsWith(".")) continue;
    const loader = (await folders.folder(vendor.cluster)).find((entry) => !entry.folder && entry.name.endsWith(".EFI"));
    if (loader !== undefined) return `\\EFI\\${vendor.name}\\${loader.name}`;
  }
  return null;
}
