/**
 * Files in the root of an ISO 9660 image (ECMA-119), by the names that either of its hierarchies has: enough to find a document on a CD that
 * another program wrote. Everything in it is somebody else's: sizes are bounded, and what leads nowhere is not there.
 */
import { ISO_SECTOR } from "./records.js";

/** Reads bytes of a volume; `null`: they are not all there. */
export type VolumeReader = (offset: number, length: number) => Promise<Uint8Array | null>;

/** A volume that is an ISO 9660 image. */
export interface IsoVolume {
  /** Without spaces at its end. */
  readonly label: string;
  /**
   * The bytes of a file in the root; `null`: there is none of that name, or it is longer.
   * @param name lower-case; `_` stands for `-`, since names of the first hierarchy have no hyphens
   */
  file(name: string, mostBytes: number): Promise<Uint8Array | null>;
}

/** The first volume descriptor (6.7.1), and how many are looked at. */
const FIRST = 16;
const MOST_DESCRIPTORS = 16;
/** Bytes of a root directory that are read. */
const MOST_DIRECTORY = 256 * 1024;
const DIRECTORY_FLAG = 2;

interface Root {
  readonly ucs2: boolean;
  readonly sector: number;
  readonly bytes: number;
}

/** The image on a volume; `null`: it is none. */
export async function openIso(read: VolumeReader): Promise<IsoVolume | null> {
  let label: string | null = null;
  const roots: Root[] = [];
  for (let i = 0; i < MOST_DESCRIPTORS; i++) {
    const bytes = await read((FIRST + i) * ISO_SECTOR, ISO_SECTOR);
    if (bytes === null || latin(bytes, 1, 5) !== "CD001" || bytes[0] === 255) break;
    // Escape sequences of UCS-2, levels 1 to 3 (Joliet).
    const ucs2 = bytes[0] === 2 && /^%\/[@CE]/.test(latin(bytes, 88, 3));
    if (bytes[0] !== 1 && !ucs2) continue;
    if (bytes[0] === 1) label ??= latin(bytes, 40, 32).replace(/[ \0]+$/, "");
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    roots.push({ ucs2, sector: view.getUint32(156 + 2, true), bytes: view.getUint32(156 + 10, true) });
  }
  if (label === null) return null;
  return {
    label,
    async file(name, mostBytes): Promise<Uint8Array | null> {
      for (const root of roots) {
        const place = await find(read, root, plain(name));
        if (place === null || place.bytes > mostBytes) continue;
        const bytes = await read(place.sector * ISO_SECTOR, place.bytes);
        if (bytes !== null) return bytes;
      }
      return null;
    },
  };
}

async function find(
  read: VolumeReader,
  root: Root,
  wanted: string,
): Promise<{ readonly sector: number; readonly bytes: number } | null> {
  const directory = await read(root.sector * ISO_SECTOR, Math.min(root.bytes, MOST_DIRECTORY));
  if (directory === null) return null;
  const view = new DataView(directory.buffer, directory.byteOffset, directory.byteLength);
  for (let at = 0; at + 34 <= directory.length; ) {
    const length = directory[at] ?? 0;
    // No record crosses a sector (6.8.1.1): zeros stand before the next one.
    if (length === 0) at = (Math.floor(at / ISO_SECTOR) + 1) * ISO_SECTOR;
    else {
      const letters = directory[at + 32] ?? 0;
      if (length < 33 + letters || at + length > directory.length) return null;
      const bytes = directory.subarray(at + 33, at + 33 + letters);
      const name = root.ucs2 ? new TextDecoder("utf-16be").decode(bytes) : latin(bytes, 0, letters);
      if (((directory[at + 25] ?? 0) & DIRECTORY_FLAG) === 0 && plain(name) === wanted) {
        return { sector: view.getUint32(at + 2, true), bytes: view.getUint32(at + 10, true) };
      }
      at += length;
    }
  }
  return null;
}

/** A name without its version, in the letters that all hierarchies have. */
function plain(name: string): string {
  return name
    .replace(/\.?(?:;[0-9]+)?$/, "")
    .toLowerCase()
    .replaceAll("_", "-");
}

function latin(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}
