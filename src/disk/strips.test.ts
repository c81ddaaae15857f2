import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fc } from "../../test/support/fast-check.js";
import type { SegmentRead } from "./segment-job.js";
import { cutRead, stripBytesOf } from "./strips.js";

const source = { kind: "shared", buffer: new ArrayBuffer(0), at: 0 } as const;

/** A read of so many units, whose first `skip` bytes and last `short` bytes are not wanted. */
function readOf(units: number, unitBytes: number, skip: number, short: number): SegmentRead {
  const table = new Float64Array(2 * units).map((_, i) => 1000 + i);
  return {
    kernel: "vmdk/grain",
    source,
    unitBytes,
    table,
    skip,
    outOffset: 5000 + skip,
    length: units * unitBytes - skip - short,
  };
}

/** Where a guest byte is taken from: the stored unit, and the byte in it. */
function placeOf(read: SegmentRead, guest: number): readonly [number | undefined, number] {
  const at = guest - read.outOffset + read.skip;
  return [read.table[2 * Math.floor(at / read.unitBytes)], at % read.unitBytes];
}

describe("cutting reads into strips", () => {
  it("takes every guest byte from where the whole read takes it", () => {
    const unit = fc.integer({ min: 2, max: 40 });
    const shape = fc.tuple(fc.integer({ min: 1, max: 6 }), unit).chain(([units, unitBytes]) =>
      fc.record({
        read: fc
          .tuple(fc.integer({ min: 0, max: unitBytes - 1 }), fc.integer({ min: 0, max: unitBytes - 1 }))
          .filter(([skip, short]) => units * unitBytes > skip + short)
          .map(([skip, short]) => readOf(units, unitBytes, skip, short)),
        from: fc.integer({ min: 4990, max: 5000 + units * unitBytes }),
        length: fc.integer({ min: 1, max: units * unitBytes + 20 }),
      }),
    );
    fc.assert(
      fc.property(shape, ({ read, from, length }) => {
        const cut = cutRead(read, from, from + length);
        const start = Math.max(from, read.outOffset);
        const end = Math.min(from + length, read.outOffset + read.length);
        if (start >= end) return assert.equal(cut, null);
        assert.ok(cut !== null);
        assert.deepEqual([cut.outOffset, cut.length], [start, end - start]);
        assert.ok(cut.skip >= 0 && cut.skip < read.unitBytes);
        assert.equal(cut.table.length / 2, Math.ceil((cut.skip + cut.length) / read.unitBytes));
        for (let guest = start; guest < end; guest++) assert.deepEqual(placeOf(cut, guest), placeOf(read, guest));
      }),
    );
  });

  it("never cuts packed units that lie on the strips' grid", () => {
    assert.equal(stripBytesOf([]) % 65_536, 0);
    for (const unitBytes of [65_536, 2 * 2 ** 20, 3 * 65_536]) {
      assert.equal(stripBytesOf([readOf(2, unitBytes, 0, 0)]) % unitBytes, 0);
    }
    assert.equal(stripBytesOf([{ ...readOf(1, 4 * 2 ** 20, 0, 0), kernel: "plain" }]), stripBytesOf([]));
  });
});
