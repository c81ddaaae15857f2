import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MIB } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import { choppedStream } from "../../io/testing/chopped.js";
import { testContext } from "../../io/testing/context.js";
import { openRawStream } from "./stream.js";

async function readsOf(bytes: Uint8Array, size = bytes.length): Promise<readonly (readonly [number, number])[]> {
  const stream = await openRawStream(choppedStream(bytes, { size, pieces: [70_000] }), testContext());
  const reads: [number, number][] = [];
  for await (const { outOffset, length, table, source } of stream.reads()) {
    reads.push([outOffset, length]);
    const stored = await source.read(table[0] as number, length);
    assert.deepEqual(stored, bytes.subarray(outOffset, outOffset + length));
  }
  return reads;
}

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof FerryError && error.code === code;
}

describe("a raw disk that comes once", () => {
  it("leaves zeros out, and cuts at multiples of 4 MiB", async () => {
    const bytes = new Uint8Array(9 * MIB + 100);
    bytes[70_000] = 1;
    bytes.fill(2, 4 * MIB - 10, 4 * MIB + 10);
    bytes[bytes.length - 1] = 3;
    assert.deepEqual(await readsOf(bytes), [
      [65_536, 65_536],
      [4 * MIB - 65_536, 65_536],
      [4 * MIB, 65_536],
      [9 * MIB, 100],
    ]);
  });

  it("has whole sectors, as a file has", async () => {
    const stream = await openRawStream(choppedStream(new Uint8Array(700), { size: 700 }), testContext());
    assert.equal(stream.info.size, 1024);
  });

  it("needs to be told its size", async () => {
    await assert.rejects(openRawStream(choppedStream(new Uint8Array(512)), testContext()), hasCode("disk/stream-size"));
  });

  it("is refused where it is shorter or longer than it should be", async () => {
    await assert.rejects(readsOf(new Uint8Array(1000), 1001), hasCode("disk/stream-cut-off"));
    await assert.rejects(readsOf(new Uint8Array(1001), 1000), hasCode("disk/stream-cut-off"));
  });
});
