import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { deflateSync } from "node:zlib";
import { adler32 } from "./adler32.js";

describe("adler32", () => {
  it("is 1 for nothing, and 0x11e60398 for Wikipedia", () => {
    assert.equal(adler32(new Uint8Array(0)), 1);
    assert.equal(adler32(new TextEncoder().encode("Wikipedia")), 0x11e60398);
  });

  it("agrees with zlib for the largest bytes, at every length around its blocks", () => {
    const bytes = new Uint8Array(1_000_000).fill(0xff);
    for (const length of [1, 7, 8, 9, 3839, 3840, 3841, 7680, 65_536, 1_000_000]) {
      const part = bytes.subarray(0, length);
      const packed = deflateSync(part);
      assert.equal(adler32(part), packed.readUInt32BE(packed.length - 4), `${length} bytes`);
    }
  });
});
