import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { fc } from "../../test/support/fast-check.js";
import { alignUp, GIB, MIB, SECTOR, TIB, toHex } from "../base/bytes.js";
import { FerryError } from "../base/errors.js";
import type { Pool } from "../io/pool.js";
import { memorySource } from "../io/sources/memory.js";
import { type TestContext, testContext } from "../io/testing/context.js";
import { inlinePool } from "../io/testing/inline-pool.js";
import { SparseBytes, sparseSource } from "../io/testing/sparse-bytes.js";
import { zlibCodec } from "../runtime/node/codec.js";
import { nodeHash } from "../runtime/node/hash.js";
import { compareDisks } from "./compare.js";
import { SEGMENT_BYTES } from "./copy.js";
import { hashDisk } from "./hash.js";
import type { VirtualDisk } from "./model.js";
import { openRaw } from "./raw/read.js";

const codec = zlibCodec();

function context(options: { readonly pool?: Pool; readonly signal?: AbortSignal } = {}): TestContext {
  const { pool = inlinePool(codec), signal } = options;
  return testContext({ runtime: { pool, codec, hash: nodeHash }, ...(signal === undefined ? {} : { signal }) });
}

/** A pool that runs up to four jobs at once and ends them in another order. */
const jumbled: Pool = {
  size: 2,
  async run(kernel, job, options) {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
    return inlinePool(codec).run(kernel, job, options);
  },
};

function diskOf(bytes: SparseBytes): VirtualDisk {
  return openRaw(sparseSource(bytes, "sparse"));
}

/** A disk of a size with single bytes that are not zero. */
function withBytes(size: number, places: Readonly<Record<number, number>> = {}): SparseBytes {
  const bytes = new SparseBytes(size);
  for (const [at, value] of Object.entries(places)) bytes.write(Number(at), Uint8Array.of(value));
  return bytes;
}

describe("comparing", () => {
  const size = 3 * SEGMENT_BYTES - 3 * SECTOR;
  const base = { 5: 1, [SEGMENT_BYTES - 1]: 2, [SEGMENT_BYTES]: 3, [2 * SEGMENT_BYTES + 77]: 4, [size - 1]: 5 };

  it("finds no difference between a disk and itself, wherever its holes are", async () => {
    const full = new SparseBytes(size);
    full.write(0, new Uint8Array(size));
    for (const [at, value] of Object.entries(base)) full.write(Number(at), Uint8Array.of(value));
    const result = await compareDisks(diskOf(withBytes(size, base)), diskOf(full), context({ pool: jumbled }));
    assert.deepEqual(result, { firstDifference: null, sizes: [size, size] });
  });

  const places = [
    0,
    1,
    7,
    8,
    9,
    511,
    512,
    SEGMENT_BYTES - 1,
    SEGMENT_BYTES,
    SEGMENT_BYTES + 1,
    MIB + 3,
    size - 9,
    size - 8,
    size - 1,
  ];
  for (const at of places) {
    it(`finds a difference at byte ${at}, and the first of several`, async () => {
      const other = (base as Readonly<Record<number, number>>)[at] === 9 ? 8 : 9;
      const changed = withBytes(size, { ...base, [at]: other, [Math.min(size - 1, at + 5000)]: 200 });
      for (const pool of [inlinePool(codec), jumbled]) {
        for (const [a, b] of [
          [withBytes(size, base), changed],
          [changed, withBytes(size, base)],
        ] as const) {
          assert.equal((await compareDisks(diskOf(a), diskOf(b), context({ pool }))).firstDifference, at);
        }
      }
    });
  }

  it("takes what one disk has more as different only where it is not zero", async () => {
    const short = withBytes(SECTOR * 3, { 10: 1 });
    for (const [more, first] of [
      [{}, null],
      [{ [SECTOR * 3]: 7 }, SECTOR * 3],
      [{ [size - 1]: 7 }, size - 1],
    ] as const) {
      const long = withBytes(size, { 10: 1, ...more });
      const result = await compareDisks(diskOf(short), diskOf(long), context());
      assert.deepEqual(result, { firstDifference: first, sizes: [SECTOR * 3, size] });
      assert.equal((await compareDisks(diskOf(long), diskOf(short), context())).firstDifference, first);
    }
  });

  it("finds the same as looking at every byte, for any two disks of any sizes", async () => {
    const bytes = fc.uint8Array({ maxLength: 3000, max: 2 });
    await fc.assert(
      fc.asyncProperty(bytes, bytes, fc.boolean(), async (one, two, alike) => {
        const other = alike ? Uint8Array.from([...one, ...two.map(() => 0)]) : two;
        const length = Math.max(one.length, other.length);
        let first: number | null = null;
        for (let i = length - 1; i >= 0; i--) if ((one[i] ?? 0) !== (other[i] ?? 0)) first = i;
        const disks = [one, other].map((content) => openRaw(memorySource(content, "m")));
        const result = await compareDisks(disks[0] as VirtualDisk, disks[1] as VirtualDisk, context());
        assert.deepEqual(result.firstDifference, first);
      }),
      { numRuns: 150 },
    );
  });

  it("of empty disks finds nothing", async () => {
    const empty = (): VirtualDisk => diskOf(new SparseBytes(0));
    assert.equal((await compareDisks(empty(), empty(), context())).firstDifference, null);
    assert.equal((await compareDisks(empty(), diskOf(withBytes(SECTOR, { 3: 1 })), context())).firstDifference, 3);
  });

  it("of disks of 60 TB with little in them takes no time, and ends at the first difference", async () => {
    let jobs = 0;
    const pool: Pool = {
      size: 1,
      async run(kernel, job, options) {
        jobs++;
        return inlinePool(codec).run(kernel, job, options);
      },
    };
    const places = { 7: 1, [30 * TIB]: 2, [60 * TIB - 1]: 3 };
    const a = diskOf(withBytes(60 * TIB, places));
    assert.equal((await compareDisks(a, diskOf(withBytes(60 * TIB, places)), context({ pool }))).firstDifference, null);
    assert.equal(jobs, 3);
    jobs = 0;
    const b = diskOf(withBytes(60 * TIB, { ...places, 7: 9 }));
    assert.equal((await compareDisks(a, b, context({ pool }))).firstDifference, 7);
    assert.ok(jobs <= 3);
  });
});

