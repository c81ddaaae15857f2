import assert from "node:assert/strict";
import { test } from "node:test";
import { diskContext } from "../../test/support/disks.js";
import { hasCode } from "../../test/support/errors.js";
import { diskFile } from "../../test/support/packages.js";
import { FerryError } from "../base/errors.js";
import type { DiskFormatId, PlatformId } from "../base/ids.js";
import { compareDisks } from "../disk/compare.js";
import { diskFormats } from "../disk/formats.js";
import type { DiskStream } from "../disk/model.js";
import { openChain } from "../disk/open.js";
import type { Context } from "../io/context.js";
import type { FolderAccess } from "../io/folder.js";
import { noResolver } from "../io/resolver.js";
import { memorySource } from "../io/sources/memory.js";
import { iterableStream } from "../io/streams.js";
import { memoryFileSet } from "../io/testing/memory-set.js";
import type { ComingDisk } from "./coming.js";
import { planConversion } from "./convert/convert.js";
import { inspectPackage } from "./inspect.js";
import type { OpenedSource } from "./opened.js";
import { openSource } from "./source.js";

const vmdk = await diskFile("vmdk", "streamOptimized", {
  sectors: 16_384,
  runs: [
    { sector: 100, sectors: 700, content: "noise" },
    { sector: 9000, sectors: 9, content: "text" },
  ],
});

const VMX = [
  'config.version = "8"',
  'virtualHW.version = "19"',
  'displayName = "web"',
  'memsize = "64"',
  'firmware = "bios"',
  'scsi0.present = "TRUE"',
  'floppy0.present = "FALSE"',
  'scsi0:0.present = "TRUE"',
  'scsi0:0.fileName = "disk.vmdk"',
].join("\n");

/** A machine whose disk lies elsewhere: opening it as a file is a failure of its own. */
async function machine(bytes: Uint8Array, asked: { count: number }, ctx: Context): Promise<OpenedSource> {
  const folder: FolderAccess = {
    label: "far",
    list: async () => ["web.vmx", "disk.vmdk"],
    size: async (name) => (name === "web.vmx" ? VMX.length : name === "disk.vmdk" ? 0 : null),
    async open(name) {
      if (name === "web.vmx") return memorySource(new TextEncoder().encode(VMX), name);
      throw new FerryError("io/not-found", `${name} is opened as a file`);
    },
  };
  const begin = async (own: Context): Promise<DiskStream> => {
    asked.count++;
    const chunks = async function* (): AsyncIterable<Uint8Array> {
      for (let at = 0; at < bytes.length; at += 5000) yield bytes.subarray(at, at + 5000);
    };
    const stream = await diskFormats.get("vmdk").openStream?.(iterableStream("disk.vmdk", chunks()), own);
    return stream ?? assert.fail("VMDKs are streams");
  };
  const first = await begin(ctx);
  await first.cancel();
  const coming: ComingDisk = { info: first.info, units: () => first.units(), open: begin };
  const opened = await openSource({ kind: "folder", folder }, {}, ctx);
  return { ...opened, coming: new Map([["disk.vmdk", coming]]) };
}

/** Platforms that write folders, with the format of their disks. */
const ways: readonly (readonly [PlatformId, DiskFormatId])[] = [
  ["libvirt", "qcow2"],
  ["hyperv", "vhdx"],
  ["virtualbox", "vdi"],
  ["vmware", "vmdk"],
];

for (const [platform, format] of ways) {
  test(`a disk that comes in one pass is written for ${platform} with nothing stored in between, and read once`, async () => {
    const ctx = diskContext();
    const asked = { count: 0 };
    const opened = await machine(vmdk, asked, ctx);
    const options = { platform, reading: "once", exportOptions: { folder: "/vms" } } as const;
    const conversion = await planConversion(opened, options, ctx);
    assert.ok(conversion.findings.some(({ code }) => code === "disk/one-pass"));
    const to = memoryFileSet();
    await conversion.plan.execute(to, { integrity: false }, ctx);
    assert.equal(asked.count, 2, "once for its beginning, once for all of it");
    const [name = ""] = conversion.plan.files
      .map((file) => file.name)
      .filter((file) => /\.(?:qcow2|vhdx|vdi|vmdk)$/.test(file));
    const written = await openChain(
      { bytes: to.source(name) },
      { formats: diskFormats, resolver: noResolver, format },
      ctx,
    );
    const plain = await openChain(
      { bytes: memorySource(vmdk, "disk.vmdk") },
      { formats: diskFormats, resolver: noResolver, format: "vmdk" },
      ctx,
    );
    assert.equal((await compareDisks(plain, written, ctx)).firstDifference, null);
    await conversion.close();
  });
}

test("a disk that breaks off leaves no result, and where it has to be read freely it is opened as a file", async () => {
  const ctx = diskContext();
  const cut = await machine(vmdk.subarray(0, vmdk.length - 2000), { count: 0 }, ctx);
  const options = { platform: "libvirt", exportOptions: { folder: "/vms" } } as const;
  const conversion = await planConversion(cut, { ...options, reading: "once" }, ctx);
  const executing = conversion.plan.execute(memoryFileSet(), { integrity: false }, ctx);
  await assert.rejects(executing, hasCode("disk/stream-cut-off"));
  const opened = await machine(vmdk, { count: 0 }, ctx);
  await assert.rejects(planConversion(opened, options, ctx), hasCode("io/not-found"));
  await assert.rejects(
    planConversion(opened, { platform: "xenserver", reading: "once" }, ctx),
    hasCode("io/not-found"),
  );
});

test("looking at a machine reads the beginning of such a disk alone", async () => {
  const ctx = diskContext();
  const asked = { count: 0 };
  const seen = await inspectPackage(await machine(vmdk, asked, ctx), {}, ctx);
  assert.deepEqual(
    seen.appliance?.disks.map(({ format, capacityBytes }) => [format, capacityBytes]),
    [["vmdk", 16_384 * 512]],
  );
  assert.equal(asked.count, 1);
});
