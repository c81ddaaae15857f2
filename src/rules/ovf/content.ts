/** Envelope, systems and collections, and which section stands where (DSP0243 7, 7.2, 9). */
import { type AnyRule, defineRule, ovfSpec } from "../rule.js";

/** Sections that belong to the envelope alone (DSP8023: the substitution groups of Envelope and Content). */
const ENVELOPE_SECTIONS: ReadonlySet<string> = new Set([
  "DiskSection",
  "NetworkSection",
  "DeploymentOptionSection",
  "SharedDiskSection",
  "PlacementGroupSection",
  "EncryptionSection",
]);

export const contentRules: readonly AnyRule[] = [
  defineRule({
    code: "ovf/version-missing",
    node: "ovf",
    spec: null,
    severity: "error",
    strict: "error",
    what: "The envelope of OVF 0.9 has no ovf:version.",
    why: "The draft of 2007 asks for it, and VMware's tool refuses a descriptor without it. Later versions have no such attribute.",
    fix: 'Add ovf:version="0.9" to the Envelope.',
    examples: null,
    *check(document) {
      const { xml, scope, dialect } = document;
      if (dialect === "0.9" && scope.attribute(xml.root, "version") === undefined) yield {};
    },
    mend: ({ xml }) => [
      { edit: "xml", element: xml.root, change: { namespace: xml.root.namespace, name: "version", value: "0.9" } },
    ],
  }),
  defineRule({
    code: "ovf/content-missing",
    node: "ovf",
    spec: ovfSpec("7.2"),
    severity: "error",
    strict: "error",
    what: "The envelope has neither a VirtualSystem nor a VirtualSystemCollection.",
    why: "There is nothing to deploy.",
    fix: "Add a VirtualSystem; where there is one, give it the name and the namespace of the standard.",
    examples: { invalid: [{ content: '<Machine ovf:id="vm"><Info>x</Info></Machine>' }], valid: [{}] },
    *check(document) {
      if (document.contents.length === 0) yield {};
    },
  }),
  defineRule({
    code: "ovf/section-misplaced",
    node: "ovf/section",
    spec: ovfSpec("9"),
    severity: "error",
    strict: "error",
    what: "A {section} stands in the {kind} {id}.",
    why: "It describes the whole package, and importers look for it in the Envelope alone: what it lists does not exist for them.",
    fix: "Move it in front of the first VirtualSystem or VirtualSystemCollection.",
    examples: {
      invalid: [{ system: "<DiskSection><Info>Disks</Info></DiskSection>" }],
      valid: [{}],
    },
    *check({ section, owner }) {
      if (owner === null || !section.core || !ENVELOPE_SECTIONS.has(section.name)) return;
      const kind = owner.content.kind === "system" ? "virtual system" : "collection";
      yield { values: { section: section.name, kind, id: owner.content.id ?? "(without an id)" } };
    },
  }),
  defineRule({
    code: "ovf/startup-unknown",
    node: "ovf/section",
    spec: ovfSpec("9.7"),
    severity: "error",
    strict: "error",
    what: 'The StartupSection names "{id}", which is not in the collection {owner}.',
    why: "Importers find nothing to start under that name, and VMware's tool refuses the package.",
    fix: "Write the ovf:id of a VirtualSystem or VirtualSystemCollection of the same collection, or remove the item.",
    examples: null,
    *check({ section, owner }) {
      if (!section.core || section.name !== "StartupSection" || owner === null) return;
      const { content } = owner;
      const known = new Set([content.id, ...content.children.map(({ id }) => id)]);
      for (const item of content.scope.children(section.element, "Item")) {
        const id = content.scope.attribute(item, "id");
        if (id === undefined || known.has(id)) continue;
        yield { values: { id, owner: content.id ?? "(without an id)" }, location: item.location };
      }
    },
  }),
];
