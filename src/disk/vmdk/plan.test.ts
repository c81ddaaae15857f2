import assert from "node:assert/strict";
import { test } from "node:test";
import { inflateSync } from "node:zlib";
import { diskContext } from "../../../test/support/disks.js";
import { diskFileBytes, diskFixtures } from "../../../test/support/fixtures.js";
import { GRAIN, type StreamPart, TABLE_SPAN, walkStream } from "../../../test/support/vmdk.js";
import { MIB, SECTOR, TIB, viewOf } from "../../base/bytes.js";
import { memorySource } from "../../io/sources/memory.js";
import { type MemoryFileSet, memoryFileSet } from "../../io/testing/memory-set.js";
import { SparseBytes, sparseSource } from "../../io/testing/sparse-bytes.js";
import { copyDisk } from "../copy.js";
import { shapeOf } from "../extents.js";
import type { DiskShape, VirtualDisk } from "../model.js";
import { openRaw } from "../raw/read.js";
import { vmdk } from "./format.js";
import { GD_AT_END, parseSparseHeader } from "./header.js";

const ctx = diskContext();

/** A disk that holds data at some offsets. */
function sparseDisk(size: number, offsets: readonly number[]): VirtualDisk {
  const image = new SparseBytes(size);
  for (const at of offsets) image.write(at, new TextEncoder().encode(`data at ${at}`));
  return openRaw(sparseSource(image, "image"));
}

async function write(from: VirtualDisk, variant: string, name = "disk.vmdk"): Promise<MemoryFileSet> {
  const plan = await vmdk.plan?.(shapeOf(from), { name, variant }, ctx);
  assert.ok(plan !== undefined);
  const set = memoryFileSet();
  await copyDisk(from, [{ plan, files: set }], ctx);
  return set;
}

function bytesOf(set: MemoryFileSet, name = "disk.vmdk"): Uint8Array {
  const file = set.files.get(name);
  assert.ok(file !== undefined, name);
  return file.read(0, file.size);
}

function textOf(set: MemoryFileSet, name = "disk.vmdk"): string {
  return new TextDecoder().decode(bytesOf(set, name));
}

/** A disk whose extents are only told, for plans that are never executed. */
function told(size: number, dataBytes: number): DiskShape {
  const { info } = openRaw(sparseSource(new SparseBytes(0), "image"));
  return {
    info: { ...info, size },
    extents: async function* () {
      yield { offset: 0, length: dataBytes, kind: "data" };
      if (size > dataBytes) yield { offset: dataBytes, length: size - dataBytes, kind: "zero" };
    },
  };
}

test("a stream has its parts in the order that one-pass readers need, and ends at its end-of-stream marker", async () => {
  const offsets = [0, 3 * GRAIN, TABLE_SPAN - 100, 2 * TABLE_SPAN, 4 * TABLE_SPAN + 5 * GRAIN];
  const size = 4 * TABLE_SPAN + 5 * GRAIN + SECTOR;
  const file = bytesOf(await write(sparseDisk(size, offsets), "streamOptimized"));
  const parts = walkStream(file);
  assert.deepEqual(
    parts.map(({ part }) => part).join(" "),
    "grain grain grain table grain table grain table directory footer end",
  );
  const end = parts.at(-1);
  assert.equal(file.length, (end?.at ?? 0) + SECTOR);

  const header = parseSparseHeader(file, "disk.vmdk", 0);
  assert.equal(header.directorySector, GD_AT_END);
  assert.equal(header.capacitySectors * SECTOR, Math.ceil(size / GRAIN) * GRAIN);
  const footerPart = parts.find(({ part }) => part === "footer");
  assert.ok(footerPart !== undefined && footerPart.part === "footer");
  const footer = parseSparseHeader(footerPart.bytes, "disk.vmdk", 0);
  assert.deepEqual({ ...footer, directorySector: GD_AT_END }, header);
  const directory = parts.find(({ part }) => part === "directory");
  assert.equal(footer.directorySector, ((directory?.at ?? 0) + SECTOR) / SECTOR);
});

