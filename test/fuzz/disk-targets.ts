import { readdir, readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import type { DiskFormatId } from "../../src/base/ids.js";
import { bootFacts } from "../../src/disk/boot.js";
import { diskFormats } from "../../src/disk/formats.js";
import type { DiskFormat } from "../../src/disk/model.js";
import { openChain } from "../../src/disk/open.js";
import { parseQcow2Header } from "../../src/disk/qcow2/header.js";
import { zstdClusterKernel, zstdFrameBytes } from "../../src/disk/qcow2/kernel.js";
import { readSnapshots } from "../../src/disk/qcow2/snapshots.js";
import { readGuest } from "../../src/disk/read.js";
import { parseHeader } from "../../src/disk/vhdx/header.js";
import { readLog } from "../../src/disk/vhdx/log.js";
import { parseVmdkDescriptor } from "../../src/disk/vmdk/descriptor.js";
import { openSeSparseExtent } from "../../src/disk/vmdk/sesparse.js";
import { crc32c } from "../../src/io/checksums/crc32c.js";
import type { Context } from "../../src/io/context.js";
import type { SourceResolver } from "../../src/io/source.js";
import { memorySource } from "../../src/io/sources/memory.js";
import { zlibCodec } from "../../src/runtime/node/codec.js";
import { diskFileBytes, diskFixtures } from "../support/fixtures.js";
import { diskFile } from "../support/packages.js";
import { qcow2Bytes, qcow2Fixtures } from "../support/qcow2.js";
import { craftSeSparse } from "../support/vmdk.js";
import { amendedFormats, resizeTarget } from "./amend-targets.js";
import { checkedFormats, checkTarget, layoutTargets } from "./check-targets.js";
import { salvageTarget } from "./salvage-target.js";
import { streamTarget } from "./stream-target.js";
import type { FuzzTarget } from "./target.js";

/** Of larger fixtures the small ones of the same format stand in: copying would be all that cases do. */
const largestDisk = 384 * 1024;
/** Taking its tables of 2 MiB apart would be all that cases do. */
const LARGE_TABLES = "clusters-2m.qcow2";
const SMALL = "test/fixtures/small";

/** Answers with the undamaged files of the fixtures, so that a damaged descriptor gets as far as it can. */
function openFixtures(): SourceResolver {
  const load = once(async () => {
    const files = new Map<string, Uint8Array>();
    for (const disk of await diskFixtures()) {
      for (const file of disk.files) files.set(file.name, new Uint8Array(await diskFileBytes(file)));
    }
    for (const name of ["base.qcow2", "external.data"]) files.set(name, await qcow2Bytes(name));
    return files;
  });
  return {
    async open({ name }) {
      const bytes = name === null ? undefined : (await load()).get(name);
      return bytes === undefined ? null : memorySource(bytes, name ?? "");
    },
  };
}

const fixtureFiles = openFixtures();
const zstdCodec = zlibCodec();

/** Writes the CRC-32C of a VHDX structure into it. */
function sealVhdx(bytes: Uint8Array, at: number, length: number): void {
  if (length < 8 || at + length > bytes.length) return;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, length);
  view.setUint32(4, 0, true);
  view.setUint32(4, crc32c(bytes.subarray(at, at + length)), true);
}

/** Writes the sums of the first entries of a log. */
function repairLog(bytes: Uint8Array, from: number): void {
  for (let at = from; at < from + 0x10000 && at + 4096 <= bytes.length; at += 4096) {
    if (new TextDecoder("latin1").decode(bytes.subarray(at, at + 4)) !== "loge") continue;
    sealVhdx(bytes, at, Math.min(new DataView(bytes.buffer, bytes.byteOffset + at).getUint32(8, true), 2 ** 20));
  }
}

/** Writes the sums of both headers, both region tables and the log's entries (MS-VHDX 2.2.2, 2.2.3, 2.3.1). */
function repairVhdx(bytes: Uint8Array): void {
  for (const at of [0x30000, 0x40000]) sealVhdx(bytes, at, 0x10000);
  // The log stands where every writer that we know puts it.
  repairLog(bytes, 0x100000);
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

async function smallDisk(name: string): Promise<Uint8Array> {
  return new Uint8Array(gunzipSync(await readFile(`${SMALL}/${name}.gz`)));
}

/** What is loaded once, by the first case that wants it. */
function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | null = null;
  return () => {
    loading ??= load();
    return loading;
  };
}

