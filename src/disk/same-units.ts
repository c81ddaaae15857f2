import type { UnitKernel } from "./model.js";
import type { ReadEnv, Scratch, SegmentRead } from "./segment.js";

/**
 * Whether two sets of reads give the same bytes for sure, because they fetch the same packed units for the same places: then nobody need unpack
 * them. `false` says nothing. It is found out by the stored bytes, which are a fraction of the guest's.
 */
export function sameUnits(
  a: readonly SegmentRead[],
  b: readonly SegmentRead[],
  kernels: ReadonlyMap<string, UnitKernel>,
  env: ReadEnv,
  buffers: { readonly a: Scratch; readonly b: Scratch },
): boolean {
  if (a.length !== b.length) return false;
  return a.every((read, index) => {
    const other = b[index];
    if (other === undefined || !alike(read, other)) return false;
    // Plain bytes are compared where they are, in the guest's order.
    const packing = kernels.get(read.kernel)?.packing ?? "none";
    if (packing === "none") return false;
    for (let i = 0; i < read.table.length; i += 2) {
      const size = read.table[i + 1] as number;
      const [one, two] = [buffers.a.take(size), buffers.b.take(size)];
      env.readInto(read.source, read.table[i] as number, one);
      env.readInto(other.source, other.table[i] as number, two);
      if (!equalBytes(one, two)) return false;
    }
    return true;
  });
}

/** Whether two reads are of units of one kind and size for one place. */
function alike(a: SegmentRead, b: SegmentRead): boolean {
  if (a.kernel !== b.kernel || a.unitBytes !== b.unitBytes || a.skip !== b.skip) return false;
  if (a.outOffset !== b.outOffset || a.length !== b.length || a.table.length !== b.table.length) return false;
  for (let i = 1; i < a.table.length; i += 2) if (a.table[i] !== b.table[i]) return false;
  return true;
}

/** Whether two stretches that start at multiples of 8 in buffers of their own hold the same. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  const words = Math.floor(a.length / 8);
  const wordsA = new BigUint64Array(a.buffer, a.byteOffset, words);
  const wordsB = new BigUint64Array(b.buffer, b.byteOffset, words);
  for (let i = 0; i < words; i++) if (wordsA[i] !== wordsB[i]) return false;
  for (let i = words * 8; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
