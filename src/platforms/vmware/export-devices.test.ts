import assert from "node:assert/strict";
import { test } from "node:test";
import type { Appliance, Machine } from "../../appliance/appliance.js";
import { fit } from "../../appliance/fit.js";
import { appliance, cpu, disk, drive, guestOs, machine, nic } from "../../appliance/testing/samples.js";
import { MIB } from "../../base/bytes.js";
import type { TargetId } from "../../base/ids.js";
import { targets } from "../../targets/targets.js";
import { exportVmware } from "./export.js";
import { createVmxView, type VmxView } from "./view.js";
import { parseVmx } from "./vmx.js";

interface Written {
  readonly vmx: VmxView;
  readonly codes: readonly string[];
  /** Facts that are lost. */
  readonly lost: readonly unknown[];
  readonly variants: readonly string[];
}

function write(parts: Partial<Machine>, id: TargetId = "workstation-17", rest: Partial<Appliance> = {}): Written {
  const target = targets.get(id);
  const { appliance: fitted, shapes } = fit(appliance({ machines: [machine(parts)], ...rest }), target);
  const { configs, notes, disks } = exportVmware(fitted, shapes, target, {});
  return {
    vmx: createVmxView(parseVmx(configs[0]?.bytes ?? new Uint8Array())),
    codes: notes.map(({ code }) => code).filter((code) => code !== "vmware/guest-os-unknown"),
    lost: notes.filter(({ code }) => code === "platform/fact-dropped").map(({ data }) => data?.fact),
    variants: disks.map(({ variant }) => variant),
  };
}

test("the UUID is written as VMware writes it, and kept on the new host", () => {
  const { vmx, codes } = write({ uuid: "564db768-f332-42ee-6201-06973cf5c30c" });
  assert.equal(vmx.text("uuid.bios"), "56 4d b7 68 f3 32 42 ee-62 01 06 97 3c f5 c3 0c");
  assert.equal(vmx.text("uuid.action"), "keep");
  assert.deepEqual(codes, []);
  assert.deepEqual(write({ uuid: "nonsense" }).lost, ["uuid"]);
});

test("a hosted product makes a TPM by itself; elsewhere it is left out, and said", () => {
  const here = write({ tpm: "2.0", firmware: "efi-secure" });
  assert.equal(here.vmx.text("managedvm.autoAddVTPM"), "software");
  assert.equal(here.vmx.number("virtualHW.version"), 14);
  for (const there of [write({ tpm: "2.0", firmware: "efi" }, "vsphere-8"), write({ tpm: "1.2" })]) {
    assert.ok(!there.vmx.some("managedvm.") && !there.vmx.some("vtpm."));
    assert.ok(there.codes.includes("vmware/tpm-new"));
  }
});

test("a hardware version that the target does not run is lowered, and said", () => {
  assert.ok(write({ hardwareTypes: ["vmx-22"] }).codes.includes("vmware/hardware-lowered"));
  assert.ok(!write({ hardwareTypes: ["vmx-22", "vmx-13"] }).codes.includes("vmware/hardware-lowered"));
});

test("serial ports keep their other ends, as far as VMware has such", () => {
  const ports = (id: TargetId): Written =>
    write(
      {
        serialPorts: [
          { index: 0, backing: "pipe", target: "/tmp/com1" },
          { index: 1, backing: "pty", target: null },
          { index: 2, backing: "network", target: "host:5000" },
          { index: 3, backing: null, target: null },
          { index: 5, backing: "file", target: "log.txt" },
          { index: 40, backing: "file", target: "far.txt" },
        ],
      },
      id,
    );
  const { vmx, codes, lost } = ports("vsphere-8");
  assert.deepEqual([vmx.text("serial0.fileType"), vmx.text("serial0.fileName")], ["pipe", "/tmp/com1"]);
  assert.deepEqual([vmx.text("serial1.fileType"), vmx.flag("serial1.autodetect")], ["device", true]);
  assert.equal(vmx.text("serial2.fileName"), "tcp://host:5000");
  assert.equal(vmx.text("serial5.fileName"), "log.txt");
  assert.ok(!vmx.some("serial40."));
  assert.deepEqual(codes, ["vmware/serial-port-changed", "vmware/serial-port-changed"]);
  assert.deepEqual(lost, []);
  assert.equal(ports("workstation-17").codes.length, 4);
});

