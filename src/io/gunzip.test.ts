import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { concatBytes } from "../base/bytes.js";
import { FerryError } from "../base/errors.js";
import { nodeGunzip } from "../runtime/node/gunzip.js";
import { gunzip } from "./gunzip.js";
import type { ByteSource } from "./source.js";
import { memorySource } from "./sources/memory.js";

const plain = new Uint8Array(300_000).map((_, i) => (i * i) % 251);
const packed = new Uint8Array(gzipSync(plain));
const unpack = nodeGunzip;

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof FerryError && error.code === code;
}

async function unpacked(source: ByteSource, most = 2 ** 30, signal?: AbortSignal): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of gunzip(source, { unpack, most, ...(signal === undefined ? {} : { signal }) }))
    chunks.push(chunk);
  return concatBytes(chunks);
}

/** The bytes in chunks of a size, then perhaps a failure. */
function chunked(bytes: Uint8Array, size: number, failure?: Error): ByteSource {
  const source = memorySource(bytes, "packed");
  return {
    ...source,
    async *stream(): AsyncIterable<Uint8Array> {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
      if (failure !== undefined) throw failure;
    },
  };
}

describe("gunzip", () => {
  it("gives the plain bytes, however the packed ones come", async () => {
    for (const size of [1, 7, 4096, packed.length]) assert.deepEqual(await unpacked(chunked(packed, size)), plain);
    assert.deepEqual(await unpacked(memorySource(new Uint8Array(gzipSync("")), "empty")), new Uint8Array(0));
  });

  it("gives the bytes of all members, which gzip puts one behind the other", async () => {
    const two = new Uint8Array(Buffer.concat([packed, gzipSync("more")]));
    const expected = concatBytes([plain, new TextEncoder().encode("more")]);
    assert.deepEqual(await unpacked(memorySource(two, "two")), expected);
  });

  it("tells of the stored bytes that it has read", async () => {
    let bytes = 0;
    const source = memorySource(packed, "packed");
    for await (const _ of gunzip(source, { unpack, most: 2 ** 30, advanced: (more) => (bytes += more) }));
    assert.equal(bytes, packed.length);
  });

  it("refuses what is damaged, cut off or no gzip at all", async () => {
    const damaged = packed.slice();
    damaged.fill(0xff, 500, 900);
    const wrongSum = packed.slice();
    wrongSum[packed.length - 6] = ((wrongSum[packed.length - 6] as number) + 1) % 256;
    for (const bytes of [damaged, wrongSum, packed.subarray(0, -20), packed.subarray(0, 5), plain, new Uint8Array(0)]) {
      await assert.rejects(unpacked(memorySource(bytes, "bad")), hasCode("io/codec-failed"), `${bytes.length} bytes`);
    }
  });

  it("stops at its limit, before the rest is unpacked", async () => {
    const bomb = new Uint8Array(gzipSync(new Uint8Array(64 * 2 ** 20)));
    let read = 0;
    const source = chunked(bomb, 1024);
    const options = { unpack, most: 2 ** 20, advanced: (bytes: number) => (read += bytes) };
    await assert.rejects(async () => {
      for await (const _ of gunzip(source, options));
    }, hasCode("io/limit"));
    assert.ok(read < bomb.length);
    assert.deepEqual(await unpacked(memorySource(packed, "exact"), plain.length), plain);
    await assert.rejects(unpacked(memorySource(packed, "one less"), plain.length - 1), hasCode("io/limit"));
  });

  it("passes on why reading failed", async () => {
    const failure = new FerryError("io/read-failed", "the device is gone");
    await assert.rejects(unpacked(chunked(packed.subarray(0, 3000), 500, failure)), hasCode("io/read-failed"));
    await assert.rejects(unpacked(chunked(new Uint8Array(0), 1, failure)), hasCode("io/read-failed"));
  });

  it("passes on that its source changed", async () => {
    const source: ByteSource = {
      ...memorySource(packed, "packed"),
      async checkUnchanged(): Promise<void> {
        throw new FerryError("io/changed", "it was written to");
      },
    };
    await assert.rejects(unpacked(source), hasCode("io/changed"));
  });

  it("ends when it is interrupted, and when nobody wants more", async () => {
    const interrupt = new AbortController();
    const source = chunked(packed, 100);
    await assert.rejects(async () => {
      for await (const _ of gunzip(source, { unpack, most: 2 ** 30, signal: interrupt.signal })) interrupt.abort();
    }, hasCode("run/canceled"));
    for await (const chunk of gunzip(source, { unpack, most: 2 ** 30 })) {
      assert.ok(chunk.length > 0);
      break;
    }
  });
});
