import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32c } from "./crc32c.js";

// RFC 3720, appendix B.4.
const vectors: readonly [name: string, bytes: Uint8Array, sum: number][] = [
  ["32 bytes of zeros", new Uint8Array(32), 0x8a9136aa],
  ["32 bytes of ones", new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ["32 bytes that ascend", Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
  ["32 bytes that descend", Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
  ["the digits from 1 to 9", new TextEncoder().encode("123456789"), 0xe3069283],
  ["no bytes", new Uint8Array(0), 0],
];

for (const [name, bytes, sum] of vectors) {
  test(`gives the published CRC-32C of ${name}`, () => {
    assert.equal(crc32c(bytes), sum);
  });
}

test("a sum in two parts is the sum of the whole, wherever the cut is", () => {
  const bytes = Uint8Array.from({ length: 61 }, (_, i) => (i * 37) % 256);
  for (let cut = 0; cut <= bytes.length; cut++) {
    assert.equal(crc32c(bytes.subarray(cut), crc32c(bytes.subarray(0, cut))), crc32c(bytes));
  }
});