test("sound cards of one chip have one word, others become HD Audio with a note", () => {
  const card = (sound: string): readonly unknown[] => {
    const { vmx, codes } = write({ sound });
    return [vmx.text("sound.virtualDev"), ...codes];
  };
  assert.deepEqual(card("ich9"), ["hdaudio"]);
  assert.deepEqual(card("vmware.soundcard.ensoniq1371"), ["es1371"]);
  assert.deepEqual(card("SB16"), ["sb16"]);
  assert.deepEqual(card("AC97"), ["hdaudio", "vmware/sound-changed"]);
});

test("graphics memory and displays are written within VMware's bounds", () => {
  const own = write({ video: { model: "VMSVGA", memoryBytes: 16 * MIB, heads: 2 } });
  assert.deepEqual([own.vmx.number("svga.vramSize"), own.vmx.number("svga.numDisplays")], [16 * MIB, 2]);
  assert.deepEqual(own.codes, []);
  const large = write({ video: { model: "qxl", memoryBytes: 4096 * MIB, heads: 16 } });
  assert.deepEqual([large.vmx.number("svga.vramSize"), large.vmx.number("svga.numDisplays")], [256 * MIB, 10]);
  assert.deepEqual(large.codes, ["vmware/video-changed"]);
});

test("the clock, nested machines and the guest's own name are written", () => {
  const { vmx, codes } = write({
    clock: "utc",
    cpu: { ...cpu(4, 2), nested: true },
    guestOs: guestOs({ vmware: "debian12-64", description: 'Debian "12"' }),
  });
  assert.deepEqual([vmx.text("rtc.diffFromUTC"), vmx.flag("vhv.enable")], ["0", true]);
  assert.equal(vmx.text("guestOSAltName"), 'Debian "12"');
  assert.deepEqual(codes, []);
  assert.deepEqual(write({ clock: "localtime" }).codes, []);
  assert.deepEqual(write({ clock: "localtime" }, "vsphere-8").codes, ["vmware/clock-utc"]);
});

test("a hosted product plugs cards in by their kind before their network's name", () => {
  const nics = [
    nic({ kind: "hostonly", network: "NAT" }),
    nic({ kind: "internal", network: "lab" }),
    nic({ kind: "network", network: "VMnet8" }),
    nic({ kind: "network", network: "Bridged" }),
    nic({ kind: "network", network: "production" }),
  ];
  const { vmx, codes } = write({ nics });
  assert.deepEqual(
    nics.map((_, n) => vmx.text(`ethernet${n}.connectionType`)),
    ["hostonly", "pvn", "custom", "bridged", "nat"],
  );
  assert.equal(vmx.text("ethernet2.vnet"), "VMnet8");
  assert.match(vmx.text("ethernet1.pvnID") ?? "", /^52( [0-9a-f]{2}){7}-[0-9a-f]{2}( [0-9a-f]{2}){7}$/);
  assert.deepEqual(codes, ["vmware/network-chosen"]);
  const again = write({
    nics: [nic({ kind: "internal", network: "lab" }), nic({ kind: "internal", network: "lab2" })],
  });
  assert.equal(again.vmx.text("ethernet0.pvnID"), vmx.text("ethernet1.pvnID"));
  assert.notEqual(again.vmx.text("ethernet1.pvnID"), vmx.text("ethernet1.pvnID"));
  const esx = write({ nics: [nic({ kind: "nat" }), nic({ network: "production", kind: "network" })] }, "vsphere-8");
  assert.deepEqual(
    [esx.vmx.text("ethernet0.networkName"), esx.vmx.text("ethernet1.networkName")],
    ["VM Network", "production"],
  );
  assert.ok(esx.codes.includes("vmware/network-chosen"));
  assert.deepEqual(esx.lost, ["nicKind"]);
});

