/** Where disks and CD drives hang, and what they show. */
import { controllerBus } from "../../ovf/tables/resource-types.js";
import type { OvfReader } from "../../targets/profile.js";
import { propertyEdit } from "../edits.js";
import type { HardwareNode, ItemNode } from "../nodes.js";
import { type AnyRule, defineRule, type Edit, type Finding } from "../rule.js";
import { asked, isNormal, itemName, readers } from "./reader.js";

const DISK = 17;
const CD = 15;
const IDE = 5;
const SCSI = 6;
const STORAGE = 20;

function drive(type: number, more: string): string {
  return `<Item><rasd:AddressOnParent>1</rasd:AddressOnParent>${more}<rasd:ResourceType>${type}</rasd:ResourceType></Item>`;
}
function controller(type: number, id: string): string {
  return `<Item><rasd:Address>0</rasd:Address><rasd:InstanceID>${id}</rasd:InstanceID><rasd:ResourceType>${type}</rasd:ResourceType></Item>`;
}
const CD_IMAGE = (resource: string): string =>
  controller(IDE, "90") + drive(CD, `${resource}<rasd:InstanceID>91</rasd:InstanceID><rasd:Parent>90</rasd:Parent>`);

/** Whether drives can hang on an item, for a reader. */
function isController({ resourceType, properties }: ItemNode, reader: OvfReader): boolean {
  if (resourceType !== STORAGE) return resourceType === IDE || resourceType === SCSI;
  const subtype = properties.get("ResourceSubType")?.toLowerCase() ?? "";
  return reader.storageSubtypes?.includes(subtype) ?? true;
}

/** The drives of a section that need a parent. */
function drivesOf({ items }: HardwareNode, reader: OvfReader): readonly ItemNode[] {
  return items.filter(
    ({ resourceType }) => resourceType === DISK || (reader.parents === "needed" && resourceType === CD),
  );
}

/**
 * The one controller that a drive without one can only have meant: the only one there is, or that of all other drives of its kind; for a CD
 * drive the only IDE controller.
 */
function adopter(orphan: ItemNode, { items }: HardwareNode, reader: OvfReader): ItemNode | null {
  const controllers = items.filter((node) => isNormal(node) && node.instanceId !== null && isController(node, reader));
  if (controllers.length === 1) return controllers[0] ?? null;
  const parents = new Set<string>();
  for (const { resourceType, properties } of items) {
    const parent = properties.get("Parent");
    if (resourceType === orphan.resourceType && parent !== undefined) parents.add(parent);
  }
  const shared = controllers.filter(({ instanceId }) => parents.has(instanceId ?? ""));
  if (shared.length === 1) return shared[0] ?? null;
  const wanted = controllers.filter(({ resourceType }) => resourceType === (orphan.resourceType === CD ? IDE : SCSI));
  return shared.length === 0 && wanted.length === 1 ? (wanted[0] ?? null) : null;
}

/** Findings for drives whose parent a reader does not find, each with the place that it can have. */
function* orphans(section: HardwareNode, reader: OvfReader): Generator<Finding> {
  const taken = new Map<string, Set<string>>();
  for (const { properties } of section.items) {
    const parent = properties.get("Parent");
    if (parent === undefined) continue;
    const places = taken.get(parent) ?? new Set();
    places.add(properties.get("AddressOnParent") ?? "");
    taken.set(parent, places);
  }
  for (const [index, node] of section.items.entries()) {
    if (!drives(node, reader)) continue;
    const parent = node.properties.get("Parent") ?? "";
    const found = section.byInstance.get(parent) ?? [];
    if (found.some((one) => isController(one, reader))) continue;
    const home = parent === "" ? adopter(node, section, reader) : null;
    const place: { adopter?: string; address?: string } = {};
    if (home !== null) {
      const id = home.instanceId ?? "";
      const places = taken.get(id) ?? new Set();
      taken.set(id, places);
      place.adopter = id;
      place.address = freePlace(places, node.properties.get("AddressOnParent"), home.resourceType);
      places.add(place.address);
    }
    const location = (node.item.propertyElement("Parent") ?? node.item.element).location;
    yield { values: { reader: reader.name, item: itemName(node), parent, index, ...place }, location };
  }
}

function drives(node: ItemNode, reader: OvfReader): boolean {
  return node.resourceType === DISK || (node.resourceType === CD && reader.parents === "needed");
}

function freePlace(taken: ReadonlySet<string>, own: string | undefined, type: number | null): string {
  if (own !== undefined && !taken.has(own)) return own;
  // A SCSI controller's own address is 7.
  for (let n = 0; ; n++) if (!taken.has(String(n)) && !(type === SCSI && n === 7)) return String(n);
}

