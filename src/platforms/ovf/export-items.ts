/** Items of virtual hardware. */
import type { Attachment, Bound, Machine, Nic } from "../../appliance/appliance.js";
import { cleanText } from "../../appliance/fit/text.js";
import { MIB } from "../../base/bytes.js";
import { el, type XmlAttributeValues, type XmlChild, type XmlNode } from "../../xml/build.js";
import { isSecond, type OvfWriting } from "./export-session.js";
import { controllerWords, driveWords, nicWord, subTypeWord } from "./export-words.js";
import { xenServerConnections } from "./export-xenserver.js";

type Property = string | number | boolean | null;

/** Items of one machine, with the ids that boot orders name them by. */
export interface MachineItems {
  readonly items: readonly XmlNode[];
  /** InstanceID of a drive, by index in the machine's attachments; the same for cards. */
  readonly drives: ReadonlyMap<number, string>;
  readonly nics: ReadonlyMap<number, string>;
}

/** An item with its properties in the order of the alphabet, which the schemas want. `null` leaves one out. */
function item(
  prefix: "rasd" | "epasd",
  properties: Readonly<Record<string, Property>>,
  attributes: XmlAttributeValues = {},
  ...extensions: readonly XmlChild[]
): XmlNode {
  const children = Object.entries(properties)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, value]) => (value === null ? [] : [el(`${prefix}:${name}`, {}, cleanText(String(value)))]));
  return el(prefix === "rasd" ? "Item" : "EthernetPortItem", attributes, ...children, ...extensions);
}

/** Not everybody has to know it. */
const OPTIONAL = { "ovf:required": "false" } as const;

/** All items of a machine, in the order in which they are read back: processors, memory, controllers, drives, cards, the rest. */
export function machineItems(machine: Machine, writing: OvfWriting): MachineItems {
  let last = 0;
  const next = (): string => String(++last);
  const items: XmlNode[] = [...processorItems(machine, next(), writing), ...memoryItems(machine, next())];
  const parents = new Map<string, string>();
  for (const controller of machine.controllers) {
    const words = controllerWords(controller, writing.flavour);
    if (words === null) continue;
    const id = next();
    parents.set(controller.id, id);
    const label = `${controller.bus.toUpperCase()} controller ${controller.index}`;
    items.push(
      item(
        "rasd",
        {
          Address: controller.index,
          Description: label,
          ElementName: label,
          InstanceID: id,
          ResourceSubType: words.subType,
          ResourceType: words.resourceType,
        },
        controller.bus === "usb" ? OPTIONAL : {},
      ),
    );
  }
  const drives = new Map<number, string>();
  const numbers = writing.flavour.xenserver === true ? xenServerConnections(machine) : [];
  for (const [index, attachment] of machine.attachments.entries()) {
    const id = next();
    const parent = attachment.controller === null ? null : (parents.get(attachment.controller) ?? null);
    const node = driveItem(machine, attachment, { id, parent, device: numbers[index] ?? null }, writing);
    if (node === null) continue;
    drives.set(index, id);
    items.push(node);
  }
  const nics = new Map<number, string>();
  const ports: XmlNode[] = [];
  // Where one card needs the second generation's kind of item all are written so: the order of cards is that of the document.
  const asPorts = isSecond(writing.version) && machine.nics.some((n) => n.portProfile !== null || n.vlan !== null);
  for (const [index, nic] of machine.nics.entries()) {
    const id = next();
    nics.set(index, id);
    (asPorts ? ports : items).push(nicItem(nic, index, id, asPorts ? "epasd" : "rasd", writing));
  }
  for (const node of otherItems(machine, next, writing)) items.push(node);
  return { items: [...items, ...ports], drives, nics };
}

function processorItems(machine: Machine, id: string, { flavour }: OvfWriting): XmlNode[] {
  const { count, coresPerSocket } = machine.cpu;
  const properties = (quantity: number): Record<string, Property> => ({
    AllocationUnits: "hertz * 10^6",
    Description: "Number of virtual CPUs",
    ElementName: `${quantity} virtual CPU(s)`,
    InstanceID: id,
    // XenServer: how many processors there may be. Without it as many as there are.
    Limit: flavour.xenserver === true && quantity === count ? machine.cpu.max : null,
    ResourceType: 3,
    VirtualQuantity: quantity,
  });
  const cores =
    flavour.vmware && coresPerSocket !== null
      ? [el("vmw:CoresPerSocket", { "ovf:required": "false" }, String(coresPerSocket))]
      : [];
  return [item("rasd", properties(count), {}, ...cores), ...boundItems(machine, "cpu", properties)];
}

function memoryItems(machine: Machine, id: string): XmlNode[] {
  const properties = (bytes: number): Record<string, Property> => {
    const whole = bytes % MIB === 0;
    const quantity = whole ? bytes / MIB : bytes;
    return {
      AllocationUnits: whole ? "byte * 2^20" : "byte",
      Description: "Memory size",
      ElementName: `${quantity}${whole ? " MB" : " bytes"} of memory`,
      InstanceID: id,
      ResourceType: 4,
      VirtualQuantity: quantity,
    };
  };
  return [item("rasd", properties(machine.memoryBytes)), ...boundItems(machine, "memory", properties)];
}

