import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fc } from "../../test/support/fast-check.js";
import { concatBytes } from "../base/bytes.js";
import { FerryError } from "../base/errors.js";
import { byteReader } from "./byte-reader.js";
import type { ByteStream } from "./source.js";
import { choppedStream } from "./testing/chopped.js";

const bytes = Uint8Array.from({ length: 1000 }, (_, i) => (i * 7) % 251);
const never = new AbortController().signal;

describe("a reader over a stream", () => {
  it("gives the same bytes however the stream is cut", async () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(lengths, lengths, async (pieces, reads) => {
        const reader = byteReader(choppedStream(bytes, { pieces }), never);
        const got: Uint8Array[] = [];
        for (let i = 0; ; i++) {
          const length = reads[i % reads.length] as number;
          const part = await reader.read(length);
          got.push(part);
          assert.ok(part.length === length || reader.position === bytes.length, "short reads are at the end alone");
          if (part.length < length) break;
        }
        assert.deepEqual(concatBytes(got), bytes);
      }),
    );
  });

  it("passes over bytes, and says how many there were", async () => {
    const reader = byteReader(choppedStream(bytes, { pieces: [7] }), never);
    assert.equal(await reader.skip(501), 501);
    assert.deepEqual(await reader.read(3), bytes.subarray(501, 504));
    assert.equal(await reader.skip(10_000), 496);
    assert.deepEqual([(await reader.some(1)).length, (await reader.read(5)).length, reader.position], [0, 0, 1000]);
  });

  it("hands on what the stream throws", async () => {
    const reader = byteReader(choppedStream(bytes, { failsAt: 10 }), never);
    await assert.rejects(reader.read(11), /the stream broke/);
  });

  it("stops waiting for a stream that gives nothing when the run is interrupted", async () => {
    let end: (result: IteratorResult<Uint8Array>) => void = () => {};
    const silent: ByteStream = {
      label: "silent",
      [Symbol.asyncIterator]: () => ({ next: () => new Promise((resolve) => (end = resolve)) }),
      async cancel(): Promise<void> {
        end({ done: true, value: undefined });
      },
    };
    const run = new AbortController();
    const read = byteReader(silent, run.signal).read(1);
    setTimeout(() => run.abort(), 5);
    await assert.rejects(read, (error) => error instanceof FerryError && error.code === "run/canceled");
  });

  it("is at its end when it was cancelled, and so is the stream", async () => {
    const stream = choppedStream(bytes, { pieces: [100] });
    const reader = byteReader(stream, never);
    await reader.read(10);
    await reader.cancel();
    assert.deepEqual([(await reader.read(10)).length, stream.cancelled], [0, true]);
  });
});
