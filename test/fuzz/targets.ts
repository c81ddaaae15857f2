import { readFile } from "node:fs/promises";
import { fit } from "../../src/appliance/fit.js";
import { SECTOR } from "../../src/base/bytes.js";
import { FerryError } from "../../src/base/errors.js";
import type { DiskFormatId } from "../../src/base/ids.js";
import { bootFacts } from "../../src/disk/boot.js";
import { diskFormats } from "../../src/disk/formats.js";
import type { DiskFormat } from "../../src/disk/model.js";
import { openChain } from "../../src/disk/open.js";
import { openRaw } from "../../src/disk/raw/read.js";
import { readGuest } from "../../src/disk/read.js";
import { crc32c } from "../../src/io/checksums/crc32c.js";
import type { FolderAccess } from "../../src/io/folder.js";
import type { SourceResolver } from "../../src/io/source.js";
import { memorySource } from "../../src/io/sources/memory.js";
import { inspectPackage } from "../../src/operations/inspect.js";
import { openPackage } from "../../src/operations/open.js";
import { detectPackage } from "../../src/package/detect.js";
import { parseManifest } from "../../src/package/manifest/text.js";
import { openOva } from "../../src/package/ova/open.js";
import { readTarIndex } from "../../src/package/tar/index.js";
import { platforms } from "../../src/platforms/platforms.js";
import { plain } from "../../src/report/palette.js";
import { renderInspect } from "../../src/report/text.js";
import { targets } from "../../src/targets/targets.js";
import { parseXml } from "../../src/xml/parse.js";
import { diskFileBytes, diskFixtures, packageFixtures } from "../support/fixtures.js";
import { FatImage, gpt, guestDisk, mbr, PROTECTIVE } from "../support/guest.js";
import { qcow2Bytes, qcow2Fixtures, qcow2Neighbours } from "../support/qcow2.js";
import { fuzzContext } from "./context.js";
import type { FuzzTarget } from "./target.js";

/** Of larger archives the front is taken. */
const largestArchive = 2 ** 18;
/** Of disks that are larger none: copying them would be all that cases do. VHDX is never much smaller. */
const largestDisk = 12 * 2 ** 20;

/** Answers with the undamaged files of the disk fixtures, so that a damaged descriptor gets as far as it can. */
const fixtureFiles: SourceResolver = {
  async open(request, from) {
    const { name } = request;
    for (const disk of await diskFixtures()) {
      for (const file of disk.files) if (file.name === name) return memorySource(await diskFileBytes(file), name);
    }
    if (request.name === "base.qcow2" || request.name === "external.data") return qcow2Neighbours.open(request, from);
    return null;
  },
};

/** Archives: small ones whole, of larger ones the front. */
async function archives(): Promise<readonly Uint8Array[]> {
  const files = (await packageFixtures()).map(({ source }) => source).filter((source) => source.endsWith(".ova"));
  const seeds = await Promise.all(files.map((file) => readFile(file)));
  return seeds.map((bytes) => new Uint8Array(bytes.subarray(0, largestArchive)));
}

/** Members of the archives, by the end of their names. */
async function members(ending: RegExp): Promise<readonly Uint8Array[]> {
  const ctx = fuzzContext();
  const found: Uint8Array[] = [];
  for (const { source } of await packageFixtures()) {
    if (!source.endsWith(".ova")) continue;
    const archive = await openOva(memorySource(new Uint8Array(await readFile(source)), source), ctx);
    for (const entry of archive.entries) {
      if (ending.test(entry.name)) found.push(await (await entry.open()).read(0, entry.size));
    }
  }
  return found;
}

/** Writes the sum of every block that says `ustar` into it. */
function repairTar(bytes: Uint8Array): void {
  for (let at = 0; at + 512 <= bytes.length; at += 512) {
    const block = bytes.subarray(at, at + 512);
    if (new TextDecoder("latin1").decode(block.subarray(257, 262)) !== "ustar") continue;
    block.fill(0x20, 148, 156);
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
  }
}

const tarIndex: FuzzTarget = {
  name: "tar",
  seeds: archives,
  repair: repairTar,
  async run(bytes, ctx) {
    const { members } = await readTarIndex(memorySource(bytes, "fuzz.tar"), ctx, { onDamage: "report" });
    for (const { dataAt, present } of members) {
      if (dataAt + present > bytes.length) throw new Error("a member reaches past the end of its archive");
    }
    await readTarIndex(memorySource(bytes, "fuzz.tar"), ctx, { onDamage: "refuse" });
  },
};

