import assert from "node:assert/strict";
import { test } from "node:test";
import { diskContext } from "../../../test/support/disks.js";
import { diskFileBytes, diskFixtures } from "../../../test/support/fixtures.js";
import { craftSparse, descriptorText, GRAIN, PLACES, TABLE_SPAN, wordsOf } from "../../../test/support/vmdk.js";
import { SECTOR, viewOf, writeU64 } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { DiskFormatId } from "../../base/ids.js";
import { createRegistry } from "../../base/registry.js";
import type { SourceResolver } from "../../io/source.js";
import { memorySource } from "../../io/sources/memory.js";
import type { TestContext } from "../../io/testing/context.js";
import { SparseBytes, sparseSource } from "../../io/testing/sparse-bytes.js";
import type { DiskFormat, VirtualDisk } from "../model.js";
import { openChain } from "../open.js";
import { readGuest } from "../read.js";
import { checkReads, lawfulExtents } from "../testing/laws.js";
import { vmdk } from "./format.js";
import { openVmdk } from "./read.js";

const nobody: SourceResolver = { open: async () => null };

function open(file: SparseBytes, ctx: TestContext = diskContext()): Promise<VirtualDisk> {
  return openVmdk(sparseSource(file, "disk.vmdk"), nobody, ctx);
}

/** The code with which opening a file and reading all of it ends; `null`: it does not fail. */
async function failure(file: SparseBytes, ctx: TestContext = diskContext()): Promise<string | null> {
  try {
    const disk = await open(file, ctx);
    for await (const extent of disk.extents()) {
      if (extent.kind !== "data") continue;
      for (let at = 0; at < extent.length; at += GRAIN) {
        const length = Math.min(GRAIN, extent.length - at);
        await readGuest(disk, { offset: extent.offset + at, length }, ctx);
      }
    }
    return null;
  } catch (error) {
    assert.ok(error instanceof FerryError, String(error));
    return error.code;
  }
}

async function kinds(disk: VirtualDisk): Promise<string[]> {
  return (await lawfulExtents(disk)).map(({ kind, length }) => `${kind} ${length / GRAIN}`);
}

/** qemu-img's stream, whose directory stands in front. */
async function streamFixture(): Promise<Uint8Array> {
  const fixture = (await diskFixtures()).find(({ id }) => id === "vmdk-stream");
  const [file] = fixture?.files ?? [];
  assert.ok(file !== undefined);
  return new Uint8Array(await diskFileBytes(file));
}

/** The same with the directory left to a footer, as VMware and VirtualBox write it. */
async function footerStream(): Promise<SparseBytes> {
  const bytes = await streamFixture();
  const header = bytes.slice(0, SECTOR);
  viewOf(bytes).setBigUint64(56, 0xffffffffffffffffn, true);
  const file = new SparseBytes();
  file.write(0, bytes);
  const marker = new Uint8Array(SECTOR);
  writeU64(viewOf(marker), 0, 1, true);
  viewOf(marker).setUint32(12, 3, true);
  // qemu-img ends its streams with an end-of-stream marker: what we add goes over it.
  file.write(bytes.length - SECTOR, marker);
  file.write(bytes.length, header);
  file.truncate(bytes.length + 2 * SECTOR);
  return file;
}

test("grains are found where the tables say, in any order, and neighbours in the file share a read", async () => {
  const { grains } = PLACES;
  const file = craftSparse({ grains: { 0: grains + 256, 1: grains + 384, 2: grains, 513: grains + 128 } });
  file.write((grains + 256) * SECTOR, new Uint8Array(2 * GRAIN).fill(1));
  file.write(grains * SECTOR, new Uint8Array(GRAIN).fill(2));
  file.write((grains + 128) * SECTOR, new Uint8Array(GRAIN).fill(3));
  const disk = await open(file);
  assert.deepEqual(await kinds(disk), ["data 3", "zero 510", "data 1", "zero 510"]);
  assert.equal((await disk.reads({ offset: 0, length: disk.info.size })).length, 3);
  await checkReads(disk, { offset: 1000, length: 2 * GRAIN });
  const guest = await readGuest(disk, { offset: 2 * GRAIN - 1, length: 2 }, diskContext());
  assert.deepEqual([...guest], [1, 2]);
  assert.deepEqual([...(await readGuest(disk, { offset: TABLE_SPAN + GRAIN, length: 1 }, diskContext()))], [3]);
});

