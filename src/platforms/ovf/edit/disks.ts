/** Edits of disks: what the descriptor says of them. Their files are somebody else's work. */
import { FerryError } from "../../../base/errors.js";
import type { Bus } from "../../../base/ids.js";
import { formatBytes } from "../../../base/text.js";
import { VIRTUALBOX } from "../../../ovf/namespaces.js";
import { controllerBus } from "../../../ovf/tables/resource-types.js";
import { BYTE, parseUnit, scaleQuantity } from "../../../ovf/tables/units.js";
import type { OvfHardware } from "../../../ovf/views/hardware.js";
import type { OvfItem } from "../../../ovf/views/items.js";
import { OvfDisk, OvfFile } from "../../../ovf/views/parts.js";
import { OvfDiskSection } from "../../../ovf/views/sections.js";
import type { XmlElement } from "../../../xml/tree.js";
import { controllerWords } from "../export-words.js";
import { strictFlavour, vsphereFlavour } from "../flavours.js";
import { hostResource } from "../uses.js";
import { addItem, isVmware, itemsOf } from "./items.js";
import {
  addChild,
  addToList,
  createSection,
  type EditSession,
  hardwareFor,
  labelOf,
  noTarget,
  notPossible,
  placeOfSection,
  systemsOf,
} from "./session.js";
import { refuseEmbedded, removeEmbeddedDisk } from "./virtualbox.js";

/** What is known of the file of a new disk. */
export interface NewDiskFile {
  /** As the descriptor refers to it. */
  readonly href: string;
  /** Bytes that the guest sees. */
  readonly capacityBytes: number;
  /** URI of `ovf:format`. */
  readonly formatUri: string;
}

/** A disk that gets another capacity. */
export interface ResizedDisk {
  readonly id: string;
  readonly bytes: number;
  /** Reference of its file; `null`: it has none, and nothing has to be written anew. */
  readonly href: string | null;
  readonly element: OvfFile | null;
}

/** What becomes of files when edits of disks are made. */
export interface DiskEdits {
  /** Files of new disks, whose sizes are set when they are written. */
  readonly added: readonly OvfFile[];
  readonly resized: readonly ResizedDisk[];
  /** References of files that nothing refers to any more. */
  readonly removed: readonly string[];
}

function allDisks({ document }: EditSession): readonly OvfDisk[] {
  return [...document.disks, ...document.sharedDisks];
}

function diskNamed(session: EditSession, id: string): OvfDisk {
  const disks = allDisks(session);
  const disk = disks.find(({ diskId }) => diskId === id);
  if (disk !== undefined) return disk;
  throw noTarget(
    `there is no disk ${id}`,
    id,
    disks.flatMap(({ diskId }) => diskId ?? []),
  );
}

/** `--resize-disk ID=SIZE`: larger where it has content, anything where it is only described. */
export function resizeDisks(session: EditSession): readonly ResizedDisk[] {
  return session.edits.resizeDisks.map(([id, bytes]) => {
    const disk = diskNamed(session, id);
    const { document } = session;
    const element = disk.fileRef === null ? null : fileOf(session, disk.fileRef);
    const was = capacityOf(disk);
    if (disk.parentRef !== null || allDisks(session).some(({ parentRef }) => parentRef === id)) {
      throw notPossible(`disk ${id} is a layer of a chain`, "Make one disk of it first: vmferry convert.");
    }
    if (disk.fileRef !== null && was !== null && bytes < was) {
      throw notPossible(
        `disk ${id} has ${formatBytes(was)}, and would be cut off at ${formatBytes(bytes)}`,
        "A disk with content is only made larger.",
      );
    }
    const unit = disk.capacityUnits === null ? null : parseUnit(disk.capacityUnits);
    const scaled = unit === null ? null : BigInt(bytes) * unit.denominator;
    if (unit !== null && scaled !== null && unit.base === "byte" && scaled % unit.numerator === 0n) {
      disk.capacity = String(scaled / unit.numerator);
    } else {
      disk.capacity = String(bytes);
      disk.capacityUnits = null;
    }
    const from = was === null ? "not said" : formatBytes(was);
    session.changes.push({ edit: "resize-disk", subject: `disk.${id}`, detail: `${from} -> ${formatBytes(bytes)}` });
    return {
      id,
      bytes,
      href: element?.href ?? null,
      element: element === null ? null : new OvfFile(element.element, document.scope),
    };
  });
}

/** Bytes; `null` where a property decides, or the descriptor does not say. */
function capacityOf({ capacity, capacityUnits }: OvfDisk): number | null {
  const unit = capacityUnits === null ? BYTE : parseUnit(capacityUnits);
  return capacity === null || unit?.base !== "byte" ? null : scaleQuantity(capacity, unit);
}

