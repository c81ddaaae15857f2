/**
 * White space behind a descriptor's root element, which XML allows there (XML 1.0, production 22) and no reader minds. An archive whose descriptor has
 * some can be edited where it lies: what the descriptor grows by comes out of it, and nothing behind it moves.
 */

/** What a character of an encoding takes: one byte, or two in one order or the other (UTF-16). */
export type Unit = "byte" | "utf-16le" | "utf-16be";

/** What archives get whose descriptor is written anew: room for some network cards, properties or a short licence. Bytes. */
export const SLACK_BYTES = 8192;

/** Characters of a line of it, its end included: editors show few lines, and none of them is long. */
const LINE = 128;
const SPACE = 0x20;
const LINE_FEED = 0x0a;

/** So many bytes of white space, in ASCII, which is UTF-8 too. */
export function slackOf(bytes: number): Uint8Array {
  const slack = new Uint8Array(bytes).fill(SPACE);
  for (let at = LINE - 1; at < bytes; at += LINE) slack[at] = LINE_FEED;
  if (bytes > 0) slack[bytes - 1] = LINE_FEED;
  return slack;
}

/**
 * A descriptor with as much white space behind it as it takes to be so many bytes. `null`: it is longer already, or its encoding has two bytes for a
 * character and one is left over.
 */
export function filledUp(descriptor: Uint8Array, bytes: number, unit: Unit): Uint8Array | null {
  const missing = bytes - descriptor.length;
  if (missing < 0) return null;
  const whole = new Uint8Array(bytes);
  whole.set(descriptor);
  if (unit !== "byte") {
    if (missing % 2 !== 0) return null;
    const first = unit === "utf-16le" ? 0 : 1;
    for (const [i, byte] of slackOf(missing / 2).entries()) whole[descriptor.length + 2 * i + first] = byte;
  } else whole.set(slackOf(missing), descriptor.length);
  return whole;
}

/** Bytes of white space at the end of a descriptor: what an edit may use up. All but one line feed, which ends the root element's line. */
export function slackBytes(descriptor: Uint8Array, unit: Unit): number {
  const step = unit === "byte" ? 1 : 2;
  const low = unit === "utf-16be" ? 1 : 0;
  let at = descriptor.length;
  while (at >= step && isSpace(descriptor[at - step + low]) && (step === 1 || descriptor[at - step + 1 - low] === 0))
    at -= step;
  return Math.max(0, descriptor.length - at - step);
}

function isSpace(byte: number | undefined): boolean {
  return byte === SPACE || byte === LINE_FEED || byte === 0x09 || byte === 0x0d;
}
