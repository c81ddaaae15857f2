/** Names and ids of what a package holds, and what it cannot hold. */
import type { Appliance, Machine } from "../../appliance/appliance.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import type { HeldFact } from "../facts.js";
import { commonLosses, loss } from "../losses.js";
import { createFileNames, safeStem, splitFileName } from "../names.js";
import { withoutXenSettings } from "../xen-losses.js";
import type { OvfExportOptions } from "./export-options.js";
import { isSecond, type OvfWriting } from "./export-session.js";
import { isVmwareNvram } from "./export-vmware.js";
import { xenServerLosses } from "./export-xenserver.js";

/** A file of the package. */
export interface OvfExportFile {
  /** `ovf:id` of its File. */
  readonly id: string;
  readonly name: string;
  /** Id of a disk, or of another file of the appliance. */
  readonly disk: string | null;
  readonly asset: string | null;
  /** `diskId` of an image that stands among the disks; `null`: it does not. */
  readonly diskId: string | null;
}

/** The files of a package, and what the descriptor calls them. */
export interface NamedFiles {
  readonly files: readonly OvfExportFile[];
  /** `diskId` by the id of a disk. */
  readonly diskIds: ReadonlyMap<string, string>;
  /** Id of a File by the id of another file. */
  readonly fileIds: ReadonlyMap<string, string>;
  /** `diskId` by the id of an image in a CD drive. */
  readonly imageIds: ReadonlyMap<string, string>;
}

/** Letters that every importer takes in names of files: some look for a name as it stands in its reference. */
export function asciiStem(text: string): string {
  const plain = text
    .normalize("NFKD")
    .replace(/\p{M}+/gu, "")
    .replace(/[^A-Za-z0-9._-]+/g, "-");
  return safeStem(plain.replace(/^[-._]+|[-.]+$/g, ""));
}

/** Letters that every importer takes in ids of disks. */
const DISK_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Names each disk and image that a machine uses, once, however many use it. */
export function nameFiles(
  fitted: Appliance,
  { flavour, embedded, authored }: OvfExportOptions,
  stem: string,
): NamedFiles {
  // Settings of a consumer's own know images among the disks.
  const imagesAreDisks = embedded !== undefined;
  const names = createFileNames();
  // The descriptor and its companions have these.
  for (const ending of [".ovf", ".mf", ".cert"]) names.take(stem, ending);
  const files: OvfExportFile[] = [];
  const diskIds = new Map<string, string>();
  const fileIds = new Map<string, string>();
  const byId = new Map(fitted.disks.map((disk) => [disk.id, disk]));
  const assets = new Map(fitted.files.map((file) => [file.id, file]));
  const imageIds = new Map<string, string>();
  const add = (
    name: string,
    of: { readonly disk: string } | { readonly asset: string; readonly diskId?: string },
  ): string => {
    const id = `file${files.length + 1}`;
    files.push({ id, name, disk: null, asset: null, diskId: null, ...of });
    return id;
  };
  const addAsset = (id: string | null, fallback: string): void => {
    const asset = id === null ? undefined : assets.get(id);
    if (asset === undefined || fileIds.has(asset.id)) return;
    const { stem: own, extension } = splitFileName(asset.name);
    const image = imagesAreDisks && fallback === ".iso" ? `iso${files.length + 1}` : undefined;
    if (image !== undefined) imageIds.set(asset.id, image);
    fileIds.set(
      asset.id,
      add(names.take(asciiStem(own), extension || fallback), {
        asset: asset.id,
        ...(image === undefined ? {} : { diskId: image }),
      }),
    );
  };
  for (const machine of fitted.machines) {
    let number = 0;
    for (const { device, disk: id, file } of machine.attachments) {
      if (device !== "disk") {
        addAsset(file, device === "cdrom" ? ".iso" : ".img");
        continue;
      }
      number++;
      const disk = id === null ? undefined : byId.get(id);
      if (disk === undefined || diskIds.has(disk.id)) continue;
      const taken = new Set(diskIds.values());
      let name = DISK_ID.test(disk.id) ? disk.id : `vmdisk${diskIds.size + 1}`;
      for (let n = 2; taken.has(name); n++) name = `vmdisk${diskIds.size + n}`;
      diskIds.set(disk.id, name);
      if (disk.file === null && flavour.emptyDisks === "described") continue;
      add(names.take(asciiStem(machine.name), `-disk${number}${flavour.disk.extension}`), { disk: disk.id });
    }
    if (flavour.vmware && isVmwareNvram(machine)) addAsset(machine.nvram, ".nvram");
  }
  for (const { icons } of authored?.products ?? []) for (const { asset } of icons) addAsset(asset, ".png");
  return { files, diskIds, fileIds, imageIds };
}

