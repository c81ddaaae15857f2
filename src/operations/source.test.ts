import assert from "node:assert/strict";
import { test } from "node:test";
import { FerryError } from "../base/errors.js";
import type { FolderAccess } from "../io/folder.js";
import { memorySource } from "../io/sources/memory.js";
import { testContext } from "../io/testing/context.js";
import { openSource, ovfOf } from "./source.js";

function folderOf(files: Readonly<Record<string, string>>): FolderAccess {
  const bytes = (name: string): Uint8Array => new TextEncoder().encode(files[name]);
  return {
    label: "path/to/vms",
    list: async () => Object.keys(files).filter((name) => !name.includes("/")),
    size: async (name) => (Object.hasOwn(files, name) ? bytes(name).length : null),
    open: async (name) => memorySource(bytes(name), `path/to/vms/${name}`),
  };
}

const vmx = (name: string, disk: string): string =>
  [
    'config.version = "8"',
    'virtualHW.version = "19"',
    `displayName = "${name}"`,
    'memsize = "512"',
    'scsi0.present = "TRUE"',
    'scsi0.virtualDev = "pvscsi"',
    'floppy0.present = "FALSE"',
    'scsi0:0.present = "TRUE"',
    `scsi0:0.fileName = "${disk}"`,
  ].join("\n");

function code(wanted: string): (error: unknown) => boolean {
  return (error) => error instanceof FerryError && error.code === wanted;
}

test("machines of one folder are one appliance, and a file that two of them name is one disk", async () => {
  const ctx = testContext();
  const folder = folderOf({
    "a.vmx": vmx("web", "own.vmdk"),
    "b.vmx": vmx("db", "C:\\vms\\own.vmdk"),
    "c.vmx": vmx("mail", "[store 1] mail/other.vmdk"),
    "own.vmdk": "x",
    "other.vmdk": "y",
  });
  const opened = await openSource({ kind: "folder", folder }, {}, ctx);
  const appliance = opened.appliance({}, ctx);
  assert.deepEqual(ctx.codes(), []);
  assert.deepEqual(
    appliance.machines.map(({ id, attachments }) => [id, attachments.map(({ disk }) => disk)]),
    [
      ["web", ["scsi0:0"]],
      ["db", ["scsi0:0"]],
      ["mail", ["mail/scsi0:0"]],
    ],
  );
  assert.deepEqual(
    appliance.disks.map(({ id, file }) => [id, file]),
    [
      ["scsi0:0", "own.vmdk"],
      ["mail/scsi0:0", "other.vmdk"],
    ],
  );
  assert.deepEqual([opened.platform, opened.version, opened.reader.kind], ["vmware", "vmx-19", "vmx"]);
  assert.throws(() => ovfOf(opened, "a test asks"), code("package/not-ovf"));
});

test("a disk that is not beside the configuration is a finding, unless it is said where it lies", async () => {
  const folder = folderOf({ "a.vmx": vmx("web", "/vmfs/volumes/x/gone.vmdk") });
  const ctx = testContext();
  await openSource({ kind: "folder", folder }, {}, ctx);
  assert.deepEqual(ctx.codes(), ["package/missing-file"]);
  const elsewhere = folderOf({ "moved.vmdk": "abc" });
  for (const key of ["scsi0:0", "/vmfs/volumes/x/gone.vmdk", "gone.vmdk"]) {
    const own = testContext();
    const placed = new Map([[key, { folder: elsewhere, name: "moved.vmdk" }]]);
    const { reader } = await openSource({ kind: "folder", folder }, { placed }, own);
    assert.deepEqual([own.codes(), reader.entry("moved.vmdk")?.size], [[], 3], key);
  }
});

test("files that describe no machine do not count", async () => {
  const ctx = testContext();
  const files = { "a.vmx": vmx("web", "x.vmdk"), "b.xml": "<note/>", "x.vmdk": "" };
  await openSource({ kind: "folder", folder: folderOf(files) }, {}, ctx);
  await assert.rejects(
    openSource({ kind: "folder", folder: folderOf({ "b.xml": "<note/>" }) }, {}, ctx),
    code("package/no-descriptor"),
  );
});

test("volumes of Proxmox VE are found beside the configuration, in folders of a storage, and as raw images of block storage", async () => {
  const conf = [
    "name: web",
    "memory: 512",
    "scsi0: local:100/vm-100-disk-0.qcow2,size=1G",
    "scsi1: local-lvm:vm-100-disk-1,size=2G",
    "scsi2: other:100/vm-100-disk-2.raw,size=1G",
    "ide2: local:iso/debian.iso,media=cdrom",
  ].join("\n");
  const folder = folderOf({
    "100.conf": conf,
    "images/100/vm-100-disk-0.qcow2": "a",
    "vm-100-disk-1.raw": "b",
    "vm-100-disk-2.raw": "c",
    "template/iso/debian.iso": "d",
  });
  const ctx = testContext();
  const opened = await openSource({ kind: "folder", folder }, {}, ctx);
  const { disks, files } = opened.appliance({}, ctx);
  assert.deepEqual(ctx.codes(), []);
  assert.deepEqual(
    disks.map(({ id, file, format, capacityBytes }) => [id, file, format, capacityBytes / 2 ** 30]),
    [
      ["scsi0", "images/100/vm-100-disk-0.qcow2", null, 1],
      ["scsi1", "vm-100-disk-1.raw", "raw", 2],
      ["scsi2", "vm-100-disk-2.raw", "raw", 1],
    ],
  );
  assert.deepEqual(
    files.map(({ name, role }) => [name, role]),
    [["template/iso/debian.iso", "iso"]],
  );
  assert.deepEqual([opened.platform, opened.producer], ["proxmox", "Proxmox VE"]);
});

test("where paths are of the host that is asked, a file of the same name beside the machine is not taken for another folder's", async () => {
  const ctx = testContext();
  const folder = folderOf({ "a.vmx": vmx("web", "/far/own.vmdk"), "own.vmdk": "x" });
  const far = folderOf({ "far/own.vmdk": "far away" });
  const external = (path: string) => ({ folder: far, name: path.slice(1) });
  const sizes = [];
  for (const absolute of [{}, { absolute: "first" as const }]) {
    const opened = await openSource({ kind: "folder", folder }, { external, ...absolute }, ctx);
    sizes.push(opened.reader.entry(opened.appliance({}, ctx).disks[0]?.file ?? "")?.size);
  }
  assert.deepEqual(sizes, [1, 8]);
});
