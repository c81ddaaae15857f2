import { SECTOR } from "../../base/bytes.js";

/** Cylinders, heads and sectors per track, as a VHD's footer has them. */
export interface Geometry {
  readonly cylinders: number;
  readonly heads: number;
  readonly sectors: number;
}

/** Sectors that the largest geometry reaches: 127 GiB and a little. Larger disks all have this one. */
export const MOST_GEOMETRY_SECTORS: number = 65_535 * 16 * 255;

/** Bytes that a geometry reaches. */
export function geometryBytes({ cylinders, heads, sectors }: Geometry): number {
  return cylinders * heads * sectors * SECTOR;
}

/** The geometry of a disk by the format's own rule (VHD specification, appendix "CHS Calculation"). It reaches at most the disk's end. */
export function geometryOf(diskBytes: number): Geometry {
  const total = Math.min(Math.floor(diskBytes / SECTOR), MOST_GEOMETRY_SECTORS);
  if (total >= 65_535 * 16 * 63)
    return { cylinders: Math.floor(Math.floor(total / 255) / 16), heads: 16, sectors: 255 };
  let sectors = 17;
  let tracks = Math.floor(total / sectors);
  let heads = Math.max(4, Math.floor((tracks + 1023) / 1024));
  if (tracks >= heads * 1024 || heads > 16) {
    sectors = 31;
    heads = 16;
    tracks = Math.floor(total / sectors);
  }
  if (tracks >= heads * 1024) {
    sectors = 63;
    heads = 16;
    tracks = Math.floor(total / sectors);
  }
  return { cylinders: Math.floor(tracks / heads), heads, sectors };
}