/** The least and the most that the author allows: items of the same id with `ovf:bound`. */
function boundItems(
  machine: Machine,
  fact: Bound["fact"],
  properties: (quantity: number) => Record<string, Property>,
): XmlNode[] {
  return machine.bounds.flatMap((bound) => {
    if (bound.fact !== fact) return [];
    return (["min", "max"] as const).flatMap((end) => {
      const value = bound[end];
      return value === null ? [] : [item("rasd", properties(value), { "ovf:bound": end })];
    });
  });
}

function driveItem(
  machine: Machine,
  attachment: Attachment,
  {
    id,
    parent,
    device: connection,
  }: { readonly id: string; readonly parent: string | null; readonly device: string | null },
  writing: OvfWriting,
): XmlNode | null {
  const { device } = attachment;
  const disk = attachment.disk === null ? null : writing.diskId(attachment.disk);
  if (device === "disk" && disk === null) return null;
  const file = attachment.file === null ? null : writing.fileId(attachment.file);
  const image = attachment.file === null || device !== "cdrom" ? null : writing.imageId(attachment.file);
  const words = driveWords(attachment, file !== null, writing.flavour);
  const number = machine.attachments.filter((a) => a.device === device).indexOf(attachment) + 1;
  const label = `${device === "disk" ? "Hard disk" : device === "cdrom" ? "CD/DVD drive" : "Floppy drive"} ${number}`;
  return item(
    "rasd",
    {
      AddressOnParent: attachment.slot,
      AutomaticAllocation: device === "disk" ? null : file !== null,
      Connection: connection,
      Description: label,
      ElementName: label,
      HostResource:
        (disk ?? image) !== null ? `ovf:/disk/${disk ?? image}` : file !== null ? `ovf:/file/${file}` : null,
      InstanceID: id,
      Parent: parent,
      ResourceSubType: words.subType,
      ResourceType: words.resourceType,
    },
    // Nobody's guest needs a floppy drive to be one, and importers that have none refuse what is required.
    device === "floppy" ? OPTIONAL : {},
  );
}

function nicItem(nic: Nic, index: number, id: string, prefix: "rasd" | "epasd", { flavour }: OvfWriting): XmlNode {
  return item(prefix, {
    Address: nic.mac,
    AutomaticAllocation: nic.connected,
    Connection: nic.network,
    ...(prefix === "epasd" ? { DefaultPortVID: nic.vlan, NetworkPortProfileID: nic.portProfile } : {}),
    Description: nic.network === null ? "Network adapter" : `Network adapter on ${JSON.stringify(nic.network)}`,
    ElementName: `Network adapter ${index + 1}`,
    InstanceID: id,
    ResourceSubType: nicWord(nic.model, flavour),
    ResourceType: 10,
  });
}

/** Devices that no guest needs to boot: every one of them may be left out. */
function* otherItems(machine: Machine, next: () => string, { flavour }: OvfWriting): Generator<XmlNode> {
  for (const port of machine.serialPorts) {
    const { index, backing, target } = port;
    const label = `Serial port ${index + 1}`;
    const word = backing === "pty" ? "device" : backing === "network" ? "uri" : (backing ?? "device");
    yield item(
      "rasd",
      {
        Address: index,
        AutomaticAllocation: false,
        Description: label,
        ElementName: label,
        HostResource: target,
        InstanceID: next(),
        ResourceSubType: flavour.vmware ? `vmware.serialport.${word}` : backing,
        ResourceType: 21,
      },
      OPTIONAL,
    );
  }
  const { sound, video, tpm } = machine;
  if (video !== null) {
    const settings: XmlNode[] = [];
    const setting = (key: string, value: number): void =>
      void settings.push(el("vmw:Config", { ...OPTIONAL, "vmw:key": key, "vmw:value": value }));
    if (flavour.vmware && video.heads !== null) setting("numDisplays", video.heads);
    if (flavour.vmware && video.memoryBytes !== null) {
      setting("videoRamSizeInKB", Math.ceil(video.memoryBytes / 1024));
    }
    yield item(
      "rasd",
      {
        AutomaticAllocation: false,
        Description: "Graphics card",
        ElementName: "Graphics card",
        InstanceID: next(),
        ResourceSubType: video.model === null ? null : subTypeWord(video.model),
        ResourceType: 24,
      },
      OPTIONAL,
      ...settings,
    );
  }
  if (sound !== null && flavour.vmware) {
    yield item(
      "rasd",
      {
        AddressOnParent: null,
        AutomaticAllocation: false,
        Description: "Sound card",
        ElementName: "Sound card",
        InstanceID: next(),
        ResourceSubType: soundWord(sound),
        ResourceType: 35,
      },
      OPTIONAL,
    );
  }
  if (tpm === "2.0" && flavour.vmware) {
    yield item(
      "rasd",
      {
        AutomaticAllocation: false,
        Description: "Trusted platform module",
        ElementName: "Trusted platform module",
        InstanceID: next(),
        ResourceSubType: "vmware.vtpm",
        ResourceType: 1,
      },
      OPTIONAL,
    );
  }
}

/** VMware's sound cards: what is none of them becomes the one that every system of this century has a driver for. */
function soundWord(model: string): string {
  const word = model.toLowerCase();
  if (word.includes("sb16")) return "vmware.soundcard.sb16";
  return word.includes("es1371") || word.includes("ensoniq")
    ? "vmware.soundcard.ensoniq1371"
    : "vmware.soundcard.hdaudio";
}
