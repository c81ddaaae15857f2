/** Disks that are cut into chunks with sums: what threads do is what one thread does. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { after, before, describe, it } from "node:test";
import { toHex } from "../../src/base/bytes.js";
import { type ChunkOptions, takeChunks } from "../../src/disk/chunks.js";
import { openRaw } from "../../src/disk/raw/read.js";
import { imageOf } from "../../src/disk/testing/images.js";
import type { Context } from "../../src/io/context.js";
import type { ByteSource } from "../../src/io/source.js";
import { memorySource } from "../../src/io/sources/memory.js";
import { testContext } from "../../src/io/testing/context.js";
import { inlinePool } from "../../src/io/testing/inline-pool.js";
import { openFileSource } from "../../src/runtime/node/file-source.js";
import { nodeHash } from "../../src/runtime/node/hash.js";
import { createNodeRuntime, type NodeRuntime } from "../../src/runtime/node/runtime.js";

const worker = new URL("../../src/worker-node.js", import.meta.url);

/** Thirteen MiB and a sector: several segments, zeros between data. */
const image = imageOf({
  sectors: 13 * 2048 + 1,
  runs: [
    { sector: 2047, sectors: 2, content: "text" },
    { sector: 9 * 2048, sectors: 3000, content: "noise" },
    { sector: 12 * 2048, sectors: 2048, content: "zeros" },
  ],
});

describe("the chunks of a disk", () => {
  let runtime: NodeRuntime;
  let folder: string;
  let file: ByteSource;

  before(async () => {
    runtime = createNodeRuntime({ worker, workers: 2 });
    folder = await mkdtemp(path.join(tmpdir(), "vmferry-chunks-"));
    await writeFile(path.join(folder, "disk.raw"), image.read(0, image.size));
    file = await openFileSource(path.join(folder, "disk.raw"), runtime.native, "disk.raw");
  });
  after(async () => {
    await file.close();
    await runtime.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function chunksOf(source: ByteSource, options: ChunkOptions, ctx: Context): Promise<readonly string[]> {
    const chunks: string[] = [];
    const take = async ({
      number,
      bytes,
      sum,
    }: {
      number: number;
      bytes: Uint8Array;
      sum: Uint8Array;
    }): Promise<void> => {
      assert.deepEqual(bytes, image.read(number * 2 ** 20, bytes.length));
      chunks.push(`${number} ${bytes.length} ${toHex(sum)}`);
    };
    await takeChunks(openRaw(source), options, take, ctx);
    return chunks;
  }

  for (const sum of ["xxh64", "sha1"] as const) {
    for (const zeros of ["skipped", "stored"] as const) {
      it(`are the same on threads and without (${sum}, zeros ${zeros})`, async () => {
        const { codec } = runtime;
        const inline = testContext({ runtime: { codec, hash: nodeHash, pool: inlinePool(codec, nodeHash) } });
        const one = await chunksOf(memorySource(image.read(0, image.size), "m"), { sum, zeros }, inline);
        const many = await chunksOf(file, { sum, zeros }, testContext({ runtime }));
        assert.deepEqual(many, one);
        const numbers = one.map((chunk) => Number(chunk.split(" ")[0]));
        assert.deepEqual(numbers, zeros === "stored" ? [...Array(14).keys()] : [0, 1, 9, 10, 13]);
      });
    }
  }

  it("end where the caller fails, with every job settled", async () => {
    const failure = new Error("full");
    const options = { sum: "xxh64", zeros: "stored" } as const;
    let taken = 0;
    const take = async (): Promise<void> => {
      if (++taken === 3) throw failure;
    };
    await assert.rejects(takeChunks(openRaw(file), options, take, testContext({ runtime })), failure);
    assert.equal(taken, 3);
  });
});
