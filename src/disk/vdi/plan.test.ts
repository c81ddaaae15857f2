import assert from "node:assert/strict";
import { it } from "node:test";
import { diskContext } from "../../../test/support/disks.js";
import { MIB, viewOf } from "../../base/bytes.js";
import { SparseBytes, sparseSource } from "../../io/testing/sparse-bytes.js";
import { shapeOf } from "../extents.js";
import type { WritePlan } from "../model.js";
import { openRaw } from "../raw/read.js";
import { BLOCK_FREE } from "./blocks.js";
import { parseVdiHeader } from "./header.js";
import { planVdi } from "./plan.js";

/** Twenty thousand blocks and a sector, with data in blocks 0, 1, 16,383, 16,384 and the last. */
function image(): SparseBytes {
  const bytes = new SparseBytes(20_000 * MIB + 512);
  for (const block of [0, 1, 16_383, 16_384, 20_000]) bytes.write(block * MIB, Uint8Array.of(1));
  return bytes;
}

function plan(name: string, variant: string): Promise<WritePlan> {
  return planVdi(shapeOf(openRaw(sparseSource(image(), "image"))), { name, variant }, diskContext());
}

function fixedBytes(plan: WritePlan): readonly Uint8Array[] {
  return [...plan.fixed].map(({ bytes }) => new Uint8Array(Buffer.concat([...bytes()].map((part) => part.slice()))));
}

it("places blocks in guest order, and maps every other one as free", async () => {
  const dynamic = await plan("d.vdi", "dynamic");
  const [head, map] = fixedBytes(dynamic);
  assert.ok(head !== undefined && map !== undefined);
  const header = parseVdiHeader(head, "d.vdi");
  assert.deepEqual([header.blocks, header.allocated, header.mapAt, header.dataAt], [20_001, 5, MIB, 2 * MIB]);
  const entries = Array.from({ length: header.blocks }, (_, i) => viewOf(map).getUint32(4 * i, true));
  assert.equal(map.length, 4 * header.blocks);
  assert.deepEqual(
    entries.flatMap((entry, block) => (entry === BLOCK_FREE ? [] : [[block, entry]])),
    [
      [0, 0],
      [1, 1],
      [16_383, 2],
      [16_384, 3],
      [20_000, 4],
    ],
  );
  assert.deepEqual(
    [...dynamic.segments].map(({ at, offset, length }) => [at, offset / MIB, length / MIB]),
    [
      [2 * MIB, 0, 2],
      [4 * MIB, 16_383, 2],
      [6 * MIB, 20_000, 1],
    ],
  );
  assert.deepEqual([...dynamic.files], [{ name: "d.vdi", size: 7 * MIB }]);
});

it("gives every block of a static image its place", async () => {
  const fixed = await plan("s.vdi", "static");
  const [head, map] = fixedBytes(fixed);
  assert.ok(head !== undefined && map !== undefined);
  assert.equal(parseVdiHeader(head, "s.vdi").allocated, 20_001);
  assert.ok(
    Array.from({ length: 20_001 }, (_, i) => viewOf(map).getUint32(4 * i, true)).every((entry, i) => entry === i),
  );
  assert.equal([...fixed.files][0]?.size, 2 * MIB + 20_001 * MIB);
});

it("derives identifiers from what is copied: the same for the same disk, others for another name", async () => {
  const ids = async (name: string): Promise<readonly string[]> => {
    const [head] = fixedBytes(await plan(name, "dynamic"));
    const { create, modify } = parseVdiHeader(head as Uint8Array, name).ids;
    assert.notEqual(create, modify);
    return [create, modify];
  };
  assert.deepEqual(await ids("a.vdi"), await ids("a.vdi"));
  assert.notDeepEqual(await ids("a.vdi"), await ids("b.vdi"));
});
