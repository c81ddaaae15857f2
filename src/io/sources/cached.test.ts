import assert from "node:assert/strict";
import { test } from "node:test";
import type { ByteRange } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { ByteSource } from "../source.js";
import { type CacheOptions, cachedSource } from "./cached.js";
import { concatSource } from "./concat.js";
import { memorySource } from "./memory.js";
import { sliceSource } from "./slice.js";

const bytes = new Uint8Array(100_000).map((_, i) => (i * 31 + Math.floor(i / 256)) % 256);
const small: Partial<CacheOptions> = {
  blockBytes: 1000,
  mostBytes: 20_000,
  ahead: 2000,
  behind: 1000,
  passBytes: 10_000,
};

/** A source that records what is asked of it. `gate`: waited for by each read. */
function counted(gate: () => Promise<unknown> = async () => {}): {
  readonly of: ByteSource;
  readonly asked: ByteRange[];
} {
  const asked: ByteRange[] = [];
  const memory = memorySource(bytes, "m");
  return {
    asked,
    of: {
      ...memory,
      async read(offset, length, signal): Promise<Uint8Array> {
        asked.push({ offset, length });
        await gate();
        signal?.throwIfAborted();
        return memory.read(offset, length);
      },
    },
  };
}

test("a small read fetches what lies around it, and the next one nothing", async () => {
  const { of, asked } = counted();
  const source = cachedSource(of, small);
  assert.deepEqual(await source.read(5500, 10), bytes.slice(5500, 5510));
  assert.deepEqual(await source.read(4000, 5000), bytes.slice(4000, 9000).slice(0, 5000));
  assert.deepEqual(await source.read(6900, 200), bytes.slice(6900, 7100));
  assert.deepEqual(asked, [
    { offset: 4000, length: 4000 },
    { offset: 8000, length: 3000 },
  ]);
});

test("what is missing at both ends of a read is one request", async () => {
  const { of, asked } = counted();
  const source = cachedSource(of, { ...small, ahead: 0, behind: 0 });
  await source.read(5000, 1000);
  assert.deepEqual(await source.read(4000, 3000), bytes.slice(4000, 7000));
  assert.deepEqual(asked.at(-1), { offset: 4000, length: 3000 });
  assert.equal(asked.length, 2);
});

test("a scattered reader is given what it asks for, one that goes on is read ahead", async () => {
  const { of, asked } = counted();
  const source = cachedSource(of, { ...small, lookAround: 1 });
  await source.read(50_000, 10);
  await source.read(80_000, 10);
  assert.deepEqual(asked.at(-1), { offset: 80_000, length: 1000 });
  await source.read(81_000, 10);
  assert.deepEqual(asked.at(-1), { offset: 81_000, length: 3000 });
});

test("large reads pass by, and push nothing out", async () => {
  const { of, asked } = counted();
  const source = cachedSource(of, small);
  await source.read(0, 10);
  assert.deepEqual(await source.read(0, 50_000), bytes.slice(0, 50_000));
  await source.read(5, 10);
  assert.deepEqual(
    asked.map(({ length }) => length),
    [3000, 50_000],
  );
});

test("memory is bounded: what was not used for longest goes", async () => {
  const { of, asked } = counted();
  const source = cachedSource(of, { ...small, ahead: 0, behind: 0, mostBytes: 4000, passBytes: 2000 });
  for (const at of [0, 1000, 2000, 3000, 0, 4000]) await source.read(at, 1000);
  const before = asked.length;
  await source.read(0, 1000);
  assert.equal(asked.length, before, "used again, so it stayed");
  await source.read(1000, 1000);
  assert.equal(asked.length, before + 1, "used least, so it went");
});

test("the bytes that are known already are not asked for, whole or in part", async () => {
  const { of, asked } = counted();
  const source = cachedSource(of, { ...small, held: bytes.subarray(0, 5500) });
  assert.deepEqual(await source.read(10, 4900), bytes.slice(10, 4910));
  assert.deepEqual(asked, []);
  assert.deepEqual(await source.read(4000, 2000), bytes.slice(4000, 6000));
  assert.deepEqual(asked, [{ offset: 5000, length: 3000 }]);
});

test("readers of the same bytes share a request, and one that is interrupted leaves it to the others", async () => {
  let open = (): void => {};
  const { of, asked } = counted(
    () =>
      new Promise<void>((resolve) => {
        open = resolve;
      }),
  );
  const source = cachedSource(of, small);
  const stop = new AbortController();
  const stopped = assert.rejects(
    source.read(100, 10, stop.signal),
    (error) => (error as FerryError).code === "run/canceled",
  );
  const other = source.read(105, 10);
  stop.abort();
  await stopped;
  open();
  assert.deepEqual(await other, bytes.slice(105, 115));
  assert.equal(asked.length, 1);
});

test("a read that failed is tried again by the next reader", async () => {
  let failures = 1;
  const { of } = counted(async () => {
    if (failures-- > 0) throw new FerryError("io/read-failed", "once");
  });
  const source = cachedSource(of, small);
  await assert.rejects(source.read(0, 10));
  assert.deepEqual(await source.read(0, 10), bytes.slice(0, 10));
});

test("whoever watches hears of each read and stream, in the terms of a part and of a whole of parts", async () => {
  const source = cachedSource(counted().of, small);
  const heard: string[] = [];
  const listen = (name: string) => (offset: number, seen: Uint8Array) =>
    void heard.push(`${name} ${offset}+${seen.length}:${seen[0]}`);
  const part = sliceSource(source, 1000, 2000, "part");
  const whole = concatSource([memorySource(bytes.subarray(0, 50), "m"), part], "whole");
  const ends = [source.watch?.(listen("all")), part.watch?.(listen("part")), whole.watch?.(listen("whole"))];
  await source.read(500, 1000);
  await source.read(5000, 10);
  for await (const _ of part.stream({ offset: 1500, length: 500 }));
  for (const end of ends) end?.();
  await source.read(1000, 10);
  assert.deepEqual(heard, [
    `all 500+1000:${bytes[500]}`,
    `part 0+500:${bytes[1000]}`,
    `whole 50+500:${bytes[1000]}`,
    `all 5000+10:${bytes[5000]}`,
    `all 2500+500:${bytes[2500]}`,
    `part 1500+500:${bytes[2500]}`,
    `whole 1550+500:${bytes[2500]}`,
  ]);
});