const tornVhdx = once(async () => {
  const torn = await smallDisk("torn.vhdx");
  const headers = [0x10000, 0x20000].map((at) => parseHeader(torn.subarray(at, at + 4096)));
  const header = headers.find((one) => typeof one !== "string" && one.logId !== null);
  if (header === undefined || typeof header === "string") throw new Error("torn.vhdx has no log");
  return [torn, header] as const;
});

const snapshotFixture = once(async () => parseQcow2Header(await qcow2Bytes("snapshots.qcow2"), "snapshots.qcow2"));

/** Opens a disk, looks at all of its extents and reads where some of them say that there is data. */
async function readAround(bytes: Uint8Array, format: DiskFormat, ctx: Context): Promise<void> {
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
    if (extent.kind !== "data" || looked++ >= 8) continue;
    await readGuest(disk, { offset: extent.offset, length: Math.min(extent.length, 65_536) }, ctx);
  }
  if (end !== disk.info.size) throw new Error("extents end before the disk does");
}

function diskTarget(format: DiskFormat): FuzzTarget {
  const repair = diskRepairs[format.id];
  return {
    name: format.id,
    seeds: () => diskSeeds(format),
    ...(repair === undefined ? {} : { repair }),
    run: (bytes, ctx) => readAround(bytes, format, ctx),
  };
}

async function diskSeeds(format: DiskFormat): Promise<readonly Uint8Array[]> {
  const seeds: Uint8Array[] = [];
  for (const name of (await readdir(SMALL)).sort()) {
    const plain = name.replace(/\.gz$/, "");
    if (format.extensions.some((extension) => plain.endsWith(extension))) seeds.push(await smallDisk(plain));
  }
  for (const disk of await diskFixtures()) {
    const [first] = disk.files;
    if (disk.format === format.id && first !== undefined) seeds.push(new Uint8Array(await diskFileBytes(first)));
  }
  if (format.id === "qcow2") {
    for (const { name } of await qcow2Fixtures()) if (name !== LARGE_TABLES) seeds.push(await qcow2Bytes(name));
  }
  return seeds.filter((bytes) => filledBytes(bytes) <= largestDisk);
}

/** Streams: of QEMU, with tables in front, and our own, with markers and a footer. */
async function streamSeeds(): Promise<readonly Uint8Array[]> {
  const runs = [
    { sector: 0, sectors: 9, content: "text" },
    { sector: 700, sectors: 300, content: "text" },
    { sector: 9000, sectors: 128, content: "noise" },
  ] as const;
  return [await smallDisk("stream.vmdk"), await diskFile("vmdk", "streamOptimized", { sectors: 9_999, runs })];
}

/** Bytes of the blocks that hold something. */
function filledBytes(bytes: Uint8Array): number {
  const zeros = Buffer.alloc(512);
  let filled = 0;
  for (let at = 0; at < bytes.length; at += 512) {
    if (!zeros.equals(bytes.subarray(at, at + 512))) filled += 512;
  }
  return filled;
}

const LOG_AT = 0x100000;
/** More than mutations make of the entries in it. */
const LOG_BYTES = 0x20000;

/** The log of a VHDX that was not closed: what stands in it is applied before anything else counts. */
const vhdxLog: FuzzTarget = {
  name: "vhdx-log",
  async seeds() {
    const torn = await smallDisk("torn.vhdx");
    return [torn.slice(LOG_AT, LOG_AT + 0x4000)];
  },
  repair: (bytes) => repairLog(bytes, 0),
  async run(bytes, ctx) {
    const [image, header] = await tornVhdx();
    image.fill(0, LOG_AT, LOG_AT + LOG_BYTES);
    image.set(bytes.subarray(0, LOG_BYTES), LOG_AT);
    const { changes, fileBytes } = await readLog(memorySource(image, "fuzz.vhdx"), header, ctx);
    for (const { at, length } of changes) {
      if (at < 0 || length <= 0 || at + length > fileBytes) throw new Error("a change lies outside of the file");
    }
  },
};

