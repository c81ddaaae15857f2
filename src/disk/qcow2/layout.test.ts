import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { viewOf } from "../../base/bytes.js";
import { UnitRuns } from "../extents.js";
import { parseQcow2Header, serializeQcow2Header } from "./header.js";
import {
  BLOCK_ENTRIES,
  CLUSTER,
  fullRefcountBlocks,
  L2_SPAN,
  putCompressedEntry,
  putEntry,
  refcountLayout,
  tablesOf,
} from "./layout.js";
import { PIECE, parseL2Table } from "./tables.js";

const header = parseQcow2Header(
  serializeQcow2Header({
    clusterBits: 16,
    size: 0,
    l1Entries: 0,
    l1Offset: 0,
    refcountTableOffset: 0,
    refcountTableClusters: 0,
    backing: null,
    compression: "deflate",
  }),
  "x.qcow2",
);

describe("QCOW2 layout", () => {
  it("counts the clusters of reference counts among what they count", () => {
    for (const others of [0, 1, BLOCK_ENTRIES - 3, BLOCK_ENTRIES - 2, BLOCK_ENTRIES - 1, 1e6, 1e9]) {
      const { tableClusters, blocks } = refcountLayout(others);
      assert.ok(blocks * BLOCK_ENTRIES >= others + tableClusters + blocks, `${others} others`);
      assert.ok((blocks - 1) * BLOCK_ENTRIES < others + tableClusters + blocks, `${others} others: a block too many`);
      assert.ok(tableClusters * (CLUSTER / 8) >= blocks);
    }
  });

  it("writes a count of one for every cluster of the file and zero behind them", () => {
    const blocks = [...fullRefcountBlocks(2, BLOCK_ENTRIES + 5)].map((block) => block.slice());
    assert.equal(blocks.length, 2);
    assert.ok(blocks[0]?.every((byte, i) => byte === i % 2));
    assert.ok(blocks[1]?.every((byte, i) => byte === (i < 10 ? i % 2 : 0)));
  });

  it("names each L2 table once, in order, for runs that share and span them", () => {
    const runs = new UnitRuns(CLUSTER);
    runs.add(0, CLUSTER);
    runs.add(3 * CLUSTER, CLUSTER);
    runs.add(2 * L2_SPAN - CLUSTER, 2 * L2_SPAN);
    runs.add(1000 * L2_SPAN, CLUSTER);
    assert.deepEqual([...tablesOf(runs)], [0, 1, 2, 3, 1000]);
  });

  it("stores entries that reading gives back, at places above 4 GiB too", () => {
    const bytes = new Uint8Array(CLUSTER);
    const view = viewOf(bytes);
    const far = 5 * 2 ** 40 + 3 * CLUSTER;
    putEntry(view, 0, 7 * CLUSTER);
    putEntry(view, 1, far);
    putCompressedEntry(view, 3, far + 1, 1);
    putCompressedEntry(view, 4, far + 511, 514);
    putCompressedEntry(view, 5, far, CLUSTER);
    const table = parseL2Table(bytes, header);
    assert.deepEqual([...table.kinds.subarray(0, 6)], [2, 2, 0, 3, 3, 3]);
    assert.deepEqual([...table.places.subarray(0, 6)], [7 * CLUSTER, far, 0, far + 1, far + 511, far]);
    assert.deepEqual([...(table.packedBytes ?? []).slice(3, 6)], [511, 1025, CLUSTER]);
  });
});

describe("QCOW2 L2 tables", () => {
  it("takes bit 0 for zeros in version 3, and not in version 2", () => {
    const bytes = new Uint8Array(CLUSTER);
    viewOf(bytes).setBigUint64(0, BigInt(CLUSTER) + 1n);
    viewOf(bytes).setBigUint64(8, 1n);
    assert.deepEqual([...parseL2Table(bytes, header).kinds.subarray(0, 2)], [PIECE.zero, PIECE.zero]);
    const version2 = parseL2Table(bytes, { ...header, version: 2 });
    assert.deepEqual([...version2.kinds.subarray(0, 2)], [PIECE.plain, PIECE.absent]);
    assert.equal(version2.places[0], CLUSTER);
  });

  it("tells the first cluster of an external data file from an unallocated one", () => {
    const bytes = new Uint8Array(CLUSTER);
    viewOf(bytes).setBigUint64(0, 2n ** 63n);
    assert.equal(parseL2Table(bytes, header).kinds[0], PIECE.absent);
    assert.equal(parseL2Table(bytes, { ...header, externalData: true }).kinds[0], PIECE.plain);
  });

  it("reads the states of 32 subclusters, zeros before stored ones", () => {
    const bytes = new Uint8Array(CLUSTER);
    viewOf(bytes).setBigUint64(16, BigInt(9 * CLUSTER));
    viewOf(bytes).setUint32(16 + 8, 0x8000_0001);
    viewOf(bytes).setUint32(16 + 12, 0x0000_0003);
    const table = parseL2Table(bytes, { ...header, extendedL2: true });
    assert.equal(table.kinds.length, (CLUSTER / 16) * 32);
    const second = [...table.kinds.subarray(32, 64)];
    assert.deepEqual(
      [second[0], second[1], second[2], second[31]],
      [PIECE.zero, PIECE.plain, PIECE.absent, PIECE.zero],
    );
    assert.equal(table.places[1], 9 * CLUSTER);
  });
});
