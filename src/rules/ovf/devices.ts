/** Devices on their controllers: Parent and AddressOnParent (DSP0243 8.3). */
import type { XmlEdit } from "../../xml/changes.js";
import type { XmlElement } from "../../xml/tree.js";
import { exampleItem } from "../example.js";
import { meet, nameOfItem } from "../items.js";
import type { HardwareNode, ItemNode } from "../nodes.js";
import { type AnyRule, defineRule, ovfSpec } from "../rule.js";

const spec = ovfSpec("8.3");

/** Drives: CD, DVD, disk, tape, logical disk. */
const DRIVES: ReadonlySet<number> = new Set([15, 16, 17, 18, 31]);

/** Controllers that drives hang on. The standard's list, and USB, on which VirtualBox has disks. */
const CONTROLLERS: ReadonlySet<number> = new Set([5, 6, 7, 8, 9, 20, 23]);

/** The Parent that oVirt writes for none. */
const NO_PARENT = "00000000-0000-0000-0000-000000000000";

/** Items that are one in different configurations, as far as they are looked at: a hostile section could have a million. */
const MOST_VARIANTS = 100;

/** A disk beside the usual one. */
function disk(properties: Record<string, string | number>, attributes = ""): string {
  return exampleItem({ InstanceID: 9, ResourceType: 17, ...properties }, attributes);
}

const parentOf = ({ properties, bound }: ItemNode): string | null => {
  const parent = bound === "normal" ? properties.get("Parent") : undefined;
  return parent === undefined || parent === NO_PARENT ? null : parent;
};

/** Of an item whose Parent has no value anywhere. */
function emptyParents({ item }: ItemNode): readonly XmlElement[] {
  return [...item.scope.cimChildren(item.element, "Parent")];
}

/** The places on a controller; `null`: not known. */
function placesOf(
  controller: ItemNode,
): { readonly last: number; readonly own: number | null; readonly bus: string } | null {
  const models = controller.item.resourceSubTypes.map((model) => model.toLowerCase());
  if (controller.resourceType === 5) return { last: 1, own: null, bus: "IDE" };
  if (controller.resourceType === 6) {
    // The model that VMware's and VirtualBox's own go beyond the bus that it is named for.
    if (models.some((model) => model === "virtualscsi" || model === "lsilogicsas" || model.startsWith("virtio"))) {
      return { last: 255, own: null, bus: "SCSI" };
    }
    return { last: 15, own: 7, bus: "SCSI" };
  }
  if (controller.resourceType !== 20) return null;
  if (models.some((model) => model.includes("nvme"))) return { last: 14, own: null, bus: "NVMe" };
  return models.some((model) => /ahci|sata/.test(model)) ? { last: 29, own: null, bus: "SATA" } : null;
}

const addressOf = ({ properties }: ItemNode): string | null => {
  const address = properties.get("AddressOnParent");
  return address === undefined ? null : /^[0-9]{1,9}$/.test(address) ? String(Number(address)) : address;
};

/** In which configurations a controller is there. */
interface Presence {
  readonly there: ReadonlySet<string>;
  /** One in which it is not; `null`: it is in all that the package has. */
  readonly absent: string | null;
}

/** `null`: no such controller, or one that is always there. */
function presenceOf(parents: readonly ItemNode[], configurations: ReadonlySet<string>): Presence | null {
  if (parents.length === 0 || parents.some((parent) => parent.configurations.length === 0)) return null;
  const there = new Set(parents.flatMap((parent) => parent.configurations));
  if (configurations.size === 0) return { there, absent: "a package without configurations" };
  const absent = [...configurations].find((configuration) => !there.has(configuration));
  return { there, absent: absent === undefined ? null : `the configuration ${absent}` };
}

/** Devices of a section with the place that each has on its controller. */
function* placed({ items }: HardwareNode): Generator<readonly [node: ItemNode, parent: string, address: string]> {
  for (const node of items) {
    const parent = parentOf(node);
    const address = parent === null ? null : addressOf(node);
    if (parent !== null && address !== null) yield [node, parent, address];
  }
}

