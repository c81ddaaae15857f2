/** Stream-optimized VMDKs of gigabytes that take up no memory: real small ones, pulled apart. */
import { SECTOR, viewOf } from "../../src/base/bytes.js";
import { SparseBytes } from "../../src/io/testing/sparse-bytes.js";

/** Sector of the grain directory, and how many tables it names, from a header or footer (VMDK specification 1.1, "Hosted Sparse Extent Header"). */
function directoryOf(view: DataView, at: number): { readonly sector: number; readonly tables: number } {
  const capacity = Number(view.getBigUint64(at + 12, true));
  const grain = Number(view.getBigUint64(at + 20, true));
  const entries = view.getUint32(at + 44, true);
  return { sector: Number(view.getBigUint64(at + 56, true)), tables: Math.ceil(capacity / grain / entries) };
}

/**
 * Pulls a stream-optimized VMDK with a footer apart: zeros are put in the middle of the first table's grains, and behind that table. All
 * pointers follow. So data, tables and directory lie as far from each other as in a large disk.
 * @param file ends with footer and end-of-stream marker
 * @param gaps bytes put in at either place: multiples of 512
 */
export function stretch(file: Uint8Array, gaps: readonly [number, number]): SparseBytes {
  const copy = file.slice();
  const view = viewOf(copy);
  const footerAt = file.length - 2 * SECTOR;
  const { sector, tables } = directoryOf(view, footerAt);
  const table = (i: number): number => view.getUint32(sector * SECTOR + 4 * i, true);
  const first = table(0);
  const grains: number[] = [];
  for (let i = 0; i < 512; i++) {
    const grain = view.getUint32(first * SECTOR + 4 * i, true);
    if (grain > 1) grains.push(grain);
  }
  const cuts = [grains[Math.floor(grains.length / 2)] as number, first + 4];
  const moved = (at: number): number =>
    at < 2
      ? at
      : at + (at >= (cuts[0] as number) ? gaps[0] / SECTOR : 0) + (at >= (cuts[1] as number) ? gaps[1] / SECTOR : 0);
  for (let i = 0; i < tables; i++) {
    const at = table(i);
    for (let j = 0; at !== 0 && j < 512; j++) {
      view.setUint32(at * SECTOR + 4 * j, moved(view.getUint32(at * SECTOR + 4 * j, true)), true);
    }
    view.setUint32(sector * SECTOR + 4 * i, moved(at), true);
  }
  for (const field of [48, 56]) {
    view.setBigUint64(footerAt + field, BigInt(moved(Number(view.getBigUint64(footerAt + field, true)))), true);
  }
  const out = new SparseBytes(file.length + gaps[0] + gaps[1]);
  const ends = [0, ...cuts.map((cut) => cut * SECTOR), file.length];
  for (let i = 0; i + 1 < ends.length; i++) {
    const [from, to] = [ends[i] as number, ends[i + 1] as number];
    out.write(moved(from / SECTOR) * SECTOR, copy.subarray(from, to));
  }
  return out;
}
