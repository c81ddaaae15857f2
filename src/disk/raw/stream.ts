import { alignUp, SECTOR } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import { byteReader } from "../../io/byte-reader.js";
import type { Context } from "../../io/context.js";
import type { ByteStream } from "../../io/source.js";
import { SEGMENT_BYTES } from "../cells.js";
import { dataReads } from "../data-reads.js";
import type { DiskStream, ReadOp } from "../model.js";
import { rawInfo } from "./read.js";

/**
 * The guest's disk as it comes. Its size has to be known beforehand: every other format writes it in front. Zeros are left out, 64 KiB at
 * a time.
 * @throws `disk/stream-size` where the stream has no size; while reading `disk/stream-cut-off` where it has another one
 */
export async function openRawStream(input: ByteStream, ctx: Context): Promise<DiskStream> {
  const { size, label } = input;
  if (size === undefined) {
    throw new FerryError("disk/stream-size", `nobody says how large the raw disk in ${label} is`, {
      hint: "Save it to a file and give that: a raw disk's size is known at its end only.",
    });
  }
  const whole = size;

  async function* reads(signal: AbortSignal = ctx.signal): AsyncIterable<ReadOp> {
    const reader = byteReader(input, signal);
    for (let at = 0; at < whole; at += SEGMENT_BYTES) {
      const length = Math.min(SEGMENT_BYTES, whole - at);
      const bytes = await reader.read(length);
      if (bytes.length < length) throw wrongSize(label, whole, `it ends after ${reader.position}`);
      yield* dataReads(bytes, at, label);
    }
    if ((await reader.some(1)).length > 0) throw wrongSize(label, whole, "more follow");
  }

  return {
    info: rawInfo(alignUp(size, SECTOR)),
    reads,
    units: () => null,
    cancel: (reason) => input.cancel(reason),
  };
}

function wrongSize(label: string, size: number, what: string): FerryError {
  return new FerryError("disk/stream-cut-off", `${label} should have ${size} bytes, and ${what}`, {
    hint: "The result was not kept. Look at what fills the stream: it may have failed.",
  });
}
