import type { Appliance, Machine } from "../../appliance/appliance.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { readGuid, uuidBytes } from "../../base/guid.js";
import { uuidOfFacts } from "../../disk/derived-id.js";
import type { Context } from "../../io/context.js";
import type { MachineShape, TargetProfile } from "../../targets/profile.js";
import { el, renderXml, type XmlAttributeValues, type XmlNode } from "../../xml/build.js";
import type { EmbeddedSettings } from "../embedded.js";
import type { HeldFact } from "../facts.js";
import { createFiles, type ResultFiles } from "../files.js";
import { commonLosses, loss } from "../losses.js";
import { uuidFromText } from "../names-of-devices.js";
import type { DiskFiles, ExportDisk, ExportPlan } from "../platform.js";
import { createFolders } from "./export-folders.js";
import { osType } from "./export-guest.js";
import { hardwareElements } from "./export-hardware.js";
import { type Images, registryElement, type Scope, storageElement } from "./export-storage.js";
import type { VirtualboxOptions } from "./options.js";

const LABEL = "a machine of VirtualBox";

/** The version of settings that VirtualBox 7.0 writes, and all later ones read. */
const VERSION = "1.19-linux";

const HOLDS: ReadonlySet<HeldFact> = new Set([
  "uuid",
  "chipset",
  "tpm",
  "maxCpus",
  "nested",
  "serialPorts",
  "sound",
  "video",
  "clock",
  "nicKind",
  "readOnly",
  "sharedDisks",
]);

/** Writes settings of version 1.19, which VirtualBox 7 has, for each machine of a fitted appliance, and names its disks. Pure. */
export function exportVirtualbox(
  fitted: Appliance,
  shapes: ReadonlyMap<string, MachineShape>,
  target: TargetProfile,
  ctx: Context,
  options: VirtualboxOptions & DiskFiles = {},
): ExportPlan {
  const files = createFiles(
    fitted,
    {
      format: "vdi",
      variant: "dynamic",
      extension: ".vdi",
      cdromExtension: ".iso",
      floppyExtension: ".img",
    },
    options.files,
  );
  const notes: Diagnostic[] = [];
  const images = options.ids === "own" ? ownImages(fitted, files, ctx) : imagesOf(fitted, ctx);
  const folders = createFolders(files, options.folder ?? null);
  const configs = fitted.machines.map((machine) => {
    const own = files.machine(machine, ".vbox");
    folders.begin(machine, own.name);
    const nvram = nvramOf(fitted, machine);
    // VirtualBox looks for it under the name of the settings.
    if (nvram !== null && !files.kept().has(nvram)) folders.own(machine, files.keep(nvram, own.beside(".nvram")));
    const shape = shapes.get(machine.id) ?? (target.shapes[0] as MachineShape);
    const given = options.ids === "own" ? uuidFromText(machine.uuid) : null;
    const uuid = given ?? idOf(fitted, machine, ctx);
    const scope: Scope = {
      files: { of: folders.of, format: files.format },
      images,
      notes,
      own: uuid,
      cards: options.cards ?? null,
      address: (slot) => addressOf(uuid, slot, ctx),
    };
    const settings = machineSettings(machine, shape, scope, options.group ?? null);
    return { name: folders.path(own.name), bytes: new TextEncoder().encode(renderXml(settings)) };
  });
  notes.push(...commonLosses(fitted, LABEL, { files: files.kept(), holds: HOLDS }));
  const disks = files.disks().map((flat): ExportDisk => {
    const disk = { ...flat, name: folders.path(flat.name) };
    const uuid = images.disk(disk.disk);
    // VirtualBox reads a VHD's UUID in Microsoft's byte order.
    const identity = disk.format === "vhd" ? readGuid(uuidBytes(uuid), 0) : uuid;
    // Only an image whose blocks all have their places can be written to by several machines.
    const whole = disk.format === "vhd" ? "fixed" : disk.format === "vmdk" ? "monolithicFlat" : "static";
    return images.shared(disk.disk) ? { ...disk, identity, variant: whole } : { ...disk, identity };
  });
  const assets = files.assets().map(({ asset, name }) => ({ asset, name: folders.path(name) }));
  return { configs, notes, disks, files: assets };
}

