/** One machine of a spec. */
import type { Attachment, BootDevice, GuestOs, Machine, Nic } from "../../appliance/appliance.js";
import { blankAttachment, blankGuestOs, blankMachine, blankNic } from "../../appliance/blank.js";
import { guestNamed } from "../../appliance/guest-words.js";
import { macFromText, uuidFromText } from "../../platforms/names-of-devices.js";
import { type AuthoredItem, type AuthoredMachine, driveKey } from "../../platforms/ovf/authored.js";
import { type Lowering, oneOf, optionsIn, settingsOf, stemOf } from "./lowering.js";
import type { DriveSpec, GuestSpec, MachineSpec, NicSpec } from "./spec.js";
import { refuseNode, type SpecNode } from "./tree.js";

/** A machine, and what only a package says of it. */
export interface LoweredMachine {
  readonly machine: Machine;
  readonly authored: AuthoredMachine;
}

/** @throws `build/unknown-reference`, `config/bad-value` */
export function machineOf(id: string, spec: MachineSpec, lowering: Lowering): LoweredMachine {
  const { text, asset } = lowering;
  const name = spec.name === null ? id : text(spec.name);
  const controllers = controllersOf(spec);
  const drives = (spec.drives ?? []).map((drive) => driveOf(drive, controllers, lowering));
  const attachments = drives.map(({ attachment }) => attachment);
  const nics = (spec.nics ?? []).map((nic) => nicOf(nic));
  const { cpu } = blankMachine(id);
  const memoryBytes = spec.memory ?? 0;
  const dynamic = spec["dynamic-memory"];
  const machine: Machine = {
    ...blankMachine(id, name),
    annotation: spec.annotation === null ? null : text(spec.annotation),
    uuid: spec.uuid === null ? null : checked(uuidFromText(spec.uuid), "a UUID", spec.at),
    guestOs: spec.os === null ? blankGuestOs() : guestOf(spec.os, lowering),
    hardwareTypes: [...(spec["hardware-type"] ?? [])],
    virtualization: spec.virtualization,
    chipset: spec.chipset,
    firmware: spec.firmware ?? "unknown",
    firmwareFrom: spec.firmware === null ? null : "declared",
    tpm: spec.tpm,
    nvram: spec.nvram === null ? null : asset(spec.nvram, "nvram"),
    cpu: {
      ...cpu,
      count: spec.cpus ?? 1,
      coresPerSocket: spec["cores-per-socket"],
      threadsPerCore: spec["threads-per-core"],
      max: spec["max-cpus"],
      nested: spec.nested,
    },
    memoryBytes,
    dynamicMemory:
      dynamic === null ? null : { minBytes: dynamic.min ?? memoryBytes, maxBytes: dynamic.max ?? memoryBytes },
    bounds: [
      ...(spec["cpu-limits"] === null ? [] : [{ fact: "cpu" as const, ...limits(spec["cpu-limits"]) }]),
      ...(spec["memory-limits"] === null ? [] : [{ fact: "memory" as const, ...limits(spec["memory-limits"]) }]),
    ],
    controllers: controllers.map(({ config: _, ...controller }) => controller),
    attachments,
    nics,
    serialPorts: (spec["serial-ports"] ?? []).map(({ index, backing, target }, place) => ({
      index: index ?? place,
      backing,
      target,
    })),
    sound: spec.sound,
    video:
      spec.video === null
        ? null
        : { model: spec.video.model, memoryBytes: spec.video.memory, heads: spec.video.displays },
    clock: spec.clock,
    boot: (spec.boot ?? []).map((word) => bootOf(word, attachments, nics, spec.at)),
    install: spec["install-delay"] === null ? null : { initialBootStopDelaySeconds: spec["install-delay"] },
    transports: [...(spec.transports ?? [])],
  };
  const items = new Map<string, AuthoredItem>();
  for (const { attachment, authored } of drives) items.set(driveKey(attachments, attachment), authored);
  return {
    machine,
    authored: {
      options: (spec.options ?? []).map(({ key, value, at }) => ({
        option: oneOf(
          key,
          (lowering.spec.options ?? []).map(({ key: known }) => known),
          "deployment option",
          at,
        ),
        cpus: value.cpus,
        coresPerSocket: value["cores-per-socket"],
        memoryBytes: value.memory,
      })),
      cpu: settingsOf(spec["cpu-config"]),
      memory: settingsOf(spec["memory-config"]),
      video: settingsOf(spec.video?.config ?? null),
      controllers: new Map(controllers.map(({ id: known, config }) => [known, config])),
      drives: items,
      nics: (spec.nics ?? []).map(({ only, config, at }) => ({
        only: optionsIn(only, lowering, at),
        config: settingsOf(config),
      })),
      devices: (spec.devices ?? []).map((device) => ({
        resourceType: device.type ?? 1,
        subType: device.subtype,
        name: device.name ?? device.subtype ?? `Device of type ${device.type}`,
        required: device.required ?? false,
        only: optionsIn(device.only, lowering, device.at),
        config: settingsOf(device.config),
      })),
      config: settingsOf(spec.vmware?.config ?? null),
      extraConfig: settingsOf(spec.vmware?.["extra-config"] ?? null),
    },
  };
}

function limits({ min, max }: { readonly min: number | null; readonly max: number | null }): {
  readonly min: number | null;
  readonly max: number | null;
} {
  return { min, max };
}

function checked<T>(value: T | null, what: string, at: SpecNode): T {
  if (value !== null) return value;
  throw refuseNode("config/bad-value", `this is not ${what}`, at);
}

type LoweredController = Machine["controllers"][number] & { readonly config: AuthoredMachine["cpu"] };

