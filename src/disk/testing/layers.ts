import { SECTOR } from "../../base/bytes.js";
import type { ByteSource } from "../../io/source.js";
import { memorySource } from "../../io/sources/memory.js";
import type { DiskInfo, Extent, VirtualDisk } from "../model.js";
import { extentsOfPieces, type Piece, readsOfPieces } from "../pieces.js";

/**
 * One layer of a disk by description: a character a sector. A dot is absent, an underscore a zero that hides what is below, anything else
 * a sector full of that character.
 */
export function layerDisk(sectors: string, info: Partial<DiskInfo> = {}, from?: ByteSource): VirtualDisk {
  const bytes = new Uint8Array(sectors.length * SECTOR);
  for (let i = 0; i < sectors.length; i++) bytes.fill(sectors.charCodeAt(i), i * SECTOR, (i + 1) * SECTOR);
  const source = from ?? memorySource(bytes, sectors);

  async function* pieces(offset: number, length: number): AsyncIterable<Piece> {
    const end = offset + length;
    for (let at = offset; at < end; ) {
      const sector = Math.floor(at / SECTOR);
      const stop = Math.min(end, (sector + 1) * SECTOR);
      const kind = ({ ".": "absent", _: "zero" } as const)[sectors.charAt(sector)];
      const place = { offset: at, length: stop - at };
      yield kind === undefined ? { kind: "data", ...place, source, at } : { kind, ...place };
      at = stop;
    }
  }

  return {
    info: {
      format: "raw",
      variant: "layer",
      size: bytes.length,
      logicalSectorSize: 512,
      blockSize: SECTOR,
      parent: null,
      identity: null,
      properties: {},
      ...info,
    },
    extents: (range = { offset: 0, length: bytes.length }): AsyncIterable<Extent> =>
      extentsOfPieces(pieces(range.offset, range.length)),
    reads: (range) => readsOfPieces(pieces(range.offset, range.length)),
    units: () => null,
    close: async () => {},
  };
}