/** Ids of content by `machine ID` and `group ID`; `group ` is the collection that holds everything. The standard wants each once. */
export function nameContents(fitted: Appliance): ReadonlyMap<string, string> {
  const ids = new Map<string, string>();
  const taken = new Set<string>();
  const give = (key: string, wished: string): void => {
    // An id is an attribute: blanks at its ends and line ends in it do not survive.
    const base = wished.replace(/[\p{Cc}\p{Cs}\s]+/gu, " ").trim() || "machine";
    let id = base;
    for (let n = 2; taken.has(id); n++) id = `${base}-${n}`;
    taken.add(id);
    ids.set(key, id);
  };
  for (const { id } of fitted.machines) give(`machine ${id}`, id);
  for (const { id } of fitted.groups) give(`group ${id}`, id);
  give("group ", asciiStem(fitted.name ?? "appliance"));
  return ids;
}

/** Disks in more than one drive, and those whose source shares them. */
export function sharedDisks(fitted: Appliance): ReadonlySet<string> {
  const seen = new Set<string>();
  const shared = new Set(fitted.disks.filter((disk) => disk.shared).map((disk) => disk.id));
  for (const { disk } of fitted.machines.flatMap(({ attachments }) => attachments)) {
    if (disk !== null && seen.has(disk)) shared.add(disk);
    if (disk !== null) seen.add(disk);
  }
  return shared;
}

/** Facts that every package holds. */
const ALWAYS: readonly HeldFact[] = [
  "products",
  "eulas",
  "startup",
  "groups",
  "bounds",
  "install",
  "transports",
  "networkDescription",
  "serialPorts",
  "video",
];

/** Facts that XenServer's settings say, or have a note of their own. */
const XENSERVER: readonly HeldFact[] = ["virtualization", "maxCpus", "nested", "readOnly"];

/** What the package cannot say. */
export function lossesOf(writing: OvfWriting, kept: ReadonlySet<string>): Diagnostic[] {
  const { fitted, flavour, version, embedded } = writing;
  const holds = new Set<HeldFact>([...ALWAYS, ...(embedded?.holds ?? [])]);
  if (writing.authored !== null) holds.add("options");
  if (flavour.vmware) for (const fact of ["sound", "nested"] as const) holds.add(fact);
  if (flavour.xenserver === true) for (const fact of XENSERVER) holds.add(fact);
  if (isSecond(version)) for (const fact of ["portProfile", "vlan", "sharedDisks"] as const) holds.add(fact);
  if (flavour.vmware && fitted.machines.every(({ tpm }) => tpm !== "1.2")) holds.add("tpm");
  const rest =
    flavour.xenserver === true
      ? { ...fitted, machines: fitted.machines.map((machine) => withoutXenSettings(machine, ["platform", "NVRAM"])) }
      : fitted;
  const notes = [...(embedded?.notes ?? []), ...commonLosses(rest, flavour.label, { files: kept, holds })];
  for (const machine of fitted.machines) notes.push(...machineLosses(machine, writing));
  const [only, another] = fitted.machines;
  if (only !== undefined && another === undefined && fitted.groups.length === 0 && fitted.startup.length > 0) {
    notes.push(
      loss("info", "platform/startup-dropped", `${only.name}: a package of one machine has no start order`, {
        data: { machine: only.id },
      }),
    );
  }
  return notes;
}

function machineLosses(machine: Machine, { flavour, version, embedded }: OvfWriting): Diagnostic[] {
  const notes: Diagnostic[] = [];
  const { name, id, firmware, cpu } = machine;
  if (
    !flavour.vmware &&
    cpu.coresPerSocket !== null &&
    cpu.coresPerSocket > 1 &&
    flavour.xenserver !== true &&
    (embedded === null || cpu.coresPerSocket === cpu.count)
  ) {
    notes.push(
      loss(
        "info",
        "ovf/sockets-dropped",
        `${name}: ${flavour.label} cannot say that ${cpu.coresPerSocket} processors are one socket`,
        {
          data: { machine: id, coresPerSocket: cpu.coresPerSocket },
        },
      ),
    );
  }
  // Their own notes say what the consumers' settings do not.
  if (flavour.xenserver === true) notes.push(...xenServerLosses(machine));
  if (embedded !== null || flavour.xenserver === true) return notes;
  if (!flavour.vmware && (firmware === "efi" || firmware === "efi-secure")) {
    notes.push(
      loss(
        "warning",
        "ovf/firmware-dropped",
        `${name}: ${flavour.label} (${version}) cannot say that it boots by EFI`,
        {
          data: { machine: id, firmware },
          hint: "Set the firmware where the machine is imported, or write --flavour vsphere.",
        },
      ),
    );
  }
  if (
    machine.video !== null &&
    !flavour.vmware &&
    (machine.video.memoryBytes !== null || machine.video.heads !== null)
  ) {
    const { memoryBytes, heads } = machine.video;
    notes.push(
      loss(
        "info",
        "ovf/video-cut",
        `${name}: ${flavour.label} names the graphics card, without its memory and displays`,
        {
          data: { machine: id, memoryBytes, heads },
        },
      ),
    );
  }
  return notes;
}
