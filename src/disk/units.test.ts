import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as zlib from "node:zlib";
import { zlibCodec } from "../runtime/node/codec.js";
import type { UnitKernel } from "./model.js";
import { type CarriedUnit, canCarry, isCarriable, packUnits } from "./units.js";

const UNIT = 65_536;
const codec = zlibCodec();

const rawKernel: UnitKernel = { id: "test/raw", packing: "raw", payload: (stored) => stored, unshrunk: "plain" };
const zlibKernel: UnitKernel = {
  id: "test/zlib",
  packing: "zlib",
  payload: (stored) => stored,
  frame: {
    headerBytes: 4,
    alignment: 512,
    header(into, guestOffset, payloadBytes): void {
      into[0] = guestOffset / UNIT;
      into[1] = payloadBytes % 256;
    },
  },
};

function text(seed: number): Uint8Array {
  return new Uint8Array(UNIT).map((_, i) => (i * seed) % 13);
}

function noise(seed: number): Uint8Array {
  const bytes = new Uint8Array(UNIT);
  for (let i = 0, state = seed; i < UNIT; i++) {
    state = (state * 48_271) % 0x7fffffff;
    bytes[i] = state % 256;
  }
  return bytes;
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** Packs as many units as there are bytes for, from guest offset 0. */
function pack(
  kernel: UnitKernel,
  guest: Uint8Array,
  carried: ReadonlyMap<number, CarriedUnit> | null = null,
): { readonly stored: readonly number[]; readonly bytes: Buffer } {
  const work = { offset: 0, length: guest.length, unitBytes: UNIT, level: 6, zeros: "skipped" as const };
  const { stored, payload, payloadBytes } = packUnits(work, kernel, guest, carried, codec);
  return { stored: [...stored], bytes: Buffer.from(payload as ArrayBuffer, 0, payloadBytes) };
}

describe("packing units", () => {
  it("leaves out units of zeros", () => {
    const { stored, bytes } = pack(rawKernel, join(new Uint8Array(UNIT), text(3), new Uint8Array(UNIT)));
    assert.deepEqual([stored[0], stored[2]], [0, 0]);
    assert.deepEqual(new Uint8Array(zlib.inflateRawSync(bytes)), text(3));
  });

  it("stores units that do not shrink plain, after all packed ones", () => {
    const { stored, bytes } = pack(rawKernel, join(noise(1), text(3), noise(2), text(5)));
    assert.deepEqual([stored[0], stored[2]], [UNIT, UNIT]);
    const [first = 0, second = 0] = [stored[1], stored[3]];
    assert.deepEqual(new Uint8Array(zlib.inflateRawSync(bytes.subarray(0, first))), text(3));
    assert.deepEqual(new Uint8Array(zlib.inflateRawSync(bytes.subarray(first, first + second))), text(5));
    assert.deepEqual(new Uint8Array(bytes.subarray(first + second)), join(noise(1), noise(2)));
  });

  it("packs units that do not shrink where the format knows nothing else", () => {
    const { stored, bytes } = pack(zlibKernel, noise(1));
    assert.ok((stored[0] as number) > UNIT && (stored[0] as number) % 512 === 0);
    assert.deepEqual(new Uint8Array(zlib.inflateSync(bytes.subarray(4))), noise(1));
  });
});

describe("carrying units", () => {
  it("is possible between wrappers, not between unit sizes", () => {
    const kind = { codec: "deflate", wrapper: "zlib", unitBytes: UNIT } as const;
    assert.ok(canCarry(kind, { ...kind, wrapper: "raw" }));
    assert.ok(!canCarry(kind, { ...kind, unitBytes: 4096 }));
    assert.ok(!canCarry(null, kind));
    assert.ok(!canCarry(kind, null));
  });

  it("takes header and Adler-32 off a zlib stream", () => {
    const payload = new Uint8Array(zlib.deflateSync(text(7)));
    const { bytes } = pack(rawKernel, new Uint8Array(UNIT), new Map([[0, { payload, wrapper: "zlib" as const }]]));
    assert.equal(bytes.length, payload.length - 6);
    assert.deepEqual(new Uint8Array(zlib.inflateRawSync(bytes)), text(7));
  });

  it("makes a zlib stream of a raw one without packing it anew, whatever follows it", () => {
    const raw = new Uint8Array(zlib.deflateRawSync(text(7), { level: 1 }));
    const payload = join(raw, noise(9).subarray(0, 300));
    const { stored, bytes } = pack(zlibKernel, noise(4), new Map([[0, { payload, wrapper: "raw" as const }]]));
    assert.deepEqual(new Uint8Array(bytes.subarray(6, 6 + raw.length)), raw);
    assert.equal(stored[0], Math.ceil((4 + 6 + raw.length) / 512) * 512);
    assert.deepEqual(new Uint8Array(zlib.inflateSync(bytes.subarray(4, 4 + raw.length + 6))), text(7));
  });

  it("unpacks a carried unit that is no shorter than itself, where such units are stored plain", () => {
    for (const wrapper of ["zlib", "raw"] as const) {
      const payload = new Uint8Array((wrapper === "zlib" ? zlib.deflateSync : zlib.deflateRawSync)(noise(5)));
      assert.ok(payload.length > UNIT);
      const { stored, bytes } = pack(rawKernel, new Uint8Array(UNIT), new Map([[0, { payload, wrapper }]]));
      assert.deepEqual(stored, [UNIT]);
      assert.deepEqual(new Uint8Array(bytes), noise(5));
    }
  });

  it("packs what is not carried beside what is", () => {
    const payload = new Uint8Array(zlib.deflateSync(text(7)));
    const guest = join(noise(8), text(3), new Uint8Array(UNIT));
    const { stored, bytes } = pack(rawKernel, guest, new Map([[0, { payload, wrapper: "zlib" as const }]]));
    const first = payload.length - 6;
    assert.deepEqual([stored[0], stored[2]], [first, 0]);
    assert.deepEqual(new Uint8Array(zlib.inflateRawSync(bytes.subarray(first))), text(3));
  });

  it("leaves alone what cannot hold a whole unit, and zlib streams with a dictionary or another method", () => {
    const good = new Uint8Array(zlib.deflateSync(text(7)));
    assert.ok(isCarriable(good, "zlib", UNIT));
    assert.ok(isCarriable(good.subarray(2), "raw", UNIT));
    assert.ok(!isCarriable(good.subarray(0, 60), "zlib", UNIT));
    assert.ok(!isCarriable(new Uint8Array(60), "raw", UNIT));
    const dictionary = Buffer.from(text(7).subarray(0, 100));
    assert.ok(!isCarriable(new Uint8Array(zlib.deflateSync(text(7), { dictionary })), "zlib", UNIT));
    assert.ok(
      !isCarriable(
        good.map((byte, i) => (i === 0 ? 0x79 : byte)),
        "zlib",
        UNIT,
      ),
    );
  });
});