test("disks that several machines write to are told to VMware, and a bus of such disks too", () => {
  const controllers = [0, 1].map((index) => ({ id: `scsi${index}`, bus: "scsi" as const, model: "lsilogic", index }));
  const parts: Partial<Machine> = {
    controllers,
    attachments: [
      drive("disk", { disk: "own", controller: "scsi0", slot: 0 }),
      drive("disk", { disk: "quorum", controller: "scsi1", slot: 0 }),
    ],
  };
  const rest = { disks: [disk("own"), disk("quorum", { shared: true })] };
  const { vmx, codes, variants } = write(parts, "workstation-17", rest);
  assert.deepEqual([vmx.text("scsi0.sharedBus"), vmx.text("scsi1.sharedBus")], [null, "virtual"]);
  assert.deepEqual([vmx.text("scsi0:0.sharing"), vmx.text("scsi1:0.sharing")], [null, "multi-writer"]);
  assert.deepEqual(variants, ["monolithicSparse", "monolithicFlat"]);
  assert.deepEqual(codes, []);
  assert.deepEqual(write(parts, "vsphere-8", rest).variants, ["streamOptimized", "streamOptimized"]);
});

test("settings of VMware's own go from one VMX file to the next; what names the old host, or another place, does not", () => {
  const foreign = (name: string, payload: string, source = "vmware"): Machine["foreign"][number] => ({
    source,
    name,
    payload,
    machine: "m",
  });
  const { vmx, codes } = write(
    {
      controllers: [{ id: "scsi0", bus: "scsi", model: "pvscsi", index: 0 }],
      attachments: [drive("disk", { disk: "scsi0:0", controller: "scsi0", slot: 0 })],
      foreign: [
        foreign("vcpu.hotadd", "TRUE"),
        foreign("disk.EnableUUID", "TRUE"),
        foreign("scsi0:0.mode", "independent-persistent"),
        foreign("scsi0:1.mode", "independent-persistent"),
        foreign("sharedFolder0", "sharedFolder0.hostPath = /"),
        foreign("guestinfo.userdata", ""),
        foreign("isolation.tools.copy.disable", 'x"\nevil = "1'),
        foreign("mem.hotadd", "TRUE", "ovf"),
      ],
    },
    "workstation-17",
    { disks: [disk("scsi0:0")] },
  );
  assert.deepEqual([vmx.flag("vcpu.hotadd"), vmx.flag("disk.EnableUUID")], [true, true]);
  assert.equal(vmx.text("scsi0:0.mode"), "independent-persistent");
  assert.equal(vmx.text("isolation.tools.copy.disable"), 'x"\nevil = "1');
  assert.ok(!vmx.some("scsi0:1.") && !vmx.some("sharedfolder") && !vmx.some("evil") && !vmx.some("mem.hotadd"));
  assert.deepEqual(codes, Array(4).fill("platform/foreign-dropped"));
});

test("what a VMX file has no word for is named", () => {
  const { lost } = write(
    {
      chipset: "q35",
      virtualization: "pv",
      directBoot: { kernel: null, initrd: null, arguments: null, loader: "pygrub" },
      cpu: { ...cpu(4), threadsPerCore: 2, max: 8 },
      dynamicMemory: { minBytes: 256 * MIB, maxBytes: 1024 * MIB },
      nics: [nic({ vlan: 12, network: "NAT" })],
      attachments: [drive("disk", { disk: "d", readOnly: true })],
    },
    "workstation-17",
    { disks: [disk("d")] },
  );
  assert.deepEqual(lost, [
    "chipset",
    "virtualization",
    "directBoot",
    "threadsPerCore",
    "maxCpus",
    "dynamicMemory",
    "vlan",
    "readOnly",
  ]);
});
