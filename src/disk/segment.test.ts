import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as zlib from "node:zlib";
import { fc } from "../../test/support/fast-check.js";
import { FerryError } from "../base/errors.js";
import { readRef } from "../io/refs.js";
import type { ByteSource, SourceRef } from "../io/source.js";
import { memorySource } from "../io/sources/memory.js";
import { zlibCodec } from "../runtime/node/codec.js";
import { fetchReads, toSegmentReads } from "./fetch.js";
import type { ReadOp, UnitKernel } from "./model.js";
import { plainKernel } from "./plain.js";
import { kernelTable, type ReadEnv, readSegment, Scratch, type SegmentRead } from "./segment.js";

const packed: UnitKernel = { id: "test/packed", packing: "zlib", payload: (stored) => stored };
const kernels = kernelTable([plainKernel, packed]);
const codec = zlibCodec();
const env: ReadEnv = {
  codec,
  readInto: (source, offset, into) => readRef(source, offset, into, () => assert.fail("nothing lies in files")),
};

/** A stretch of the guest, its units in any order in the file, some of them the same. */
interface Stretch {
  readonly unitBytes: number;
  readonly places: readonly number[];
  readonly skip: number;
  readonly cut: number;
  readonly gap: number;
}

const FILE = 60_000;
const file = new Uint8Array(FILE).map((_, i) => (i * i + (i % 7)) % 256);
const source = memorySource(file, "file");

const stretch: fc.Arbitrary<Stretch> = fc.constantFrom(1, 3, 512, 2000).chain((unitBytes) =>
  fc.record({
    unitBytes: fc.constant(unitBytes),
    places: fc.array(fc.nat(FILE - unitBytes), { minLength: 1, maxLength: 8 }),
    skip: fc.nat(unitBytes - 1),
    cut: fc.nat(unitBytes - 1),
    gap: fc.nat(700),
  }),
);

/** The ops of some stretches behind each other, and the bytes that they stand for. */
function lay(stretches: readonly Stretch[]): { readonly ops: readonly ReadOp[]; readonly guest: Uint8Array } {
  const ops: ReadOp[] = [];
  const guest: number[] = [];
  for (const { unitBytes, places, skip, cut, gap } of stretches) {
    for (let i = 0; i < gap; i++) guest.push(0);
    const plain = places.flatMap((at) => [...file.subarray(at, at + unitBytes)]);
    const length = Math.max(1, plain.length - skip - (places.length > 1 ? cut : 0));
    const wanted = plain.slice(skip, skip + length);
    ops.push({
      kernel: plainKernel.id,
      source,
      unitBytes,
      table: Float64Array.from(places.flatMap((at) => [at, unitBytes])),
      skip,
      outOffset: 10_000 + guest.length,
      length: wanted.length,
    });
    guest.push(...wanted);
  }
  return { ops, guest: Uint8Array.from(guest) };
}

function decode(reads: readonly SegmentRead[], length: number): Uint8Array {
  const guest = new Uint8Array(length).fill(0xee);
  readSegment(10_000, reads, kernels, env, { guest, stored: new Scratch(), unit: new Scratch() });
  return guest;
}

function byReference(op: ReadOp): SegmentRead {
  return { ...op, source: op.source.ref() as SourceRef };
}

describe("a segment's reads", () => {
  it("put units where the guest has them, in whatever order they lie in the file, once or many times", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(stretch, { maxLength: 4 }), fc.nat(300), async (stretches, tail) => {
        const { ops, guest } = lay(stretches);
        const expected = new Uint8Array(guest.length + tail);
        expected.set(guest);
        assert.deepEqual(decode(ops.map(byReference), expected.length), expected, "by reference");
        assert.deepEqual(decode(await fetchReads(ops), expected.length), expected, "fetched");
      }),
      { numRuns: 150 },
    );
  });

  it("unpack units that lie in any order, share their place, and fill less than a unit at the end", async () => {
    const unitBytes = 1000;
    const units = [3, 1, 4].map((seed) => new Uint8Array(unitBytes).map((_, i) => (i * seed) % 11));
    const short = new Uint8Array(400).fill(9);
    const stored = [...units, short].map((unit) => zlib.deflateSync(unit));
    const bytes = Buffer.concat([Buffer.alloc(100), ...stored, Buffer.alloc(50)]);
    let at = 100;
    const places = stored.map((unit) => {
      at += unit.length;
      return [at - unit.length, unit.length + 50] as const;
    });
    const op: ReadOp = {
      kernel: packed.id,
      source: memorySource(new Uint8Array(bytes), "packed"),
      unitBytes,
      table: Float64Array.from([2, 0, 1, 0, 3].flatMap((i) => places[i] as readonly [number, number])),
      skip: 10,
      outOffset: 10_000,
      length: 4500 - 10,
    };
    const expected = Buffer.concat([2, 0, 1, 0].map((i) => units[i] as Uint8Array).concat(short, new Uint8Array(100)));
    for (const reads of [[byReference(op)], await fetchReads([op])]) {
      assert.deepEqual(decode(reads, 4490), new Uint8Array(expected.subarray(10, 4500)));
    }
  });

  it("fetch neighbours together, and never much more than a few megabytes at once", async () => {
    const requests: number[] = [];
    const far: ByteSource = {
      ...source,
      label: "far",
      size: 2 ** 40,
      ref: () => null,
      async read(_offset, length): Promise<Uint8Array> {
        requests.push(length);
        return new Uint8Array(length);
      },
    };
    const op = (step: number): ReadOp => ({
      kernel: plainKernel.id,
      source: far,
      unitBytes: 4096,
      table: Float64Array.from(Array.from({ length: 1024 }, (_, i) => [i * step, 4096]).flat()),
      skip: 0,
      outOffset: 0,
      length: 4096 * 1024,
    });
    await fetchReads([op(4096)]);
    assert.deepEqual(requests.splice(0), [4096 * 1024]);
    await fetchReads([op(200_000)]);
    assert.ok(requests.length < 60 && Math.max(...requests) <= 8 * 2 ** 20, `${requests.length} requests`);
    requests.splice(0);
    await fetchReads([op(2 ** 20)]);
    assert.ok(requests.every((length) => length === 4096));
  });

  it("go by reference only where no bytes have to be copied to a thread", async () => {
    const { ops } = lay([{ unitBytes: 512, places: [0], skip: 0, cut: 0, gap: 0 }]);
    const transfer: ArrayBuffer[] = [];
    const [read] = await toSegmentReads(ops, transfer);
    assert.ok(read?.source.kind === "shared" && transfer.includes(read.source.buffer as ArrayBuffer));
    assert.equal(read.source.buffer.byteLength, 512);
    const bytes = new Uint8Array(new SharedArrayBuffer(600));
    const [shared] = await toSegmentReads(
      ops.map((op) => ({ ...op, source: memorySource(bytes, "shared") })),
      transfer,
    );
    assert.equal(shared?.source.kind, "slice");
    assert.equal(transfer.length, 1);
  });

  it("end in an error of ours where a table points past the end", () => {
    const { ops } = lay([{ unitBytes: 512, places: [0], skip: 0, cut: 0, gap: 0 }]);
    const wrong = ops.map((op) => ({ ...byReference(op), table: Float64Array.of(FILE - 100, 512) }));
    assert.throws(
      () => decode(wrong, 512),
      (error) => error instanceof FerryError && error.code === "io/out-of-bounds",
    );
  });
});
