import assert from "node:assert/strict";
import { test } from "node:test";
import { diskContext } from "../../../test/support/disks.js";
import { craftSeSparse, descriptorText, SE_PLACES, wordsOf } from "../../../test/support/vmdk.js";
import { SECTOR } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import { memorySource } from "../../io/sources/memory.js";
import { type SparseBytes, sparseSource } from "../../io/testing/sparse-bytes.js";
import type { VirtualDisk } from "../model.js";
import { readGuest } from "../read.js";
import { checkReads, lawfulExtents } from "../testing/laws.js";
import { openVmdk } from "./read.js";

const GRAIN = 4096;
/** Three tables and a half. */
const SECTORS = 3 * 32_768 + 16_384;
const filled = (value: number): Uint8Array => new Uint8Array(GRAIN).fill(value);
const GRAINS = {
  0: filled(1),
  1: filled(2),
  2: "zero",
  3: "unmapped",
  5: filled(3),
  8192: filled(4),
  14335: filled(5),
} as const;

function open(file: SparseBytes, settings: readonly string[] = [], ctx = diskContext()): Promise<VirtualDisk> {
  const text = descriptorText([`RW ${SECTORS} SESPARSE "x-sesparse.vmdk"`], ['createType="seSparse"', ...settings]);
  const resolver = { open: async () => sparseSource(file, "x-sesparse.vmdk") };
  return openVmdk(memorySource(new TextEncoder().encode(text), "x.vmdk"), resolver, ctx);
}

async function codeOf(file: SparseBytes, ctx = diskContext()): Promise<string | null> {
  try {
    const disk = await open(file, [], ctx);
    await readGuest(disk, { offset: 0, length: 9 * GRAIN }, ctx);
    return null;
  } catch (error) {
    assert.ok(error instanceof FerryError, String(error));
    return error.code;
  }
}

test("a space-efficient delta is read through its descriptor: grains, zeros, unmapped ones, and what is the parent's", async () => {
  const disk = await open(craftSeSparse(SECTORS, GRAINS), ["parentCID=12341234", 'parentFileNameHint="x.vmdk"']);
  assert.deepEqual([disk.info.variant, disk.info.blockSize], ["seSparse", GRAIN]);
  assert.deepEqual(disk.info.parent, { name: "x.vmdk", identity: "12341234" });
  assert.deepEqual(
    (await lawfulExtents(disk)).map(({ kind, length }) => `${kind} ${length / GRAIN}`),
    ["data 2", "zero 2", "absent 1", "data 1", "absent 8186", "data 1", "absent 6142", "data 1"],
  );
  await checkReads(disk, { offset: 100, length: 7 * GRAIN });
});

test("grains are found wherever their number puts them, and read as they are", async () => {
  for (const firstGrain of [0, 4090, 4096, 3 * 4096 + 7]) {
    const disk = await open(craftSeSparse(SECTORS, GRAINS, firstGrain));
    const bytes = async (grain: number): Promise<number | undefined> =>
      (await readGuest(disk, { offset: grain * GRAIN + 9, length: 1 }, diskContext()))[0];
    assert.deepEqual(await Promise.all([0, 1, 2, 3, 4, 5, 8192, 14_335].map(bytes)), [1, 2, 0, 0, 0, 3, 4, 5]);
  }
});

test("headers, tables and grains that lie are refused", async () => {
  const changed = (at: number, ...words: readonly number[]): SparseBytes => {
    const file = craftSeSparse(SECTORS, GRAINS);
    file.write(at, wordsOf(words));
    return file;
  };
  const table = (SE_PLACES.tables + 128) * SECTOR;
  for (const [what, file, code] of [
    ["another magic", changed(0, 1), "vmdk/bad-header"],
    ["another version", changed(8, 2), "vmdk/bad-header"],
    ["other grains", changed(24, 16), "vmdk/bad-header"],
    ["other tables", changed(32, 32), "vmdk/bad-header"],
    ["flags", changed(40, 1), "vmdk/bad-header"],
    ["a capacity beyond numbers", changed(16, 0, 2 ** 19), "vmdk/bad-header"],
    ["a capacity beyond its directory", changed(16, 2 ** 31), "vmdk/bad-header"],
    ["a volatile header past the end", changed(80, 2 ** 31), "vmdk/bad-header"],
    ["no volatile header", changed(SE_PLACES.volatile * SECTOR, 0), "vmdk/bad-header"],
    ["a journal", changed(SE_PLACES.volatile * SECTOR + 24, 1), "vmdk/journal"],
    ["a directory past the end", changed(128, 2 ** 31), "vmdk/bad-table"],
    ["an unknown directory entry", changed(SE_PLACES.directory * SECTOR, 0, 2 ** 29), "vmdk/bad-table"],
    ["a table past the tables", changed(SE_PLACES.directory * SECTOR, 99, 2 ** 28), "vmdk/bad-table"],
    ["an unknown grain", changed(table, 7, 0), "vmdk/bad-table"],
    ["a grain past the end", changed(table, 2 ** 31, 3 * 2 ** 28), "vmdk/bad-grain"],
  ] as const) {
    assert.equal(await codeOf(file), code, what);
  }
  const cut = craftSeSparse(SECTORS, GRAINS);
  cut.truncate(100);
  assert.equal(await codeOf(cut), "vmdk/bad-header");
  const limited = diskContext({ limits: { tableBytes: 16 } });
  assert.equal(await codeOf(craftSeSparse(SECTORS, GRAINS), limited), "io/limit");
  assert.equal(await codeOf(craftSeSparse(SECTORS, GRAINS)), null);
});

test("an extent smaller than its line is a finding, and the rest is zeros", async () => {
  const ctx = diskContext();
  const disk = await open(craftSeSparse(32_768, { 0: filled(1) }), [], ctx);
  assert.deepEqual(ctx.codes(), ["vmdk/capacity-disagrees"]);
  assert.deepEqual(
    (await lawfulExtents(disk)).map(({ kind }) => kind),
    ["data", "zero"],
  );
});