/** oVirt refers to files by their href. */
function fileOf({ document }: EditSession, ref: string): OvfFile | null {
  return document.file(ref) ?? document.references.find(({ href }) => href === ref) ?? null;
}

/** `--remove disk.ID`: its drives, and its file where nothing else refers to it. @returns references of files that go */
export function removeDisk(session: EditSession, id: string): readonly string[] {
  const disk = diskNamed(session, id);
  const child = allDisks(session).find(({ parentRef }) => parentRef === id);
  if (child !== undefined)
    throw notPossible(`disk ${child.diskId} stands on disk ${id}`, `Remove it too: --remove disk.${child.diskId}.`);
  const file = disk.fileRef === null ? null : fileOf(session, disk.fileRef);
  const uuid = disk.element.attribute(VIRTUALBOX, "uuid") ?? null;
  let drives = 0;
  for (const machine of systemsOf(session.document)) {
    for (const item of machine.hardware.flatMap((section) => section.items)) {
      const resource = hostResource(item);
      if (resource === null || !(resource.kind === "disk" ? resource.id === id : resource.id === disk.fileRef))
        continue;
      item.element.remove();
      drives++;
      removeEmbeddedDisk(machine, uuid);
    }
  }
  disk.element.remove();
  session.changes.push({
    edit: "remove",
    subject: `disk.${id}`,
    detail: drives === 1 ? "with its drive" : `with ${drives} drives`,
  });
  if (file === null || (file.id !== null && isReferred(session.document.xml.root, file.id))) return [];
  const { href } = file;
  file.element.remove();
  return href === null ? [] : [href];
}

/** Whether anything refers to a file: disks, icons, texts, drives. */
function isReferred(root: XmlElement, id: string): boolean {
  const open: XmlElement[] = [root];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (at.attributesNamed("fileRef").some(({ value }) => value.trim() === id)) return true;
    if (at.name === "HostResource" && at.text.trim().endsWith(`/file/${id}`)) return true;
    open.push(...at.elements());
  }
  return false;
}

/** Places of a bus; of SCSI one is the controller's own. */
const SLOTS: Readonly<Record<Bus, number>> = {
  ide: 2,
  scsi: 16,
  sata: 30,
  nvme: 15,
  usb: 8,
  "virtio-scsi": 256,
  "virtio-blk": 30,
  floppy: 2,
};
const OWN_SCSI_SLOT = 7;

/** `--add-disk`. @param files of the new disks, in the order in which they are asked for */
export function addDisks(session: EditSession, files: readonly NewDiskFile[]): readonly OvfFile[] {
  const { document } = session;
  const { root } = document.xml;
  return session.edits.addDisks.map(({ file: given, controller }, i) => {
    const file = files[i];
    if (file === undefined) throw new FerryError("internal/bug", `nothing is known of ${given}`);
    const { machine, hardware } = hardwareFor(session);
    refuseEmbedded(machine, "they list every disk by UUID");
    const place = slotFor(hardware, controller) ?? slotFor(hardware, newController(session, hardware, controller));
    if (place === null) throw new FerryError("internal/bug", "a new controller has no place for a disk");
    const fileId = freeId(
      document.references.flatMap(({ id }) => id ?? []),
      "file",
    );
    const diskId = freeId(
      allDisks(session).flatMap((disk) => disk.diskId ?? []),
      "vmdisk",
    );
    let references = document.scope.child(root, "References");
    if (references === undefined) {
      const [first] = root.elements();
      references = addChild(session, root, "References", first).element;
    }
    const entry = new OvfFile(addToList(session, references, "File").element, document.scope);
    entry.href = file.href;
    entry.id = fileId;
    const section =
      document.envelope.sectionOf(OvfDiskSection)?.element ??
      createSection(session, root, OvfDiskSection.sectionName, "Virtual disks", placeOfSection(session, root));
    const disk = new OvfDisk(addToList(session, section, "Disk").element, document.scope);
    disk.capacity = String(file.capacityBytes);
    // Bytes by the standard where nothing is said; vSphere's simulator takes them for KiB. VirtualBox writes none and reads all.
    if (allDisks(session).length === 1 || allDisks(session).some(({ capacityUnits }) => capacityUnits !== null)) {
      disk.capacityUnits = "byte";
    }
    disk.diskId = diskId;
    disk.fileRef = fileId;
    disk.format = file.formatUri;
    const drives = itemsOf(hardware, "disk");
    const [model] = drives;
    const prefix = /^((?:ovf:)?\/disk\/)/.exec(model?.property("HostResource") ?? "")?.[1];
    const number = drives.length + 1;
    addItem(session, hardware, {
      label: `Hard disk ${number}`,
      AddressOnParent: place.slot === null ? null : String(place.slot),
      HostResource: `${prefix ?? (document.scope.legacy ? "/disk/" : "ovf:/disk/")}${diskId}`,
      Parent: place.parent,
      ResourceType: String(model?.resourceType ?? 17),
    });
    session.changes.push({
      edit: "add-disk",
      subject: labelOf(machine),
      detail: `${diskId}, ${formatBytes(file.capacityBytes)} from ${given}, ${place.words}`,
    });
    return entry;
  });
}

