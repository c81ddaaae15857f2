/** No export of a XenServer is at hand: these are made by xapi's data model. See test/support/xva.ts. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { cd, network, ovaXmlOf, type RpcRecord, sr, vbd, vdi, vif, vm } from "../../../test/support/xva.js";
import type { Appliance } from "../../appliance/appliance.js";
import { GIB, MIB } from "../../base/bytes.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import { testContext } from "../../io/testing/context.js";
import { readOvaXml } from "./import.js";

interface Read {
  readonly appliance: Appliance;
  readonly codes: readonly string[];
}

function read(records: readonly RpcRecord[] | string): Read {
  const bytes = typeof records === "string" ? new TextEncoder().encode(records) : ovaXmlOf(records);
  const config = readOvaXml({ name: "export", label: "vm.xva!ova.xml", bytes }, testContext());
  const findings: Diagnostic[] = [];
  const files = { find: (path: string) => ({ name: path, size: 1 }) };
  const appliance = config.appliance(files, (finding) => findings.push(finding));
  return { appliance, codes: findings.map(({ code }) => code) };
}

function machineOf(records: readonly RpcRecord[]): Appliance["machines"][number] {
  const { appliance, codes } = read(records);
  assert.deepEqual(codes, []);
  return appliance.machines[0] ?? assert.fail();
}

describe("an ova.xml", () => {
  it("is a machine with processors, memory, firmware, drives and network cards", () => {
    const { appliance, codes } = read([
      vm("Ref:0", { name_label: "web 1", name_description: "the shop", VCPUs_max: 8, VCPUs_at_startup: 4 }),
      vbd("Ref:1", "Ref:0", "Ref:2", 0),
      vdi("Ref:2", "Ref:3", 8 * GIB, { type: "system" }),
      sr("Ref:3"),
      cd("Ref:4", "Ref:0", 3),
      vbd("Ref:5", "Ref:0", "Ref:6", "xvde", { mode: "RO" }),
      vdi("Ref:6", "Ref:3", 3 * GIB, { sharable: true }),
      vif("Ref:7", "Ref:0", "Ref:8", 0),
      network("Ref:8", "Pool-wide network associated with eth0", { name_description: "the LAN" }),
      vif("Ref:9", "Ref:0", "Ref:gone", 1, { MAC: "", locking_mode: "disabled" }),
    ]);
    assert.deepEqual(codes, []);
    const [machine] = appliance.machines;
    assert.ok(machine !== undefined);
    assert.deepEqual([machine.name, machine.annotation], ["web 1", "the shop"]);
    assert.equal(machine.uuid, "5675265a-bdb4-b3d2-05dd-1d03caa0af38");
    assert.equal(machine.guestOs.xenserver, "Debian Bookworm 12");
    assert.deepEqual(machine.cpu, { count: 4, coresPerSocket: 2, threadsPerCore: null, max: 8, nested: null });
    assert.deepEqual([machine.memoryBytes, machine.dynamicMemory], [2 * GIB, null]);
    assert.deepEqual([machine.virtualization, machine.chipset], ["hvm", "i440fx"]);
    assert.deepEqual([machine.firmware, machine.firmwareFrom], ["bios", "declared"]);
    assert.deepEqual(
      machine.boot.map(({ device }) => device),
      ["disk", "cdrom", "network"],
    );
    assert.deepEqual(machine.video, { model: "std", memoryBytes: 8 * MIB, heads: null });
    assert.equal(machine.clock, "utc");
    assert.deepEqual(
      machine.attachments.map((a) => [a.device, a.disk, a.controller, a.slot, a.readOnly]),
      [
        ["disk", "xvda", "ide0", 0, false],
        ["cdrom", null, "ide1", 1, false],
        ["disk", "xvde", "scsi0", 4, true],
      ],
    );
    assert.deepEqual(
      machine.controllers.map(({ id, bus, model, index }) => [id, bus, model, index]),
      [
        ["ide0", "ide", null, 0],
        ["ide1", "ide", null, 1],
        ["scsi0", "scsi", "xen", 0],
      ],
    );
    assert.deepEqual(
      appliance.disks.map((d) => [d.id, d.file, d.capacityBytes, d.shared]),
      [
        ["xvda", "Ref:2", 8 * GIB, false],
        ["xvde", "Ref:6", 3 * GIB, true],
      ],
    );
    assert.deepEqual(
      machine.nics.map((n) => [n.network, n.kind, n.model, n.mac, n.connected]),
      [
        ["Pool-wide network associated with eth0", "network", "rtl8139", "ce:0b:61:7d:00:00", true],
        [null, null, "rtl8139", null, false],
      ],
    );
    assert.deepEqual(appliance.networks, [{ name: "Pool-wide network associated with eth0", description: "the LAN" }]);
    assert.deepEqual(machine.foreign, []);
    assert.deepEqual(appliance.origins.get("machines/web 1/cpu")?.at, "text");
  });

  it("says EFI, secure boot, TPM, nested machines and growing memory", () => {
    const machine = machineOf([
      vm("Ref:0", {
        HVM_boot_params: { firmware: "uefi", order: "dc" },
        platform: {
          secureboot: "true",
          "nested-virt": "true",
          "device-model": "qemu-upstream-uefi",
          timeoffset: "-7200",
        },
        memory_dynamic_min: GIB,
        memory_static_max: 4 * GIB,
        VTPMs: ["Ref:9"],
        NVRAM: { "EFI-variables": "VkFSUw==", "EFI-variables-on-boot": "reset" },
      }),
      vbd("Ref:1", "Ref:0", "Ref:2", 0),
      vdi("Ref:2", "Ref:3", GIB),
      sr("Ref:3"),
      cd("Ref:4", "Ref:0", 3),
      vif("Ref:7", "Ref:0", "Ref:8", 0),
      network("Ref:8", "LAN"),
      { class: "VTPM", id: "Ref:9", snapshot: { "vTPM'_VM": "Ref:0", "vTPM'_content": "c2VjcmV0" } },
    ]);
    assert.deepEqual([machine.firmware, machine.tpm, machine.cpu.nested], ["efi-secure", "2.0", true]);
    assert.deepEqual(machine.dynamicMemory, { minBytes: GIB, maxBytes: 4 * GIB });
    assert.equal(machine.clock, "localtime");
    assert.deepEqual(
      machine.attachments.map(({ controller, slot }) => [controller, slot]),
      [
        ["nvme0", 0],
        ["ide1", 1],
      ],
    );
    assert.equal(machine.nics[0]?.model, "e1000");
    // What the firmware and the TPM remember is named, and not shown.
    assert.deepEqual(
      machine.foreign.map(({ name, payload }) => [name, payload]),
      [
        ["NVRAM:EFI-variables", "VkFSUw=="],
        ["NVRAM:EFI-variables-on-boot", "reset"],
      ],
    );
  });

  it("is a PV guest with its boot loader where the policy is empty, and boots by BIOS where nothing is said", () => {
    const { domain_type: _type, ...old } = vm("Ref:0", {
      HVM_boot_policy: "",
      HVM_boot_params: {},
      PV_bootloader: "pygrub",
      PV_args: "console=hvc0",
      PV_kernel: "/boot/guest/vmlinuz",
    }).snapshot;
    const machine = machineOf([
      { class: "VM", id: "Ref:0", snapshot: old },
      vbd("Ref:1", "Ref:0", "Ref:2", 1, { bootable: true }),
      vdi("Ref:2", "Ref:3", GIB),
      sr("Ref:3"),
    ]);
    assert.deepEqual([machine.virtualization, machine.firmware, machine.chipset], ["pv", "unknown", null]);
    assert.deepEqual(machine.directBoot, { kernel: null, initrd: null, arguments: "console=hvc0", loader: "pygrub" });
    assert.deepEqual(machine.boot, [{ device: "disk", index: 0 }]);
    assert.deepEqual([machine.attachments[0]?.controller, machine.attachments[0]?.slot], ["scsi0", 1]);
    assert.ok(machine.foreign.some(({ name, payload }) => name === "PV_kernel" && payload === "/boot/guest/vmlinuz"));
    const bare = machineOf([vm("Ref:0", { HVM_boot_params: {}, domain_type: "unspecified" })]);
    assert.deepEqual([bare.virtualization, bare.firmware, bare.firmwareFrom], ["hvm", "bios", "default"]);
    assert.deepEqual(
      bare.boot.map(({ device }) => device),
      ["disk", "cdrom"],
    );
  });

  it("takes the static memory of exports that are older than ballooning", () => {
    const { parent: _parent, ...old } = vm("Ref:0", { memory_dynamic_max: GIB, memory_static_max: 3 * GIB }).snapshot;
    const machine = machineOf([{ class: "VM", id: "Ref:0", snapshot: old }]);
    assert.deepEqual([machine.memoryBytes, machine.dynamicMemory], [3 * GIB, null]);
  });

  it("may hold several machines and their order, and leaves out snapshots with their disks, which is said", () => {
    const { appliance, codes } = read([
      vm("Ref:0", { name_label: "web", order: 2, start_delay: 30 }),
      vm("Ref:1", { name_label: "web" }),
      vm("Ref:2", { name_label: "before the update", is_a_snapshot: true, snapshot_of: "Ref:0" }),
      vm("Ref:3", { name_label: "Control domain", is_control_domain: true }),
      vbd("Ref:4", "Ref:0", "Ref:7", 0),
      vbd("Ref:5", "Ref:1", "Ref:8", 0),
      vbd("Ref:6", "Ref:2", "Ref:9", 0),
      vdi("Ref:7", "Ref:10", GIB),
      vdi("Ref:8", "Ref:10", GIB),
      vdi("Ref:9", "Ref:10", GIB),
      sr("Ref:10"),
    ]);
    assert.deepEqual(codes, ["xenserver/snapshot-left-out", "xenserver/snapshot-left-out"]);
    assert.deepEqual(
      appliance.machines.map(({ id, attachments }) => [id, attachments[0]?.disk]),
      [
        ["web", "xvda"],
        ["web-2", "web-2/xvda"],
      ],
    );
    assert.deepEqual(
      appliance.disks.map(({ file }) => file),
      ["Ref:7", "Ref:8"],
    );
    assert.deepEqual(appliance.startup, [{ machine: "web", order: 2, startDelaySeconds: 30 }]);
  });

  it("names images of the library, disks that are not there, templates and suspended machines", () => {
    const { appliance, codes } = read([
      vm("Ref:0", { is_a_template: true, power_state: "Suspended", suspend_VDI: "Ref:9" }),
      cd("Ref:1", "Ref:0", 3, { empty: false, VDI: "Ref:2" }),
      vdi("Ref:2", "Ref:3", GIB, { location: "debian.iso" }),
      sr("Ref:3", { content_type: "iso", type: "iso" }),
      vbd("Ref:4", "Ref:0", "Ref:2", 1),
      vbd("Ref:5", "Ref:0", "Ref:missing", 2),
    ]);
    assert.deepEqual(codes, [
      "xenserver/drive-left-out",
      "xenserver/drive-left-out",
      "xenserver/image-elsewhere",
      "xenserver/template",
      "xenserver/suspended",
    ]);
    assert.deepEqual(
      appliance.machines[0]?.attachments.map(({ device, file }) => [device, file]),
      [["cdrom", null]],
    );
  });

  it("carries what the model has no word for, without what may be secret", () => {
    const machine = machineOf([
      vm("Ref:0", {
        other_config: { auto_poweron: "true", mac_seed: "x", vmferry: "x", "xo:resource_set": "x", api_token: "hush" },
        VCPUs_params: { weight: "512" },
        xenstore_data: { "vm-data/user": "hush" },
        actions_after_crash: "preserve",
        HVM_shadow_multiplier: "2.5",
        tags: ["a", "b"],
        platform: { viridian: "true", secureboot: "auto", hvm_serial: "tcp::7001,server,nowait", nx: "false" },
      }),
      { class: "VGPU", id: "Ref:5", snapshot: { VM: "Ref:0", device: "0" } },
    ]);
    assert.deepEqual(
      machine.foreign.map(({ name, payload }) => [name, payload]),
      [
        ["platform:viridian", "true"],
        ["platform:secureboot", "auto"],
        ["platform:nx", "false"],
        ["other_config:auto_poweron", "true"],
        ["other_config:api_token", ""],
        ["VCPUs_params:weight", "512"],
        ["xenstore_data:vm-data/user", ""],
        ["actions_after_crash", "preserve"],
        ["HVM_shadow_multiplier", "2.5"],
        ["tags", "a, b"],
        ["virtual GPU", "0"],
      ],
    );
    assert.deepEqual(machine.serialPorts, [{ index: 0, backing: "network", target: "tcp::7001,server,nowait" }]);
  });

  it("is refused where it holds no records, and reported where it has no machine", () => {
    for (const text of ["<value/>", "<appliance version='0.1'/>", "<value><struct/></value>"]) {
      assert.throws(
        () => read(text),
        (error) => error instanceof FerryError && error.code === "config/unreadable",
      );
    }
    assert.deepEqual(read([sr("Ref:1")]).codes, ["xenserver/no-machine"]);
  });

  it("may refer to itself in circles, twice or not at all", () => {
    const { appliance } = read([
      vm("Ref:0", { snapshot_of: "Ref:0", parent: "Ref:0", VBDs: ["Ref:0"] }),
      vbd("Ref:1", "Ref:0", "Ref:1", 0),
      vbd("Ref:2", "Ref:0", "Ref:4", 0),
      vbd("Ref:3", "Ref:0", "Ref:4", "autodetect"),
      vdi("Ref:4", "Ref:4", GIB, { parent: "Ref:4" }),
      vdi("Ref:4", "Ref:4", 7 * GIB),
      { class: "VBD", id: "Ref:5", snapshot: {} },
      { class: "VM", id: "Ref:6", snapshot: {} },
    ]);
    assert.deepEqual(
      appliance.machines.map(({ name, attachments }) => [name, attachments.length]),
      [
        ["web", 2],
        ["export", 0],
      ],
    );
    assert.deepEqual(
      appliance.disks.map(({ capacityBytes }) => capacityBytes),
      [GIB],
    );
  });
});