test("the tables of a stream name each grain's marker, and a table without a grain does not exist", async () => {
  const file = bytesOf(await write(sparseDisk(5 * TABLE_SPAN, [7 * GRAIN, 3 * TABLE_SPAN]), "streamOptimized"));
  const parts = walkStream(file);
  const directory = parts.find((part) => part.part === "directory");
  assert.ok(directory !== undefined && directory.part === "directory");
  const entries = Array.from({ length: 5 }, (_, i) => viewOf(directory.bytes).getUint32(4 * i, true));
  assert.deepEqual(
    entries.map((entry) => entry !== 0),
    [true, false, false, true, false],
  );
  const found: [number, number][] = [];
  for (const [table, sector] of entries.entries()) {
    for (let i = 0; sector !== 0 && i < 512; i++) {
      const at = viewOf(file).getUint32(sector * SECTOR + 4 * i, true);
      if (at !== 0) found.push([table * TABLE_SPAN + i * GRAIN, at * SECTOR]);
    }
  }
  const grains = parts.filter((part): part is StreamPart & { part: "grain" } => part.part === "grain");
  assert.deepEqual(
    found,
    grains.map(({ guest, at }) => [guest, at]),
  );
});

test("grains of a stream pass unopened into another, but for a last one that was packed short", async () => {
  const fixture = (await diskFixtures()).find(({ id }) => id === "vmdk-stream");
  const [packed] = fixture?.files ?? [];
  assert.ok(fixture !== undefined && packed !== undefined);
  const source = new Uint8Array(await diskFileBytes(packed));
  const from = await vmdk.open({ bytes: memorySource(source, "in.vmdk") }, { open: async () => null }, ctx);
  const grains = walkStream(bytesOf(await write(from, "streamOptimized"))).filter(
    (part): part is StreamPart & { part: "grain" } => part.part === "grain",
  );
  // qemu-img packs 3584 bytes there: what exists of the disk.
  const last = grains.pop();
  assert.ok(last !== undefined);
  assert.equal(inflateSync(last.payload).length, GRAIN);
  assert.equal(grains.length, 4);
  for (const { payload } of grains) assert.ok(Buffer.from(source).includes(Buffer.from(payload)));
});

test("a sparse disk keeps all its tables twice, in front of the grains, and each grain in its planned place", async () => {
  const size = 3 * TABLE_SPAN;
  const set = await write(sparseDisk(size, [GRAIN, 2 * GRAIN, 2 * TABLE_SPAN + 9 * GRAIN]), "monolithicSparse");
  const file = bytesOf(set);
  const view = viewOf(file);
  const header = parseSparseHeader(file, "disk.vmdk", 0);
  const { directorySector, redundantDirectorySector, overheadSectors } = header;
  assert.ok(directorySector !== GD_AT_END);
  assert.ok(header.flags.redundantDirectory);
  assert.equal(overheadSectors % 128, 0);
  assert.equal(file.length, overheadSectors * SECTOR + 3 * GRAIN);
  for (const directory of [redundantDirectorySector, directorySector]) {
    const found: [number, number][] = [];
    for (let table = 0; table < 3; table++) {
      const sector = view.getUint32(directory * SECTOR + 4 * table, true);
      assert.equal(sector, directory + 1 + 4 * table);
      for (let i = 0; i < 512; i++) {
        const at = view.getUint32(sector * SECTOR + 4 * i, true);
        if (at !== 0) found.push([table * 512 + i, at]);
      }
    }
    assert.deepEqual(found, [
      [1, overheadSectors],
      [2, overheadSectors + 128],
      [1024 + 9, overheadSectors + 256],
    ]);
  }
  assert.match(new TextDecoder().decode(file.subarray(SECTOR, 21 * SECTOR)), /^RW 196608 SPARSE "disk.vmdk"$/m);
});

