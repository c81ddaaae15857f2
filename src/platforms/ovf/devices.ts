import type { Attachment, Controller, Nic } from "../../appliance/appliance.js";
import type { Bus } from "../../base/ids.js";
import { finding } from "../../ovf/findings.js";
import { controllerBus, resourceType } from "../../ovf/tables/resource-types.js";
import type { OvfItem } from "../../ovf/views/items.js";
import { wholeNumber } from "../../ovf/views/node.js";
import { macFromText } from "../names-of-devices.js";
import type { VirtualBoxAdapter } from "../virtualbox-hardware.js";
import type { PackageDisks } from "./disks.js";
import { type ImportSession, origin } from "./session.js";

/** Sub types that name the device they stand for, in lower case: the first of a list that is known counts. */
const KNOWN_MODELS: ReadonlySet<string> = new Set(
  "lsilogic buslogic lsilogicsas virtualscsi piix3 piix4 ich6 ahci nvme e1000 e1000e vmxnet vmxnet2 vmxnet3 pcnet32 virtio".split(
    " ",
  ),
);

/** The model that an item names, as it spells it; of several the first that is known. */
export function modelOf(item: OvfItem): string | null {
  const { resourceSubTypes } = item;
  const known = resourceSubTypes.find((subType) => KNOWN_MODELS.has(subType.toLowerCase()));
  return known ?? resourceSubTypes[0] ?? null;
}

/** A controller and the item that it was read from. */
export interface ItemController {
  readonly controller: Controller;
  readonly item: OvfItem;
}

/** The bus of an item that is a controller; `null` for all others. */
export function busOf(item: OvfItem, parents: ReadonlySet<string>): Bus | null {
  const type = item.resourceType ?? 0;
  if (resourceType(type)?.kind !== "controller") return null;
  const bus = controllerBus(type, item.resourceSubTypes);
  if (bus !== null || item.resourceSubTypes.length > 0) return bus;
  // "Other storage device" without a sub type: a SATA controller to all that hang drives on it, a graphics card to oVirt.
  return item.instanceId !== null && parents.has(item.instanceId) ? "sata" : null;
}

/** The controllers of a machine in the order of its items, numbered on each bus by their address where all have one. */
export function readControllers(items: readonly OvfItem[], machine: string, session: ImportSession): ItemController[] {
  const parents = new Set(items.flatMap((item) => item.parent ?? []));
  const found: ItemController[] = [];
  for (const item of items) {
    const bus = busOf(item, parents);
    if (bus === null) continue;
    const id = item.instanceId ?? `controller-${found.length + 1}`;
    found.push({ controller: { id, bus, model: modelOf(item), index: 0 }, item });
    origin(session, `machines/${machine}/controllers/${id}`, item.element);
  }
  for (const bus of new Set(found.map((entry) => entry.controller.bus))) {
    const same = found.filter((entry) => entry.controller.bus === bus);
    const addresses = same.map((entry) => wholeNumber(entry.item.address));
    const ordered =
      addresses.includes(null) || new Set(addresses).size < same.length
        ? same
        : [...same].sort((a, b) => Number(a.item.address) - Number(b.item.address));
    ordered.forEach(({ controller }, index) => {
      controller.index = index;
    });
  }
  return found;
}

/** A drive and the item that it was read from. */
export interface ItemAttachment {
  readonly attachment: Attachment;
  readonly item: OvfItem;
}

/** The drives of a machine in the order of its items. */
export function readAttachments(
  items: readonly OvfItem[],
  controllers: readonly ItemController[],
  disks: PackageDisks,
  machine: string,
  session: ImportSession,
): ItemAttachment[] {
  const found: ItemAttachment[] = [];
  const ids = new Set(controllers.map(({ controller }) => controller.id));
  for (const item of items) {
    const kind = resourceType(item.resourceType ?? 0)?.kind;
    if (kind !== "disk" && kind !== "cdrom" && kind !== "floppy") continue;
    const device = {
      device: kind,
      controller: controllerOf(item, ids, session),
      slot: item.addressOnParent,
      readOnly: false,
    };
    const attachment: Attachment | null =
      kind === "disk"
        ? diskAttachment(item, device, disks, session)
        : { ...device, disk: null, file: disks.imageOf(item) };
    if (attachment === null) continue;
    origin(session, `machines/${machine}/attachments/${found.length}`, item.element);
    found.push({ attachment, item });
  }
  return found;
}