function controllersOf(spec: MachineSpec): readonly LoweredController[] {
  const counts = new Map<string, number>();
  return (spec.controllers ?? []).map(({ key, value }) => {
    const bus = value.bus ?? "scsi";
    const index = value.index ?? counts.get(bus) ?? 0;
    counts.set(bus, index + 1);
    return { id: key, bus, model: value.model, index, config: settingsOf(value.config) };
  });
}

function guestOf(spec: GuestSpec, { text }: Lowering): GuestOs {
  const named = spec.name === null ? blankGuestOs() : guestNamed(spec.name);
  if (named === undefined) {
    throw refuseNode(
      "build/unknown-reference",
      `no guest system is called ${JSON.stringify(spec.name)}`,
      spec.at,
      "Use a name such as debian12, ubuntu, win11, rhel9-64, Windows2022_64; other and other-64 stand for the rest.",
    );
  }
  return {
    cim: spec.cim ?? named.cim,
    vmware: spec.vmware ?? named.vmware,
    virtualbox: spec.virtualbox ?? named.virtualbox,
    osinfo: spec.osinfo ?? named.osinfo,
    proxmox: spec.proxmox ?? named.proxmox,
    xenserver: spec.xenserver ?? named.xenserver,
    description: spec.description === null ? named.description : text(spec.description),
  };
}

function driveOf(
  spec: DriveSpec,
  controllers: readonly LoweredController[],
  lowering: Lowering,
): { readonly attachment: Attachment; readonly authored: AuthoredItem } {
  const { cdrom, floppy } = spec;
  const ids = controllers.map(({ id }) => id);
  const left = spec.controller === null || (spec.controller === "any" && !ids.includes("any"));
  const place = {
    controller: left ? null : oneOf(spec.controller ?? "", ids, "controller", spec.at),
    slot: spec.slot,
    readOnly: spec["read-only"] ?? false,
  };
  const kinds = [spec.disk ?? spec.size, spec["same-as"], cdrom, floppy].filter((kind) => kind !== null);
  if (kinds.length !== 1) {
    throw refuseNode(
      "config/bad-value",
      "a drive has one of disk, size, same-as, cdrom and floppy",
      spec.at,
      "As in `{ disk: root.qcow2 }`, `{ size: 20GiB }` or `{ cdrom: seed.iso }`; disk and size may stand together.",
    );
  }
  const authored = { only: optionsIn(spec.only, lowering, spec.at), config: settingsOf(spec.config) };
  const image = cdrom ?? floppy;
  if (image !== null) {
    const device = cdrom === null ? "floppy" : "cdrom";
    const file = image === "empty" ? null : lowering.asset(image, device === "cdrom" ? "iso" : "floppy");
    return { attachment: blankAttachment(device, { ...place, file }), authored };
  }
  // Of the controllers that are named the first one is meant for disks.
  const named = controllers.find(({ bus }) => bus !== "usb" && bus !== "floppy")?.id ?? null;
  const first = spec.controller === null ? named : null;
  const disk = diskOf(spec, lowering);
  return { attachment: blankAttachment("disk", { ...place, controller: place.controller ?? first, disk }), authored };
}

/** The id of a drive's disk, which is there already where another machine has it. */
function diskOf(spec: DriveSpec, { appliance, find, spec: whole }: Lowering): string {
  if (spec["same-as"] !== null) {
    const all = [
      ...(whole.machine === null ? [] : [whole.machine]),
      ...(whole.machines ?? []).map(({ value }) => value),
    ];
    const drives = all.flatMap(({ drives: own }) => own ?? []);
    const ids = drives.flatMap(({ id }) => id ?? []);
    return oneOf(spec["same-as"], ids, "disk with the id", spec.at);
  }
  const wished = spec.id ?? (spec.disk === null ? `disk${appliance.disks.length + 1}` : stemOf(spec.disk.path));
  const taken = (id: string): boolean => appliance.disks.some((disk) => disk.id === id);
  if (spec.id !== null && taken(spec.id)) {
    throw refuseNode(
      "config/bad-value",
      `two disks have the id ${spec.id}`,
      spec.at,
      "For a disk that two machines use: `same-as`.",
    );
  }
  let id = wished;
  for (let n = 2; taken(id); n++) id = `${wished}-${n}`;
  appliance.disks.push({
    id,
    file: spec.disk === null ? null : find(spec.disk, "disk").name,
    format: null,
    variant: null,
    capacityBytes: spec.size ?? 0,
    parent: null,
    compression: null,
    chunkBytes: null,
    shared: spec.shared ?? false,
  });
  return id;
}

function nicOf(spec: NicSpec): Nic {
  return blankNic({
    network: spec.network,
    kind: spec.kind,
    vlan: spec.vlan,
    model: spec.model,
    mac: spec.mac === null ? null : checked(macFromText(spec.mac), "the address of a network card", spec.at),
    connected: spec.connected ?? true,
    portProfile: spec["port-profile"],
  });
}

const BOOT_WORD = /^(?:(disk|cdrom|floppy|network)|(drive|nic):([0-9]{1,5}))$/;

function bootOf(word: string, drives: readonly Attachment[], nics: readonly Nic[], at: SpecNode): BootDevice {
  const [, kind, list, number] = BOOT_WORD.exec(word) ?? [];
  if (kind !== undefined) return { device: kind as BootDevice["device"], index: null };
  const index = Number(number);
  if (list === "nic" && nics[index] !== undefined) return { device: "network", index };
  const drive = list === "drive" ? drives[index] : undefined;
  if (drive !== undefined) return { device: drive.device, index };
  throw refuseNode(
    "build/unknown-reference",
    `there is nothing to boot from that is called ${JSON.stringify(word)}`,
    at,
    "It is disk, cdrom, floppy, network, drive:N or nic:N, counted from 0 in the lists.",
  );
}
