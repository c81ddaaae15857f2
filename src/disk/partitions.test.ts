import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { diskContext } from "../../test/support/disks.js";
import { gpt, mbr, PROTECTIVE } from "../../test/support/guest.js";
import { SparseBytes, sparseSource } from "../io/testing/sparse-bytes.js";
import { listPartitions } from "./partitions.js";
import { openRaw } from "./raw/read.js";

const SECTOR = 512;

function diskOf(...parts: readonly (readonly [number, Uint8Array])[]): ReturnType<typeof openRaw> {
  const image = new SparseBytes(64 * 2 ** 20);
  for (const [at, bytes] of parts) image.write(at, bytes);
  return openRaw(sparseSource(image, "image"));
}

describe("partitions", () => {
  it("are listed from an MBR with place and length", async () => {
    const table = mbr([
      { type: 0x83, first: 2048, sectors: 4096, active: true },
      { type: 0xef, first: 8192, sectors: 100 },
    ]);
    assert.deepEqual(await listPartitions(diskOf([0, table]), diskContext()), [
      { number: 1, kind: "other", offset: 2048 * SECTOR, length: 4096 * SECTOR, active: true },
      { number: 2, kind: "esp", offset: 8192 * SECTOR, length: 100 * SECTOR, active: false },
    ]);
  });

  it("are listed from the GPT where the MBR protects one", async () => {
    const { header, table } = gpt([{ type: "esp", first: 2048, sectors: 1000 }], 2);
    const disk = diskOf([0, mbr([PROTECTIVE])], [SECTOR, header], [2 * SECTOR, table]);
    assert.deepEqual(await listPartitions(disk, diskContext()), [
      { number: 1, kind: "esp", offset: 2048 * SECTOR, length: 1000 * SECTOR, active: false },
    ]);
  });

  it("are none on a disk without a table, or shorter than one", async () => {
    assert.deepEqual(await listPartitions(diskOf(), diskContext()), []);
    const short = openRaw(sparseSource(new SparseBytes(0), "nothing"));
    assert.deepEqual(await listPartitions(short, diskContext()), []);
  });
});
