import { SECTOR, viewOf } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { SparseHeader } from "./header.js";

/** A grain table entry that stands for zeros, where the header's flag says so. */
const ZEROED_GRAIN = 1;

/**
 * The number of grains that tables in front of the first grain name, as QEMU writes them.
 * @param front the file from its second sector up to the first grain
 * @throws `vmdk/bad-table` where a table lies elsewhere
 */
export function countGrains(front: Uint8Array, header: SparseHeader, directorySector: number, label: string): number {
  const view = viewOf(front);
  const sectors = front.length / SECTOR + 1;
  const tables = Math.ceil(header.capacitySectors / (header.tableEntries * header.grainSectors));
  const bad = (offset: number, what: string): FerryError =>
    new FerryError(
      "vmdk/bad-table",
      `${what} does not lie in front of the first grain, where the rest of the tables is`,
      {
        location: { at: "bytes", file: label, offset },
        hint: "The image is damaged; or save it to a file, and give its path.",
      },
    );
  const directoryAt = (directorySector - 1) * SECTOR;
  if (directoryAt + tables * 4 > front.length) throw bad(56, "the grain directory");
  let count = 0;
  /** Bytes of tables looked at: many that lie in one place would make work without end. */
  let looked = 0;
  for (let i = 0; i < tables; i++) {
    const sector = view.getUint32(directoryAt + 4 * i, true);
    if (sector === 0) continue;
    const at = (sector - 1) * SECTOR;
    if (sector >= sectors || at + header.tableEntries * 4 > front.length) {
      throw bad(directorySector * SECTOR + 4 * i, "a grain table");
    }
    looked += header.tableEntries * 4;
    if (looked > front.length) throw bad(directorySector * SECTOR, "a grain table that is named twice");
    for (let entry = 0; entry < header.tableEntries; entry++) {
      const grain = view.getUint32(at + 4 * entry, true);
      if (grain !== 0 && !(grain === ZEROED_GRAIN && header.flags.zeroedGrains)) count++;
    }
  }
  return count;
}
