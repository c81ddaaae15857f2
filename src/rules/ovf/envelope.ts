/** The document and its envelope (DSP0243 6, 7). */
import { CIM_CLASSES, OVF_0_9, OVF_1, OVF_2, XSI } from "../../ovf/namespaces.js";
import { qualifiedEdits } from "../edits.js";
import { type AnyRule, defineRule, ovfSpec } from "../rule.js";

/** Classes whose properties items, systems and boot settings have. */
const CLASSES: readonly string[] = [
  "CIM_ResourceAllocationSettingData",
  "CIM_VirtualSystemSettingData",
  "CIM_EthernetPortAllocationSettingData",
  "CIM_StorageAllocationSettingData",
  "CIM_BootConfigSetting",
  "CIM_BootSourceSetting",
];

/** Attributes that the standard has, by local name. */
const ATTRIBUTES: ReadonlySet<string> = new Set(
  (
    "id href size compression chunkSize diskId fileRef parentRef capacity capacityAllocationUnits format populatedSize name required transport configuration bound " +
    "class instance key type qualifiers userConfigurable value password msgid order startDelay stopDelay startAction stopAction waitingForGuest initialBootStopDelay default"
  ).split(" "),
);

export const envelopeRules: readonly AnyRule[] = [
  defineRule({
    code: "ovf/draft",
    node: "ovf",
    spec: ovfSpec("6"),
    requirements: ["OVF-6-17", "OVF-7.2-4", "OVF-9-18"],
    severity: "off",
    strict: "warning",
    what: "The descriptor is in the draft of 2007 (OVF 0.9), which no version of the standard is.",
    why: "Importers of today read it by courtesy, if at all.",
    fix: "Export it anew, or convert it: vmferry convert SRC DEST --to ovf.",
    examples: null,
    *check({ xml }) {
      if (xml.root.namespace === OVF_0_9) yield {};
    },
  }),
  defineRule({
    code: "ovf/envelope-namespace",
    node: "ovf",
    spec: ovfSpec("6"),
    requirements: ["OVF-6-1", "OVF-6-4", "OVF-6-5"],
    severity: "off",
    strict: "error",
    what: 'The Envelope is in the namespace "{namespace}".',
    why: "The namespace is the version of the standard; this one is none.",
    fix: "Use http://schemas.dmtf.org/ovf/envelope/1 or http://schemas.dmtf.org/ovf/envelope/2.",
    examples: null,
    *check({ xml }) {
      const { namespace } = xml.root;
      // Another version is told by its number.
      if (namespace === OVF_1 || namespace === OVF_2 || namespace === OVF_0_9 || versionOf(namespace) !== null) return;
      yield { values: { namespace } };
    },
  }),
  defineRule({
    code: "ovf/version-unknown",
    node: "ovf",
    spec: ovfSpec("6"),
    requirements: ["OVF-6-4", "OVF-6-5"],
    severity: "error",
    strict: "error",
    what: "The Envelope is of version {version}, which the standard does not have.",
    why: "The number at the end of the namespace is the version. Importers find nothing that they know.",
    fix: "Use http://schemas.dmtf.org/ovf/envelope/1 or http://schemas.dmtf.org/ovf/envelope/2.",
    examples: null,
    *check({ xml }) {
      const version = versionOf(xml.root.namespace);
      if (version !== null && version !== "1" && version !== "2") yield { values: { version } };
    },
  }),
  defineRule({
    code: "ovf/version-attribute",
    node: "ovf",
    spec: ovfSpec("6"),
    requirements: ["OVF-6-6"],
    severity: "off",
    strict: "info",
    what: 'The Envelope has an ovf:version ("{version}").',
    why: "The standard has no such attribute: the namespace is the version.",
    fix: "Nothing: importers leave it alone.",
    examples: { invalid: [{ envelope: 'ovf:version="1.0"' }], valid: [{}] },
    *check({ xml, scope, dialect }) {
      const version = scope.attribute(xml.root, "version");
      if (version !== undefined && dialect !== "0.9") yield { values: { version } };
    },
  }),
  defineRule({
    code: "ovf/cim-namespace",
    node: "ovf",
    spec: ovfSpec("6"),
    requirements: ["OVF-6-7", "OVF-6-8", "OVF-6-9", "OVF-6-10", "OVF-6-11"],
    severity: "off",
    strict: "error",
    what: 'The prefix {prefix} stands for "{namespace}", which is not the namespace of a class that descriptors use.',
    why: "Importers that go by namespaces do not see the properties in it.",
    fix: "Use {right}.",
    examples: null,
    *check({ xml }) {
      for (const { prefix, namespace } of xml.root.declarations) {
        const wanted = CLASSES.find((name) => namespace.includes(name));
        if (wanted === undefined || namespace === `${CIM_CLASSES}cim-schema/2/${wanted}`) continue;
        // OVF 2.0's own schema has the classes of 2.x under names that end so.
        if (namespace === `${CIM_CLASSES}cim-schema/2/${wanted}.xsd`) continue;
        yield { values: { prefix, namespace, right: `${CIM_CLASSES}cim-schema/2/${wanted}` } };
      }
    },
  }),
  defineRule({
    code: "ovf/attribute-unqualified",
    node: "ovf/element",
    spec: ovfSpec("6"),
    requirements: ["OVF-6-13"],
    severity: "off",
    strict: "error",
    what: "The attribute {name} of {element} has no namespace.",
    why: "Attributes of the standard are qualified; readers that go by namespaces do not see it.",
    fix: "Write ovf:{name}.",
    examples: {
      invalid: [{ references: '<File id="file1" href="disk1.vmdk"/>' }],
      valid: [{ references: '<File ovf:id="file1" ovf:href="disk1.vmdk"/>' }],
    },
    *check(element, { ovf }) {
      if (element.bare || !ovf.scope.isCore(element.namespace)) return;
      for (const attribute of element.attributes) {
        const { name } = attribute;
        if (attribute.prefix !== "" || !ATTRIBUTES.has(name)) continue;
        yield { values: { name, element: element.name }, location: attribute.location };
      }
    },
    mend: (element, { values }, { ovf }) => {
      const name = String(values?.name);
      const value = element.attribute("", name) ?? "";
      return [
        { edit: "xml", element, change: { namespace: "", name, value: null } },
        ...qualifiedEdits(ovf.scope.namespace, element, name, value),
      ];
    },
  }),
  defineRule({
    code: "ovf/property-unqualified",
    node: "ovf/item",
    spec: ovfSpec("6"),
    requirements: ["OVF-6-14"],
    severity: "off",
    strict: "error",
    what: "The property {name} of an item is not in the namespace of its CIM class.",
    why: "Readers that go by namespaces do not see it.",
    fix: "Write it with the prefix of the class, such as rasd:{name}.",
    examples: {
      invalid: [{ moreItems: "<Item><InstanceID>9</InstanceID><rasd:ResourceType>24</rasd:ResourceType></Item>" }],
      valid: [{}],
    },
    *check({ item }) {
      for (const child of item.element.elements()) {
        if (item.scope.isCore(child.namespace)) yield { values: { name: child.name }, location: child.location };
      }
    },
  }),
  defineRule({
    code: "ovf/references-count",
    node: "ovf",
    spec: ovfSpec("7"),
    requirements: ["OVF-7-2"],
    severity: "off",
    strict: "error",
    what: "The Envelope has {count} References.",
    why: "There is exactly one, even where it is empty.",
    fix: "Write one.",
    examples: null,
    *check({ xml, scope }) {
      const count = [...scope.children(xml.root, "References")].length;
      if (count !== 1) yield { values: { count } };
    },
  }),
  defineRule({
    code: "ovf/extension-in-envelope",
    node: "ovf",
    spec: ovfSpec("7"),
    requirements: ["OVF-7-8"],
    severity: "off",
    strict: "error",
    what: "The element {name} of somebody else stands in the Envelope and is no section: it has no Info.",
    why: "The Envelope takes sections alone.",
    fix: "Give it an Info, or move it into an element that takes extensions.",
    examples: {
      invalid: [{ sections: '<vmw:Note ovf:required="false">x</vmw:Note>' }],
      valid: [{ sections: '<vmw:NoteSection ovf:required="false"><Info>x</Info></vmw:NoteSection>' }],
    },
    *check({ xml, scope }) {
      for (const child of xml.root.elements()) {
        if (scope.isCore(child.namespace) || child.namespace === XSI) continue;
        if (scope.child(child, "Info") === undefined) yield { values: { name: child.name }, location: child.location };
      }
    },
  }),
];

/** The number at the end of a namespace that is made like those of the standard; `null` for all others. */
function versionOf(namespace: string): string | null {
  return /^http:\/\/schemas\.dmtf\.org\/ovf\/envelope\/([0-9.]+)$/.exec(namespace)?.[1] ?? null;
}