test("an entry of 1 is a grain of zeros where the header's flag says so, and a place elsewhere", async () => {
  const flags = { redundantDirectory: true, zeroedGrains: true, compressed: false, markers: false };
  assert.deepEqual(await kinds(await open(craftSparse({ header: { flags }, grains: { 5: 1 } }))), ["zero 1024"]);
  assert.deepEqual(await kinds(await open(craftSparse({ grains: { 5: 1 } }))), ["zero 5", "data 1", "zero 1018"]);
});

test("in a delta, zeros are zeros and the rest is asked of the parent", async () => {
  const flags = { redundantDirectory: true, zeroedGrains: true, compressed: false, markers: false };
  const descriptor = descriptorText(
    [`RW ${(2 * TABLE_SPAN) / SECTOR} SPARSE "disk.vmdk"`],
    ["parentCID=0badcafe", 'parentFileNameHint="base.vmdk"'],
  );
  const disk = await open(craftSparse({ header: { flags }, descriptor, grains: { 0: PLACES.grains, 1: 1 } }));
  assert.deepEqual(disk.info.parent, { name: "base.vmdk", identity: "0badcafe" });
  assert.deepEqual(await kinds(disk), ["data 1", "zero 1", "absent 1022"]);
});

/** Opens a delta over a base whose content id is 12345678, and says what was found. */
async function overBase(settings: readonly string[], base: readonly string[] = []): Promise<readonly string[]> {
  const line = `RW ${(2 * TABLE_SPAN) / SECTOR} SPARSE "disk.vmdk"`;
  const below = craftSparse({ descriptor: descriptorText([line], base), grains: { 0: PLACES.grains } });
  const ctx = diskContext();
  const disk = await openChain(
    { bytes: sparseSource(craftSparse({ descriptor: descriptorText([line], settings) }), "disk.vmdk") },
    {
      formats: createRegistry<DiskFormatId, DiskFormat>([vmdk]),
      resolver: { open: async () => sparseSource(below, "base.vmdk") },
      format: null,
    },
    ctx,
  );
  assert.deepEqual(await kinds(disk), ["data 1", "zero 1023"]);
  return ctx.codes();
}

test("a parent that is not the one a delta was made on is a finding", async () => {
  const hint = 'parentFileNameHint="base.vmdk"';
  assert.deepEqual(await overBase(["parentCID=12345678", hint]), []);
  assert.deepEqual(await overBase(["parentCID=fffffffe", hint]), []);
  assert.deepEqual(await overBase(["parentCID=0badcafe", hint]), ["disk/parent-changed"]);
});

test("VirtualBox's differencing disks name their parent by UUID alone", async () => {
  const child = 'ddb.uuid.parent="86d46591-a1fd-498b-a2ee-2f999d6edcf6"';
  assert.deepEqual(await overBase([child], ['ddb.uuid.image="86D46591-a1fd-498b-a2ee-2f999d6edcf6"']), []);
  assert.deepEqual(await overBase([child], ['ddb.uuid.image="00000001-a1fd-498b-a2ee-2f999d6edcf6"']), [
    "disk/parent-changed",
  ]);
  const none = 'ddb.uuid.parent="00000000-0000-0000-0000-000000000000"';
  const alone = await open(craftSparse({ descriptor: descriptorText(['RW 131072 SPARSE "disk.vmdk"'], [none]) }));
  assert.equal(alone.info.parent, null);
});

test("tables and grains that lie outside of the file are refused, wherever they are", async () => {
  for (const sector of [PLACES.grains + 15 * 128 + 1, 0x7fffffff, 0xffffffff]) {
    assert.equal(await failure(craftSparse({ grains: { 700: sector } })), "vmdk/bad-grain");
  }
  const alone = { redundantDirectory: false, zeroedGrains: false, compressed: false, markers: false };
  for (const sector of [PLACES.grains + 16 * 128 - 3, 0xffffffff]) {
    const file = craftSparse({ header: { flags: alone }, directory: [PLACES.tables, sector] });
    assert.equal(await failure(file), "vmdk/bad-table");
  }
  for (const directorySector of [0, PLACES.grains + 16 * 128, 2 ** 40]) {
    assert.equal(await failure(craftSparse({ header: { flags: alone, directorySector } })), "vmdk/bad-table");
  }
});