/** What stands in a package: no list of media, which the package has itself, so that nothing says how an image is shared. */
const EMBEDDED: ReadonlySet<HeldFact> = new Set(
  [...HOLDS].filter((fact) => fact !== "readOnly" && fact !== "sharedDisks"),
);

/**
 * The settings of each machine of a fitted appliance as they stand in an OVF package: `vbox:Machine`, as VirtualBox's own exports have it. Pure.
 * @param types VirtualBox's id for the guest system of a machine, as the package has it
 */
export function embedVirtualbox(
  fitted: Appliance,
  shapes: ReadonlyMap<string, MachineShape>,
  target: TargetProfile,
  types: (machine: Machine) => string,
  ctx: Context,
): EmbeddedSettings {
  const files = createFiles(fitted, { format: "vmdk", variant: "streamOptimized", extension: ".vmdk" });
  const notes: Diagnostic[] = [];
  const images = imagesOf(fitted, ctx);
  const elements = new Map<string, XmlNode>();
  for (const source of fitted.machines) {
    // The package says this itself.
    const guestOs = { ...source.guestOs, virtualbox: types(source), description: null };
    const machine: Machine = { ...source, guestOs };
    const shape = shapes.get(machine.id) ?? (target.shapes[0] as MachineShape);
    const own = idOf(fitted, machine, ctx);
    // Whoever imports the package gives addresses.
    const scope: Scope = { files, images, notes, own, cards: null, address: () => null };
    const { attributes, children } = machineParts(machine, shape, scope);
    elements.set(
      machine.id,
      el(
        "vbox:Machine",
        { "ovf:required": "false", version: VERSION, ...attributes },
        el("ovf:Info", {}, "Complete VirtualBox machine configuration in VirtualBox format"),
        ...children,
      ),
    );
  }
  return {
    machine: (id) => elements.get(id) ?? null,
    disk: images.disk,
    image: (device, file) => images.file(`${device} ${file}`),
    notes,
    holds: EMBEDDED,
  };
}

function machineSettings(machine: Machine, shape: MachineShape, scope: Scope, group: string | null): XmlNode {
  const { attributes, children } = machineParts(machine, shape, scope);
  const [description, ...others] = children;
  const groups = group === null ? null : el("Groups", {}, el("Group", { name: group }));
  return el(
    "VirtualBox",
    { xmlns: "http://www.virtualbox.org/", version: VERSION },
    el("Machine", attributes, description, registryElement(machine, scope), ...others, groups),
  );
}

/** What a machine is in a file of its own and in a package. */
function machineParts(
  machine: Machine,
  shape: MachineShape,
  scope: Scope,
): { readonly attributes: XmlAttributeValues; readonly children: readonly (XmlNode | null)[] } {
  const { notes } = scope;
  const uuid = uuidFromText(machine.uuid);
  if (machine.uuid !== null && uuid === null) {
    notes.push(
      loss("info", "virtualbox/uuid-dropped", `${machine.name}: ${JSON.stringify(machine.uuid)} is no UUID`, {
        data: { machine: machine.id, uuid: machine.uuid },
      }),
    );
  }
  noteSecureBoot(machine, notes);
  const type = osType(machine, notes);
  return {
    attributes: { uuid: `{${scope.own}}`, name: machine.name, OSType: type, snapshotFolder: "Snapshots" },
    children: [
      machine.annotation === null || machine.annotation === "" ? null : el("Description", {}, machine.annotation),
      el(
        "Hardware",
        // The machine's own UUID tells it from others in VirtualBox; this one is what the guest sees.
        { uuid: uuid === null ? null : `{${uuid}}` },
        ...hardwareElements(machine, shape, type, scope),
        storageElement(machine, scope),
      ),
    ],
  };
}

/** A UUID that tells a machine from all others: another conversion of the same source gives the same. */
function idOf(appliance: Appliance, machine: Machine, ctx: Context): string {
  return uuidOfFacts(["virtualbox machine", ...factsOf(appliance), machine.id], ctx);
}

