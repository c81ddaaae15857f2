import assert from "node:assert/strict";
import { test } from "node:test";
import { diskContext } from "../../../test/support/disks.js";
import { craftSparse, descriptorText, GRAIN, PLACES, wordsOf } from "../../../test/support/vmdk.js";
import { SECTOR } from "../../base/bytes.js";
import type { SourceRequest } from "../../io/source.js";
import type { TestContext } from "../../io/testing/context.js";
import { SparseBytes, sparseSource } from "../../io/testing/sparse-bytes.js";
import type { VirtualDisk } from "../model.js";
import { readGuest } from "../read.js";
import { checkReads, lawfulExtents } from "../testing/laws.js";
import { openVmdk } from "./read.js";

/** A folder of files, which counts what is asked for and what is still open. */
class Folder {
  readonly files = new Map<string, SparseBytes>();
  readonly asked: SourceRequest[] = [];
  open = 0;

  add(name: string, file: SparseBytes): this {
    this.files.set(name, file);
    return this;
  }

  /** Opens the disk that a descriptor with these extents describes. */
  disk(
    extents: readonly string[],
    ctx: TestContext = diskContext(),
    settings: readonly string[] = [],
  ): Promise<VirtualDisk> {
    const text = new SparseBytes();
    text.write(0, new TextEncoder().encode(descriptorText(extents, ['createType="custom"', ...settings])));
    return openVmdk(
      sparseSource(text, "disk.vmdk"),
      {
        open: async (request) => {
          this.asked.push(request);
          const file = this.files.get(request.name ?? "");
          if (file === undefined) return null;
          this.open++;
          return {
            ...sparseSource(file, request.name ?? ""),
            close: async () => {
              this.open--;
            },
          };
        },
      },
      ctx,
    );
  }
}

const filled = (value: number, length: number): Uint8Array => new Uint8Array(length).fill(value);

function flat(sectors: number): SparseBytes {
  const file = new SparseBytes();
  for (let i = 0; i < sectors; i++) file.write(i * SECTOR, filled(i + 1, SECTOR));
  return file;
}

test("extents of all kinds follow each other on the guest's disk", async () => {
  const sparse = craftSparse({ header: { capacitySectors: 256 }, grains: { 1: PLACES.grains } });
  sparse.write(PLACES.grains * SECTOR, filled(0xaa, GRAIN));
  const folder = new Folder().add("flat.bin", flat(8)).add("sparse.vmdk", sparse);
  const disk = await folder.disk([
    'RW 2 FLAT "flat.bin" 3',
    "RW 5 ZERO",
    'RW 200 SPARSE "sparse.vmdk"',
    'RW 1 VMFS "flat.bin"',
    'RW 3 FLAT "flat.bin" 5',
  ]);
  assert.equal(disk.info.size, 211 * SECTOR);
  assert.equal(disk.info.variant, "custom");
  const guest = await readGuest(disk, { offset: 0, length: disk.info.size }, diskContext());
  const firsts = Array.from({ length: 211 }, (_, i) => guest[i * SECTOR]);
  const wanted = [4, 5, ...filled(0, 5), ...filled(0, 128), ...filled(0xaa, 72), 1, 6, 7, 8];
  assert.deepEqual(firsts, wanted);
  await lawfulExtents(disk);
  for (const [first, count] of [
    [0, 211],
    [1, 2],
    [6, 140],
    [205, 6],
    [207, 1],
  ] as const) {
    await checkReads(disk, { offset: first * SECTOR + 1, length: count * SECTOR - 1 });
  }
  assert.equal(folder.asked.length, 2, "a file is opened once");
  assert.ok(folder.asked.every(({ purpose }) => purpose === "extent"));
  await disk.close();
  assert.equal(folder.open, 0);
});

test("an extent that is not there is named, and nothing stays open", async () => {
  const folder = new Folder().add("a.bin", flat(4));
  await assert.rejects(folder.disk(['RW 4 FLAT "a.bin" 0', 'RW 4 FLAT "b.bin" 0']), { code: "vmdk/extent-missing" });
  assert.equal(folder.open, 0);
});

test("names with a path are asked of the resolver like any other, and nobody else opens them", async () => {
  for (const name of ["/etc/passwd", "../x.vmdk", "C:\\disks\\x.vmdk", "\\\\.\\PhysicalDrive0"]) {
    const folder = new Folder();
    await assert.rejects(folder.disk([`RW 4 FLAT "${name}" 0`]), (error: { code?: string; hint?: string }) => {
      assert.equal(error.code, "vmdk/extent-missing");
      assert.match(error.hint ?? "", /same folder/);
      return true;
    });
    assert.deepEqual(folder.asked, [{ purpose: "extent", name, identity: null }]);
  }
});

