/** Items of hardware that a target takes, and how they are written. */
import { CIM_CLASSES } from "../../ovf/namespaces.js";
import { RASD_FIELDS } from "../../ovf/tables/cim-fields.js";
import { resourceType } from "../../ovf/tables/resource-types.js";
import type { XmlEdit } from "../../xml/changes.js";
import type { XmlElement } from "../../xml/tree.js";
import { optionalEdits, removal } from "../edits.js";
import { type AnyRule, defineRule } from "../rule.js";
import { asked, isNormal, isRequired, itemName, readers } from "./reader.js";

function item(type: number, more = "", attributes = ""): string {
  return `<Item ${attributes}>${more}<rasd:InstanceID>90</rasd:InstanceID><rasd:ResourceType>${type}</rasd:ResourceType></Item>`;
}

function ide(id: number, subtype = ""): string {
  return `<Item><rasd:InstanceID>${id}</rasd:InstanceID>${subtype === "" ? "" : `<rasd:ResourceSubType>${subtype}</rasd:ResourceSubType>`}<rasd:ResourceType>5</rasd:ResourceType></Item>`;
}

/** The first property of an item that stands behind one that the alphabet puts behind it. */
function outOfOrder(element: XmlElement): XmlElement | null {
  let last = "";
  for (const child of element.elements()) {
    // What the class does not have is an extension, and stands last.
    if (!child.namespace.startsWith(CIM_CLASSES) || !(child.name in RASD_FIELDS)) continue;
    if (child.name < last) return child;
    last = child.name;
  }
  return null;
}

