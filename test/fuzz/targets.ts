import { readFile } from "node:fs/promises";
import { fit } from "../../src/appliance/fit.js";
import { SECTOR } from "../../src/base/bytes.js";
import { FerryError } from "../../src/base/errors.js";
import { bootFacts } from "../../src/disk/boot.js";
import { diskFormats } from "../../src/disk/formats.js";
import { openRaw } from "../../src/disk/raw/read.js";
import { lawfulExtents } from "../../src/disk/testing/laws.js";
import type { Context } from "../../src/io/context.js";
import type { FolderAccess } from "../../src/io/folder.js";
import { noResolver } from "../../src/io/resolver.js";
import { memorySource } from "../../src/io/sources/memory.js";
import { choppedStream } from "../../src/io/testing/chopped.js";
import { inspectPackage } from "../../src/operations/inspect.js";
import { openSource } from "../../src/operations/source.js";
import { readXva } from "../../src/operations/xva.js";
import { openXvaStream } from "../../src/operations/xva-stream.js";
import { detectPackage } from "../../src/package/detect.js";
import { parseManifest } from "../../src/package/manifest/text.js";
import { openOva } from "../../src/package/ova/open.js";
import { readTarIndex } from "../../src/package/tar/index.js";
import { ovaXml, xvaBytes } from "../../src/package/xva/testing/archive.js";
import { platforms } from "../../src/platforms/platforms.js";
import { plain } from "../../src/report/palette.js";
import { renderInspect } from "../../src/report/text.js";
import { targets } from "../../src/targets/targets.js";
import { parseXml } from "../../src/xml/parse.js";
import { packageFixtures } from "../support/fixtures.js";
import { FatImage, gpt, guestDisk, mbr, PROTECTIVE } from "../support/guest.js";
import { authorTargets } from "./author-targets.js";
import { configTargets } from "./config-targets.js";
import { fuzzContext } from "./context.js";
import { diskTargets } from "./disk-targets.js";
import { domainTarget, xlTarget } from "./domain-target.js";
import { fixTarget } from "./fix-target.js";
import { guestTargets } from "./guest-targets.js";
import { httpTarget } from "./http-target.js";
import { hypervTargets } from "./hyperv-targets.js";
import { proxmoxTargets } from "./proxmox-targets.js";
import { structureTarget } from "./structure-target.js";
import type { FuzzTarget } from "./target.js";
import { textTargets } from "./text-targets.js";
import { trustTargets } from "./trust-targets.js";
import { virtualboxTarget } from "./virtualbox-target.js";
import { xapiTarget } from "./xapi-target.js";

/** Of larger archives the front is taken. */
const largestArchive = 2 ** 18;
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

const xva: FuzzTarget = {
  name: "xva",
  async seeds() {
    const chunk = new Uint8Array(1024).fill(7);
    const sum = new TextEncoder().encode("0123456789ABCDEF");
    return ["xxhash", "checksum"].map((kind) =>
      xvaBytes([
        ovaXml({ "Ref:4": 4608, "Ref:5": 1024 }),
        ["Ref:4/00000000", chunk],
        [`Ref:4/00000000.${kind}`, sum],
        ["Ref:4/00000001", new Uint8Array(0)],
        [`Ref:4/00000001.${kind}`, sum],
        ["Ref:4/00000005", chunk],
        [`Ref:4/00000005.${kind}`, sum],
        ["Ref:5/00000000", chunk],
      ]),
    );
  },
  repair: repairTar,
  async run(bytes, ctx) {
    for (const chunks of await readXva(memorySource(bytes, "fuzz.xva"), ctx)) {
      const disk = await diskFormats.get("xva").open({ chunks }, noResolver, ctx);
      await lawfulExtents(disk);
      for (const { source, table } of await disk.reads({ offset: 0, length: Math.min(disk.info.size, 65_536) })) {
        await source.read(table[0] as number, table[1] as number);
      }
      for await (const { code } of chunks.check?.() ?? []) if (!code.startsWith("xva/")) throw new Error(code);
    }
    await streamXvaDisk(bytes, ctx);
  },
};

/** The same archive in one pass: what is read there lies in the disk, in rising order. */
async function streamXvaDisk(bytes: Uint8Array, ctx: Context): Promise<void> {
  const input = choppedStream(bytes, { label: "fuzz.xva", pieces: [512, 7, 4096] });
  const stream = await openXvaStream(input, bytes.length % 2 === 0 ? "Ref:4" : null, () => {}, ctx);
  let end = 0;
  for await (const { outOffset, length } of stream.reads()) {
    if (outOffset < end || length <= 0) throw new Error("reads do not rise");
    end = outOffset + length;
  }
  if (end > stream.info.size) throw new Error("a read lies outside of the disk");
}

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
    const opened = await openSource({ kind: "folder", folder: folderAround(bytes) }, { onDamage: "report" }, ctx);
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
  fixTarget(archives, repairTar),
  ova,
  xva,
  xapiTarget,
  xml,
  manifest,
  ovf,
  structureTarget(() => members(/\.ovf$/)),
  boot,
  domainTarget,
  xlTarget,
  ...guestTargets,
  ...configTargets,
  ...authorTargets,
  ...textTargets,
  ...hypervTargets,
  virtualboxTarget,
  ...proxmoxTargets,
  ...trustTargets(() => members(/\.cert$/)),
  httpTarget,
  ...diskTargets,
];
