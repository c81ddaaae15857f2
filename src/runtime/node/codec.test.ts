import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as zlib from "node:zlib";
import { FerryError } from "../../base/errors.js";
import { adler32 } from "../../io/checksums/adler32.js";
import type { Codec, DeflateWrapper } from "../../io/codec.js";
import { libdeflateCodec, zlibCodec } from "./codec.js";
import { loadNative } from "./native.js";
import { createUnzstd } from "./zstd.js";

const { libdeflate } = loadNative(new Set());
const codecs: readonly (readonly [string, Codec | null])[] = [
  ["zlib", zlibCodec()],
  ["libdeflate", libdeflate === null ? null : libdeflateCodec(libdeflate, zlibCodec())],
];
const UNIT = 65_536;

function unit(seed: number): Uint8Array {
  return new Uint8Array(UNIT).map((_, i) => ((i * i + seed) % 251) * (i % 7 === 0 ? 1 : 0));
}

function failed(run: () => unknown): boolean {
  try {
    run();
    return false;
  } catch (error) {
    assert.ok(error instanceof FerryError && error.code === "io/codec-failed", String(error));
    return true;
  }
}

for (const [name, codec] of codecs) {
  describe(`codec ${name}`, { skip: codec === null && "this machine has no libdeflate" }, () => {
    if (codec === null) return;
    it("sums up as ours does, if it does so at all", () => {
      for (const bytes of [new Uint8Array(0), unit(1), unit(2).fill(0xff)]) {
        assert.equal(codec.adler32?.(bytes) ?? adler32(bytes), adler32(bytes));
      }
    });

    for (const wrapper of ["zlib", "raw"] as const satisfies readonly DeflateWrapper[]) {
      const inflateSync = wrapper === "zlib" ? zlib.inflateSync : zlib.inflateRawSync;
      const deflateSync = wrapper === "zlib" ? zlib.deflateSync : zlib.deflateRawSync;

      it(`packs what zlib unpacks (${wrapper})`, () => {
        const out = new Uint8Array(UNIT + 1024);
        for (const level of [-1, 0, 1, 9]) {
          const made = codec.deflateInto(unit(level), out, wrapper, level);
          assert.deepEqual(new Uint8Array(inflateSync(out.subarray(0, made))), unit(level), `level ${level}`);
        }
      });

      it(`unpacks what zlib packed, whatever follows the stream (${wrapper})`, () => {
        for (const [i, follow] of [0, 1, 4, 511, 70_000].entries()) {
          const packed = deflateSync(unit(i));
          const src = new Uint8Array(packed.length + follow).fill(0xa7);
          src.set(packed);
          const dst = new Uint8Array(UNIT);
          assert.equal(codec.inflateInto(src, dst, wrapper), UNIT);
          assert.deepEqual(dst, unit(i));
          dst.fill(0);
          assert.equal(codec.inflateWhole(src, dst, wrapper), packed.length);
          assert.deepEqual(dst, unit(i));
        }
      });

      it(`says how many bytes a short unit makes, which is no whole unit (${wrapper})`, () => {
        const packed = deflateSync(unit(1).subarray(0, 1000));
        assert.equal(codec.inflateInto(packed, new Uint8Array(UNIT), wrapper), 1000);
        assert.ok(failed(() => codec.inflateWhole(packed, new Uint8Array(UNIT), wrapper)));
      });

      it(`refuses damaged streams and those that make too much, and works on after them (${wrapper})`, () => {
        const packed = deflateSync(unit(2));
        const torn = packed.subarray(0, packed.length - 9);
        for (let round = 0; round < 2; round++) {
          assert.ok(failed(() => codec.inflateInto(torn, new Uint8Array(UNIT), wrapper)));
          assert.ok(failed(() => codec.inflateWhole(torn, new Uint8Array(UNIT), wrapper)));
          assert.ok(failed(() => codec.inflateInto(packed, new Uint8Array(UNIT - 1), wrapper)));
          assert.ok(failed(() => codec.inflateWhole(packed, new Uint8Array(UNIT - 1), wrapper)));
          assert.ok(failed(() => codec.inflateInto(new Uint8Array(0), new Uint8Array(UNIT), wrapper)));
          assert.equal(codec.inflateInto(packed, new Uint8Array(UNIT), wrapper), UNIT);
        }
      });

      it(`returns 0 where the packed bytes do not fit (${wrapper})`, () => {
        const noise = new Uint8Array(UNIT);
        for (let i = 0, state = 1; i < UNIT; i++) {
          state = (state * 48_271) % 0x7fffffff;
          noise[i] = state % 256;
        }
        assert.equal(codec.deflateInto(noise, new Uint8Array(UNIT - 1), wrapper, -1), 0);
        assert.equal(codec.deflateInto(unit(3), new Uint8Array(8), wrapper, -1), 0);
      });
    }
  });
}

const { zstdInto } = zlibCodec();
it("packs Zstandard frames that fzstd unpacks", {
  skip: zstdInto === undefined && "this Node.js has no Zstandard encoder (22.15 has)",
}, () => {
  const out = new Uint8Array(UNIT + 1024);
  const unzstd = createUnzstd();
  for (const level of [-1, 1, 9]) {
    const made = zstdInto?.(unit(level), out, level) ?? 0;
    assert.deepEqual(unzstd(out.subarray(0, made), UNIT), unit(level), `level ${level}`);
    assert.equal(zstdInto?.(unit(level), out.subarray(0, made - 1), level), 0);
  }
});