export const targetItemRules: readonly AnyRule[] = [
  defineRule({
    code: "target/item-type-refused",
    node: "ovf/item",
    targets: readers(({ resourceTypes, refusedTypes }) => resourceTypes !== null || refusedTypes.length > 0),
    spec: null,
    severity: "error",
    strict: "error",
    what: "{reader} refuses a required item of the type {type} ({label}): {item}.",
    why: 'VirtualBox: "Unknown resource type 24 in hardware item" (video cards of open-vmdk, type 32768 of newer VirtualBox: gusztavvargadr/packer#497, AlmaLinux/cloud-images#303). ESXi: "No support for the virtual hardware device type \'35\'" (graylog2-images#224).',
    fix: 'Mark the item ovf:required="false": then it is passed over.',
    examples: {
      invalid: [{ moreItems: item(24) + item(35).replace("90", "91") }],
      valid: [{ moreItems: item(24, "", 'ovf:required="false"') }],
    },
    *check(node, facts) {
      const { reader } = asked(facts);
      const type = node.resourceType;
      if (type === null || !isRequired(node)) return;
      const taken = reader.resourceTypes?.includes(type) ?? !reader.refusedTypes.includes(type);
      if (taken) return;
      const label = resourceType(type)?.label ?? "of a vendor";
      yield { values: { reader: reader.name, type, label, item: itemName(node) } };
    },
    mend: (node, _finding, { ovf }) => optionalEdits(ovf, node.item.element),
  }),
  defineRule({
    code: "target/storage-controller-unknown",
    node: "ovf/item",
    targets: readers(({ storageSubtypes }) => storageSubtypes !== null),
    spec: null,
    severity: "error",
    strict: "error",
    what: '{reader} refuses the controller {item}: it knows no "{subtype}" among those of type 20, whether they are required or not.',
    why: '"Host resource of type "Other Storage Device (20)" is supported with SATA AHCI or Virtio-SCSI or NVMe controllers only" (tried).',
    fix: "Write AHCI, VirtioSCSI or NVMe in rasd:ResourceSubType, whichever it is.",
    examples: {
      invalid: [{ moreItems: item(20) }],
      valid: [
        {
          moreItems: item(20).replace(
            "<rasd:ResourceType>",
            "<rasd:ResourceSubType>AHCI</rasd:ResourceSubType><rasd:ResourceType>",
          ),
        },
      ],
    },
    *check(node, facts) {
      if (node.resourceType !== 20) return;
      const { reader } = asked(facts);
      const subtype = node.properties.get("ResourceSubType") ?? "";
      if (reader.storageSubtypes?.includes(subtype.toLowerCase())) return;
      yield { values: { reader: reader.name, item: itemName(node), subtype } };
    },
    mend(node): readonly XmlEdit[] {
      // Nothing but controllers of these kinds can have drives; one without drives is not missed, and one that names none is SATA's.
      const { instanceId, owner } = node;
      const used = owner.items.some(({ properties }) => properties.get("Parent") === instanceId);
      return used ? [] : [removal(node.item.element)];
    },
  }),
  defineRule({
    code: "target/ide-subtype",
    node: "ovf/item",
    targets: readers(({ ideSubtypes }) => ideSubtypes === "refused"),
    spec: null,
    severity: "error",
    strict: "error",
    what: '{target} has no kinds of IDE controllers, and {item} is a "{subtype}".',
    why: "\"Value 'PIIX4' of ResourceSubType element not found in []\": vSphere's client lists it among the issues that keep a template from being deployed (inverse-inc/packetfence#5522). VirtualBox writes it.",
    fix: "Leave rasd:ResourceSubType of the IDE controller out.",
    examples: { invalid: [{ moreItems: ide(90, "PIIX4") }], valid: [{ moreItems: ide(90) }] },
    *check(node) {
      const subtype = node.properties.get("ResourceSubType");
      if (node.resourceType !== 5 || subtype === undefined) return;
      const place = node.item.propertyElement("ResourceSubType") ?? node.item.element;
      yield { values: { item: itemName(node), subtype }, location: place.location };
    },
    mend: ({ item: { element, scope } }) => [...scope.cimChildren(element, "ResourceSubType")].map(removal),
  }),
  defineRule({
    code: "target/ide-controllers",
    node: "ovf/hardware",
    targets: readers(({ ideControllers }) => ideControllers !== null),
    spec: null,
    severity: "error",
    strict: "error",
    what: "The machine has {count} IDE controllers; {reader} makes {most}.",
    why: '"Too many IDE controllers in OVF; import facility only supports two" (VirtualBox, tried): a PC has two channels.',
    fix: "Move the drives of further controllers to the first two, or to SATA.",
    examples: { invalid: [{ moreItems: ide(90) + ide(91) + ide(92) }], valid: [{ moreItems: ide(90) + ide(91) }] },
    *check({ items, hardware }, facts) {
      const { reader } = asked(facts);
      const most = reader.ideControllers ?? 0;
      const controllers = items.filter((node) => node.resourceType === 5 && isNormal(node));
      const count = new Set(controllers.map(({ instanceId }) => instanceId)).size;
      if (count <= most) return;
      const location = (controllers[most]?.item.element ?? hardware.element).location;
      yield { values: { count, reader: reader.name, most }, location };
    },
    mend({ items }, _finding, facts): readonly XmlEdit[] {
      // Controllers that nothing hangs on can go, as long as enough of them can.
      const most = asked(facts).reader.ideControllers ?? 0;
      const used = new Set(items.map(({ properties }) => properties.get("Parent")));
      const controllers = items.filter((node) => node.resourceType === 5 && isNormal(node));
      const free = controllers.filter(({ instanceId }) => !used.has(instanceId ?? ""));
      const excess = controllers.length - most;
      return free.length < excess
        ? []
        : free.slice(free.length - excess).map(({ item: { element } }) => removal(element));
    },
  }),
  defineRule({
    code: "target/item-of-ovf-2",
    node: "ovf/item",
    targets: readers(({ items2 }) => items2 !== "read"),
    spec: null,
    severity: "error",
    strict: "error",
    what: "{reader} does not know the element {element}: {item} is lost.",
    why: "\"Unsupported element 'StorageItem'\" (myspaghetti/macos-virtualbox#300): disks, drives and network cards of OVF 2 have elements of their own. virt-v2v and Proxmox pass over them without a word.",
    fix: "Export it again as OVF 1.0 where it was made (VBoxManage export --ovf10), or write an Item with rasd: properties; vmferry convert carries it over without OVF (--to vmware, --to libvirt).",
    examples: {
      invalid: [
        {
          moreItems:
            '<StorageItem xmlns:sasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_StorageAllocationSettingData"><sasd:InstanceID>90</sasd:InstanceID><sasd:ResourceType>15</sasd:ResourceType></StorageItem>',
        },
      ],
      valid: [{}],
    },
    *check(node, facts) {
      if (node.item.kind === "item") return;
      yield { values: { reader: asked(facts).reader.name, element: node.item.element.name, item: itemName(node) } };
    },
  }),
  defineRule({
    code: "target/item-order",
    node: "ovf/item",
    targets: readers(({ itemOrder }) => itemOrder === "alphabet"),
    spec: null,
    severity: "error",
    strict: "error",
    what: "In the item {item}, {name} stands behind a property that comes later in the alphabet.",
    why: "VMware reads the properties of an item in the order of the schema: \"Unsupported element 'Connection'\" where it stands behind Description (home-assistant/operating-system#660). Of its own tests it takes only those of OVF 0.9 in another order, and others in lax mode.",
    fix: "Put the properties of the item in the order of the alphabet.",
    examples: {
      invalid: [
        {
          moreItems: item(23)
            .replace("<rasd:InstanceID>90</rasd:InstanceID>", "")
            .replace("</Item>", "<rasd:InstanceID>90</rasd:InstanceID></Item>"),
        },
      ],
      valid: [{ moreItems: item(23) }],
    },
    *check(node, { ovf }) {
      // The draft of 2007 has no order.
      if (ovf.dialect === "0.9") return;
      const child = outOfOrder(node.item.element);
      if (child !== null) yield { values: { item: itemName(node), name: child.name }, location: child.location };
    },
    mend({ item: { element } }): readonly XmlEdit[] {
      const own = [...element.elements()].filter((child) => child.namespace.startsWith(CIM_CLASSES));
      const foreign = [...element.elements()].find((child) => !child.namespace.startsWith(CIM_CLASSES));
      const sorted = own.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
      const before = foreign === undefined ? {} : { before: foreign };
      return sorted.map((child) => ({ edit: "xml", element, change: { insert: child, ...before } }));
    },
  }),
];
