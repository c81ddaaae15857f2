/** Extensions and what the standard does not know (DSP0243 7.3, 8.2). */
import type { OvfDocument } from "../../ovf/document.js";
import { CIM_CLASSES } from "../../ovf/namespaces.js";
import { isTrue } from "../../ovf/views/node.js";
import type { XmlElement } from "../../xml/tree.js";
import { attributeEdits } from "../edits.js";
import { exampleItem } from "../example.js";
import { type ExtensionNode, isRequired } from "../extensions.js";
import type { Facts } from "../facts.js";
import { type AnyRule, defineRule, type Edit, ovfSpec } from "../rule.js";

const spec = ovfSpec("7.3");

/** The elements of DSP8023 1.x and 2.x, and of the draft of 2007. */
const ELEMENTS: ReadonlySet<string> = new Set(
  (
    "Annotation AnnotationSection AppUrl ApplianceUrl BootDeviceSection Category CimObjectPath Configuration Content CustomizedVSSD DeploymentOptionSection Description Disk " +
    "DiskSection EncryptedData EncryptionSection Envelope EnvironmentFilesSection EthernetPortItem EulaSection File FullVersion Icon Info InstallSection " +
    "InstanceCount Item Label License Msg Name Network NetworkPortProfile NetworkPortProfileURI NetworkSection OperatingSystemSection PlacementGroupSection " +
    "PlacementSection Product ProductSection ProductUrl Property References ResourceAllocationSection ScaleOutSection Section SharedDisk SharedDiskSection " +
    "StartupSection StorageItem Strings System Value ValueMap Vendor VendorUrl Version VirtualHardwareSection VirtualSystem VirtualSystemCollection"
  ).split(" "),
);

/** Its attributes. `version` is the operating system's; the Envelope's has a rule of its own. */
const ATTRIBUTES: ReadonlySet<string> = new Set(
  (
    "bound capacity capacityAllocationUnits chunkSize class compression configuration default diskId fileRef format group height href id " +
    "initialBootStopDelay instance key maximum mimeType minimum msgid name order parentRef password path policy populatedSize qualifiers readOnly " +
    "required size startAction startDelay stopAction stopDelay transport type userConfigurable value version waitingForGuest width"
  ).split(" "),
);

const OTHER = 'xmlns:x="http://example.com/x"';

const custom = (attributes: string): string =>
  `<x:CustomSection ${OTHER} ${attributes}><Info>Something of ours</Info></x:CustomSection>`;

/** `ovf:required="false"`. */
const madeOptional = (element: XmlElement, { ovf }: Facts): readonly Edit[] =>
  attributeEdits(ovf, element, "required", "false");

/** What an extension says about itself. */
function infoOf({ element }: ExtensionNode, { ovf }: Facts): string {
  const info = ovf.scope.childText(element, "Info");
  return info === null ? "" : `: ${info.length > 200 ? `${info.slice(0, 200)}...` : info}`;
}

/** oVirt calls by the names of OVF what has little to do with it, for its own engine alone. */
function isPrivate({ flavour }: OvfDocument): boolean {
  return flavour === "ovirt";
}