/** Buses that a disk can hang on. */
const BUSES = ["ide", "sata", "scsi", "nvme", "virtio-scsi", "virtio-blk"] as const;

/** A controller where the machine has none that fits. @returns its InstanceID @throws `edit/no-target` where what is wished is no bus */
function newController(session: EditSession, hardware: OvfHardware, wished: string | null): string {
  const vmware = isVmware(session, hardware);
  const bus = BUSES.find((known) => known === (wished ?? (vmware ? "scsi" : "sata")).toLowerCase());
  const there = itemsOf(hardware, "controller");
  const names = there.flatMap(({ label, instanceId }) => label ?? instanceId ?? []);
  if (bus === undefined) throw noTarget(`the machine has no controller ${wished}`, wished ?? "", [...names, ...BUSES]);
  const index = there.filter((item) => controllerBus(item.resourceType ?? 0, item.resourceSubTypes) === bus).length;
  const words = controllerWords({ id: bus, bus, model: null, index }, vmware ? vsphereFlavour : strictFlavour);
  if (words === null) throw new FerryError("internal/bug", `${bus} has no item`);
  const label = `${bus.toUpperCase()} controller ${index}`;
  const item = addItem(session, hardware, {
    label,
    Address: String(index),
    Description: label,
    ResourceSubType: words.subType,
    ResourceType: String(words.resourceType),
  });
  session.changes.push({ edit: "add-disk", subject: "controller", detail: `${label} added` });
  return item.instanceId ?? "";
}

/** Where a new disk hangs; `null`: no controller fits. @throws `edit/not-possible` where those that fit are full */
function slotFor(
  hardware: OvfHardware,
  wished: string | null,
): { readonly parent: string | null; readonly slot: number | null; readonly words: string } | null {
  const controllers = itemsOf(hardware, "controller").filter(({ instanceId }) => instanceId !== null);
  const [first] = itemsOf(hardware, "disk");
  if (wished === null && first !== undefined && first.parent === null) {
    // XenServer numbers disks without a controller.
    const slots = itemsOf(hardware, "disk").flatMap(({ addressOnParent }) => addressOnParent ?? []);
    return {
      parent: null,
      slot: slots.length === 0 ? null : Math.max(...slots) + 1,
      words: "without a controller, as the others",
    };
  }
  const bus = (item: OvfItem): Bus | null => controllerBus(item.resourceType ?? 0, item.resourceSubTypes);
  const fits = controllers.filter((item) => {
    const own = bus(item);
    if (own === null || own === "usb") return false;
    if (wished !== null) return own === wished.toLowerCase() || item.instanceId === wished || item.label === wished;
    return first === undefined || item.instanceId === first.parent || own === busOfParent(controllers, first, bus);
  });
  // The one that the first disk hangs on comes first; another of its kind is for when that is full.
  const order = [...fits].sort(
    (a, b) => Number(b.instanceId === first?.parent) - Number(a.instanceId === first?.parent),
  );
  for (const item of order) {
    const own = bus(item);
    const used = new Set(
      hardware.items.filter(({ parent }) => parent === item.instanceId).map((other) => other.addressOnParent ?? 0),
    );
    for (let slot = 0; slot < (own === null ? 0 : SLOTS[own]); slot++) {
      if (used.has(slot) || (own === "scsi" && slot === OWN_SCSI_SLOT)) continue;
      return { parent: item.instanceId, slot, words: `${item.label ?? own} place ${slot}` };
    }
  }
  if (fits.length > 0) {
    throw notPossible("every place of the controller is taken", "Name another one: --add-disk FILE,controller=NAME.");
  }
  return null;
}

function busOfParent(controllers: readonly OvfItem[], disk: OvfItem, bus: (item: OvfItem) => Bus | null): Bus | null {
  const parent = controllers.find(({ instanceId }) => instanceId === disk.parent);
  return parent === undefined ? null : bus(parent);
}

/** An id like those that are there, with the next number. */
function freeId(ids: readonly string[], otherwise: string): string {
  const used = new Set(ids);
  const stems = ids.flatMap((id) => {
    const [, stem = "", digits = ""] = /^(.{1,40}?)([0-9]{1,6})$/.exec(id) ?? [];
    return digits === "" ? [] : [{ stem, number: Number(digits) }];
  });
  const stem = stems[0]?.stem ?? otherwise;
  let number = Math.max(0, ...stems.filter((one) => one.stem === stem).map((one) => one.number)) + 1;
  while (used.has(`${stem}${number}`)) number++;
  return `${stem}${number}`;
}