export const targetDriveRules: readonly AnyRule[] = [
  defineRule({
    code: "target/drive-parent",
    node: "ovf/hardware",
    targets: readers(({ parents }) => parents !== null),
    spec: null,
    severity: "error",
    strict: "error",
    what: '{reader} does not find the controller of {item}: its parent is "{parent}".',
    why: 'VirtualBox: "Disk item with instance ID "22001" specifies invalid parent" (tried; mkova of open-vmdk leaves the parent of further disks empty). Proxmox passes over such a disk with a warning.',
    fix: "Write the InstanceID of an IDE, SCSI, SATA or NVMe controller in rasd:Parent.",
    examples: {
      invalid: [
        {
          moreItems: drive(
            DISK,
            "<rasd:HostResource>ovf:/disk/disk1</rasd:HostResource><rasd:InstanceID>90</rasd:InstanceID><rasd:Parent/>",
          ),
        },
        {
          moreItems: drive(
            DISK,
            "<rasd:HostResource>ovf:/disk/disk1</rasd:HostResource><rasd:InstanceID>90</rasd:InstanceID><rasd:Parent>5</rasd:Parent>",
          ),
        },
      ],
      valid: [{}],
    },
    *check(section, facts) {
      const { reader } = asked(facts);
      if (drivesOf(section, reader).length > 0) yield* orphans(section, reader);
    },
    mend({ items }, { values }): readonly Edit[] {
      const node = items[Number(values?.index)];
      const { adopter: home, address } = values ?? {};
      if (node === undefined || typeof home !== "string" || typeof address !== "string") return [];
      return [propertyEdit(node.item, "Parent", home), propertyEdit(node.item, "AddressOnParent", address)];
    },
  }),
  defineRule({
    code: "target/controllers-of-a-bus",
    node: "ovf/hardware",
    targets: readers(({ controllersOfABus }) => controllersOfABus === "one"),
    spec: null,
    severity: "error",
    strict: "error",
    what: "{reader} makes one controller of a bus, and disks hang on {count} of {bus}.",
    why: '"Cannot find storage controller with OVF instance ID "3" to which medium "disk1.vmdk" should be attached" (VirtualBox, tried with SCSI, SAS, SATA and NVMe).',
    fix: "Put the disks on one controller of the bus, or some of them on another bus.",
    examples: {
      invalid: [
        {
          moreItems:
            controller(SCSI, "90") +
            drive(
              DISK,
              "<rasd:HostResource>ovf:/disk/disk1</rasd:HostResource><rasd:InstanceID>91</rasd:InstanceID><rasd:Parent>90</rasd:Parent>",
            ),
        },
      ],
      valid: [{ moreItems: controller(SCSI, "90") }],
    },
    *check({ items, byInstance }, facts) {
      const { reader } = asked(facts);
      const used = new Map<string, Map<string, ItemNode>>();
      for (const node of items) {
        const parent = node.resourceType === DISK ? node.properties.get("Parent") : undefined;
        const home = parent === undefined ? undefined : byInstance.get(parent)?.[0];
        const subtypes = home?.item.resourceSubTypes ?? [];
        const bus = home === undefined ? null : controllerBus(home.resourceType ?? 0, subtypes);
        if (parent === undefined || home === undefined || bus === null || bus === "ide") continue;
        const homes = used.get(bus) ?? new Map<string, ItemNode>();
        used.set(bus, homes.set(parent, home));
      }
      for (const [bus, homes] of used) {
        const [, second] = homes.values();
        if (second === undefined) continue;
        const values = { reader: reader.name, count: homes.size, bus: bus.toUpperCase() };
        yield { values, location: second.item.element.location };
      }
    },
  }),
  defineRule({
    code: "target/parent-no-number",
    node: "ovf/item",
    targets: readers(({ parentIds }) => parentIds === "numbers"),
    spec: null,
    severity: "error",
    strict: "error",
    what: '{reader} refuses the parent "{parent}" of {item}: it wants a number.',
    why: '"expecting XML expression to return an integer (expression: rasd:Parent/text(), matching string: scsi-a)" (virt-v2v, tried). The standard takes any text for an InstanceID.',
    fix: "Give controllers numbers as InstanceID, and name those in rasd:Parent.",
    examples: {
      invalid: [
        {
          moreItems:
            controller(SCSI, "a") + drive(CD, "<rasd:InstanceID>90</rasd:InstanceID><rasd:Parent>a</rasd:Parent>"),
        },
      ],
      valid: [{}],
    },
    *check(node, facts) {
      const parent = node.properties.get("Parent");
      const type = node.resourceType ?? 0;
      if (parent === undefined || ![14, CD, 16, DISK].includes(type) || /^-?[0-9]{1,9}$/.test(parent)) return;
      const location = (node.item.propertyElement("Parent") ?? node.item.element).location;
      yield { values: { reader: asked(facts).reader.name, parent, item: itemName(node) }, location };
    },
  }),
  defineRule({
    code: "target/host-resource",
    node: "ovf/item",
    targets: readers(({ otherResources }) => otherResources !== null),
    spec: null,
    severity: "error",
    strict: "error",
    what: '{reader} does not find the disk of {item} by "{resource}": it {does}.',
    why: 'VirtualBox: "specifies invalid host resource". virt-v2v: "could not parse disk rasd:HostResource from OVF document" for ovf://disk/ (both tried). Proxmox warns, and makes the machine without the disk.',
    fix: "Write ovf:/disk/ and the id of the Disk in rasd:HostResource.",
    examples: {
      invalid: [
        {
          moreItems: drive(
            DISK,
            "<rasd:HostResource>http://disk/disk1</rasd:HostResource><rasd:InstanceID>90</rasd:InstanceID><rasd:Parent>3</rasd:Parent>",
          ),
        },
        {
          moreItems: drive(
            DISK,
            "<rasd:HostResource>ovf://disk/disk1</rasd:HostResource><rasd:InstanceID>90</rasd:InstanceID><rasd:Parent>3</rasd:Parent>",
          ),
        },
        { moreItems: drive(DISK, "<rasd:InstanceID>90</rasd:InstanceID><rasd:Parent>3</rasd:Parent>") },
      ],
      valid: [{}],
    },
    *check(node, facts) {
      if (node.resourceType !== DISK) return;
      const { reader } = asked(facts);
      const resource = node.properties.get("HostResource") ?? "";
      if (reader.hostResources.some((start) => resource.startsWith(start))) return;
      const does = reader.otherResources === "refused" ? "refuses the package" : "leaves the disk out";
      const location = (node.item.propertyElement("HostResource") ?? node.item.element).location;
      yield { values: { reader: reader.name, item: itemName(node), resource, does }, location };
    },
    mend({ item, properties }, _finding, { index }): readonly Edit[] {
      const id = /^(?:ovf:)?\/{1,2}disk\/(.+)$/.exec(properties.get("HostResource") ?? "")?.[1];
      return id !== undefined && index.disks.has(id) ? [propertyEdit(item, "HostResource", `ovf:/disk/${id}`)] : [];
    },
  }),
  defineRule({
    code: "target/cd-image-left-out",
    node: "ovf/item",
    targets: readers(({ cdImages }) => cdImages === "empty"),
    spec: null,
    severity: "warning",
    strict: "warning",
    what: "{reader} leaves the drive {item} empty: it does not take {resource} into it.",
    why: "It reads images of disks alone (tried). A guest that is installed or configured from that image does not find it.",
    fix: "Put the image into the drive after the import.",
    examples: {
      invalid: [{ moreItems: CD_IMAGE("<rasd:HostResource>ovf:/file/iso</rasd:HostResource>") }],
      valid: [{ moreItems: CD_IMAGE("") }],
    },
    *check(node, facts) {
      if (node.resourceType !== CD && node.resourceType !== 16) return;
      const resource = node.properties.get("HostResource") ?? "";
      if (!/^(?:ovf:)?\/{1,2}file\//.test(resource)) return;
      const location = (node.item.propertyElement("HostResource") ?? node.item.element).location;
      yield { values: { reader: asked(facts).reader.name, item: itemName(node), resource }, location };
    },
  }),
  defineRule({
    code: "target/cd-on-sata",
    node: "ovf/item",
    targets: ({ id }) => id === "vsphere-6.5",
    spec: null,
    severity: "warning",
    strict: "warning",
    what: "The CD drive {item} is on SATA.",
    why: '"Invalid configuration for device" from clients of that time (yavijava/yavijava#169).',
    fix: "Put it on an IDE controller.",
    examples: {
      invalid: [
        {
          moreItems:
            controller(STORAGE, "90") + drive(CD, "<rasd:InstanceID>91</rasd:InstanceID><rasd:Parent>90</rasd:Parent>"),
        },
        {
          moreItems:
            controller(IDE, "80") +
            controller(STORAGE, "90") +
            drive(CD, "<rasd:InstanceID>91</rasd:InstanceID><rasd:Parent>90</rasd:Parent>"),
        },
      ],
      valid: [{ moreItems: CD_IMAGE("") }],
    },
    *check(node) {
      if (node.resourceType !== CD && node.resourceType !== 16) return;
      const parents = node.owner.byInstance.get(node.properties.get("Parent") ?? "") ?? [];
      if (parents[0]?.resourceType === STORAGE) yield { values: { item: itemName(node) } };
    },
    mend(node): readonly Edit[] {
      const { items } = node.owner;
      const sata = items.filter(({ resourceType, properties }) => {
        if (resourceType !== CD && resourceType !== 16) return false;
        return node.owner.byInstance.get(properties.get("Parent") ?? "")?.[0]?.resourceType === STORAGE;
      });
      const ide = items.find((one) => one.resourceType === IDE && isNormal(one) && one.instanceId !== null);
      // With more drives than one there is more than one answer.
      if (ide?.instanceId == null || sata.length !== 1) return [];
      const id = ide.instanceId;
      const there = items.filter(({ properties }) => properties.get("Parent") === id);
      const taken = new Set(there.map(({ properties }) => properties.get("AddressOnParent") ?? ""));
      if (there.length > 1) return [];
      return [
        propertyEdit(node.item, "Parent", id),
        propertyEdit(node.item, "AddressOnParent", taken.has("0") ? "1" : "0"),
      ];
    },
  }),
];
