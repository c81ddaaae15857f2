/** What is written to a VMX file is read from it again: every fact that such a file can say, and without a finding. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Appliance, Attachment, Machine, Nic, SerialPort } from "../../src/appliance/appliance.js";
import { fit } from "../../src/appliance/fit.js";
import { findGuestSystem } from "../../src/appliance/guest-os.js";
import type { TargetId } from "../../src/base/ids.js";
import { testContext } from "../../src/io/testing/context.js";
import { uuidFromText } from "../../src/platforms/names-of-devices.js";
import { bootEntries } from "../../src/platforms/vmware/boot.js";
import { FIRST_PORT_GROUP, plugOf } from "../../src/platforms/vmware/devices.js";
import { exportVmware } from "../../src/platforms/vmware/export.js";
import { readVmx } from "../../src/platforms/vmware/import.js";
import { soundEntries } from "../../src/platforms/vmware/ports.js";
import { targets } from "../../src/targets/targets.js";
import { anyAppliance } from "../support/arbitrary-appliance.js";
import { fc } from "../support/fast-check.js";

/** The same text as bytes carry it: halves of characters become replacement characters; nothing is no text. */
const carriedText = (text: string | null): string | null =>
  text === null || text === "" ? null : new TextDecoder().decode(new TextEncoder().encode(text));

function drives(machine: Machine, nameOf: (attachment: Attachment) => string | null): unknown[] {
  const on = new Map(machine.controllers.map(({ id, bus, index }) => [id, { bus, index }]));
  return machine.attachments
    .filter(({ device, disk }) => device !== "disk" || disk !== null)
    .map((attachment) => {
      const place = on.get(attachment.controller ?? "");
      const floppy = attachment.device === "floppy";
      const where = floppy ? "floppy" : `${place?.bus}${place?.index}`;
      return `${where}:${attachment.slot ?? 0} ${attachment.device} ${nameOf(attachment)}`;
    })
    .sort();
}

function controllers(machine: Machine): unknown[] {
  const usb = new Set(machine.controllers.filter(({ bus }) => bus === "usb").map(({ model }) => model ?? "usb_xhci"));
  if (usb.has("ehci")) usb.delete("usb");
  return machine.controllers
    .filter(({ bus }) => bus === "scsi" || bus === "sata" || bus === "nvme")
    .map(({ bus, index, model }) => `${bus}${index} ${bus === "scsi" ? model : ""}`)
    .concat([...usb])
    .sort();
}

const KINDS = { nat: "nat", bridged: "bridged", hostonly: "hostonly", custom: "network", pvn: "internal" } as const;

function cardOf(nic: Nic, hosted: boolean): Partial<Nic> {
  const { model, mac, connected } = nic;
  const network = carriedText(nic.network);
  if (!hosted) return { model, mac, connected, network: network ?? FIRST_PORT_GROUP, kind: "network" };
  return { model, mac, connected, network, kind: KINDS[plugOf(nic) ?? "nat"] };
}

function portOf({ index, backing, target }: SerialPort): SerialPort {
  if (backing === null || backing === "pty" || target === null) return { index, backing: "device", target: null };
  return { index, backing, target };
}

/** What the file can say of a fitted machine. */
function meant(fitted: Appliance, machine: Machine, hosted: boolean, names: ReadonlyMap<string, string>): unknown {
  const { video, sound } = machine;
  const users = fitted.machines.flatMap(({ attachments }) => attachments.map(({ disk }) => disk));
  const shared = fitted.disks.filter(
    (disk) => (disk.shared && users.includes(disk.id)) || users.filter((user) => user === disk.id).length > 1,
  );
  const own = new Set(machine.attachments.map(({ disk }) => disk));
  return {
    name: carriedText(machine.name),
    annotation: carriedText(machine.annotation),
    uuid: machine.uuid === null ? null : uuidFromText(machine.uuid),
    guest: findGuestSystem(machine.guestOs).system.vmx,
    description: carriedText(machine.guestOs.description),
    firmware: machine.firmware,
    tpm: machine.tpm !== null && hosted && machine.firmware !== "bios" ? "2.0" : null,
    cpu: [machine.cpu.count, machine.cpu.coresPerSocket, machine.cpu.nested],
    memoryBytes: machine.memoryBytes,
    controllers: controllers(machine),
    drives: drives(machine, ({ disk, file }) => names.get(disk ?? file ?? "") ?? null),
    shared: shared.flatMap(({ id }) => (own.has(id) ? [names.get(id)] : [])).sort(),
    nics: machine.nics.map((nic) => cardOf(nic, hosted)),
    ports: machine.serialPorts.filter(({ index }) => index < (hosted ? 4 : 32)).map(portOf),
    sound: sound === null ? null : soundEntries(machine, []).find(([name]) => name === "sound.virtualDev")?.[1],
    video: video === null ? null : { ...video, model: "svga" },
    clock: machine.clock === "utc" ? "utc" : hosted ? "localtime" : null,
    boot: bootEntries(machine, []),
  };
}

function told(appliance: Appliance): unknown {
  const [machine] = appliance.machines;
  assert.ok(machine !== undefined);
  const fileOf = (id: string | null): string | null =>
    appliance.disks.find((disk) => disk.id === id)?.file ??
    appliance.files.find((file) => file.id === id)?.name ??
    null;
  const { cpu, guestOs } = machine;
  // A floppy drive that is there by default is none that was meant: none of what is written has one.
  return {
    name: machine.name,
    annotation: machine.annotation,
    uuid: machine.uuid,
    guest: guestOs.vmware,
    description: guestOs.description,
    firmware: machine.firmware,
    tpm: machine.tpm,
    cpu: [cpu.count, cpu.coresPerSocket, cpu.nested],
    memoryBytes: machine.memoryBytes,
    controllers: controllers(machine),
    drives: drives(machine, ({ disk, file }) => fileOf(disk ?? file)),
    shared: appliance.disks.flatMap(({ file, shared }) => (shared ? [file] : [])).sort(),
    nics: machine.nics.map(({ model, mac, connected, network, kind }) => ({ model, mac, connected, network, kind })),
    ports: machine.serialPorts,
    sound: machine.sound,
    video: machine.video,
    clock: machine.clock,
    boot: bootEntries(machine, []),
  };
}

for (const id of ["workstation-17", "vsphere-8"] as const satisfies readonly TargetId[]) {
  test(`what is written for ${id} is read as it was meant, without a finding`, () => {
    const target = targets.get(id);
    const hosted = id === "workstation-17";
    fc.assert(
      fc.property(anyAppliance, (source) => {
        const { appliance: fitted, shapes } = fit(source, target);
        const plan = exportVmware(fitted, shapes, target, {});
        const names = new Map([
          ...plan.disks.map(({ disk, name }) => [disk, name] as const),
          ...plan.files.map(({ asset, name }) => [asset, name] as const),
        ]);
        for (const [index, machine] of fitted.machines.entries()) {
          const ctx = testContext();
          const bytes = plan.configs[index]?.bytes ?? new Uint8Array();
          const config = readVmx({ name: "m", label: "m.vmx", bytes });
          const files = { find: (path: string) => (path.endsWith(".vmsd") ? undefined : { name: path, size: 1 }) };
          const read = config.appliance(files, (finding) => ctx.report(finding));
          assert.deepEqual(told(read), meant(fitted, machine, hosted, names));
          assert.deepEqual(ctx.codes(), []);
        }
      }),
      { numRuns: 400, includeErrorInReport: true },
    );
  });
}
