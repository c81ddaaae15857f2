import assert from "node:assert/strict";
import { it } from "node:test";
import { qcow2Bytes } from "../../../test/support/qcow2.js";
import { parseQcow2Header } from "./header.js";
import { zstdClusterKernel, zstdFrameBytes } from "./kernel.js";
import { parseL2Table } from "./tables.js";

/** The compressed clusters of the zstd fixture, with the bytes that follow them up to the end of their last sector. */
async function storedClusters(): Promise<readonly Uint8Array[]> {
  const bytes = await qcow2Bytes("zstd.qcow2");
  const view = new DataView(bytes.buffer);
  const header = parseQcow2Header(bytes.subarray(0, 65_536), "zstd.qcow2");
  const l2At = Number(view.getBigUint64(header.l1Offset) % 2n ** 56n);
  const { places, packedBytes } = parseL2Table(bytes.subarray(l2At, l2At + 65_536), header);
  const stored: Uint8Array[] = [];
  for (const [i, length] of (packedBytes ?? []).entries()) {
    if (length > 0) stored.push(bytes.subarray(places[i], (places[i] as number) + length));
  }
  return stored;
}

it("finds the end of a Zstandard frame among the bytes of its sectors", async () => {
  const stored = await storedClusters();
  assert.ok(stored.length > 2);
  for (const cluster of stored) {
    const length = zstdFrameBytes(cluster);
    assert.ok(
      length > 12 && length <= cluster.length && cluster.length - length < 1024,
      `${length} of ${cluster.length}`,
    );
    assert.equal(zstdClusterKernel.payload(cluster).length, length);
    assert.equal(zstdFrameBytes(cluster.subarray(0, length)), length);
    assert.throws(() => zstdFrameBytes(cluster.subarray(0, length - 1)), { code: "qcow2/bad-cluster" });
  }
});

it("refuses what is no Zstandard frame", () => {
  for (const bytes of [new Uint8Array(0), new Uint8Array(4), new Uint8Array(64), new Uint8Array(64).fill(0x28)]) {
    assert.throws(() => zstdFrameBytes(bytes), { code: "qcow2/bad-cluster" });
  }
});

it("follows raw, repeated and compressed blocks, and counts the checksum", () => {
  // Magic, descriptor: single segment, checksum, content size in a byte; a raw block of 3, a repeated byte, then the last, empty.
  const frame = [
    0x28,
    0xb5,
    0x2f,
    0xfd,
    0x24,
    9,
    3 * 8,
    0,
    0,
    1,
    2,
    3,
    6 * 8 + 2,
    0,
    0,
    7,
    1,
    0,
    0,
    0xaa,
    0xbb,
    0xcc,
    0xdd,
  ];
  assert.equal(zstdFrameBytes(Uint8Array.from([...frame, 1, 2, 3])), frame.length);
});