test("a split disk has files of 2047 MiB, a line for each, and grains in the right one", async () => {
  const size = 2 * 2047 * MIB + 3 * SECTOR;
  const offsets = [0, 2047 * MIB - 10, 2 * 2047 * MIB];
  const sparse = await write(sparseDisk(size, offsets), "twoGbMaxExtentSparse", "big.vmdk");
  assert.deepEqual([...sparse.files.keys()], ["big.vmdk", "big-s001.vmdk", "big-s002.vmdk", "big-s003.vmdk"]);
  assert.match(
    textOf(sparse, "big.vmdk"),
    /RW 4192256 SPARSE "big-s001.vmdk"\nRW 4192256 SPARSE "big-s002.vmdk"\nRW 3 SPARSE "big-s003.vmdk"\n/,
  );
  const headers = ["big-s001.vmdk", "big-s002.vmdk", "big-s003.vmdk"].map((name) =>
    parseSparseHeader((sparse.files.get(name) as SparseBytes).read(0, SECTOR), name, 0),
  );
  assert.deepEqual(
    headers.map((header) => [header.capacitySectors, header.descriptorSector]),
    [
      [4_192_256, 0],
      [4_192_256, 0],
      [128, 0],
    ],
  );
  const flat = await write(sparseDisk(size, offsets), "twoGbMaxExtentFlat", "big.vmdk");
  assert.deepEqual([...flat.files].map(([name, { size }]) => [name, size]).slice(1), [
    ["big-f001.vmdk", 2047 * MIB],
    ["big-f002.vmdk", 2047 * MIB],
    ["big-f003.vmdk", 3 * SECTOR],
  ]);
  assert.match(textOf(flat, "big.vmdk"), /RW 3 FLAT "big-f003.vmdk" 0\n/);
});

test("a flat disk is a text file and the guest's bytes", async () => {
  const set = await write(sparseDisk(MIB + SECTOR, [MIB]), "monolithicFlat");
  assert.deepEqual([...set.files.keys()], ["disk.vmdk", "disk-flat.vmdk"]);
  assert.match(textOf(set), /createType="monolithicFlat"[\s\S]*RW 2049 FLAT "disk-flat.vmdk" 0\n/);
  const content = new TextDecoder().decode(bytesOf(set, "disk-flat.vmdk").subarray(MIB, MIB + 12));
  assert.equal(content, "data at 1048");
});

test("zeros that were taken for data take no entry, and leave a hole where they had a place", async () => {
  const image = new SparseBytes(4 * GRAIN);
  image.write(0, new Uint8Array(4 * GRAIN));
  image.write(2 * GRAIN, Uint8Array.of(1));
  const set = await write(openRaw(sparseSource(image, "image")), "monolithicSparse");
  const disk = await vmdk.open({ bytes: set.source("disk.vmdk") }, set.resolver, ctx);
  const kinds: string[] = [];
  for await (const { kind, length } of disk.extents()) kinds.push(`${kind} ${length / GRAIN}`);
  assert.deepEqual(kinds, ["zero 2", "data 1", "zero 1"]);
  assert.ok((set.files.get("disk.vmdk") as SparseBytes).allocated < 2 * GRAIN);
});

test("what 32-bit sector numbers cannot reach is refused before anything is written", async () => {
  const plan = (shape: DiskShape, variant: string): Promise<unknown> =>
    Promise.resolve(vmdk.plan?.(shape, { name: "disk.vmdk", variant }, ctx));
  await assert.rejects(plan(told(3 * TIB, 3 * TIB), "monolithicSparse"), { code: "disk/too-large" });
  await plan(told(3 * TIB, TIB), "monolithicSparse");
  await plan(told(3 * TIB, 3 * TIB), "twoGbMaxExtentSparse");
  await assert.rejects(plan(told(63 * TIB, 0), "streamOptimized"), { code: "disk/too-large" });
  await assert.rejects(plan(told(9 * TIB, 0), "twoGbMaxExtentFlat"), { code: "disk/too-large" });
});

test("names that a descriptor cannot quote are refused where they matter", async () => {
  const disk = sparseDisk(MIB, [0]);
  for (const variant of ["monolithicFlat", "twoGbMaxExtentSparse", "twoGbMaxExtentFlat"]) {
    await assert.rejects(write(disk, variant, 'a"b.vmdk'), { code: "vmdk/bad-name" });
  }
  for (const variant of ["monolithicSparse", "streamOptimized"]) {
    const set = await write(disk, variant, 'a"b.vmdk');
    assert.match(textOf(set, 'a"b.vmdk'), /SPARSE "a_b.vmdk"/);
  }
});