describe("hashing", () => {
  it("gives the digest of a raw image, for any content and any size", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 3000, max: 2 }), async (content) => {
        const whole = new Uint8Array(alignUp(content.length, SECTOR));
        whole.set(content);
        const digest = await hashDisk(openRaw(memorySource(content, "m")), "sha1", context());
        assert.equal(toHex(digest), createHash("sha1").update(whole).digest("hex"));
      }),
      { numRuns: 60 },
    );
  });

  it("takes segments in order, however they end, and hashes holes as zeros", async () => {
    const size = 5 * SEGMENT_BYTES + 7 * SECTOR;
    const bytes = withBytes(size, { 0: 1, [SEGMENT_BYTES]: 2, [3 * SEGMENT_BYTES - 1]: 3, [size - 1]: 4 });
    const expected = createHash("sha256").update(bytes.read(0, size)).digest("hex");
    for (const pool of [inlinePool(codec), jumbled]) {
      assert.equal(toHex(await hashDisk(diskOf(bytes), "sha256", context({ pool }))), expected);
    }
  });

  it("of a huge hole can be interrupted", async () => {
    const interrupt = new AbortController();
    const started = process.cpuUsage();
    const hashed = hashDisk(
      diskOf(withBytes(8 * TIB, { [4 * TIB]: 1 })),
      "sha1",
      context({ signal: interrupt.signal }),
    );
    setTimeout(() => interrupt.abort(), 20);
    await assert.rejects(hashed, (error) => error instanceof FerryError && error.code === "run/canceled");
    assert.ok(process.cpuUsage(started).user < 5e6);
  });

  it("tells of its progress up to the disk's size", async () => {
    let done = 0;
    const scope = { child: () => scope, advance: (amount: number) => (done += amount), done: () => {} };
    const size = GIB / 8 + SECTOR;
    await hashDisk(diskOf(withBytes(size, { 5000: 1 })), "md5", { ...context(), progress: scope });
    assert.equal(done, size);
  });
});
