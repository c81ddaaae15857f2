import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RandomTarget } from "../io/target.js";
import type { WriteOp } from "./model.js";
import { appendUnits, type OpenFile, type PlacedUnits, placeRegion } from "./place.js";

const UNIT = 4096;

/** A target that keeps what is written, and counts writes. */
function memoryFile(): OpenFile & { readonly bytes: Uint8Array; readonly writes: [number, number][] } {
  const bytes = new Uint8Array(64 * UNIT);
  const writes: [number, number][] = [];
  const target: RandomTarget = {
    label: "memory",
    position: 0,
    write: async () => assert.fail("appended bytes have a place"),
    zeros: async () => {},
    async writeAt(at, chunk): Promise<void> {
      bytes.set(chunk, at);
      writes.push([at, chunk.length]);
    },
    truncate: async () => {},
    ref: () => null,
    close: async () => {},
    abort: async () => {},
  };
  return { target, end: 0, gap: null, bytes, writes };
}

function op(units: number): WriteOp {
  return { file: "x", at: null, kernel: "test", offset: 0, length: units * UNIT, unitBytes: UNIT };
}

/** Units of the given sizes, each filled with its own number, in the order in which workers hand them back. */
function output(stored: readonly number[]): { stored: Uint32Array; payload: ArrayBuffer; payloadBytes: number } {
  const packed = stored.flatMap((length, i) => (length === UNIT ? [] : new Array<number>(length).fill(i + 1)));
  const plain = stored.flatMap((length, i) => (length === UNIT ? new Array<number>(length).fill(i + 1) : []));
  const payload = new Uint8Array([...packed, ...plain]);
  return { stored: Uint32Array.from(stored), payload: payload.buffer, payloadBytes: payload.length };
}

function checkPlaced(bytes: Uint8Array, stored: readonly number[], placed: PlacedUnits): readonly number[] {
  const places = [...(placed.places ?? [])];
  for (const [i, length] of stored.entries()) {
    const at = places[i] as number;
    assert.ok(
      bytes.subarray(at, at + length).every((byte) => byte === i + 1),
      `unit ${i} lies at ${at}`,
    );
  }
  return places;
}

describe("placing units", () => {
  it("appends packed units with one write, and gaps of zeros with none", async () => {
    const file = memoryFile();
    assert.deepEqual(await appendUnits(file, op(3), undefined, output([100, 0, 200])), { at: 0 });
    assert.deepEqual(await appendUnits(file, op(2), undefined, output([0, 0])), { at: 300 });
    assert.deepEqual(file.writes, [[0, 300]]);
    assert.equal(file.end, 300);
  });

  it("aligns plain units and lets later packed ones fill the gap before them", async () => {
    const file = memoryFile();
    const first = [100, UNIT, 200, UNIT];
    const firstPlaces = checkPlaced(file.bytes, first, await appendUnits(file, op(4), "plain", output(first)));
    assert.deepEqual(firstPlaces, [0, UNIT, 100, 2 * UNIT]);
    assert.equal(file.end, 3 * UNIT);
    const second = [1000, 2000, 3000, 0, 50];
    const secondPlaces = checkPlaced(
      file.bytes,
      [1000, 2000, 3000],
      await appendUnits(file, op(5), "plain", output(second)),
    );
    assert.deepEqual(secondPlaces, [300, 1300, 3 * UNIT, 0, 3 * UNIT + 3000]);
    assert.deepEqual(file.gap, { at: 3300, end: UNIT });
    checkPlaced(file.bytes, [], { at: 0 });
    assert.ok(
      file.bytes.subarray(0, 100).every((byte) => byte === 1),
      "what was there is left alone",
    );
    assert.equal(file.writes.length, 4);
  });

  it("keeps the larger gap", async () => {
    const file = memoryFile();
    await appendUnits(file, op(2), "plain", output([96, UNIT]));
    await appendUnits(file, op(2), "plain", output([4095, UNIT]));
    assert.deepEqual(file.gap, { at: 96, end: UNIT });
  });

  it("refuses a region that is longer than it was planned", async () => {
    const region = { file: "x", at: 0, length: 3, bytes: () => [new Uint8Array(4)] };
    await assert.rejects(placeRegion(memoryFile(), region), { code: "internal/bug" });
  });
});