test("a flat extent that is too short is refused", async () => {
  const folder = new Folder().add("a.bin", flat(4));
  await assert.rejects(folder.disk(['RW 5 FLAT "a.bin" 0']), { code: "vmdk/short-extent" });
  await assert.rejects(folder.disk(['RW 1 FLAT "a.bin" 4']), { code: "vmdk/short-extent" });
  assert.equal(folder.open, 0);
});

test("extents on physical disks are refused by name", async () => {
  for (const kind of ["VMFSRDM", "VMFSRAW"]) {
    await assert.rejects(new Folder().disk([`RW 4 ${kind} "x.vmdk"`]), { code: "vmdk/unsupported-extent" });
  }
});

test("what the machine may not read is zeros, and a finding", async () => {
  const ctx = diskContext();
  const disk = await new Folder().disk(['NOACCESS 63 FLAT "/dev/sda" 0', "NOACCESS 1 ZERO"], ctx);
  assert.deepEqual(await lawfulExtents(disk), [{ offset: 0, length: 64 * SECTOR, kind: "zero" }]);
  assert.deepEqual(ctx.codes(), ["vmdk/extent-inaccessible"]);
});

test("a sparse extent smaller than its line is a finding, and the rest is zeros", async () => {
  const sparse = craftSparse({ header: { capacitySectors: 128 }, grains: { 0: PLACES.grains } });
  const ctx = diskContext();
  const disk = await new Folder().add("s.vmdk", sparse).disk(['RW 100000000 SPARSE "s.vmdk"'], ctx);
  assert.deepEqual(
    (await lawfulExtents(disk)).map(({ kind }) => kind),
    ["data", "zero"],
  );
  assert.deepEqual(ctx.codes(), ["vmdk/capacity-disagrees"]);
});

test("sizes and numbers of extents are limited", async () => {
  const limited = diskContext({ limits: { diskExtents: 2 } });
  const zero = "RW 1 ZERO";
  await assert.rejects(new Folder().disk([zero, zero, zero], limited), { code: "io/limit" });
  const huge = "RW 17000000000000 ZERO";
  await assert.rejects(new Folder().disk([huge, huge]), { code: "vmdk/bad-descriptor" });
  await assert.rejects(new Folder().disk([]), { code: "vmdk/bad-descriptor" });
  const small = diskContext({ limits: { diskDescriptorBytes: 20 } });
  await assert.rejects(new Folder().disk([zero], small), { code: "io/limit" });
});

/** An ESX copy-on-write extent by hand: grains of one sector, one table for each 2 MiB. */
function cowd(sectors: number, grains: Readonly<Record<number, number>>): SparseBytes {
  const tables = Math.ceil(sectors / 4096);
  const file = new SparseBytes(4 * SECTOR);
  file.write(0, wordsOf([0x44574f43, 1, 3, sectors, 1, 4, tables, 0]));
  const first = 4 + Math.ceil((tables * 4) / SECTOR);
  for (let i = 0; i < tables; i++) file.write(4 * SECTOR + 4 * i, wordsOf([first + 32 * i]));
  file.truncate((first + 32 * tables) * SECTOR);
  for (const [grain, value] of Object.entries(grains)) {
    const sector = file.size / SECTOR;
    file.write(first * SECTOR + 4 * Number(grain), wordsOf([sector]));
    file.write(sector * SECTOR, filled(value, SECTOR));
  }
  return file;
}

test("an ESX snapshot is read through its descriptor, sector by sector", async () => {
  const folder = new Folder().add("x-delta.vmdk", cowd(5000, { 0: 1, 1: 2, 4095: 3, 4096: 4, 4999: 5 }));
  const disk = await folder.disk(['RW 5000 VMFSSPARSE "x-delta.vmdk"'], diskContext(), [
    "parentCID=12341234",
    'parentFileNameHint="x.vmdk"',
  ]);
  assert.deepEqual(disk.info.parent, { name: "x.vmdk", identity: "12341234" });
  assert.equal(disk.info.blockSize, SECTOR);
  assert.deepEqual(
    (await lawfulExtents(disk)).map(({ kind, length }) => `${kind} ${length / SECTOR}`),
    ["data 2", "absent 4093", "data 2", "absent 902", "data 1"],
  );
  await checkReads(disk, { offset: 0, length: disk.info.size });
  const guest = await readGuest(disk, { offset: 4095 * SECTOR - 1, length: SECTOR + 2 }, diskContext());
  assert.deepEqual([guest[0], guest[1], guest[SECTOR], guest[SECTOR + 1]], [0, 3, 3, 4]);
});

test("an ESX extent whose tables lie outside of the file is refused", async () => {
  const file = cowd(5000, {});
  file.truncate(6 * SECTOR);
  const disk = await new Folder().add("x.vmdk", file).disk(['RW 5000 VMFSSPARSE "x.vmdk"']);
  await assert.rejects(lawfulExtents(disk), { code: "vmdk/bad-table" });
});
