import assert from "node:assert/strict";
import { test } from "node:test";
import { formatOfUri } from "./disk-formats.js";
import { cimOsName } from "./operating-systems.js";
import { controllerBus, RESOURCE_TYPES, resourceType } from "./resource-types.js";

test("names the disk format of every known URI", () => {
  const vmdk = "http://www.vmware.com/interfaces/specifications/vmdk.html";
  const cases: readonly (readonly [uri: string, format: string, variant: string | null])[] = [
    [`${vmdk}#streamOptimized`, "vmdk", "streamOptimized"],
    [`${vmdk}#monolithicSparse`, "vmdk", "monolithicSparse"],
    [`${vmdk}#monolithicFlat`, "vmdk", "monolithicFlat"],
    ["http://www.vmware.com/specifications/vmdk.html#sparse", "vmdk", "monolithicSparse"],
    ["http://www.vmware.com/specifications/vmdk.html#compressed", "vmdk", "streamOptimized"],
    ["http://www.vmware.com/interfaces/interfaces/specifications/vmdk.html#streamOptimized", "vmdk", "streamOptimized"],
    ["http://www.vmware.com/technical-resources/interfaces/vmdk_access.html#monolithic_flat", "vmdk", "monolithicFlat"],
    [`${vmdk}#somethingElse`, "vmdk", null],
    [vmdk, "vmdk", null],
    ["http://www.microsoft.com/technet/virtualserver/downloads/vhdspec.mspx", "vhd", null],
    ["http://go.microsoft.com/fwlink/?LinkId=137171", "vhd", null],
    ["http://technet.microsoft.com/en-us/virtualserver/bb676673.aspx#monolithic_flat", "vhd", null],
    ["http://technet.microsoft.com/en-us/library/hh831446.aspx#monolithic_sparse", "vhdx", null],
    ["http://forums.virtualbox.org/viewtopic.php?t=8046#monolithic_sparse", "vdi", null],
    ["http://people.gnome.org/~markmc/qcow-image-format.html#x", "qcow2", null],
    ["http://www.gnome.org/~markmc/qcow-image-format.html", "qcow2", null],
    ["http://en.wikipedia.org/wiki/Byte", "raw", null],
    ["http://raw/", "raw", null],
  ];
  for (const [uri, format, variant] of cases)
    assert.deepEqual(formatOfUri(uri), { kind: "disk", format, variant }, uri);
  assert.deepEqual(formatOfUri("http://www.ecma-international.org/publications/standards/Ecma-119.htm"), {
    kind: "iso",
  });
  assert.equal(formatOfUri("http://www.xtreemfs.org/specifications/xtreemfsformat"), null);
  assert.equal(formatOfUri(""), null);
});

test("knows the buses of controllers by type and sub type, whatever the case", () => {
  assert.equal(controllerBus(5, ["PIIX4"]), "ide");
  assert.equal(controllerBus(6, ["lsilogic"]), "scsi");
  assert.equal(controllerBus(6, ["VirtioSCSI"]), "virtio-scsi");
  assert.equal(controllerBus(20, ["AHCI"]), "sata");
  assert.equal(controllerBus(20, ["vmware.sata.ahci"]), "sata");
  assert.equal(controllerBus(20, ["NVMe"]), "nvme");
  assert.equal(controllerBus(20, ["vmware.nvme.controller"]), "nvme");
  assert.equal(controllerBus(20, ["VirtioSCSI"]), "virtio-scsi");
  assert.equal(controllerBus(23, []), "usb");
  assert.equal(controllerBus(20, ["vmware.nvdimm.controller"]), null);
});

test("resource types and operating systems stand under their numbers", () => {
  assert.equal(resourceType(17)?.kind, "disk");
  assert.equal(resourceType(35)?.kind, "sound");
  assert.equal(resourceType(0), undefined);
  assert.equal(resourceType(32768), undefined);
  assert.equal(new Set(RESOURCE_TYPES.map((type) => type.id)).size, RESOURCE_TYPES.length);
  assert.equal(cimOsName(36), "LINUX");
  assert.equal(cimOsName(96), "Debian 64-Bit");
  assert.equal(cimOsName(100), "Linux 2.6.x 64-Bit");
  assert.equal(cimOsName(121), "Microsoft Windows 10 64-bit");
  assert.equal(cimOsName(9999), null);
  assert.equal(cimOsName(-1), null);
});
