/** What is written for Proxmox VE is read back as the machine that was fitted, in every fact that its configuration can say. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Appliance, Attachment, Machine, Nic } from "../../src/appliance/appliance.js";
import { fit } from "../../src/appliance/fit.js";
import { MIB } from "../../src/base/bytes.js";
import { bootSequence } from "../../src/platforms/boot-sequence.js";
import type { ExportPlan } from "../../src/platforms/platform.js";
import { exportProxmox } from "../../src/platforms/proxmox/export.js";
import { readProxmoxConf } from "../../src/platforms/proxmox/import.js";
import { dnsName, ostypeOf, soundOf, vgaOf } from "../../src/platforms/proxmox/words.js";
import { proxmox9 } from "../../src/targets/kvm.js";
import { anyAppliance } from "../support/arbitrary-appliance.js";
import { fc } from "../support/fast-check.js";

/** A drive by what it holds: the name of a file in the result. */
type Held = readonly [device: Attachment["device"], file: string | null, readOnly: boolean];

/** Facts of a machine, with its boot order as drives and indexes of network cards. */
type Told = Readonly<Record<string, unknown>> & { readonly boot: readonly (Held | number | null)[] };

function lastPart(volume: string): string {
  return volume.slice(volume.lastIndexOf("/") + 1);
}

/** What a configuration can say of a machine. */
function wantedOf(fitted: Appliance, machine: Machine, plan: ExportPlan): Told {
  const { cpu, dynamicMemory: range } = machine;
  const { ostype } = ostypeOf(machine.guestOs);
  const all = cpu.max !== null && cpu.max > cpu.count ? cpu.max : cpu.count;
  const cores = cpu.coresPerSocket !== null && cpu.coresPerSocket > 0 && all % cpu.coresPerSocket === 0;
  const most = Math.max(machine.memoryBytes, range?.maxBytes ?? 0);
  const least = range === null ? 0 : Math.floor(range.minBytes / MIB) * MIB;
  const annotation = machine.annotation?.replace(/\s+$/, "") ?? "";
  const vga = machine.video === null ? null : vgaOf(machine.video).value;
  const startup = fitted.startup.find((step) => step.machine === machine.id);
  const ports = new Map(machine.serialPorts.filter(({ index }) => index >= 0 && index <= 3).map((p) => [p.index, p]));
  return {
    name: dnsName(machine.name),
    annotation: annotation === "" ? null : annotation,
    uuid: machine.uuid === "nonsense" ? null : machine.uuid,
    ostype,
    chipset: machine.chipset ?? "i440fx",
    firmware: machine.firmware,
    tpm: machine.tpm,
    clock: machine.clock ?? (ostype.startsWith("w") ? "localtime" : "utc"),
    count: cpu.count,
    max: all > cpu.count ? all : null,
    coresPerSocket: cores ? cpu.coresPerSocket : all,
    nested: cpu.nested === true ? true : null,
    memoryBytes: most,
    dynamicMemory: least > 0 && least < most ? { minBytes: least, maxBytes: most } : null,
    serialPorts: [...ports.keys()].sort(),
    sound: machine.sound === null ? null : soundOf(machine.sound),
    vga,
    nics: machine.nics.map(nicOf),
    drives: machine.attachments.map((a) => heldOf(fitted, machine, a, plan)).sort(compare),
    boot: bootSequence(machine).map((step) =>
      "nic" in step ? machine.nics.indexOf(step.nic) : heldOf(fitted, machine, step.drive, plan),
    ),
    startup: startup === undefined ? null : [startup.order, startup.startDelaySeconds],
  };
}

function compare(a: Held, b: Held): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
}

function nicOf({ model, mac, vlan, network, kind, connected }: Nic): unknown {
  if (kind === "nat" && network === null) return { model, mac, vlan: null, network, kind, connected };
  const kept = kind === "bridged" && network !== null && /^[A-Za-z][A-Za-z0-9._-]{0,14}$/.test(network);
  return { model, mac, vlan, network: kept ? network : "vmbr0", kind: "bridged", connected };
}

function heldOf(fitted: Appliance, machine: Machine, a: Attachment, plan: ExportPlan): Held {
  const bus = machine.controllers.find(({ id }) => id === a.controller)?.bus;
  const able = a.device === "disk" && (bus === "scsi" || bus === "virtio-scsi" || bus === "virtio-blk");
  const file =
    a.device === "disk"
      ? plan.disks.find(({ disk }) => disk === a.disk)?.name
      : plan.files.find(({ asset }) => asset === fitted.files.find(({ id }) => id === a.file)?.id)?.name;
  return [a.device, file ?? null, able && a.readOnly];
}

/** The same of a configuration that was read. */
function toldOf(read: Appliance): Told {
  const machine = read.machines[0] ?? assert.fail("no machine");
  const held = (a: Attachment): Held => {
    const volume =
      a.device === "disk"
        ? read.disks.find(({ id }) => id === a.disk)?.file
        : read.files.find(({ id }) => id === a.file)?.name;
    return [a.device, volume === undefined || volume === null ? null : lastPart(volume), a.readOnly];
  };
  const { video } = machine;
  return {
    name: machine.name,
    annotation: machine.annotation,
    uuid: machine.uuid,
    ostype: machine.guestOs.proxmox,
    chipset: machine.chipset,
    firmware: machine.firmware,
    tpm: machine.tpm,
    clock: machine.clock,
    count: machine.cpu.count,
    max: machine.cpu.max,
    coresPerSocket: machine.cpu.coresPerSocket,
    nested: machine.cpu.nested,
    memoryBytes: machine.memoryBytes,
    dynamicMemory: machine.dynamicMemory,
    serialPorts: machine.serialPorts.map(({ index }) => index),
    sound: machine.sound,
    vga:
      video === null
        ? null
        : `${video.model}${video.heads ?? ""}${video.memoryBytes === null ? "" : `,memory=${video.memoryBytes / MIB}`}`,
    nics: machine.nics.map(({ portProfile: _none, ...nic }) => nic),
    drives: machine.attachments.map(held).sort(compare),
    boot: machine.boot.map(({ device, index }) =>
      device === "network" || index === null ? index : held(machine.attachments[index] ?? assert.fail("no drive")),
    ),
    startup: read.startup.length === 0 ? null : [read.startup[0]?.order, read.startup[0]?.startDelaySeconds],
  };
}

test("any appliance comes back from its configurations as it was fitted", () => {
  fc.assert(
    fc.property(anyAppliance, (source) => {
      const { appliance: fitted, shapes, notes } = fit(source, proxmox9);
      fc.pre(!notes.some(({ severity }) => severity === "error"));
      const plan = exportProxmox(fitted, shapes, proxmox9, {});
      const confs = plan.configs.filter(({ name }) => name.endsWith(".conf"));
      assert.equal(confs.length, fitted.machines.length);
      for (const [i, { bytes, name }] of confs.entries()) {
        const machine = fitted.machines[i] ?? assert.fail("no machine");
        const config = readProxmoxConf({ name: "100", label: name, bytes });
        const read = config.appliance(
          { find: (path) => (path.startsWith("drive-") ? undefined : { name: path, size: 1 }) },
          (finding) => assert.fail(finding.code),
        );
        const wanted = wantedOf(fitted, machine, plan);
        const told = toldOf(read);
        // Where no order is said, Proxmox VE has one of its own.
        assert.deepEqual(wanted.boot.length === 0 ? { ...told, boot: [] } : told, wanted);
      }
    }),
    { numRuns: 300 },
  );
});
