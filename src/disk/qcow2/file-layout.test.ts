import assert from "node:assert/strict";
import { it } from "node:test";
import { diskContext } from "../../../test/support/disks.js";
import { diskFile } from "../../../test/support/packages.js";
import { viewOf } from "../../base/bytes.js";
import { memorySource } from "../../io/sources/memory.js";
import { lawfulLayout } from "../testing/laws.js";
import { layoutQcow2 } from "./file-layout.js";

const CLUSTER = 65_536;

const plain = await diskFile("qcow2", "uncompressed", {
  sectors: 4096,
  runs: [{ sector: 0, sectors: 512, content: "text" }],
});

/** Names and values behind a first change, of parts that `wanted` names. */
async function partsOf(bytes: Uint8Array): Promise<readonly (readonly [number, number, string])[]> {
  const parts = await lawfulLayout(layoutQcow2(memorySource(bytes, "x.qcow2"), diskContext()), bytes.length);
  return parts.map(({ offset, length, what }) => [offset / CLUSTER, length / CLUSTER, what]);
}

it("a QCOW2 image is header, tables, counts and clusters", async () => {
  assert.deepEqual(await partsOf(plain), [
    [0, 1, "header"],
    [1, 1, "L1 table"],
    [2, 1, "refcount table"],
    [3, 1, "refcount blocks"],
    [4, 1, "L2 tables"],
    [5, 4, "clusters"],
  ]);
});

it("clusters that are counted and not used have leaked, and those that are not counted are free", async () => {
  const bytes = new Uint8Array(plain.length + 3 * CLUSTER);
  bytes.set(plain);
  // The count of the second cluster behind the image (interop document, "Refcount block entry": 16 bits each).
  viewOf(bytes).setUint16(3 * CLUSTER + 2 * (plain.length / CLUSTER + 1), 1);
  assert.deepEqual((await partsOf(bytes)).slice(-3), [
    [9, 1, "free"],
    [10, 1, "leaked"],
    [11, 1, "free"],
  ]);
});

it("a header that cannot be used is thrown, as by opening", async () => {
  const bytes = new Uint8Array(plain);
  viewOf(bytes).setUint32(20, 40);
  await assert.rejects(partsOf(bytes), { code: "qcow2/bad-header" });
});
