import assert from "node:assert/strict";
import { test } from "node:test";
import { GIB, MIB, TIB } from "../base/bytes.js";
import type { Bus } from "../base/ids.js";
import type { TargetProfile } from "../targets/profile.js";
import { targets } from "../targets/targets.js";
import type { Appliance, Attachment, Machine } from "./appliance.js";
import { fit } from "./fit.js";
import { appliance, biosIdeCd, disk, efiSataVirtio, machine, nvmeSecure, scsiMultiDisk } from "./testing/samples.js";

const codesOf = (result: { notes: readonly { code: string }[] }): string[] => result.notes.map((n) => n.code);
const only = (a: Appliance): Machine => a.machines[0] as Machine;

/** `scsi 0:1`, one for each drive. */
function places(a: Appliance): string[] {
  const m = only(a);
  return m.attachments.map((d) => {
    const controller = m.controllers.find((c) => c.id === d.controller);
    return `${d.device === "disk" ? d.disk : d.device} ${controller?.bus} ${controller?.index}:${d.slot}`;
  });
}

/** One machine with disks `d0`, `d1`, ... and CD drives on one bus, numbered in order. */
function drives(bus: Bus, disks: number, cds: number, parts: Partial<Machine> = {}): Appliance {
  const attachments: Attachment[] = [];
  for (let i = 0; i < disks + cds; i++) {
    const isDisk = i < disks;
    attachments.push({
      device: isDisk ? "disk" : "cdrom",
      disk: isDisk ? `d${i}` : null,
      file: null,
      controller: "c",
      slot: i,
      readOnly: false,
    });
  }
  return appliance({
    disks: Array.from({ length: disks }, (_, i) => disk(`d${i}`)),
    machines: [machine({ controllers: [{ id: "c", bus, model: null, index: 0 }], attachments, ...parts })],
  });
}

test("an appliance that a target has room for stays as it is, and the source is not touched", () => {
  const source = nvmeSecure();
  const before = structuredClone(source);
  const result = fit(source, targets.get("vsphere-8"));
  assert.deepEqual(codesOf(result), []);
  assert.deepEqual(source, before);
  assert.equal(result.shapes.get("nv")?.id, "vmx-20");
  assert.deepEqual(places(result.appliance), ["n0 nvme 0:0", "n1 nvme 0:1"]);
});

test("models become the target's words for the same chip, without a note", () => {
  const { appliance: fitted, notes } = fit(scsiMultiDisk(), targets.get("workstation-17"));
  assert.deepEqual(
    only(fitted).controllers.map((c) => c.model),
    ["lsilogic", "pvscsi", "usb_xhci"],
  );
  assert.equal(only(fitted).nics[0]?.model, "vmxnet3");
  assert.deepEqual(
    notes.filter((n) => n.severity !== "info"),
    [],
  );
});

test("a chip that the target lacks becomes the default, with a warning", () => {
  const result = fit(efiSataVirtio(), targets.get("workstation-17"));
  assert.equal(only(result.appliance).nics[0]?.model, "e1000");
  assert.deepEqual(codesOf(result), ["fit/nic-model-changed"]);
  const kvm = fit(scsiMultiDisk(), targets.get("libvirt"));
  assert.deepEqual(
    only(kvm.appliance).controllers.map((c) => c.model),
    ["mptsas1068", "pvscsi", "qemu-xhci"],
  );
  assert.ok(codesOf(kvm).includes("fit/controller-model-changed"));
});

test("the shape follows the firmware, and among those that have it the drives", () => {
  assert.equal(fit(efiSataVirtio(), targets.get("hyperv-2025")).shapes.get("web")?.id, "gen2");
  assert.equal(fit(biosIdeCd(), targets.get("hyperv-2025")).shapes.get("old")?.id, "gen1");
  assert.equal(fit(biosIdeCd(), targets.get("libvirt")).shapes.get("old")?.id, "pc");
  assert.equal(fit(drives("sata", 1, 1), targets.get("libvirt")).shapes.get("m")?.id, "q35");
});

test("unknown firmware becomes the target's default, with a warning", () => {
  const result = fit(drives("sata", 1, 0, { firmware: "unknown", firmwareFrom: null }), targets.get("workstation-17"));
  assert.equal(only(result.appliance).firmware, "bios");
  assert.equal(only(result.appliance).firmwareFrom, "default");
  assert.deepEqual(codesOf(result), ["fit/firmware-assumed"]);
});

test("generation 1 boots from IDE: the boot disk moves there, the rest goes to SCSI when IDE is full", () => {
  const result = fit(drives("sata", 5, 1), targets.get("hyperv-2022"));
  assert.deepEqual(places(result.appliance), [
    "d0 ide 0:0",
    "d1 ide 1:0",
    "d2 ide 1:1",
    "d3 scsi 0:0",
    "d4 scsi 0:1",
    "cdrom ide 0:1",
  ]);
  assert.equal(codesOf(result).filter((c) => c === "fit/disk-moved").length, 5);
});