export const deviceRules: readonly AnyRule[] = [
  defineRule({
    code: "ovf/parent-missing",
    node: "ovf/hardware",
    spec,
    requirements: ["OVF-8.3-13"],
    // VirtualBox refuses such a disk; who imports it at all chooses a place for it.
    severity: "warning",
    strict: "error",
    what: 'The item {item} hangs on the InstanceID "{parent}", which no item of its section has.',
    why: "Importers do not find the controller. VirtualBox refuses the package; others choose a place, and the guest may find its disks in another order.",
    fix: "Write the InstanceID of the controller, or add the controller.",
    examples: { invalid: [{ moreItems: disk({ Parent: 99 }) }], valid: [{ moreItems: disk({ Parent: 3 }) }] },
    *check({ items }, { ovf }) {
      for (const node of items) {
        const parent = parentOf(node);
        // oVirt's are no controllers.
        if (parent === null || node.owner.byInstance.has(parent) || ovf.flavour === "ovirt") continue;
        const place = node.item.propertyElement("Parent") ?? node.item.element;
        yield { values: { item: nameOfItem(node), parent }, location: place.location };
      }
    },
  }),
  defineRule({
    code: "ovf/parent-empty",
    node: "ovf/item",
    spec,
    requirements: ["OVF-8.3-13"],
    severity: "info",
    strict: "error",
    what: "The item {item} has a Parent without a value.",
    why: "It names no controller. mkova of open-vmdk leaves it so where it does not know one; VirtualBox refuses a disk like that.",
    fix: "Write the InstanceID of the controller, or take the element away where the device has none.",
    examples: { invalid: [{ moreItems: disk({ Parent: "" }) }], valid: [{ moreItems: disk({ Parent: 3 }) }] },
    *check(node, { ovf }) {
      if (ovf.flavour === "ovirt" || node.properties.has("Parent")) return;
      for (const { location } of emptyParents(node)) yield { values: { item: nameOfItem(node) }, location };
    },
    mend: (node) => emptyParents(node).map((element): XmlEdit => ({ edit: "xml", element, change: "remove" })),
  }),
  defineRule({
    code: "ovf/parent-of-other-configuration",
    node: "ovf/hardware",
    spec,
    requirements: ["OVF-8.3-13"],
    severity: "warning",
    strict: "error",
    what: 'The item {item} hangs on the InstanceID "{parent}", which is not there in {configuration}.',
    why: "In that configuration the device has no controller.",
    fix: "Let the controller be part of every configuration that the device is part of.",
    examples: {
      invalid: [
        {
          moreItems:
            exampleItem({ InstanceID: 8, ResourceType: 6 }, 'ovf:configuration="a"') +
            disk({ Parent: 8 }, 'ovf:configuration="a b"'),
        },
        { moreItems: exampleItem({ InstanceID: 8, ResourceType: 6 }, 'ovf:configuration="a"') + disk({ Parent: 8 }) },
      ],
      valid: [
        {
          moreItems:
            exampleItem({ InstanceID: 8, ResourceType: 6 }, 'ovf:configuration="a b"') +
            disk({ Parent: 8 }, 'ovf:configuration="a"'),
        },
      ],
    },
    *check({ items, byInstance }, { index }) {
      const known = new Map<string, Presence | null>();
      for (const node of items) {
        const parent = parentOf(node);
        if (parent === null) continue;
        let presence = known.get(parent);
        if (presence === undefined) {
          presence = presenceOf(byInstance.get(parent) ?? [], index.configurations);
          known.set(parent, presence);
        }
        if (presence === null) continue;
        const { there, absent } = presence;
        const own = node.configurations.find((configuration) => !there.has(configuration));
        const missing =
          node.configurations.length === 0 ? absent : own === undefined ? null : `the configuration ${own}`;
        if (missing === null) continue;
        const place = node.item.propertyElement("Parent") ?? node.item.element;
        yield { values: { item: nameOfItem(node), parent, configuration: missing }, location: place.location };
      }
    },
  }),
  defineRule({
    code: "ovf/parent-no-controller",
    node: "ovf/hardware",
    spec,
    requirements: ["OVF-8.3-14?"],
    severity: "warning",
    strict: "warning",
    what: "The drive {item} hangs on {parent}, which is no controller of drives (ResourceType {type}).",
    why: "Importers do not find a controller there. VirtualBox refuses the package.",
    fix: "Write the InstanceID of an IDE, SCSI, SATA or NVMe controller in rasd:Parent.",
    examples: { invalid: [{ moreItems: disk({ Parent: 5 }) }], valid: [{ moreItems: disk({ Parent: 3 }) }] },
    *check({ items }) {
      for (const node of items) {
        if (!DRIVES.has(node.resourceType ?? 0)) continue;
        const parents = (node.owner.byInstance.get(parentOf(node) ?? "") ?? []).slice(0, MOST_VARIANTS);
        const [first] = parents;
        const type = first?.resourceType ?? null;
        if (first === undefined || type === null) continue;
        if (parents.some(({ resourceType }) => CONTROLLERS.has(resourceType ?? 0))) continue;
        const place = node.item.propertyElement("Parent") ?? node.item.element;
        yield { values: { item: nameOfItem(node), parent: nameOfItem(first), type }, location: place.location };
      }
    },
  }),
  defineRule({
    code: "ovf/address-taken",
    node: "ovf/hardware",
    spec,
    requirements: ["OVF-8.3-16?"],
    severity: "warning",
    strict: "error",
    what: 'The item {item} has the place {address} of the controller "{parent}", and so has {other}.',
    why: "A place takes one device. Importers move one of them, or refuse the package.",
    fix: "Give each device an AddressOnParent of its own.",
    examples: {
      invalid: [{ moreItems: disk({ AddressOnParent: 0, Parent: 3 }) }],
      valid: [
        { moreItems: disk({ AddressOnParent: 1, Parent: 3 }) },
        {
          moreItems:
            disk({ AddressOnParent: 1, Parent: 3 }, 'ovf:configuration="a"') +
            disk({ AddressOnParent: 1, InstanceID: 10, Parent: 3 }, 'ovf:configuration="b"'),
        },
      ],
    },
    *check(hardware) {
      const places = new Map<string, ItemNode[]>();
      for (const [node, parent, address] of placed(hardware)) {
        const key = `${address} ${parent}`;
        const before = places.get(key);
        if (before === undefined) {
          places.set(key, [node]);
          continue;
        }
        const other = before.find((one) => meet(one.configurations, node.configurations));
        // One item in several configurations is one device.
        if (other !== undefined && other.instanceId !== node.instanceId) {
          const values = { item: nameOfItem(node), address, parent, other: nameOfItem(other) };
          yield { values, location: node.item.element.location };
        } else if (before.length < MOST_VARIANTS) before.push(node);
      }
    },
  }),
  defineRule({
    code: "ovf/address-out-of-range",
    node: "ovf/hardware",
    spec,
    requirements: ["OVF-8.3-17?"],
    severity: "warning",
    strict: "warning",
    what: "The item {item} has the place {address}; a {bus} controller has {places}.",
    why: "There is no such place. Importers move the device, or refuse the package.",
    fix: "Correct AddressOnParent, or hang the device on another controller.",
    examples: {
      invalid: [7, 16].map((address) => ({ moreItems: disk({ AddressOnParent: address, Parent: 3 }) })),
      valid: [{ moreItems: disk({ AddressOnParent: 15, Parent: 3 }) }],
    },
    *check(hardware) {
      for (const [node, parent, address] of placed(hardware)) {
        const controller = hardware.byInstance.get(parent)?.[0];
        const places = controller === undefined ? null : placesOf(controller);
        if (places === null || !/^[0-9]+$/.test(address)) continue;
        if (Number(address) <= places.last && Number(address) !== places.own) continue;
        const own = places.own === null ? "" : `, ${places.own} being its own`;
        const values = { item: nameOfItem(node), address, bus: places.bus, places: `0 to ${places.last}${own}` };
        const place = node.item.propertyElement("AddressOnParent") ?? node.item.element;
        yield { values, location: place.location };
      }
    },
  }),
];
