/** Bytes of a guest's disk that belong together: a partition, a logical volume. Reading them never fails on what the guest wrote. */
export interface Region {
  /** Bytes. */
  readonly size: number;
  /** `null` where they do not lie in it, or where too much of the disk was read already. */
  read(offset: number, length: number): Promise<Uint8Array | null>;
}

/** A run of a region's bytes in the region below it. */
export interface Run {
  /** Offset in the region below. */
  readonly at: number;
  readonly length: number;
}

/** A region made of runs of another one, one behind the other: one run for a partition, one for each segment of a logical volume. */
export function regionOf(below: Region, runs: readonly Run[]): Region {
  let size = 0;
  for (const { length } of runs) size += length;
  return {
    size,
    async read(offset, length): Promise<Uint8Array | null> {
      if (!(Number.isSafeInteger(offset) && offset >= 0 && length >= 0 && offset + length <= size)) return null;
      let start = 0;
      for (const run of runs) {
        if (offset >= start && offset + length <= start + run.length)
          return below.read(run.at + offset - start, length);
        if (offset < start + run.length) break;
        start += run.length;
      }
      return pieces(below, runs, offset, length);
    },
  };
}

/** Bytes that lie in more than one run. */
async function pieces(below: Region, runs: readonly Run[], offset: number, length: number): Promise<Uint8Array | null> {
  const bytes = new Uint8Array(length);
  let start = 0;
  for (const run of runs) {
    const from = Math.max(offset, start);
    const to = Math.min(offset + length, start + run.length);
    if (from < to) {
      const piece = await below.read(run.at + from - start, to - from);
      if (piece === null) return null;
      bytes.set(piece, from - offset);
    }
    start += run.length;
  }
  return bytes;
}
