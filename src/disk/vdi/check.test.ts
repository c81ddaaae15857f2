import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checked, damage, fixture, guestSum, repaired } from "../../../test/support/damage.js";
import { viewOf } from "../../base/bytes.js";
import type { SparseBytes } from "../../io/testing/sparse-bytes.js";
import { vdi } from "./format.js";

/** Fields of the header (VirtualBox, VDICore.h), by their offsets in the file. */
const FIELD = { mapAt: 340, dataAt: 344, size: 368, blocks: 384, allocated: 388, id: 392, type: 76 } as const;

const word = (file: SparseBytes, at: number): number => viewOf(file.read(at, 4)).getUint32(0, true);
/** Where qemu-img puts the map. */
const mapAt = (file: SparseBytes): number => word(file, FIELD.mapAt);

/** Six blocks as qemu-img wrote them. */
const dynamic = (): Promise<SparseBytes> => fixture("vdi-dynamic");

describe("VDI check", () => {
  it("finds nothing in what qemu-img wrote, and mends nothing", async () => {
    for (const id of ["vdi-dynamic", "vdi-static"]) {
      const file = await fixture(id);
      assert.deepEqual(await checked(vdi, file), [], id);
      assert.deepEqual((await repaired(vdi, file)).plan, { patches: [], fileBytes: null, mended: [], left: [] });
    }
  });

  const damaged: readonly [what: string, findings: readonly string[], change: (file: SparseBytes) => void][] = [
    ["another type", ["error vdi/bad-header"], (file) => damage(file, FIELD.type, 9)],
    ["another version", ["error vdi/unknown-version"], (file) => damage(file, 68, 0x20000)],
    [
      "a map past the end of the file",
      ["error vdi/overlap", "error vdi/bad-map"],
      (file) => damage(file, FIELD.mapAt, file.size - 8),
    ],
    [
      "a map over the header",
      ["error vdi/overlap", "warning vdi/allocated-count"],
      (file) => {
        damage(file, 432, new Uint8Array(24).fill(0xff));
        damage(file, FIELD.mapAt, 432);
      },
    ],
    ["blocks within the map", ["error vdi/overlap"], (file) => damage(file, FIELD.dataAt, mapAt(file) + 4)],
    [
      "a block past the end of the file",
      ["error vdi/bad-block", "warning vdi/allocated-count"],
      (file) => damage(file, mapAt(file) + 4 * lastStored(file).block, 0x10000),
    ],
    [
      "two blocks at one place",
      ["error vdi/shared-block"],
      (file) => damage(file, mapAt(file) + 4 * firstFree(file), 0),
    ],
    ["too few counted", ["error vdi/allocated-count"], (file) => damage(file, FIELD.allocated, 1)],
    ["too many counted", ["warning vdi/allocated-count"], (file) => damage(file, FIELD.allocated, 6)],
    ["no identifier", ["warning vdi/no-id"], (file) => damage(file, FIELD.id, new Uint8Array(16))],
    ["bytes behind its end", ["info vdi/trailing-bytes"], (file) => file.truncate(file.size + 4096)],
    [
      "a stored block that the map lost",
      ["info vdi/leaked-blocks"],
      (file) => damage(file, mapAt(file) + 4 * firstStored(file), 0xffffffff),
    ],
    ["blocks past the disk's end", ["warning vdi/block-count"], (file) => damage(file, FIELD.size, 4 * 2 ** 20)],
    [
      "the end of the file cut off",
      ["error vdi/bad-block", "warning vdi/allocated-count"],
      (file) => file.truncate(file.size - 2 ** 20),
    ],
  ];
  for (const [what, findings, change] of damaged) {
    it(`finds ${what}`, async () => {
      const file = await dynamic();
      change(file);
      assert.deepEqual(await checked(vdi, file), findings);
    });
  }

  it("finds every wrong entry, and a plan shows twenty of a kind and counts the others", async () => {
    const file = await dynamic();
    const blocks = 100;
    damage(file, FIELD.blocks, blocks);
    damage(file, FIELD.size, blocks * 2 ** 20);
    // A map of its own behind everything, all of it wrong.
    const at = file.size;
    damage(file, FIELD.mapAt, at);
    damage(file, at, new Uint8Array(4 * blocks).fill(0x77));
    const wrong = (await checked(vdi, file)).filter((finding) => finding === "error vdi/bad-block");
    assert.equal(wrong.length, blocks);
    const { plan } = await repaired(vdi, file);
    assert.equal(plan.left.filter(({ code }) => code === "vdi/bad-block").length, 20);
    const more = plan.left.find(({ code }) => code === "disk/more-findings");
    assert.deepEqual([more?.severity, more?.data], ["error", { code: "vdi/bad-block", count: 80 }]);
  });
});

describe("VDI repair", () => {
  it("mends the count of stored blocks, and the guest reads what it read", async () => {
    for (const count of [0, 1, 6]) {
      const file = damage(await dynamic(), FIELD.allocated, count);
      const before = await guestSum(vdi, file);
      const { file: after, mended, left } = await repaired(vdi, file);
      assert.deepEqual([mended, left], [["vdi/allocated-count"], []]);
      assert.deepEqual(await checked(vdi, after), []);
      assert.equal(await guestSum(vdi, after), before);
      assert.equal(word(after, FIELD.allocated), word(await dynamic(), FIELD.allocated));
    }
  });

  it("mends the number of blocks where the map shows it", async () => {
    const whole = await dynamic();
    for (const [blocks, code] of [
      [5, "vdi/bad-header"],
      [8, "vdi/block-count"],
    ] as const) {
      const file = damage(await dynamic(), FIELD.blocks, blocks);
      // qemu-img fills its map to the end of the sector with free entries.
      damage(file, mapAt(file) + 24, new Uint8Array(8).fill(0xff));
      const { file: after, mended, left } = await repaired(vdi, file);
      assert.deepEqual([mended, left], [[code], []]);
      assert.equal(word(after, FIELD.blocks), word(whole, FIELD.blocks));
      assert.equal(await guestSum(vdi, after), await guestSum(vdi, whole));
    }
  });

  it("leaves what has no one right answer, and says so", async () => {
    const shared = await dynamic();
    damage(shared, mapAt(shared) + 4 * firstFree(shared), 0);
    const short = damage(await dynamic(), FIELD.blocks, 3);
    damage(short, FIELD.allocated, 9);
    for (const [file, code] of [
      [shared, "vdi/shared-block"],
      [short, "vdi/bad-header"],
    ] as const) {
      const { plan, left } = await repaired(vdi, file);
      assert.deepEqual([plan.patches, plan.mended, left], [[], [], [code]]);
    }
  });
});

function entries(file: SparseBytes): readonly number[] {
  return Array.from({ length: word(file, FIELD.blocks) }, (_, block) => word(file, mapAt(file) + 4 * block));
}

function firstFree(file: SparseBytes): number {
  return entries(file).findIndex((entry) => entry >= 0xfffffffe);
}

/** The block at place 0. */
function firstStored(file: SparseBytes): number {
  return entries(file).indexOf(0);
}

/** The block at the highest place. */
function lastStored(file: SparseBytes): { readonly block: number } {
  const places = entries(file).map((entry) => (entry >= 0xfffffffe ? -1 : entry));
  return { block: places.indexOf(Math.max(...places)) };
}