const ova: FuzzTarget = {
  name: "ova",
  seeds: archives,
  repair: repairTar,
  async run(bytes, ctx) {
    const source = memorySource(bytes, "fuzz.ova");
    detectPackage({
      name: "fuzz.ova",
      size: bytes.length,
      head: bytes.subarray(0, 65536),
      tail: bytes.subarray(-4096),
    });
    const archive = await openOva(source, ctx, { onDamage: "report" });
    for (const entry of archive.entries.slice(0, 20)) {
      const member = await entry.open();
      await member.read(0, Math.min(member.size, 4096));
    }
  },
};

const xml: FuzzTarget = {
  name: "xml",
  seeds: () => members(/\.ovf$/),
  async run(bytes, ctx) {
    const document = parseXml(bytes, "fuzz.ovf", ctx.limits);
    if (!equal(document.serialize(), bytes)) throw new Error("an untouched document is not written as it was read");
  },
};

const manifest: FuzzTarget = {
  name: "manifest",
  seeds: () => members(/\.mf$/),
  async run(bytes, ctx) {
    parseManifest(bytes, "fuzz.mf", ctx);
  },
};

/** Writes the CRC-32C of a VHDX structure into it. */
function sealVhdx(bytes: Uint8Array, at: number, length: number): void {
  if (length < 8 || at + length > bytes.length) return;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, length);
  view.setUint32(4, 0, true);
  view.setUint32(4, crc32c(bytes.subarray(at, at + length)), true);
}

/** Writes the sums of both headers, both region tables and the log's entries (MS-VHDX 2.2.2, 2.2.3, 2.3.1). */
function repairVhdx(bytes: Uint8Array): void {
  for (const at of [0x30000, 0x40000]) sealVhdx(bytes, at, 0x10000);
  // The log stands where every writer that we know puts it.
  for (let at = 0x100000; at < 0x110000 && at + 4096 <= bytes.length; at += 4096) {
    if (new TextDecoder("latin1").decode(bytes.subarray(at, at + 4)) !== "loge") continue;
    sealVhdx(bytes, at, Math.min(new DataView(bytes.buffer, bytes.byteOffset + at).getUint32(8, true), 2 ** 20));
  }
  for (const at of [0x10000, 0x20000]) sealVhdx(bytes, at, 0x1000);
}

/** Writes the sums of the footer, of its copy and of the header of a dynamic VHD. */
function repairVhd(bytes: Uint8Array): void {
  const seal = (at: number, length: number, cookie: string, field: number): void => {
    if (at < 0 || at + length > bytes.length) return;
    const part = bytes.subarray(at, at + length);
    if (new TextDecoder("latin1").decode(part.subarray(0, 8)) !== cookie) return;
    part.fill(0, field, field + 4);
    const sum = part.reduce((total, byte) => total + byte, 0);
    new DataView(part.buffer, part.byteOffset).setUint32(field, 0xffffffff - sum);
  };
  seal(0, 512, "conectix", 64);
  seal(bytes.length - 512, 512, "conectix", 64);
  seal(512, 1024, "cxsparse", 36);
}

/** Sums that would stop a damaged disk before its fields are looked at. */
const diskRepairs: Partial<Record<DiskFormatId, (bytes: Uint8Array) => void>> = { vhdx: repairVhdx, vhd: repairVhd };

/** A folder in memory: the descriptor under fuzzing, and an empty file of every other name that is asked for. */
function folderAround(descriptor: Uint8Array): FolderAccess {
  const bytesOf = (name: string): Uint8Array => (name === "fuzz.ovf" ? descriptor : new Uint8Array(4096));
  return {
    label: "fuzz",
    list: async () => ["fuzz.ovf"],
    size: async (name) => bytesOf(name).length,
    open: async (name) => memorySource(bytesOf(name), name),
  };
}

/** What `inspect` does, and what every export does with the machine that a descriptor describes. */
const ovf: FuzzTarget = {
  name: "ovf",
  seeds: () => members(/\.ovf$/),
  async run(bytes, ctx) {
    const opened = await openPackage({ kind: "folder", folder: folderAround(bytes) }, { onDamage: "report" }, ctx);
    const result = await inspectPackage(opened, {}, ctx);
    renderInspect(result, plain);
    for (const platform of platforms.all) {
      if (platform.defaultTarget === null) continue;
      const target = targets.get(platform.defaultTarget);
      const { appliance, shapes } = fit(opened.appliance({}, ctx), target);
      await platform.exportConfig?.(appliance, shapes, target, {}, ctx);
    }
  },
};

