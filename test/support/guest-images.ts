import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { ExtVolume } from "../../src/disk/guest/ext/volume.js";
import type { Region } from "../../src/disk/guest/region.js";

/** The file systems of `test/fixtures/guest`, by name. */
export const GUEST_IMAGES = ["ext4-1k", "ext4-inline", "ext3-1k", "ext2-1k"] as const;

/** A file system that mke2fs made of `everyShape(60)`. */
export async function guestImage(name: (typeof GUEST_IMAGES)[number]): Promise<Uint8Array> {
  return new Uint8Array(gunzipSync(await readFile(`test/fixtures/guest/${name}.img.gz`)));
}

/** Bytes in memory as a region. */
export function memoryRegion(bytes: Uint8Array): Region {
  return {
    size: bytes.length,
    read: async (at, length) => (at >= 0 && at + length <= bytes.length ? bytes.slice(at, at + length) : null),
  };
}

/** Opens what must be an ext file system. */
export async function openExt(region: Region): Promise<ExtVolume> {
  const volume = await ExtVolume.open(region);
  if (!(volume instanceof ExtVolume)) throw new Error(volume ?? "no ext file system");
  return volume;
}
