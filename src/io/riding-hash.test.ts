import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { hasCode } from "../../test/support/errors.js";
import type { ByteRange } from "../base/bytes.js";
import { FerryError } from "../base/errors.js";
import { rideAlong } from "./riding-hash.js";
import type { ByteSource } from "./source.js";
import { cachedSource } from "./sources/cached.js";
import { memorySource } from "./sources/memory.js";
import { testContext } from "./testing/context.js";

const MIB = 2 ** 20;
const bytes = new Uint8Array(64 * MIB);
for (let i = 0; i < bytes.length; i += 997) bytes[i] = i % 251;
const sha256 = createHash("sha256").update(bytes).digest("hex");

/** A source that tells what is read of it, and how much came from below. */
function dear(): { readonly source: ByteSource; readonly asked: ByteRange[]; fail: boolean } {
  const asked: ByteRange[] = [];
  const memory = memorySource(bytes, "m");
  const state = { asked, fail: false };
  const of: ByteSource = {
    ...memory,
    async read(offset, length): Promise<Uint8Array> {
      if (state.fail && offset === 0) throw new FerryError("io/read-failed", "not now");
      asked.push({ offset, length });
      return memory.read(offset, length);
    },
    async *stream(range = { offset: 0, length: bytes.length }): AsyncIterable<Uint8Array> {
      if (state.fail) throw new FerryError("io/read-failed", "not now");
      asked.push(range);
      yield* memory.stream(range);
    },
  };
  return Object.assign(state, { source: cachedSource(of) });
}

const ctx = testContext({
  runtime: {
    hash: (algorithm) => {
      const hash = createHash(algorithm);
      return { update: (chunk) => void hash.update(chunk), digest: () => new Uint8Array(hash.digest()) };
    },
  },
});

async function digest(source: ByteSource, reads: readonly ByteRange[]): Promise<{ hex: string; told: number }> {
  let told = 0;
  const ride = rideAlong(source, ["sha256"], ctx, (done) => {
    told += done;
  });
  assert.ok(ride !== null);
  for (const { offset, length } of reads) await source.read(offset, length);
  const [made] = await ride.finish();
  return { hex: Buffer.from(made ?? []).toString("hex"), told };
}

const total = (asked: readonly ByteRange[]): number => asked.reduce((sum, { length }) => sum + length, 0);

test("a digest of what others read in order costs no read of its own", async () => {
  const { source, asked } = dear();
  const reads = Array.from({ length: 16 }, (_, i) => ({ offset: i * 4 * MIB, length: 4 * MIB }));
  assert.deepEqual(await digest(source, reads), { hex: sha256, told: bytes.length });
  assert.equal(total(asked), bytes.length);
});

test("reads out of order, with gaps, overlaps and repeats, are put in order, and little is read twice", async () => {
  const { source, asked } = dear();
  const reads: ByteRange[] = [];
  for (let i = 0; i < 16; i += 2) {
    for (const at of [i + 1, i, i + 1]) reads.push({ offset: at * 4 * MIB + 512, length: 4 * MIB - 512 });
  }
  assert.deepEqual(await digest(source, reads), { hex: sha256, told: bytes.length });
  const own = total(asked) - total(reads);
  assert.ok(own < 12 * MIB, `${own} bytes beside the ${total(reads)} of the others`);
});

test("a reader that goes backwards is followed as far as memory allows, and the rest is read again", async () => {
  const { source, asked } = dear();
  const reads = Array.from({ length: 16 }, (_, i) => ({ offset: (15 - i) * 4 * MIB, length: 4 * MIB }));
  assert.deepEqual(await digest(source, reads), { hex: sha256, told: bytes.length });
  assert.ok(total(asked) <= 2 * bytes.length);
});

test("what nobody reads is read in the end", async () => {
  const { source } = dear();
  assert.deepEqual(await digest(source, []), { hex: sha256, told: bytes.length });
});

test("a gap that could not be read meanwhile is read in the end, and ends the digest where it still cannot", async () => {
  for (const mended of [true, false]) {
    const state = dear();
    state.fail = true;
    const ride = rideAlong(state.source, ["sha256"], ctx, () => {});
    for (let i = 1; i < 10; i++) await state.source.read(i * 4 * MIB, 4 * MIB);
    state.fail = !mended;
    const finished = ride?.finish().then((made) => Buffer.from(made[0] ?? []).toString("hex"));
    if (mended) assert.equal(await finished, sha256);
    else await assert.rejects(async () => finished, hasCode("io/read-failed"));
  }
});

test("where a source does not tell what is read of it there is nothing to ride on", () => {
  assert.equal(
    rideAlong(memorySource(bytes, "m"), ["sha256"], ctx, () => {}),
    null,
  );
});
