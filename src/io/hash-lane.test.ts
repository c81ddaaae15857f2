import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { hasCode } from "../../test/support/errors.js";
import { FerryError } from "../base/errors.js";
import { nodeHash } from "../runtime/node/hash.js";
import { hashLaneKernel, hashSource } from "./hash-lane.js";
import type { KernelEnv, Pool } from "./pool.js";
import type { ByteSource } from "./source.js";
import { memorySource } from "./sources/memory.js";
import { testContext } from "./testing/context.js";

/** More than two chunks of the lane, and no whole number of them. */
const bytes = new Uint8Array(2 * 2 ** 20 + 12_345).map((_, i) => (i * 7 + (i >> 9)) % 251);
const sum = (algorithm: string): string => createHash(algorithm).update(bytes).digest("hex");
const hex = (digests: readonly Uint8Array[]): string[] => digests.map((digest) => Buffer.from(digest).toString("hex"));
const inline = { hash: nodeHash, pool: { size: 0, run: () => assert.fail("there are no threads") } satisfies Pool };

/** What the kernel sees of a thread; `stopAfter`: chunks after which the job is interrupted. */
function env(advanced: number[], stopAfter: number = Number.POSITIVE_INFINITY): KernelEnv {
  const unused = (): never => assert.fail("not for digests");
  const codec = { deflate: unused, inflate: unused, zstd: unused } as unknown as KernelEnv["codec"];
  return {
    codec,
    portable: codec,
    limits: testContext().limits,
    hash: nodeHash,
    readInto: (_, offset, into) => into.set(bytes.subarray(offset, offset + into.length)),
    write: unused,
    stopped: () => advanced.length >= stopAfter,
    advance: (count) => void advanced.push(count),
  };
}

const job = {
  source: { kind: "file", path: "x" } as never,
  size: bytes.length,
  algorithms: ["sha256", "sha1"] as const,
};

describe("the hash lane", () => {
  it("gives several digests of one reading, in the order asked for", () => {
    const advanced: number[] = [];
    assert.deepEqual(hex(hashLaneKernel.run(job, env(advanced)) as Uint8Array[]), [sum("sha256"), sum("sha1")]);
    assert.deepEqual(advanced, [2 ** 20, 2 ** 20, 12_345]);
  });

  it("ends between two chunks where it is interrupted", () => {
    const advanced: number[] = [];
    assert.throws(() => hashLaneKernel.run(job, env(advanced, 1)), hasCode("run/canceled"));
    assert.equal(advanced.length, 1);
  });

  it("gives the digest of nothing for an empty source", () => {
    const [digest] = hashLaneKernel.run({ ...job, size: 0 }, env([])) as Uint8Array[];
    assert.equal(Buffer.from(digest ?? []).toString("hex"), createHash("sha256").digest("hex"));
  });
});

describe("the digests of a source", () => {
  it("are of the zeros of holes, too, which nobody reads", async () => {
    const sparse = bytes.slice();
    const data = [
      { offset: 4096, length: 8192 },
      { offset: 2 ** 20, length: 2 ** 20 },
    ];
    const inside = (at: number): boolean => data.some(({ offset, length }) => at >= offset && at < offset + length);
    for (let at = 0; at < sparse.length; at++) if (!inside(at)) sparse[at] = 0;
    const memory = memorySource(sparse, "sparse");
    const read: number[] = [];
    const source: ByteSource = {
      ...memory,
      async *dataRuns() {
        yield* data;
      },
      stream(range, signal) {
        read.push(range?.offset ?? -1);
        return memory.stream(range, signal);
      },
    };
    const ctx = testContext({ runtime: inline });
    let told = 0;
    const found = await hashSource(source, ["sha256"], ctx, { thread: "this", advanced: (count) => (told += count) });
    assert.deepEqual(hex(found), [createHash("sha256").update(sparse).digest("hex")]);
    assert.deepEqual([read, told], [[4096, 2 ** 20], sparse.length]);
  });

  it("are taken here where there are no threads, and every byte is told once", async () => {
    let told = 0;
    const ctx = testContext({ runtime: inline });
    const digests = await hashSource(memorySource(bytes, "x"), ["sha512", "md5"], ctx, {
      advanced: (count) => {
        told += count;
      },
    });
    assert.deepEqual(hex(digests), [sum("sha512"), sum("md5")]);
    assert.equal(told, bytes.length);
  });

  it("are not given where the source changed meanwhile", async () => {
    const changing: ByteSource = {
      ...memorySource(bytes, "x"),
      checkUnchanged: async () => {
        throw new FerryError("io/changed", "x has changed");
      },
    };
    await assert.rejects(hashSource(changing, ["sha256"], testContext({ runtime: inline })), hasCode("io/changed"));
  });

  it("are not taken to the end where the run is interrupted", async () => {
    const stop = new AbortController();
    let chunks = 0;
    const slow: ByteSource = {
      ...memorySource(bytes, "x"),
      async *stream() {
        for (let at = 0; at < bytes.length; at += 65_536) {
          chunks++;
          if (chunks === 3) stop.abort();
          yield bytes.subarray(at, at + 65_536);
        }
      },
    };
    const ctx = testContext({ runtime: inline, signal: stop.signal });
    await assert.rejects(hashSource(slow, ["sha256"], ctx), hasCode("run/canceled"));
    assert.equal(chunks, 3);
  });
});
