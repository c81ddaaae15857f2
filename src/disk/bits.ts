/** A stretch of equal bits: `[from, to)`. */
export interface BitRun {
  readonly from: number;
  readonly to: number;
  readonly set: boolean;
}

/** Values of the bits of a byte in the order in which a bitmap counts them. */
const WEIGHTS = {
  /** The first bit is the lowest of its byte: VHDX, QCOW2. */
  lowest: [1, 2, 4, 8, 16, 32, 64, 128],
  /** The first bit is the highest of its byte: VHD. */
  highest: [128, 64, 32, 16, 8, 4, 2, 1],
} as const;

/** Runs of equal bits in `[from, to)` of a bitmap, in order. Whole bytes of one kind are taken at a step. */
export function* bitRuns(bitmap: Uint8Array, from: number, to: number, first: keyof typeof WEIGHTS): Iterable<BitRun> {
  const weights = WEIGHTS[first];
  const isSet = (bit: number): boolean =>
    Math.floor((bitmap[Math.floor(bit / 8)] as number) / (weights[bit % 8] as number)) % 2 === 1;
  for (let start = from; start < to; ) {
    const set = isSet(start);
    const whole = set ? 0xff : 0;
    let bit = start + 1;
    while (bit < to) {
      if (bit % 8 === 0 && bitmap[bit / 8] === whole) bit += 8;
      else if (isSet(bit) === set) bit++;
      else break;
    }
    const end = Math.min(bit, to);
    yield { from: start, to: end, set };
    start = end;
  }
}
