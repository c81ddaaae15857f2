/** The YAML of something that exists. */
import { stringify } from "yaml";
import type { Attachment, Machine, Nic } from "../../appliance/appliance.js";
import { namesSecret } from "../../ovf/secrets.js";
import { type Field, fields, put, type SpecSource, sizeOf, some, text, type Value } from "./values.js";
import { about } from "./write-products.js";
import { type WrittenText, written } from "./written.js";

/** Bytes of a machine of which nobody says how much memory it has. */
const ASSUMED_MEMORY = 2 ** 31;

/** A spec in words, with what it leaves out. */
export function writeSpec(source: SpecSource): WrittenText {
  const { appliance } = source;
  const notes: string[] = [...(source.notes ?? [])];
  const spec = new Map<string, Value>([["appliance", 1]]);
  const [only, another] = appliance.machines;
  const name = appliance.name ?? only?.id ?? null;
  put(spec, "name", name);
  const networks = appliance.networks.filter(({ description }) => description !== null);
  if (networks.length > 0)
    spec.set("networks", new Map(networks.map((one) => [one.name, text(one.description ?? "")])));
  if (appliance.options.length > 0) {
    spec.set(
      "options",
      new Map(
        appliance.options.map(({ id, label, default: chosen }) => [
          id,
          fields([
            ["label", label],
            ["default", chosen ? "yes" : null],
          ]),
        ]),
      ),
    );
  }
  about(spec, null, source);
  const seen = new Set<string>();
  const machines = appliance.machines.map((machine): [string, Value] => [
    machine.id,
    machineOf(machine, source, seen, notes),
  ]);
  const [first] = machines;
  if (only !== undefined && another === undefined && only.id === name && first !== undefined)
    spec.set("machine", first[1]);
  else if (machines.length > 0) spec.set("machines", new Map(machines));
  if (appliance.groups.length > 0) {
    spec.set(
      "groups",
      new Map(
        appliance.groups.map(({ id, name: called, members }) => [
          id,
          fields([
            ["name", called],
            ["members", members.map(text)],
          ]),
        ]),
      ),
    );
  }
  if (appliance.startup.length > 0) {
    spec.set(
      "startup",
      appliance.startup.map(({ machine, order, startDelaySeconds }) =>
        fields([
          ["machine", machine],
          ["order", Math.max(0, Math.min(65_535, Math.round(order)))],
          ["delay", startDelaySeconds === 0 ? null : Math.max(0, Math.min(65_535, Math.round(startDelaySeconds)))],
        ]),
      ),
    );
  }
  for (const { name: what, source: whose } of appliance.foreign) notes.push(`${whose}: ${what}`);
  return written(stringify(spec, { lineWidth: 120, flowCollectionPadding: true }), notes);
}

/** A number of processors as a spec takes it; `null`: none that makes sense. */
function countOf(count: number | null): number | null {
  return count !== null && Number.isInteger(count) && count >= 1 && count <= 4096 ? count : null;
}

function machineOf(machine: Machine, source: SpecSource, seen: Set<string>, notes: string[]): Value {
  const { cpu, guestOs, video, dynamicMemory, install } = machine;
  const { cim, vmware, virtualbox, osinfo, proxmox, xenserver, description } = guestOs;
  const os = fields([
    ["cim", cim !== null && cim >= 0 && cim <= 65_535 ? cim : null],
    ...Object.entries({ vmware, virtualbox, osinfo, proxmox, xenserver, description }),
  ]);
  const map = fields([
    ["name", machine.name === machine.id ? null : machine.name],
    ["annotation", machine.annotation],
    ["os", os.size === 0 ? null : os],
    ["hardware-type", some(machine.hardwareTypes.map(text))],
    ["uuid", machine.uuid],
    ["cpus", countOf(cpu.count)],
    ["cores-per-socket", countOf(cpu.coresPerSocket)],
    ["threads-per-core", countOf(cpu.threadsPerCore)],
    ["max-cpus", countOf(cpu.max)],
    ["nested", cpu.nested],
    ["memory", sizeOf(machine.memoryBytes || ASSUMED_MEMORY)],
    [
      "dynamic-memory",
      dynamicMemory === null
        ? null
        : fields([
            ["min", sizeOf(dynamicMemory.minBytes)],
            ["max", sizeOf(dynamicMemory.maxBytes)],
          ]),
    ],
    ["cpu-limits", boundOf(machine, "cpu", (value) => value)],
    ["memory-limits", boundOf(machine, "memory", sizeOf)],
    ["firmware", machine.firmware === "unknown" ? null : machine.firmware],
    ["tpm", machine.tpm],
    ["nvram", fileOf(machine.nvram, source)],
    ["chipset", machine.chipset],
    ["virtualization", machine.virtualization],
    ["clock", machine.clock],
  ]);
  if (machine.memoryBytes === 0) notes.push(`${machine.id}: nothing says how much memory it has; 2GiB is assumed`);
  if (machine.directBoot !== null) notes.push(`${machine.id}: a kernel that is booted without a boot loader`);
  if (machine.controllers.length > 0) {
    map.set(
      "controllers",
      new Map(
        machine.controllers.map(({ id, bus, model, index }) => [
          id,
          fields([
            ["bus", bus],
            ["model", model],
            ["index", index],
          ]),
        ]),
      ),
    );
  }
  const drives = drivesOf(machine, source, seen);
  put(map, "drives", some(drives.list));
  put(map, "nics", some(machine.nics.map(nicOf)));
  const ports = machine.serialPorts.map(({ index, backing, target }) =>
    fields([
      ["index", index],
      ["backing", backing],
      ["target", target],
    ]),
  );
  put(map, "serial-ports", some(ports));
  put(map, "sound", machine.sound);
  if (video !== null) {
    map.set(
      "video",
      fields([
        ["model", video.model],
        ["memory", video.memoryBytes === null || video.memoryBytes === 0 ? null : sizeOf(video.memoryBytes)],
        ["displays", video.heads],
      ]),
    );
  }
  const boot = machine.boot.flatMap(({ device, index }) => {
    if (index === null) return [device];
    if (device === "network") return machine.nics[index] === undefined ? [device] : [`nic:${index}`];
    const at = drives.moved[index];
    return at === undefined || at === null ? [] : [`drive:${at}`];
  });
  put(map, "boot", some(boot));
  put(map, "install-delay", install === null ? null : Math.min(65_535, install.initialBootStopDelaySeconds));
  put(map, "transports", some(machine.transports.map(text)));
  put(map, "options", optionsOf(machine, source));
  put(map, "vmware", vmwareOf(machine, notes));
  about(map, machine.id, source);
  return map;
}