test("where the first tables are damaged the redundant ones are read, and a finding says so", async () => {
  const grains = { 0: PLACES.grains, 600: PLACES.grains + 128 };
  for (const damage of [
    { directory: [0xffffff, PLACES.tables + 4] },
    { directory: [PLACES.tables, 0xffffff] },
    { header: { directorySector: 0xffffff } },
    { header: { directorySector: 0 } },
  ] as const) {
    const ctx = diskContext();
    const disk = await open(craftSparse({ ...damage, grains }), ctx);
    assert.deepEqual(await kinds(disk), ["data 1", "zero 599", "data 1", "zero 423"]);
    assert.deepEqual(ctx.codes(), ["vmdk/redundant-tables"]);
  }
  const both = craftSparse({ directory: [0xffffff, 0xffffff], header: { redundantDirectorySector: 0xffffff } });
  assert.equal(await failure(both), "vmdk/bad-table");
});

test("tables that are the header, the directory, or each other do no harm", async () => {
  const file = craftSparse({ directory: [PLACES.directory, PLACES.directory], grains: { 3: 0 } });
  assert.equal(await failure(file), null);
  assert.equal(await failure(craftSparse({ grains: { 0: 1, 1: 1, 2: PLACES.directory } })), null);
});

test("a grain that the end of the file cuts off is read as far as the disk goes", async () => {
  const capacitySectors = 2 * 128 - 100;
  const file = craftSparse({ header: { capacitySectors }, grains: { 1: PLACES.grains } });
  file.write(PLACES.grains * SECTOR, new Uint8Array(28 * SECTOR).fill(7));
  file.truncate((PLACES.grains + 28) * SECTOR);
  const disk = await open(file);
  assert.equal(disk.info.size, capacitySectors * SECTOR);
  assert.deepEqual([...(await readGuest(disk, { offset: disk.info.size - 2, length: 2 }, diskContext()))], [7, 7]);
  file.truncate((PLACES.grains + 27) * SECTOR);
  assert.equal(await failure(file), "vmdk/bad-grain");
});

test("the descriptor's capacity counts where the header only rounds it up; any other difference is a finding", async () => {
  const sized = async (told: number): Promise<readonly [number, readonly string[]]> => {
    const ctx = diskContext();
    const descriptor = descriptorText([`RW ${told} SPARSE "disk.vmdk"`]);
    const disk = await open(craftSparse({ header: { capacitySectors: 1280 }, descriptor }), ctx);
    return [disk.info.size / SECTOR, ctx.codes()];
  };
  assert.deepEqual(await sized(1280), [1280, []]);
  assert.deepEqual(await sized(1153), [1153, []]);
  assert.deepEqual(await sized(1152), [1280, ["vmdk/capacity-disagrees"]]);
  assert.deepEqual(await sized(1281), [1280, ["vmdk/capacity-disagrees"]]);
});

test("what is odd about a lone extent is a finding", async () => {
  for (const [how, code] of [
    [{ header: { unclean: true } }, "vmdk/unclean"],
    [{ descriptor: null }, "vmdk/no-descriptor"],
  ] as const) {
    const ctx = diskContext();
    await open(craftSparse(how), ctx);
    assert.deepEqual(ctx.codes(), [code]);
  }
});

test("sizes from a header are limited before they take memory", async () => {
  assert.equal(await failure(craftSparse({ header: { capacitySectors: 2 ** 43, grainSectors: 1 } })), "io/limit");
  assert.equal(await failure(craftSparse({ header: { descriptorSectors: 2 ** 40 } })), "io/limit");
  assert.equal(await failure(craftSparse({ header: { descriptorSector: 2 ** 40 } })), "vmdk/bad-header");
});

test("a file that is no VMDK is refused, and so is an ESX extent without its descriptor", async () => {
  for (const length of [0, 3, 600]) assert.equal(await failure(new SparseBytes(length)), "vmdk/bad-header");
  const cowd = new SparseBytes(2048);
  cowd.write(0, new TextEncoder().encode("COWD"));
  assert.equal(await failure(cowd), "vmdk/bare-extent");
});

