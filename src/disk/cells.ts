/** Guest bytes of a segment: a multiple of every unit that a plan may use. */
export const SEGMENT_BYTES: number = 4 * 1024 * 1024;

/** Where the segment that an offset lies in ends. */
export function segmentEnd(offset: number): number {
  return (Math.floor(offset / SEGMENT_BYTES) + 1) * SEGMENT_BYTES;
}
