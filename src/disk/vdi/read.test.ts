import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { it } from "node:test";
import { diskContext } from "../../../test/support/disks.js";
import { diskFileBytes, diskFixtures } from "../../../test/support/fixtures.js";
import { MIB, viewOf } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import { NIL_GUID } from "../../base/guid.js";
import { memorySource } from "../../io/sources/memory.js";
import { SparseBytes, sparseSource } from "../../io/testing/sparse-bytes.js";
import type { VirtualDisk } from "../model.js";
import { readGuest } from "../read.js";
import { checkReads, lawfulExtents } from "../testing/laws.js";
import { BLOCK_FREE, BLOCK_ZERO } from "./blocks.js";
import { serializeVdiHeader, type VdiHeader } from "./header.js";
import { openVdi } from "./read.js";

const ID = "01234567-89ab-4cde-8f01-23456789abcd";
const PARENT = "76543210-89ab-4cde-8f01-23456789abcd";
const BLOCK = 4096;

/** An image of blocks of 4 KiB with a map given. Block `n` of the data area is filled with `n + 1`. */
function craft(map: readonly number[], change: Partial<VdiHeader> = {}): SparseBytes {
  const header: VdiHeader = {
    variant: "dynamic",
    comment: "",
    mapAt: 512,
    dataAt: MIB,
    size: map.length * BLOCK,
    blockBytes: BLOCK,
    extraBytes: 0,
    blocks: map.length,
    allocated: 0,
    ids: { create: ID, modify: ID, link: NIL_GUID, parentModify: NIL_GUID },
    ...change,
  };
  const file = new SparseBytes();
  file.write(0, serializeVdiHeader(header));
  const bytes = new Uint8Array(map.length * 4);
  for (const [i, entry] of map.entries()) viewOf(bytes).setUint32(4 * i, entry, true);
  file.write(header.mapAt, bytes);
  for (const index of map) {
    if (index >= BLOCK_ZERO) continue;
    const at = header.dataAt + index * (BLOCK + header.extraBytes) + header.extraBytes;
    file.write(at, new Uint8Array(BLOCK).fill(index + 1));
  }
  return file;
}

const open = (file: SparseBytes, ctx = diskContext()): Promise<VirtualDisk> =>
  openVdi(sparseSource(file, "x.vdi"), ctx);

/** The first byte of each block. */
async function blocksOf(disk: VirtualDisk): Promise<readonly number[]> {
  const bytes = await readGuest(disk, { offset: 0, length: disk.info.size }, diskContext());
  return Array.from({ length: bytes.length / BLOCK }, (_, i) => bytes[i * BLOCK] as number);
}

async function codeOf(run: Promise<unknown>): Promise<string> {
  try {
    await run;
  } catch (error) {
    if (error instanceof FerryError) return error.code;
    throw error;
  }
  return "nothing was thrown";
}

it("reads what qemu-img made, dynamic and static, as qemu-img reads it", async () => {
  const fixtures = (await diskFixtures()).filter(({ format }) => format === "vdi");
  assert.deepEqual(fixtures.map(({ variant }) => variant).sort(), ["dynamic", "static"]);
  for (const { variant, files, capacityBytes, guestSha256 } of fixtures) {
    const [file] = files;
    assert.ok(file !== undefined);
    const disk = await openVdi(memorySource(await diskFileBytes(file), file.name), diskContext());
    assert.deepEqual([disk.info.variant, disk.info.size], [variant, capacityBytes]);
    const bytes = await readGuest(disk, { offset: 0, length: capacityBytes }, diskContext());
    assert.equal(createHash("sha256").update(bytes).digest("hex"), guestSha256, variant);
  }
});

it("finds blocks in any order, and merges those that lie behind each other", async () => {
  const disk = await open(craft([3, 0, 1, BLOCK_FREE, BLOCK_ZERO, 2]));
  assert.deepEqual(await blocksOf(disk), [4, 1, 2, 0, 0, 3]);
  assert.deepEqual(await lawfulExtents(disk), [
    { offset: 0, length: 3 * BLOCK, kind: "data" },
    { offset: 3 * BLOCK, length: 2 * BLOCK, kind: "zero" },
    { offset: 5 * BLOCK, length: BLOCK, kind: "data" },
  ]);
  assert.equal((await disk.reads({ offset: 0, length: disk.info.size })).length, 3);
  for (const range of [
    { offset: 100, length: 6 * BLOCK - 200 },
    { offset: 2 * BLOCK + 1, length: BLOCK },
  ]) {
    await checkReads(disk, range);
  }
});