/** What tells an appliance from others, as far as its description goes. */
function factsOf(appliance: Appliance): readonly (string | number)[] {
  return [
    appliance.name ?? "",
    ...appliance.machines.flatMap(({ id, name, uuid, memoryBytes, nics }) => [
      id,
      name,
      uuid ?? "",
      memoryBytes,
      ...nics.map(({ mac }) => mac ?? ""),
    ]),
    ...appliance.disks.flatMap(({ id, file, capacityBytes }) => [id, file ?? "", capacityBytes]),
  ];
}

/** The address of a card that the source gives none: VirtualBox starts no machine with a card that has none. In VirtualBox's own range. */
function addressOf(machine: string, slot: number, ctx: Context): string {
  const digits = uuidOfFacts(["virtualbox card", machine, slot], ctx).replaceAll("-", "");
  return `080027${digits.slice(0, 6).toUpperCase()}`;
}

function imagesOf(appliance: Appliance, ctx: Context): Images {
  const facts = factsOf(appliance);
  return imagesBy(appliance, (kind, id) => uuidOfFacts([`virtualbox ${kind}`, ...facts, id], ctx));
}

/** Images of machines that keep their UUIDs: as long as a file has its name its image has its UUID, whatever else changes. */
function ownImages(appliance: Appliance, files: ResultFiles, ctx: Context): Images {
  const machines = appliance.machines.map(({ uuid }) => uuid ?? "");
  return imagesBy(appliance, (kind, id) => {
    const names =
      kind === "disk"
        ? files.disks().flatMap(({ disk, name }) => (disk === id ? [name] : []))
        : files.assets().flatMap(({ asset, name }) => (id.endsWith(` ${asset}`) ? [name] : []));
    return uuidOfFacts([`virtualbox ${kind}`, ...machines, names[0] ?? id], ctx);
  });
}

function imagesBy(appliance: Appliance, make: (kind: string, id: string) => string): Images {
  const known = new Map<string, string>();
  const idFor = (kind: string, id: string): string => {
    const key = `${kind} ${id}`;
    const uuid = known.get(key) ?? make(kind, id);
    known.set(key, uuid);
    return uuid;
  };
  const uses = new Map<string, { count: number; readOnly: boolean }>();
  for (const { disk, readOnly } of appliance.machines.flatMap(({ attachments }) => attachments)) {
    if (disk === null) continue;
    const before = uses.get(disk) ?? { count: 0, readOnly: true };
    uses.set(disk, { count: before.count + 1, readOnly: before.readOnly && readOnly });
  }
  const readOnly = (id: string): boolean => uses.get(id)?.readOnly === true;
  const shared = new Set(appliance.disks.filter((disk) => disk.shared).map(({ id }) => id));
  return {
    disk: (id) => idFor("disk", id),
    file: (id) => idFor("image", id),
    readOnly,
    shared: (id) => !readOnly(id) && (shared.has(id) || (uses.get(id)?.count ?? 0) > 1),
  };
}

/** The NVRAM file of a machine that comes from VirtualBox. Other platforms' files hold another format. */
function nvramOf(appliance: Appliance, machine: Machine): string | null {
  if (!machine.hardwareTypes.some((type) => /^virtualbox/i.test(type))) return null;
  return appliance.files.find(({ id, role }) => id === machine.nvram && role === "nvram")?.id ?? null;
}

function noteSecureBoot(machine: Machine, notes: Diagnostic[]): void {
  if (machine.firmware !== "efi-secure") return;
  notes.push(
    loss(
      "warning",
      "virtualbox/secure-boot-by-hand",
      `${machine.name}: secure boot is not switched on by settings: its keys are in the NVRAM file, which VirtualBox makes`,
      {
        data: { machine: machine.id },
        hint: "After registering: VBoxManage modifynvram NAME inituefivarstore, enrollorclpk, enrollmssignatures, secureboot --enable (four calls).",
      },
    ),
  );
}
