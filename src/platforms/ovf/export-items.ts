/** Items of virtual hardware. */
import type { Attachment, Bound, Machine, Nic } from "../../appliance/appliance.js";
import { MIB } from "../../base/bytes.js";
import { el, type XmlNode } from "../../xml/build.js";
import { type AuthoredItem, type AuthoredMachine, driveKey, onlyIn, settingNodes, withoutConfig } from "./authored.js";
import { type ItemProperties, item, OPTIONAL } from "./export-item.js";
import { deviceItem, otherItems } from "./export-peripherals.js";
import { isSecond, type OvfWriting } from "./export-session.js";
import { controllerWords, driveWords, nicWord } from "./export-words.js";
import { xenServerConnections } from "./export-xenserver.js";

/** Items of one machine, with the ids that boot orders name them by. */
export interface MachineItems {
  readonly items: readonly XmlNode[];
  /** InstanceID of a drive, by index in the machine's attachments; the same for cards. */
  readonly drives: ReadonlyMap<number, string>;
  readonly nics: ReadonlyMap<number, string>;
}

/** All items of a machine, in the order in which they are read back: processors, memory, controllers, drives, cards, the rest. */
export function machineItems(machine: Machine, writing: OvfWriting): MachineItems {
  let last = 0;
  const next = (): string => String(++last);
  const authored =
    writing.flavour.vmware || writing.authored === null
      ? writing.authored?.machines.get(machine.id)
      : withoutConfig(writing.authored.machines.get(machine.id));
  const items: XmlNode[] = [
    ...processorItems(machine, next(), authored, writing),
    ...memoryItems(machine, next(), authored),
  ];
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
        ...settingNodes("vmw:Config", authored?.controllers.get(controller.id) ?? []),
      ),
    );
  }
  const drives = new Map<number, string>();
  const numbers = writing.flavour.xenserver === true ? xenServerConnections(machine) : [];
  for (const [index, attachment] of machine.attachments.entries()) {
    const id = next();
    const parent = attachment.controller === null ? null : (parents.get(attachment.controller) ?? null);
    const own = authored?.drives.get(driveKey(machine.attachments, attachment));
    const node = driveItem(machine, attachment, { id, parent, device: numbers[index] ?? null, own }, writing);
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
    (asPorts ? ports : items).push(
      nicItem(nic, { index, id, own: authored?.nics[index] }, asPorts ? "epasd" : "rasd", writing),
    );
  }
  for (const node of otherItems(machine, next, authored, writing)) items.push(node);
  for (const device of authored?.devices ?? []) items.push(deviceItem(device, next()));
  return { items: [...items, ...ports], drives, nics };
}

function processorItems(
  machine: Machine,
  id: string,
  authored: AuthoredMachine | undefined,
  { flavour }: OvfWriting,
): XmlNode[] {
  const { count, coresPerSocket } = machine.cpu;
  const properties = (quantity: number): ItemProperties => ({
    AllocationUnits: "hertz * 10^6",
    Description: "Number of virtual CPUs",
    ElementName: `${quantity} virtual CPU(s)`,
    InstanceID: id,
    // XenServer: how many processors there may be. Without it as many as there are.
    Limit: flavour.xenserver === true && quantity === count ? machine.cpu.max : null,
    ResourceType: 3,
    VirtualQuantity: quantity,
  });
  const extensions = (cores: number | null): XmlNode[] => [
    ...(flavour.vmware && cores !== null ? [el("vmw:CoresPerSocket", OPTIONAL, String(cores))] : []),
    ...settingNodes("vmw:Config", authored?.cpu ?? []),
  ];
  // An item for an option takes the place of the one of the same id (DSP0243 9.8).
  const others = (authored?.options ?? []).flatMap(({ option, cpus, coresPerSocket: cores }) =>
    cpus === null && cores === null
      ? []
      : [
          item(
            "rasd",
            properties(cpus ?? count),
            { "ovf:configuration": option },
            ...extensions(cores ?? coresPerSocket),
          ),
        ],
  );
  return [
    item("rasd", properties(count), {}, ...extensions(coresPerSocket)),
    ...others,
    ...boundItems(machine, "cpu", properties),
  ];
}

function memoryItems(machine: Machine, id: string, authored: AuthoredMachine | undefined): XmlNode[] {
  const properties = (bytes: number): ItemProperties => {
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
  const config = settingNodes("vmw:Config", authored?.memory ?? []);
  const others = (authored?.options ?? []).flatMap(({ option, memoryBytes }) =>
    memoryBytes === null ? [] : [item("rasd", properties(memoryBytes), { "ovf:configuration": option }, ...config)],
  );
  return [
    item("rasd", properties(machine.memoryBytes), {}, ...config),
    ...others,
    ...boundItems(machine, "memory", properties),
  ];
}

/** The least and the most that the author allows: items of the same id with `ovf:bound`. */
function boundItems(
  machine: Machine,
  fact: Bound["fact"],
  properties: (quantity: number) => ItemProperties,
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
    own,
  }: {
    readonly id: string;
    readonly parent: string | null;
    readonly device: string | null;
    readonly own: AuthoredItem | undefined;
  },
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
    { ...(device === "floppy" ? OPTIONAL : {}), ...(own === undefined ? {} : onlyIn(own)) },
    ...settingNodes("vmw:Config", own?.config ?? []),
  );
}

function nicItem(
  nic: Nic,
  { index, id, own }: { readonly index: number; readonly id: string; readonly own: AuthoredItem | undefined },
  prefix: "rasd" | "epasd",
  { flavour }: OvfWriting,
): XmlNode {
  const properties = {
    Address: nic.mac,
    AutomaticAllocation: nic.connected,
    Connection: nic.network,
    ...(prefix === "epasd" ? { DefaultPortVID: nic.vlan, NetworkPortProfileID: nic.portProfile } : {}),
    Description: nic.network === null ? "Network adapter" : `Network adapter on ${JSON.stringify(nic.network)}`,
    ElementName: `Network adapter ${index + 1}`,
    InstanceID: id,
    ResourceSubType: nicWord(nic.model, flavour),
    ResourceType: 10,
  };
  return item(
    prefix,
    properties,
    own === undefined ? {} : onlyIn(own),
    ...settingNodes("vmw:Config", own?.config ?? []),
  );
}