test("a CD drive finds a place on IDE although the disks would fill it", () => {
  const source = drives("ide", 4, 0);
  only(source).attachments.push({
    device: "cdrom",
    disk: null,
    file: null,
    controller: null,
    slot: null,
    readOnly: false,
  });
  const result = fit(source, targets.get("hyperv-2022"));
  assert.ok(places(result.appliance).some((p) => p.startsWith("cdrom ide")));
  assert.ok(places(result.appliance)[0]?.startsWith("d0 ide"));
  assert.ok(!codesOf(result).includes("fit/cdrom-dropped"));
});

test("where only position counts, the boot disk comes first on its bus", () => {
  const result = fit(drives("ide", 2, 0, { boot: [{ device: "disk", index: 1 }] }), targets.get("hyperv-2022"));
  assert.deepEqual(places(result.appliance), ["d0 ide 0:1", "d1 ide 0:0"]);
  assert.deepEqual(codesOf(result), ["fit/drive-renumbered", "fit/drive-renumbered"]);
});

test("four drives on one IDE controller are two on each channel", () => {
  const result = fit(drives("ide", 1, 3), targets.get("workstation-17"));
  assert.deepEqual(places(result.appliance), ["d0 ide 0:0", "cdrom ide 0:1", "cdrom ide 1:0", "cdrom ide 1:1"]);
});

test("no drive gets the SCSI controller's own address", () => {
  const result = fit(
    drives("scsi", 9, 0, { controllers: [{ id: "c", bus: "scsi", model: "pvscsi", index: 0 }] }),
    targets.get("vsphere-7"),
  );
  assert.ok(!places(result.appliance).some((p) => p.endsWith(":7")));
  assert.equal(new Set(places(result.appliance).map((p) => p.slice(3))).size, 9);
});

test("two drives that claim one place both get one", () => {
  const source = drives("sata", 2, 0);
  for (const a of only(source).attachments) a.slot = 0;
  assert.deepEqual(places(fit(source, targets.get("workstation-17")).appliance), ["d0 sata 0:0", "d1 sata 0:1"]);
});

test("NVMe disks move to SATA where the target has no NVMe", () => {
  const result = fit(nvmeSecure(), targets.get("libvirt"));
  assert.deepEqual(places(result.appliance), ["n0 sata 0:0", "n1 sata 0:1"]);
  assert.equal(result.shapes.get("nv")?.id, "q35");
  assert.equal(codesOf(result).filter((c) => c === "fit/disk-moved").length, 2);
});

test("a floppy drive is dropped with a warning where there is no place, and so is its entry in the boot order", () => {
  const source = biosIdeCd();
  only(source).boot.push({ device: "floppy", index: 3 });
  const noFloppy = structuredClone(targets.get("hyperv-2022")) as TargetProfile;
  const result = fit(source, {
    ...noFloppy,
    shapes: noFloppy.shapes.map((s) => ({ ...s, buses: { ...s.buses, floppy: { controllers: 0, slots: 0 } } })),
  });
  assert.ok(codesOf(result).includes("fit/floppy-dropped"));
  assert.ok(codesOf(result).includes("fit/boot-device-dropped"));
  assert.deepEqual(
    only(result.appliance).boot.map((b) => b.device),
    ["cdrom", "disk", "network"],
  );
});

test("a drive without a disk is dropped, and the boot order follows the drives that stay", () => {
  const source = drives("sata", 2, 0, { boot: [{ device: "disk", index: 1 }] });
  (only(source).attachments[0] as Attachment).disk = null;
  const result = fit(source, targets.get("workstation-17"));
  assert.deepEqual(only(result.appliance).boot, [{ device: "disk", index: 0 }]);
  assert.ok(codesOf(result).includes("fit/drive-without-disk"));
});

test("an order that begins with an empty drive boots the first disk that is there", () => {
  const empty: Attachment = { device: "disk", disk: null, file: null, controller: null, slot: null, readOnly: false };
  const source = drives("sata", 2, 0);
  const attachments = [empty, ...only(source).attachments];
  const boot = [0, 2].map((index) => ({ device: "disk" as const, index }));
  const machines = [{ ...only(source), attachments, boot }];
  // Generation 1 tries its disks by their places alone.
  const { appliance: fitted } = fit({ ...source, machines }, targets.get("hyperv-2025"));
  assert.deepEqual(places(fitted).slice(0, 2), ["d0 ide 0:1", "d1 ide 0:0"]);
  assert.deepEqual(only(fitted).boot, [{ device: "disk", index: 1 }]);
});