function diskAttachment(
  item: OvfItem,
  device: Pick<Attachment, "device" | "controller" | "slot" | "readOnly">,
  disks: PackageDisks,
  session: ImportSession,
): Attachment | null {
  const disk = disks.diskOf(item);
  if (disk !== null) return { ...device, disk, file: null };
  // A dangling reference is reported where it is looked up.
  if (item.property("HostResource") === null) {
    session.report(
      finding(
        "ovf/disk-item-without-disk",
        "warning",
        item.element,
        `drive ${item.label ?? item.instanceId} names no disk`,
        {
          hint: "It is left out. Name a Disk in its HostResource: ovf:/disk/ID.",
        },
      ),
    );
  }
  return null;
}

/** The parent that oVirt writes for none. */
const NO_PARENT = "00000000-0000-0000-0000-000000000000";

function controllerOf(item: OvfItem, controllers: ReadonlySet<string>, session: ImportSession): string | null {
  const { parent } = item;
  if (parent === null || parent === NO_PARENT) return null;
  if (controllers.has(parent)) return parent;
  session.report(
    finding(
      "ovf/unknown-parent",
      "warning",
      item.propertyElement("Parent") ?? item.element,
      `drive ${item.label ?? item.instanceId} hangs on item ${parent}, which is no controller of the machine`,
      {
        hint: "A place on a controller is chosen for it. VirtualBox refuses such packages.",
        data: { parent },
      },
    ),
  );
  return null;
}

/** oVirt numbers its card models. */
const OVIRT_NICS: ReadonlyMap<string, string> = new Map<string, string>(
  Object.entries({ "0": "rtl8139_pv", "1": "rtl8139", "2": "e1000", "3": "virtio" }),
);

/**
 * The network cards of a machine in the order of its items. VirtualBox's items know neither address nor virtio cards; where its own
 * settings have as many cards, they complete the items.
 */
export function readNics(
  items: readonly OvfItem[],
  adapters: readonly VirtualBoxAdapter[],
  machine: string,
  session: ImportSession,
): Nic[] {
  const cards = items.filter((item) => resourceType(item.resourceType ?? 0)?.kind === "nic");
  if (adapters.length > 0 && adapters.length !== cards.length) {
    const [adapter] = adapters;
    session.report(
      finding(
        "ovf/hardware-disagrees",
        "warning",
        adapter?.element ?? session.document.xml.root,
        `the machine has ${cards.length} network cards as OVF, and ${adapters.length} as VirtualBox`,
        { hint: "The OVF hardware counts; addresses are not taken over from VirtualBox's settings." },
      ),
    );
  }
  const paired = adapters.length === cards.length ? adapters : [];
  return cards.map((item, i) => {
    const adapter = paired[i];
    const place = `machines/${machine}/nics/${i}`;
    origin(session, place, item.element);
    const address = macFromText(item.address ?? item.property("MACAddress"));
    if (address === null && adapter !== undefined && adapter.mac !== null)
      origin(session, `${place}/mac`, adapter.element);
    return {
      network: networkOf(item, session),
      kind: adapter?.kind ?? null,
      vlan: null,
      model: nicModel(item, session) ?? adapter?.type ?? null,
      mac: address ?? adapter?.mac ?? null,
      connected: item.property("AutomaticAllocation")?.toLowerCase() !== "false" && (adapter?.connected ?? true),
      portProfile: item.property("NetworkPortProfileID"),
    };
  });
}

function nicModel(item: OvfItem, session: ImportSession): string | null {
  const model = modelOf(item);
  return model !== null && session.document.flavour === "ovirt" ? (OVIRT_NICS.get(model) ?? model) : model;
}

function networkOf(item: OvfItem, session: ImportSession): string | null {
  const name = item.property("Connection");
  if (name === null) return null;
  if (!session.networkNames.has(name)) {
    session.networkNames.add(name);
    session.report(
      finding(
        "ovf/unknown-network",
        "warning",
        item.propertyElement("Connection") ?? item.element,
        `a network card is on ${name}, which the NetworkSection does not list`,
        {
          hint: "The network is taken to exist.",
          data: { network: name },
        },
      ),
    );
    session.appliance.networks.push({ name, description: null });
  }
  return name;
}