export const extensionRules: readonly AnyRule[] = [
  defineRule({
    code: "ovf/private-dialect",
    node: "ovf",
    spec: null,
    requirements: ["OVF-7.3-5"],
    severity: "warning",
    strict: "error",
    what: "The descriptor is in the private dialect of {producer}.",
    why: "It is valid against no version of the standard, and its own engine alone imports it as it is. vmferry reads machines and disks of it.",
    fix: "Convert it: vmferry convert SRC DEST --to ovf.",
    examples: { invalid: [{ envelope: 'xmlns:ovirt="http://www.ovirt.org/ovf"' }], valid: [{}] },
    *check(document) {
      if (isPrivate(document)) yield { values: { producer: "oVirt" } };
    },
  }),
  defineRule({
    code: "ovf/element-unknown",
    node: "ovf/element",
    spec,
    requirements: ["OVF-7.3-5", "OVF-7.3-6", "OVF-7.3-7"],
    severity: "error",
    strict: "error",
    what: "The standard has no element {name}.",
    why: "Whoever does not know an element that it has to know must not deploy the package.",
    fix: 'Correct its name or its namespace, remove it, or mark it ovf:required="false".',
    examples: {
      invalid: [{ sections: "<UnknownSection><Info>x</Info></UnknownSection>" }],
      valid: [{ sections: '<UnknownSection ovf:required="false"><Info>x</Info></UnknownSection>' }],
    },
    *check(element, { ovf }) {
      if (!ovf.scope.isCore(element.namespace) || ELEMENTS.has(element.name) || isPrivate(ovf)) return;
      const required = ovf.scope.attribute(element, "required");
      if (required !== undefined && !isTrue(required)) return;
      // Items with children in no namespace; they are properties to whoever reads them.
      if (element.parent?.name === "Item") return;
      yield { values: { name: element.name } };
    },
  }),
  defineRule({
    code: "ovf/item-property-unknown",
    node: "ovf/item",
    spec: ovfSpec("8.2"),
    requirements: ["OVF-8.2-3", "OVF-8.2-4", "OVF-8.2-5", "OVF-8.2-6", "OVF-CIM-7", "OVF-CIM-8"],
    severity: "error",
    strict: "error",
    what: "The item has a property {name}, which its CIM class does not have.",
    why: "Whoever does not know an element that it has to know must not deploy the machine.",
    fix: 'Remove it, or mark it ovf:required="false".',
    examples: {
      invalid: ["", 'ovf:required="true"'].map((attributes) => ({
        moreItems: exampleItem({ InstanceID: 9, ResourceType: 24 }, "", `<rasd:Unknown ${attributes}/>`),
      })),
      valid: [
        { moreItems: exampleItem({ InstanceID: 9, ResourceType: 24 }, "", '<rasd:Unknown ovf:required="false"/>') },
        {
          moreItems: exampleItem(
            { InstanceID: 9, ResourceType: 24 },
            "",
            '<rasd:Weight ovf:required="false">1</rasd:Weight>',
          ),
        },
      ],
    },
    *check({ item, unknown }, { ovf }) {
      if (isPrivate(ovf)) return;
      for (const { name, location } of unknown.filter((child) => item.scope.attribute(child, "required") !== "false")) {
        yield { values: { name }, location };
      }
    },
  }),
  defineRule({
    code: "ovf/attribute-unknown",
    node: "ovf/element",
    spec,
    requirements: ["OVF-7.3-5"],
    severity: "warning",
    strict: "error",
    what: "The standard has no attribute {name}.",
    why: "Everybody ignores it, whatever it was meant to say. The schemas let it pass.",
    fix: "Correct its name, or put it into a namespace of your own.",
    examples: {
      invalid: [{ systemAttributes: 'ovf:id="vm" ovf:Id="vm"' }],
      valid: [{ systemAttributes: 'ovf:id="vm" vmw:Id="vm"' }],
    },
    *check(element, { ovf }) {
      const { scope } = ovf;
      // oVirt's language has its own.
      if (element.bare || element.namespace.startsWith(CIM_CLASSES) || isPrivate(ovf)) return;
      for (const attribute of element.attributes) {
        // Namespaces and places are worked out when they are asked for.
        if (ATTRIBUTES.has(attribute.name)) continue;
        const { namespace } = attribute;
        if (namespace === "" || !scope.isCore(namespace)) continue;
        yield { values: { name: attribute.name }, location: attribute.location };
      }
    },
  }),
  defineRule({
    code: "ovf/extension-not-understood",
    node: "ovf/extension",
    spec,
    requirements: ["OVF-7.3-6", "OVF-7.3-7", "OVF-7.3-9", "OVF-7.3-10", "OVF-8.2-3", "OVF-8.2-6", "OVF-7.4-3"],
    severity: "warning",
    strict: "error",
    what: "{name} is an extension that is required and that vmferry does not know{info}.",
    why: "Whoever does not know it must refuse the section or item that it is part of.",
    fix: 'Mark it ovf:required="false" if the package works without it.',
    examples: {
      invalid: [
        { sections: custom("") },
        { sections: custom('ovf:required="true"') },
        { sections: `<AnnotationSection><Info>x</Info><Annotation>x</Annotation><x:A ${OTHER}/></AnnotationSection>` },
        { moreItems: exampleItem({ InstanceID: 9, ResourceType: 24 }, "", `<x:A ${OTHER}/>`) },
      ],
      valid: [
        { sections: custom('ovf:required="false"') },
        // Only direct children of a section count.
        { disks: `<Disk ovf:diskId="disk1" ovf:capacity="8"><x:A ${OTHER}/></Disk>` },
        { machine: "", sections: "<vmw:OwnSection><Info>x</Info></vmw:OwnSection>" },
      ],
    },
    *check(node, facts) {
      if (node.understood || node.place === "nested" || !isRequired(node)) return;
      yield { values: { name: node.element.name, info: infoOf(node, facts) } };
    },
    mend: ({ element }, _finding, facts) => madeOptional(element, facts),
  }),
  defineRule({
    code: "ovf/extension-required",
    node: "ovf/extension",
    spec: ovfSpec("7.4"),
    requirements: ["OVF-7.4-3", "OVF-7.4-5"],
    severity: "info",
    strict: "warning",
    what: 'The extension {name} is not marked ovf:required="false".',
    why: "It is required then: importers of other vendors must refuse the package, and it is at conformance level 3.",
    fix: 'Mark it ovf:required="false" if the package works without it.',
    examples: {
      invalid: [{ sections: "<vmw:OwnSection><Info>x</Info></vmw:OwnSection>" }],
      valid: [{ sections: '<vmw:OwnSection ovf:required="false"><Info>x</Info></vmw:OwnSection>' }],
    },
    *check(node) {
      if (!node.understood || !isRequired(node)) return;
      yield { values: { name: node.element.name } };
    },
    mend: ({ element }, _finding, facts) => madeOptional(element, facts),
  }),
  defineRule({
    code: "ovf/extension-skipped",
    node: "ovf/extension",
    spec,
    requirements: ["OVF-7.3-8", "OVF-7.3-14", "OVF-8.2-7"],
    severity: "off",
    strict: "info",
    what: "{name} is an extension that vmferry does not know, and that may be left out{info}.",
    why: "It is skipped, as its author allows.",
    fix: "Nothing has to be done.",
    examples: { invalid: [{ sections: custom('ovf:required="false"') }], valid: [{}] },
    *check(node, facts) {
      if (node.understood || node.place === "nested" || isRequired(node)) return;
      yield { values: { name: node.element.name, info: infoOf(node, facts) } };
    },
  }),
  defineRule({
    code: "ovf/required-invalid",
    node: "ovf",
    spec,
    requirements: ["OVF-7.3-12", "OVF-XSD-1"],
    severity: "warning",
    // The schemas say what a boolean is: their rules say so.
    strict: "off",
    what: 'The ovf:required "{required}" of {name} is neither true nor false.',
    why: "Some importers take it for the one, some for the other.",
    fix: "Write true or false, in lower case.",
    examples: {
      invalid: [
        { sections: custom('ovf:required="FALSE"') },
        { moreItems: exampleItem({ InstanceID: 9, ResourceType: 24 }, 'ovf:required="no"') },
      ],
      valid: [{ sections: custom('ovf:required="0"') }],
    },
    *check({ scope }, { nodes }) {
      const asked = [
        nodes.extensions.map(({ element }) => element),
        nodes.sections.map(({ section }) => section.element),
        nodes.items.flatMap(({ attributes, item }) => (attributes ? [item.element] : [])),
        nodes.items.flatMap(({ unknown }) => unknown),
      ];
      for (const elements of asked) {
        for (const element of elements) {
          const required = element.bare ? undefined : scope.attribute(element, "required")?.trim();
          if (required === undefined || /^(?:true|false|0|1)$/.test(required)) continue;
          yield { values: { name: element.name, required }, location: element.location };
        }
      }
    },
  }),
  defineRule({
    code: "ovf/section-info-missing",
    node: "ovf/section",
    spec,
    requirements: ["OVF-7.3-2"],
    severity: "off",
    strict: "error",
    what: "The extension {name} does not begin with an Info.",
    why: "It is what importers show of a section that they do not know.",
    fix: "Add an Info as its first child.",
    examples: {
      invalid: [
        { system: `<x:CustomSection ${OTHER} ovf:required="false"><x:A/></x:CustomSection>` },
        { sections: `<x:CustomSection ${OTHER} ovf:required="false"><x:A/><Info>x</Info></x:CustomSection>` },
      ],
      valid: [{ sections: custom('ovf:required="false"') }],
    },
    *check({ section, owner }, { ovf }) {
      // Of the standard's own sections the schemas say so; what has none in the Envelope is no section at all.
      if (section.core || (owner === null && ovf.scope.child(section.element, "Info") === undefined)) return;
      const [first] = section.element.elements();
      if (first?.name === "Info" && ovf.scope.isCore(first.namespace)) return;
      yield { values: { name: section.name } };
    },
  }),
];