function boundOf(machine: Machine, fact: "cpu" | "memory", show: (value: number) => Value): Value | null {
  const bound = machine.bounds.find((one) => one.fact === fact);
  if (bound === undefined) return null;
  const map = fields([
    ["min", bound.min === null || bound.min <= 0 ? null : show(bound.min)],
    ["max", bound.max === null || bound.max <= 0 ? null : show(bound.max)],
  ]);
  return map.size === 0 ? null : map;
}

function fileOf(id: string | null, { appliance, fileName }: SpecSource): string | null {
  const name = appliance.files.find((file) => file.id === id)?.name;
  return name === undefined ? null : fileName(name);
}

interface WrittenDrives {
  readonly list: readonly Value[];
  /** Where each attachment went; `null`: nowhere. */
  readonly moved: readonly (number | null)[];
}

function drivesOf(machine: Machine, source: SpecSource, seen: Set<string>): WrittenDrives {
  const list: Value[] = [];
  const moved = machine.attachments.map((drive) => {
    const value = driveOf(machine, drive, source, seen);
    if (value === null) return null;
    list.push(value);
    return list.length - 1;
  });
  return { list, moved };
}

function driveOf(machine: Machine, drive: Attachment, source: SpecSource, seen: Set<string>): Value | null {
  const known = machine.controllers.some(({ id }) => id === drive.controller);
  const place: Field[] = [
    // Where controllers are named, a disk that names none would hang on the first.
    ["controller", known ? drive.controller : machine.controllers.length > 0 && drive.device === "disk" ? "any" : null],
    ["slot", drive.slot],
    ["read-only", drive.readOnly ? true : null],
  ];
  if (drive.device !== "disk") {
    const file = fileOf(drive.file, source);
    return fields([[drive.device, file === "empty" ? "./empty" : (file ?? "empty")], ...place]);
  }
  const disk = source.appliance.disks.find(({ id }) => id === drive.disk);
  if (disk === undefined) return null;
  if (seen.has(disk.id)) return fields([["same-as", disk.id], ...place]);
  seen.add(disk.id);
  return fields([
    disk.file === null ? ["size", sizeOf(disk.capacityBytes || 512)] : ["disk", source.fileName(disk.file)],
    ["id", disk.id],
    ...place,
    ["shared", disk.shared ? true : null],
  ]);
}

function nicOf(nic: Nic): Value {
  const { network, model, mac, connected, kind, vlan, portProfile } = nic;
  return fields([
    ["network", network],
    ["model", model],
    ["mac", mac],
    ["connected", connected ? null : false],
    ["kind", kind],
    ["vlan", vlan],
    ["port-profile", portProfile],
  ]);
}

/** Hardware that is another in an option. */
function optionsOf(machine: Machine, { options }: SpecSource): Value | null {
  const found = new Map<string, Value>();
  for (const [option, appliance] of options) {
    const other = appliance.machines.find(({ id }) => id === machine.id);
    if (other === undefined) continue;
    const map = fields([
      ["cpus", other.cpu.count === machine.cpu.count ? null : other.cpu.count],
      ["cores-per-socket", other.cpu.coresPerSocket === machine.cpu.coresPerSocket ? null : other.cpu.coresPerSocket],
      [
        "memory",
        other.memoryBytes === machine.memoryBytes || other.memoryBytes === 0 ? null : sizeOf(other.memoryBytes),
      ],
    ]);
    if (map.size > 0) found.set(option, map);
  }
  return found.size === 0 ? null : found;
}

const SETTING = /^(Config|ExtraConfig) (.+)$/s;

/** VMware's own settings of the machine. What else a vendor added is noted. */
function vmwareOf(machine: Machine, notes: string[]): Value | null {
  const config = new Map<string, Value>();
  const extra = new Map<string, Value>();
  for (const { source, name, payload } of machine.foreign) {
    const [, kind, key] = (source === "vmware" ? SETTING.exec(name) : null) ?? [];
    if (key === undefined) notes.push(`${machine.id}: ${source}: ${name}`);
    // A file that people keep and share is no place for them.
    else if (namesSecret(key)) notes.push(`${machine.id}: ${key}: its value is a secret; give it by a variable`);
    else (kind === "Config" ? config : extra).set(key, text(payload));
  }
  const map = fields([
    ["config", config.size === 0 ? null : config],
    ["extra-config", extra.size === 0 ? null : extra],
  ]);
  return map.size === 0 ? null : map;
}