/** Opens a disk and reads wherever it says that there is data. */
function diskTarget(format: DiskFormat): FuzzTarget {
  const repair = diskRepairs[format.id];
  return {
    name: format.id,
    seeds: () => diskSeeds(format.id),
    ...(repair === undefined ? {} : { repair }),
    async run(bytes, ctx) {
      const source = memorySource(bytes, `fuzz${format.extensions[0]}`);
      const disk = await openChain(
        { bytes: source },
        { formats: diskFormats, resolver: fixtureFiles, format: format.id },
        ctx,
      );
      await bootFacts(disk, ctx);
      let looked = 0;
      let end = 0;
      for await (const extent of disk.extents()) {
        if (extent.offset !== end || extent.length <= 0) throw new Error("extents do not tile the disk");
        end += extent.length;
        if (extent.kind !== "data" || looked++ >= 16) continue;
        await readGuest(disk, { offset: extent.offset, length: Math.min(extent.length, 2 ** 20) }, ctx);
      }
      if (end !== disk.info.size) throw new Error("extents end before the disk does");
    },
  };
}

async function diskSeeds(format: DiskFormatId): Promise<readonly Uint8Array[]> {
  const seeds: Uint8Array[] = [];
  for (const disk of await diskFixtures()) {
    const [first] = disk.files;
    if (disk.format !== format || first === undefined) continue;
    const bytes = await diskFileBytes(first);
    if (bytes.length <= largestDisk) seeds.push(bytes);
  }
  if (format === "qcow2") for (const { name } of await qcow2Fixtures()) seeds.push(await qcow2Bytes(name));
  return seeds;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** A guest's partition table and the file system of its EFI system partition, which `inspect` looks at for every package. */
const boot: FuzzTarget = {
  name: "boot",
  async seeds() {
    const tables = gpt([{ type: "esp", first: 40, sectors: 400 }], 2);
    return ([12, 16, 32] as const).flatMap((kind) => {
      const { bytes } = new FatImage({
        kind,
        clusters: 150,
        spread: 1,
        files: ["EFI/DEBIAN/GRUB.CFG", "EFI/BOOT/BOOTX64.EFI"],
      });
      const size = 40 * SECTOR + bytes.size;
      const [header, table] = [tables.header, tables.table];
      return [
        guestDisk(size, { 0: mbr([PROTECTIVE]), [SECTOR]: header, [2 * SECTOR]: table, [40 * SECTOR]: bytes }),
        guestDisk(size, { 0: mbr([{ type: 0xef, first: 40, sectors: 400 }], { code: true }), [40 * SECTOR]: bytes }),
      ].map((disk) => disk.read(0, disk.size));
    });
  },
  async run(bytes, ctx) {
    const disk = openRaw(memorySource(bytes, "fuzz.raw"));
    let looked = 0;
    const reads: typeof disk.reads = (range, signal) => {
      looked += range.length;
      return disk.reads(range, signal);
    };
    const { firmware, biosCode, efiLoader } = await bootFacts({ ...disk, reads }, ctx);
    if (looked > 2 ** 21) throw new Error(`${looked} bytes were looked at`);
    if (firmware !== (biosCode ? "bios" : efiLoader === null ? null : "efi"))
      throw new Error("facts that do not agree");
  },
};

/** Breaks each rule on demand, to prove that the harness would see it: the first byte says which. */
export const brokenTarget: FuzzTarget = {
  name: "broken",
  seeds: async () => [new Uint8Array([0])],
  async run(bytes) {
    switch (bytes[0]) {
      case 1:
        throw new TypeError("not an error of ours");
      case 2:
        for (;;);
      case 3:
        new Uint8Array(2 ** 30);
        return;
      case 4:
        throw new FerryError("internal/bug", "our own mistake");
      case 5:
        throw new FerryError("io/out-of-bounds", "the input's mistake");
      case 6: {
        const heap: unknown[] = [];
        for (;;) heap.push(new Array(1000).fill(heap.length));
      }
    }
  },
};

/** Every parser. A disk format is a target by being in the list of formats; raw has no structure. */
export const fuzzTargets: readonly FuzzTarget[] = [
  tarIndex,
  ova,
  xml,
  manifest,
  ovf,
  boot,
  ...diskFormats.all.filter(({ id }) => id !== "raw").map(diskTarget),
];
