import { createContext, Script } from "node:vm";
import { decompress } from "fzstd";
import { viewOf } from "../../base/bytes.js";

const MAGIC = 0xfd2fb528;
/** What decoders should take (RFC 8878, section 3.1.1.1.2): no cluster needs more. Bytes. */
const MOST_WINDOW: number = 8 * 1024 * 1024;
/** Blocks of a frame beyond one for each KiB: each costs a buffer. */
const SPARE_BLOCKS = 64;
const BLOCK = { raw: 0, rle: 1, compressed: 2 } as const;
/** A match makes three bytes at least (RFC 8878, section 3.1.1.3.2.1.1). */
const LEAST_MATCH = 3;

/**
 * A frame that is damaged or hostile may announce matches far longer than its cluster, and fzstd goes through all of them: the only way to
 * end that is from outside. Whole clusters take a fiftieth of this. Milliseconds.
 */
const MOST_MS = 1000;
const EMPTY: Uint8Array = new Uint8Array(0);
const script: Script = new Script("done = work()");

/** Something that unpacks frames: `most` bytes at most. @throws Error where a frame is damaged, or asks for more than `most` can need */
export type Unzstd = (frame: Uint8Array, most: number) => Uint8Array;

/**
 * An unpacker of Zstandard frames without the codec of newer Node.js: fzstd, behind checks of what it takes on trust, and with a limit of
 * time. It allocates what a frame asks for, and goes through as many matches as a block announces.
 */
export function createUnzstd(): Unzstd {
  // A script has a time limit, a function has none: the work is handed over by the script's globals.
  const globals: { work: () => Uint8Array; done: Uint8Array } = { work: () => EMPTY, done: EMPTY };
  const context = createContext(globals);
  return (frame, most) => {
    checkFrame(frame, most);
    globals.work = () => decompress(frame);
    script.runInContext(context, { timeout: MOST_MS });
    const { done: plain } = globals;
    globals.work = () => EMPTY;
    globals.done = EMPTY;
    if (plain.length > most) throw new Error(`the frame unpacks to ${plain.length} bytes`);
    return plain;
  };
}

/** Walks the blocks of a frame (RFC 8878, section 3.1.1). */
function checkFrame(frame: Uint8Array, most: number): void {
  const byte = (at: number): number => {
    const value = frame[at];
    if (value === undefined) throw new Error("the frame is cut off");
    return value;
  };
  const number = (at: number, bytes: number): number => {
    let value = 0;
    for (let i = bytes - 1; i >= 0; i--) value = value * 256 + byte(at + i);
    return value;
  };
  if (frame.length < 5 || viewOf(frame).getUint32(0, true) !== MAGIC) throw new Error("there is no Zstandard frame");
  const descriptor = byte(4);
  const singleSegment = Math.floor(descriptor / 32) % 2 === 1;
  const sizeFlag = Math.floor(descriptor / 64);
  const sizeBytes = sizeFlag === 0 ? (singleSegment ? 1 : 0) : 2 ** sizeFlag;
  let at = 5;
  if (!singleSegment) {
    const base = 2 ** (10 + Math.floor(byte(at) / 8));
    const window = base + (base / 8) * (byte(at) % 8);
    if (window > MOST_WINDOW) throw new Error(`the frame asks for a window of ${window} bytes`);
    at++;
  }
  if (descriptor % 4 !== 0) throw new Error("the frame needs a dictionary");
  const size = sizeBytes === 0 ? 0 : number(at, sizeBytes) + (sizeBytes === 2 ? 256 : 0);
  if (size > most) throw new Error(`the frame announces ${size} bytes`);
  at += sizeBytes;
  let announced = 0;
  let blocks = 0;
  for (let last = false; !last; ) {
    blocks++;
    if (blocks > most / 1024 + SPARE_BLOCKS) throw new Error(`the frame has more than ${blocks} blocks`);
    const header = number(at, 3);
    last = header % 2 === 1;
    const type = Math.floor(header / 2) % 4;
    const blockBytes = Math.floor(header / 8);
    at += 3;
    if (type === BLOCK.compressed) announced += leastBytesOf(at, byte);
    else announced += blockBytes;
    if (announced > most) throw new Error(`the frame announces more than ${most} bytes`);
    at += type === BLOCK.rle ? 1 : blockBytes;
    if (at > frame.length) throw new Error("the frame is cut off");
  }
}

/** What a compressed block makes at least: its literals and three bytes for each sequence (RFC 8878, sections 3.1.1.3.1.1, 3.1.1.3.2.1). */
function leastBytesOf(block: number, byte: (at: number) => number): number {
  const first = byte(block);
  const type = first % 4;
  const format = Math.floor(first / 4) % 4;
  // Raw and repeated literals have one size, packed ones the size before and after.
  const packed = type >= 2;
  const headerBytes = ((packed ? [3, 3, 4, 5] : [1, 2, 1, 3]) as readonly number[])[format] as number;
  const packedBits = ([10, 10, 14, 18] as readonly number[])[format] as number;
  let header = 0;
  for (let i = headerBytes - 1; i >= 0; i--) header = header * 256 + byte(block + i);
  const literals = packed
    ? Math.floor(header / 16) % 2 ** packedBits
    : Math.floor(header / (headerBytes === 1 ? 8 : 16));
  let stored = literals;
  if (type === 1) stored = 1;
  if (packed) stored = Math.floor(header / 2 ** (4 + packedBits)) % 2 ** packedBits;
  const at = block + headerBytes + stored;
  const count = byte(at);
  let sequences = count;
  if (count === 255) sequences = byte(at + 1) + 256 * byte(at + 2) + 0x7f00;
  else if (count >= 128) sequences = (count - 128) * 256 + byte(at + 1);
  return literals + LEAST_MATCH * sequences;
}