it("skips the bytes that stand before each block", async () => {
  const disk = await open(craft([1, 2, 0], { extraBytes: 512 }));
  assert.deepEqual(await blocksOf(disk), [2, 3, 1]);
});

it("tells the parent's blocks from zeros in a differencing image", async () => {
  const ids = { create: ID, modify: ID, link: PARENT, parentModify: PARENT };
  const disk = await open(craft([BLOCK_FREE, BLOCK_ZERO, 0, BLOCK_FREE], { variant: "differencing", ids }));
  assert.deepEqual(disk.info.parent, { name: null, identity: PARENT });
  assert.equal(disk.info.identity, ID);
  assert.deepEqual(
    (await lawfulExtents(disk)).map(({ kind }) => kind),
    ["absent", "zero", "data", "absent"],
  );
});

it("takes the holes of a static image's file for zeros", async () => {
  const file = craft([0, 1, 2, 3], { variant: "static" });
  const holes = craft([], { variant: "static", size: 4 * BLOCK, blocks: 4 });
  holes.write(512, file.read(512, 16));
  holes.write(MIB + BLOCK, new Uint8Array(BLOCK).fill(2));
  holes.truncate(MIB + 4 * BLOCK);
  const disk = await open(holes);
  assert.deepEqual(
    (await lawfulExtents(disk)).map(({ kind, length }) => [kind, length / BLOCK]),
    [
      ["zero", 1],
      ["data", 1],
      ["zero", 2],
    ],
  );
});

it("walks runs across pages of the map, on the way there and again", async () => {
  const many = 3 * 16_384;
  const map = Array.from({ length: many }, () => BLOCK_FREE);
  for (let i = 100; i < 200; i++) map[i] = i - 100;
  for (let i = 16_384; i < 2 * 16_384 + 5; i++) map[i] = i - 16_384 + 100;
  const disk = await open(craft(map));
  const expected = [
    { offset: 0, length: 100 * BLOCK, kind: "zero" },
    { offset: 100 * BLOCK, length: 100 * BLOCK, kind: "data" },
    { offset: 200 * BLOCK, length: (16_384 - 200) * BLOCK, kind: "zero" },
    { offset: 16_384 * BLOCK, length: (16_384 + 5) * BLOCK, kind: "data" },
    { offset: (2 * 16_384 + 5) * BLOCK, length: (16_384 - 5) * BLOCK, kind: "zero" },
  ];
  for (let round = 0; round < 2; round++) assert.deepEqual(await lawfulExtents(disk), expected);
  const middle = { offset: (16_384 + 7) * BLOCK, length: 16_384 * BLOCK };
  assert.deepEqual(
    (await lawfulExtents(disk, middle)).map(({ length }) => length / BLOCK),
    [16_384 - 2, 2],
  );
  const [op] = await disk.reads({ offset: (16_384 + 7) * BLOCK, length: BLOCK });
  assert.equal(op?.table[0], MIB + 107 * BLOCK);
});

it("refuses a map or a block past the end of the file, and blocks and maps above the limits", async () => {
  const cut = craft([0, 1]);
  cut.truncate(MIB + BLOCK);
  assert.equal(
    await codeOf(readGuest(await open(cut), { offset: BLOCK, length: 512 }, diskContext())),
    "vdi/bad-block",
  );
  const far = craft([0xfffffffd]);
  far.truncate(2 * MIB);
  assert.equal(await codeOf(readGuest(await open(far), { offset: 0, length: 512 }, diskContext())), "vdi/bad-block");
  assert.equal(await codeOf(open(craft([], { blocks: 300_000 }))), "vdi/bad-map");
  assert.equal(await codeOf(open(craft([], { blocks: 0xffffffff }))), "io/limit");
  assert.equal(await codeOf(open(craft([0], { blockBytes: 2 ** 31 }))), "io/limit");
});
