/** VirtualHardwareSection as a whole (DSP0243 8.1). */
import { repeated } from "../duplicates.js";
import { exampleItem } from "../example.js";
import type { ContentNode } from "../nodes.js";
import { type AnyRule, defineRule, ovfSpec } from "../rule.js";

const spec = ovfSpec("8.1");

const SECTION = (attributes: string): string =>
  `<VirtualHardwareSection ${attributes}><Info>Hardware</Info>${exampleItem({ ElementName: "CPU", InstanceID: 1, ResourceType: 3, VirtualQuantity: 1 })}</VirtualHardwareSection>`;

const ASKED =
  '<ProductSection><Info>Product</Info><Property ovf:key="ip" ovf:type="string" ovf:userConfigurable="true"/></ProductSection>';

const idOf = ({ content }: ContentNode): string => content.id ?? "(without an id)";

export const hardwareRules: readonly AnyRule[] = [
  defineRule({
    code: "ovf/hardware-missing",
    node: "ovf/content",
    spec,
    requirements: ["OVF-8.1-1"],
    severity: "error",
    strict: "error",
    what: "The virtual system {id} has no VirtualHardwareSection.",
    why: "Nothing says what machine to make.",
    fix: "Add a VirtualHardwareSection.",
    examples: {
      invalid: [{ content: '<VirtualSystem ovf:id="vm"><Info>A machine</Info></VirtualSystem>' }],
      valid: [{}],
    },
    *check(node) {
      if (node.content.kind === "system" && node.hardware.length === 0) yield { values: { id: idOf(node) } };
    },
  }),
  defineRule({
    code: "ovf/hardware-empty",
    node: "ovf/content",
    spec: null,
    severity: "error",
    strict: "warning",
    what: "The hardware of the virtual system {id} names a type of machine and not one item.",
    why: "The standard allows it, but there is no machine without hardware; VMware's tool refuses it.",
    fix: "Add items: at least processors and memory.",
    examples: { invalid: [{ items: "" }], valid: [{}] },
    *check(node) {
      const { hardware } = node;
      if (hardware.length === 0 || hardware.some(({ items }) => items.length > 0)) return;
      const first = hardware.find((section) => section.hardware.system !== null);
      if (first === undefined) return;
      yield { values: { id: idOf(node) }, location: first.element.location };
    },
  }),
  defineRule({
    code: "ovf/hardware-id-repeated",
    node: "ovf/content",
    spec,
    requirements: ["OVF-8.1-5"],
    severity: "warning",
    strict: "error",
    what: 'Two VirtualHardwareSections of one virtual system have the ovf:id "{id}".',
    why: "The id tells them apart for whoever chooses one.",
    fix: "Give each an id of its own.",
    examples: {
      invalid: [{ hardwareAttributes: 'ovf:id="a"', system: SECTION('ovf:id="a"') }],
      valid: [{ hardwareAttributes: 'ovf:id="a"', system: SECTION('ovf:id="b"') }],
    },
    *check({ hardware }) {
      if (hardware.length < 2) return;
      yield* repeated(
        hardware,
        (section) => section.hardware.id,
        (section) => section.element,
      );
    },
  }),
  defineRule({
    code: "ovf/transport-separator",
    node: "ovf/hardware",
    spec,
    requirements: ["OVF-8.1-7"],
    severity: "warning",
    strict: "error",
    what: 'The ovf:transport "{transport}" separates its names by something other than one space.',
    why: "The first editions of the schemas said comma in a comment, and later ones corrected it: importers that split at spaces find no transport that they know, and the guest never gets its properties.",
    fix: "Separate the names by one space each.",
    examples: {
      invalid: [{ hardwareAttributes: 'ovf:transport="iso,com.vmware.guestInfo"' }],
      valid: [{ hardwareAttributes: 'ovf:transport="iso com.vmware.guestInfo"' }],
    },
    *check({ hardware }) {
      const transport = hardware.attribute("transport");
      if (transport !== null && /[,;]/.test(transport)) yield { values: { transport } };
    },
    mend({ hardware }) {
      const attribute = hardware.element.attributes.find(
        ({ name, namespace }) => name === "transport" && hardware.scope.isCore(namespace),
      );
      if (attribute === undefined) return [];
      const names = attribute.value.split(/[\s,;]+/).filter((name) => name !== "");
      const { namespace, name } = attribute;
      return [{ edit: "xml", element: hardware.element, change: { namespace, name, value: names.join(" ") } }];
    },
  }),
  defineRule({
    code: "ovf/transport-missing",
    node: "ovf",
    spec,
    requirements: ["OVF-8.1-8", "OVF-8.1-9?"],
    severity: "info",
    strict: "warning",
    what: "The virtual system {id} has properties that users are asked for, and its hardware names no ovf:transport.",
    why: "Without a transport the guest gets no environment: what users answer never reaches it.",
    fix: 'Add ovf:transport="iso", or "com.vmware.guestInfo" where VMware\'s tools read it, to the VirtualHardwareSection.',
    examples: {
      invalid: [{ system: ASKED }],
      valid: [{ system: ASKED, hardwareAttributes: 'ovf:transport="iso"' }, { hardwareAttributes: "" }],
    },
    *check(_document, { nodes }) {
      const asking = new Set(
        nodes.products
          .filter(({ properties }) => properties.some(({ userConfigurable }) => userConfigurable))
          .map(({ owner }) => owner),
      );
      if (asking.size === 0) return;
      for (const node of nodes.contents) {
        // What a collection asks for is part of the environment of each system in it. Parents come first.
        if (asking.has(node.parent)) asking.add(node);
        if (node.content.kind !== "system" || node.hardware.length === 0 || !asking.has(node)) continue;
        if (node.hardware.every(({ hardware }) => hardware.transports.length === 0)) {
          yield {
            values: { id: idOf(node) },
            location: node.hardware[0]?.element.location ?? node.content.element.location,
          };
        }
      }
    },
  }),
  defineRule({
    code: "ovf/system-type-separator",
    node: "ovf/hardware",
    spec,
    requirements: ["OVF-8.1-10"],
    severity: "info",
    strict: "warning",
    what: 'The VirtualSystemType "{type}" separates types of machines by something other than one space.',
    why: "VMware's tool takes commas too; others read the whole text as one type, and know no such machine.",
    fix: "Separate the types by one space each.",
    examples: {
      invalid: ["vmx-07,vmx-08", "vmx-07  vmx-08"].map((type) => ({
        machine: `<vssd:ElementName>x</vssd:ElementName><vssd:InstanceID>0</vssd:InstanceID><vssd:VirtualSystemType>${type}</vssd:VirtualSystemType>`,
      })),
      valid: [
        {
          machine:
            "<vssd:ElementName>x</vssd:ElementName><vssd:InstanceID>0</vssd:InstanceID><vssd:VirtualSystemType>vmx-07 vmx-08</vssd:VirtualSystemType>",
        },
      ],
    },
    *check({ hardware }) {
      const { system } = hardware;
      const type = system?.property("VirtualSystemType") ?? null;
      if (type === null || !/,|\s{2}/.test(type)) return;
      const place = system?.propertyElement("VirtualSystemType");
      yield { values: { type }, ...(place === undefined ? {} : { location: place.location }) };
    },
    mend({ hardware }) {
      const element = hardware.system?.propertyElement("VirtualSystemType");
      if (element === undefined) return [];
      return [{ edit: "xml", element, change: { text: hardware.systemTypes.join(" ") } }];
    },
  }),
  defineRule({
    code: "ovf/item-kind-too-new",
    node: "ovf/items",
    spec,
    requirements: ["OVF-8.1-17"],
    severity: "warning",
    strict: "error",
    what: "OVF {version} has no {kind}.",
    why: "It came with OVF 2.0. VMware's importers refuse the package; others leave the device out.",
    fix: "Write it as an Item, or move the whole descriptor to OVF 2.0.",
    examples: {
      invalid: [
        {
          moreItems:
            "<StorageItem><rasd:ElementName>Disk</rasd:ElementName><rasd:InstanceID>9</rasd:InstanceID><rasd:ResourceType>31</rasd:ResourceType></StorageItem>",
        },
      ],
      valid: [{}],
    },
    *check({ items }, { ovf }) {
      if (ovf.dialect.startsWith("2")) return;
      for (const { item } of items) {
        if (item.kind === "item") continue;
        const { name, location } = item.element;
        yield { values: { version: ovf.dialect, kind: name }, location };
      }
    },
  }),
];
