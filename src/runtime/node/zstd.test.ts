import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { gunzipSync } from "node:zlib";
import { createUnzstd } from "./zstd.js";

const unzstd = createUnzstd();

/**
 * A frame that QEMU 7.2 packed: the first compressed cluster of an image (test/fixtures/qcow2/make.sh), which lies where the L2 entry says;
 * bytes of other clusters may follow it.
 */
function frameOf(): Uint8Array {
  const image = gunzipSync(readFileSync("test/fixtures/qcow2/zstd.qcow2.gz"));
  const at = image.indexOf(Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd));
  const next = image.indexOf(Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd), at + 4);
  return new Uint8Array(image.subarray(at, next));
}

const CLUSTER = 65_536;
const MAGIC = [0x28, 0xb5, 0x2f, 0xfd];
/** No content size, a window of 64 KiB. */
const HEADER = [...MAGIC, 0, 6 * 8];

/** A block's header of three bytes. */
function block(type: number, bytes: number, last = 1): number[] {
  const value = bytes * 8 + type * 2 + last;
  return [value % 256, Math.floor(value / 256) % 256, Math.floor(value / 65_536)];
}

describe("Zstandard without the codec of Node.js", () => {
  it("unpacks raw and repeated blocks, and what QEMU packed", () => {
    assert.deepEqual([...unzstd(Uint8Array.of(...HEADER, ...block(0, 3), 1, 2, 3), CLUSTER)], [1, 2, 3]);
    assert.deepEqual(unzstd(Uint8Array.of(...HEADER, ...block(1, 5000), 9), CLUSTER), new Uint8Array(5000).fill(9));
    assert.equal(unzstd(frameOf(), CLUSTER).length, CLUSTER);
  });

  const sized = (bytes: number): number[] => [
    ...MAGIC,
    0xa0,
    bytes % 256,
    Math.floor(bytes / 256) % 256,
    Math.floor(bytes / 65_536),
    0,
  ];
  for (const [what, bytes] of Object.entries({
    nothing: [],
    "another magic": [1, 2, 3, 4, 5, 6, 7, 8, 9],
    "a header that is cut off": [...MAGIC, 0],
    "a block that is cut off": [...HEADER, ...block(0, 300), 1],
    "a window of terabytes": [...MAGIC, 0, 255, ...block(0, 0)],
    "a dictionary": [...MAGIC, 1, 48, 7, ...block(0, 0)],
    "more than its cluster, as it says": [...sized(CLUSTER + 1), ...block(1, 1), 0],
    "more than its cluster, in one repeated byte": [...HEADER, ...block(1, CLUSTER + 1), 0],
    "more than its cluster, in blocks": [...HEADER, ...block(1, 60_000, 0), 0, ...block(1, 60_000), 0],
    "more matches than its cluster can hold": [...HEADER, ...block(2, 8), 0, 255, 255, 255, 0x54, 0, 0, 0],
    "more literals than its cluster can hold": [...HEADER, ...block(2, 6), 0x0d, 0, 0xff, 0xff, 0, 0, 0],
    "thousands of empty blocks": [
      ...HEADER,
      ...Array.from({ length: 5000 }, () => block(0, 0, 0)).flat(),
      ...block(0, 0),
    ],
  })) {
    it(`refuses a frame with ${what}, in no time`, () => {
      const started = performance.now();
      assert.throws(() => unzstd(Uint8Array.from(bytes), CLUSTER));
      assert.ok(performance.now() - started < 1000);
    });
  }

  it("gives up on a frame whose matches are far longer than its cluster, and goes on with the next", () => {
    const endless = new Uint8Array(readFileSync("test/fixtures/fuzz/qcow2-zstd/50c5b41a1682.bin"));
    const started = performance.now();
    assert.throws(() => unzstd(endless, CLUSTER));
    assert.ok(performance.now() - started < 2000);
    assert.equal(unzstd(frameOf(), CLUSTER).length, CLUSTER);
  });

  it("ends for every frame that is damaged in one byte, within the cluster's size or with an error", () => {
    const frame = frameOf();
    for (let i = 0; i < frame.length; i++) {
      for (const value of [0, 0xff, ((frame[i] as number) + 1) % 256]) {
        const damaged = frame.slice();
        damaged[i] = value;
        try {
          assert.ok(unzstd(damaged, CLUSTER).length <= CLUSTER);
        } catch (error) {
          assert.ok(error instanceof Error);
        }
      }
    }
  });
});
