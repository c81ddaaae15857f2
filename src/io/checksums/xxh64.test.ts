import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { toHex } from "../../base/bytes.js";
import { xxh64 } from "./xxh64.js";

/** The same by the specification's words, with BigInt, for comparison. */
function plain(bytes: Uint8Array): string {
  const M = 2n ** 64n - 1n;
  const [p1, p2, p3, p4, p5] = [
    0x9e3779b185ebca87n,
    0xc2b2ae3d27d4eb4fn,
    0x165667b19e3779f9n,
    0x85ebca77c2b2ae63n,
    0x27d4eb2f165667c5n,
  ] as const;
  const rotl = (x: bigint, r: bigint): bigint => ((x << r) | (x >> (64n - r))) & M;
  const word = (at: number, length: number): bigint => {
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[at + i] as number);
    return value;
  };
  const round = (acc: bigint, input: bigint): bigint => (rotl((acc + input * p2) & M, 31n) * p1) & M;
  let hash: bigint = p5;
  let at = 0;
  if (bytes.length >= 32) {
    const lanes: bigint[] = [(p1 + p2) & M, p2, 0n, -p1 & M];
    for (; at + 32 <= bytes.length; at += 32) {
      for (let i = 0; i < 4; i++) lanes[i] = round(lanes[i] as bigint, word(at + 8 * i, 8));
    }
    const [a = 0n, b = 0n, c = 0n, d = 0n] = lanes;
    hash = (rotl(a, 1n) + rotl(b, 7n) + rotl(c, 12n) + rotl(d, 18n)) & M;
    for (const lane of lanes) hash = ((hash ^ round(0n, lane)) * p1 + p4) & M;
  }
  hash = (hash + BigInt(bytes.length)) & M;
  for (; at + 8 <= bytes.length; at += 8) hash = (rotl(hash ^ round(0n, word(at, 8)), 27n) * p1 + p4) & M;
  if (at + 4 <= bytes.length) {
    hash = (rotl(hash ^ ((word(at, 4) * p1) & M), 23n) * p2 + p3) & M;
    at += 4;
  }
  for (; at < bytes.length; at++) hash = (rotl(hash ^ ((word(at, 1) * p5) & M), 11n) * p1) & M;
  hash = ((hash ^ (hash >> 33n)) * p2) & M;
  hash = ((hash ^ (hash >> 29n)) * p3) & M;
  return (hash ^ (hash >> 32n)).toString(16).padStart(16, "0");
}

describe("XXH64", () => {
  it("gives the sums of the reference implementation (xxhsum)", () => {
    const sum = (text: string): string => toHex(xxh64(new TextEncoder().encode(text)));
    assert.equal(sum(""), "ef46db3751d8e999");
    assert.equal(sum("a"), "d24ec4f1a98c6e5b");
    assert.equal(sum("abc"), "44bc2cf5ad770999");
    assert.equal(sum("Nobody inspects the spammish repetition"), "fbcea83c8a378bf1");
  });

  it("agrees with the specification for every length, anywhere in a buffer", () => {
    const bytes = Uint8Array.from({ length: 400 }, (_, i) => (i * i * 13 + i * 7 + 200) % 256);
    for (let length = 0; length < 300; length++) {
      const part = bytes.subarray(length % 9, (length % 9) + length);
      assert.equal(toHex(xxh64(part)), plain(part), String(length));
    }
  });
});