test("what is over a limit is an error", () => {
  const source = drives("sata", 1, 0, {
    cpu: { count: 33, coresPerSocket: null, threadsPerCore: null, max: null, nested: null },
    memoryBytes: 200 * GIB,
    nics: Array.from({ length: 11 }, () => ({
      network: "n",
      kind: null,
      vlan: null,
      model: "e1000",
      mac: null,
      connected: true,
      portProfile: null,
    })),
  });
  (source.disks[0] as { capacityBytes: number }).capacityBytes = 9 * TIB;
  const result = fit(source, targets.get("workstation-17"));
  const errors = result.notes.filter((n) => n.severity === "error").map((n) => n.code);
  assert.deepEqual(errors.sort(), [
    "fit/disk-too-large",
    "fit/too-many-cpus",
    "fit/too-many-nics",
    "fit/too-much-memory",
  ]);
});

test("a shape's own limits count: generation 1 takes 64 processors", () => {
  const result = fit(
    drives("ide", 1, 0, { cpu: { count: 65, coresPerSocket: null, threadsPerCore: null, max: null, nested: null } }),
    targets.get("hyperv-2025"),
  );
  assert.ok(codesOf(result).includes("fit/too-many-cpus"));
});

test("more disks than a target has places is an error", () => {
  const one = { ...targets.get("workstation-17") };
  const [shape] = one.shapes;
  assert.ok(shape !== undefined);
  const result = fit(drives("sata", 3, 0), {
    ...one,
    shapes: [{ ...shape, bootBuses: ["ide"], buses: { ide: { controllers: 1, slots: 2 } } }],
  });
  assert.deepEqual(places(result.appliance), ["d0 ide 0:0", "d1 ide 0:1"]);
  assert.ok(codesOf(result).includes("fit/no-room-for-disk"));
});

test("memory is raised to the target's step, processors to one, impossible sockets are dropped", () => {
  const result = fit(
    machineOnly({
      memoryBytes: 513 * MIB,
      cpu: { count: 3, coresPerSocket: 2, threadsPerCore: null, max: null, nested: null },
    }),
    targets.get("workstation-17"),
  );
  assert.equal(only(result.appliance).memoryBytes, 516 * MIB);
  assert.equal(only(result.appliance).cpu.coresPerSocket, null);
  assert.deepEqual(codesOf(result), ["fit/cores-per-socket-dropped", "fit/memory-raised"]);
  const empty = fit(
    machineOnly({
      memoryBytes: 0,
      cpu: { count: 0, coresPerSocket: null, threadsPerCore: null, max: null, nested: null },
    }),
    targets.get("hyperv-2025"),
  );
  assert.equal(only(empty.appliance).memoryBytes, 32 * MIB);
  assert.equal(only(empty.appliance).cpu.count, 1);
});

test("addresses that no card may have are dropped", () => {
  const nic = (mac: string): Machine["nics"][number] => ({
    network: "n",
    kind: null,
    vlan: null,
    model: "e1000",
    mac,
    connected: true,
    portProfile: null,
  });
  const result = fit(
    machineOnly({ nics: [nic("01:00:5e:00:00:01"), nic("nonsense"), nic("02:00:00:00:00:01")] }),
    targets.get("libvirt"),
  );
  assert.deepEqual(
    only(result.appliance).nics.map((n) => n.mac),
    [null, null, "02:00:00:00:00:01"],
  );
  assert.deepEqual(codesOf(result), ["fit/mac-dropped", "fit/mac-dropped"]);
});

test("machines get names of their own, without control characters", () => {
  const source = appliance({
    machines: [
      machine({ id: "a", name: "web\u0007" }),
      machine({ id: "b", name: "WEB" }),
      machine({ id: "c", name: "\ud800" }),
    ],
  });
  const result = fit(source, targets.get("libvirt"));
  assert.deepEqual(
    result.appliance.machines.map((m) => m.name),
    ["web", "WEB-2", "\ufffd"],
  );
  assert.deepEqual(codesOf(result), ["fit/name-changed", "fit/name-changed", "fit/name-changed"]);
});

test("notes point to the place in the source where the fact stands", () => {
  const source = machineOnly({ memoryBytes: 513 * MIB });
  source.origins.set("machines/m/memoryBytes", { at: "text", file: "m.ovf", line: 12, column: 5 });
  assert.deepEqual(fit(source, targets.get("workstation-17")).notes[0]?.location, {
    at: "text",
    file: "m.ovf",
    line: 12,
    column: 5,
  });
});

function machineOnly(parts: Partial<Machine>): Appliance {
  return appliance({ machines: [machine(parts)] });
}