/** The snapshot table of a QCOW2 image, cut out. */
const qcow2Snapshots: FuzzTarget = {
  name: "qcow2-snapshots",
  async seeds() {
    const bytes = await qcow2Bytes("snapshots.qcow2");
    const { snapshotsOffset } = parseQcow2Header(bytes, "snapshots.qcow2");
    return [bytes.slice(snapshotsOffset, snapshotsOffset + 512)];
  },
  async run(bytes, ctx) {
    const fixture = await snapshotFixture();
    const count = bytes.length < 2 ? 65_536 : ((bytes[bytes.length - 1] ?? 0) % 8) + 1;
    const header = { ...fixture, snapshotsOffset: 0, snapshotCount: count };
    const found = await readSnapshots(memorySource(bytes, "fuzz.qcow2"), header, ctx);
    if (found.length !== count) throw new Error("not every snapshot was read");
  },
};

/** Sectors of the guest's disk in the crafted extent. */
const SE_SECTORS = 2 * 32_768;

/** A space-efficient extent, which no program at hand writes: crafted by hand, with a descriptor that does not change. */
const vmdkSeSparse: FuzzTarget = {
  name: "vmdk-sesparse",
  async seeds() {
    const grain = new Uint8Array(4096).fill(1);
    const extent = craftSeSparse(SE_SECTORS, { 0: grain, 1: "zero", 2: "unmapped", 4096: grain });
    return [extent.read(0, extent.size)];
  },
  async run(bytes, ctx) {
    const { reader } = await openSeSparseExtent(memorySource(bytes, "fuzz.vmdk"), SE_SECTORS * 512, "zero", ctx);
    let end = 0;
    for await (const { offset, length } of reader.extents({ offset: 0, length: reader.bytes })) {
      if (offset !== end || length <= 0) throw new Error("extents do not tile the extent");
      end += length;
    }
    if (end !== reader.bytes) throw new Error("extents end before the extent does");
    await reader.reads({ offset: 0, length: reader.bytes });
  },
};

/** A cluster that QEMU packed with Zstandard; on newer Node.js its own codec is what runs. */
const qcow2Zstd: FuzzTarget = {
  name: "qcow2-zstd",
  async seeds() {
    const image = await qcow2Bytes("zstd.qcow2");
    const at = Buffer.from(image).indexOf(Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd));
    return [image.slice(at, at + zstdFrameBytes(image.subarray(at)))];
  },
  async run(bytes) {
    const frame = zstdClusterKernel.payload(bytes);
    const made = zstdCodec.unzstdInto(frame, new Uint8Array(65_536));
    if (!(made >= 0 && made <= 65_536)) throw new Error(`a cluster of ${made} bytes`);
  },
};

const vmdkDescriptor: FuzzTarget = {
  name: "vmdk-descriptor",
  async seeds() {
    const seeds: Uint8Array[] = [];
    for (const name of ["flat.vmdk", "split.vmdk", "splitflat.vmdk"]) {
      seeds.push(new Uint8Array(await readFile(`test/fixtures/disks/${name}`)));
    }
    for (const name of ["stream.vmdk", "sparse.vmdk"]) {
      const disk = await smallDisk(name);
      const end = disk.indexOf(0, 512);
      seeds.push(disk.slice(512, end));
    }
    return seeds;
  },
  async run(bytes) {
    const { extents } = parseVmdkDescriptor(bytes, "fuzz.vmdk");
    for (const { sectors, offset } of extents) {
      if (!Number.isSafeInteger(512 * sectors) || !Number.isSafeInteger(512 * offset) || sectors < 0 || offset < 0) {
        throw new Error("an extent without a size");
      }
    }
  },
};

/** Every disk format by being in the list of formats (raw has no structure, XVA has a target of its own), and parts of them that whole images seldom reach. */
export const diskTargets: readonly FuzzTarget[] = [
  ...diskFormats.all.filter(({ id }) => id !== "raw" && id !== "xva" && id !== "vma").map(diskTarget),
  ...checkedFormats.map((format) => checkTarget(diskTarget(format), format)),
  ...layoutTargets(diskTarget),
  ...amendedFormats.map((format) => resizeTarget(diskTarget(format), format)),
  streamTarget(streamSeeds),
  salvageTarget(streamSeeds),
  vmdkDescriptor,
  vhdxLog,
  qcow2Snapshots,
  qcow2Zstd,
  vmdkSeSparse,
];