test("a footer is found at the end, and before the zeros that an upload was padded with", async () => {
  const file = await footerStream();
  const size = file.size;
  assert.equal(await failure(file), null);
  for (const padding of [1, SECTOR, 3 * SECTOR + 7, 128 * 1024, 1024 * 1024]) {
    file.truncate(size + padding);
    assert.equal(await failure(file), null, `padded with ${padding}`);
  }
});

test("a stream that ends before its footer is named as cut off, wherever it ends", async () => {
  const whole = await footerStream();
  for (let cut = whole.size - SECTOR - 1; cut > SECTOR * 21; cut -= 4099) {
    const file = new SparseBytes();
    file.write(0, whole.read(0, cut));
    assert.equal(await failure(file), "vmdk/no-footer", `cut at ${cut}`);
  }
});

test("a stream with its directory in front that ends early fails at the grain that is missing", async () => {
  const bytes = await streamFixture();
  for (const sector of [139, 135, 128, 100]) {
    const file = new SparseBytes();
    file.write(0, bytes.subarray(0, sector * SECTOR));
    assert.equal(await failure(file), "vmdk/bad-grain", `cut at sector ${sector}`);
  }
});

test("markers and packed grains that lie are refused", async () => {
  const change = async (at: number, bytes: Uint8Array): Promise<string | null> => {
    const file = new SparseBytes();
    file.write(0, await streamFixture());
    file.write(at, bytes);
    return failure(file);
  };
  const grain = 128 * SECTOR;
  assert.equal(await change(grain + 8, wordsOf([0])), "vmdk/bad-grain");
  assert.equal(await change(grain + 8, wordsOf([0xffffffff])), "vmdk/bad-grain");
  assert.equal(await change(grain + 8, wordsOf([100])), "io/codec-failed");
  assert.equal(await change(grain + 12, new Uint8Array(64)), "io/codec-failed");
  // A zlib stream of 128 KiB of zeros where a grain has 64.
  const bomb = Uint8Array.of(
    0x78,
    0x9c,
    0xed,
    0xc1,
    0x01,
    0x0d,
    0,
    0,
    0,
    0xc2,
    0xa0,
    0xf7,
    0x4f,
    0x6d,
    0x0e,
    0x37,
    0xa0,
  );
  assert.equal(await change(grain + 8, Uint8Array.from([...wordsOf([bomb.length]), ...bomb])), "io/codec-failed");
});

test("grains in any order are read by their places, and each upper bound is enough", async () => {
  const bytes = await streamFixture();
  // Grain 0 moves behind everything else: the grains after it lie before it in the file.
  const file = new SparseBytes();
  file.write(0, bytes);
  const sector = Math.ceil(bytes.length / SECTOR);
  file.write(sector * SECTOR, bytes.subarray(128 * SECTOR, 132 * SECTOR));
  const before = await open(file);
  const wanted = await readGuest(before, { offset: 0, length: before.info.size }, diskContext());
  file.write(27 * SECTOR, wordsOf([sector]));
  file.write(128 * SECTOR, new Uint8Array(4 * SECTOR).fill(0xee));
  const disk = await open(file);
  assert.deepEqual(await readGuest(disk, { offset: 0, length: disk.info.size }, diskContext()), wanted);
  await checkReads(disk, { offset: 0, length: disk.info.size });
});

test("cut anywhere, a disk gives a value or an error of ours", async () => {
  const bytes = await streamFixture();
  for (let cut = 0; cut < 140 * SECTOR; cut += 997) {
    await failure(sparseOf(bytes.subarray(0, cut)));
  }
});

function sparseOf(bytes: Uint8Array): SparseBytes {
  const file = new SparseBytes();
  file.write(0, bytes);
  return file;
}

test("a disk in memory can be opened from a source with a ref too", async () => {
  const disk = await openVmdk(memorySource(await streamFixture(), "disk.vmdk"), nobody, diskContext());
  assert.deepEqual(disk.units(), { codec: "deflate", wrapper: "zlib", unitBytes: GRAIN });
});
