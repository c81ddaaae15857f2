/** Systems and collections (DSP0243 7, 7.2). */
import { repeated } from "../duplicates.js";
import { type AnyRule, defineRule, ovfSpec } from "../rule.js";

const system = (id: string): string =>
  `<VirtualSystem ovf:id="${id}"><Info>x</Info><VirtualHardwareSection><Info>x</Info></VirtualHardwareSection></VirtualSystem>`;
const collection = (...systems: readonly string[]): string =>
  `<VirtualSystemCollection ovf:id="all"><Info>x</Info>${systems.join("")}</VirtualSystemCollection>`;

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
    requirements: ["OVF-7-3", "OVF-7.2-5"],
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
    code: "ovf/content-repeated",
    node: "ovf",
    spec: ovfSpec("7"),
    requirements: ["OVF-7-3"],
    severity: "warning",
    strict: "error",
    what: "The envelope has {count} virtual systems and collections at its top.",
    why: "There is exactly one. Importers deploy the first, and the others are lost.",
    fix: "Put them into one VirtualSystemCollection.",
    examples: {
      invalid: [
        {
          content:
            '<VirtualSystemCollection ovf:id="a"><Info>a</Info></VirtualSystemCollection><VirtualSystemCollection ovf:id="b"><Info>b</Info></VirtualSystemCollection>',
        },
      ],
      valid: [{}],
    },
    *check({ contents }) {
      const [, second] = contents;
      if (second !== undefined) yield { values: { count: contents.length }, location: second.element.location };
    },
  }),
  defineRule({
    code: "ovf/content-id-missing",
    node: "ovf/content",
    spec: ovfSpec("7.2"),
    requirements: ["OVF-7.2-1"],
    severity: "warning",
    strict: "error",
    what: "A {kind} has no ovf:id.",
    why: "Startup order, environment and deployment tools refer to it by that.",
    fix: "Give it an ovf:id.",
    examples: { invalid: [{ systemAttributes: "" }], valid: [{}] },
    *check({ content }) {
      if (content.attribute("id") !== null) return;
      yield { values: { kind: content.kind === "system" ? "virtual system" : "collection" } };
    },
  }),
  defineRule({
    code: "ovf/content-id-repeated",
    node: "ovf/content",
    spec: ovfSpec("7.2"),
    requirements: ["OVF-7.2-2"],
    severity: "warning",
    strict: "error",
    what: 'Two members of one collection have the ovf:id "{id}".',
    why: "The startup order and the environment of guests refer to them by it.",
    fix: "Give each an id of its own.",
    examples: {
      invalid: [{ content: collection(system("a"), system("a")) }],
      valid: [{ content: collection(system("a"), system("b")) }],
    },
    *check({ content }) {
      if (content.kind === "system") return;
      yield* repeated(
        content.children,
        (child) => child.attribute("id"),
        ({ element }) => element,
      );
    },
  }),
  defineRule({
    code: "ovf/content-id-ambiguous",
    node: "ovf",
    spec: ovfSpec("7.2"),
    requirements: ["OVF-7.2-3?"],
    severity: "off",
    strict: "warning",
    what: 'More than one virtual system or collection of the package has the ovf:id "{id}".',
    why: "Environment documents and tools refer to them by it.",
    fix: "Give each an id that is unique in the package.",
    examples: {
      invalid: [{ content: collection(system("all")) }],
      valid: [{ content: collection(system("a"), system("b")) }],
    },
    *check(_document, { nodes }) {
      yield* repeated(
        nodes.contents,
        ({ content }) => content.attribute("id"),
        ({ content }) => content.element,
      );
    },
  }),
  defineRule({
    code: "ovf/content-info-missing",
    node: "ovf/content",
    spec: ovfSpec("7.2"),
    requirements: ["OVF-7.2-6"],
    severity: "off",
    strict: "error",
    what: "The {kind} {id} has no Info.",
    why: "The schema asks for it: a sentence about what it is.",
    fix: "Add <Info> as its first element.",
    examples: {
      invalid: [{ content: '<VirtualSystemCollection ovf:id="a"/>' }],
      valid: [{}],
    },
    *check({ content }) {
      if (content.info !== null) return;
      const kind = content.kind === "system" ? "virtual system" : "collection";
      yield { values: { kind, id: content.id ?? "(without an id)" } };
    },
  }),
  defineRule({
    code: "ovf/content-nested",
    node: "ovf/content",
    spec: ovfSpec("7.2"),
    requirements: ["OVF-7.2-10"],
    severity: "error",
    strict: "error",
    what: "The virtual system {id} stands within another virtual system.",
    why: "Only collections hold systems; importers do not see it.",
    fix: "Put both into a VirtualSystemCollection.",
    examples: {
      invalid: [{ content: `<VirtualSystem ovf:id="a"><Info>a</Info>${system("b")}</VirtualSystem>` }],
      valid: [{ content: collection(system("a")) }],
    },
    *check({ content, parent }) {
      if (parent?.content.kind === "system") yield { values: { id: content.id ?? "(without an id)" } };
    },
  }),
  defineRule({
    code: "ovf/collection-empty",
    node: "ovf",
    spec: ovfSpec("7.2"),
    requirements: ["OVF-7.2-11"],
    severity: "warning",
    strict: "warning",
    what: "The package has collections, and not one virtual system.",
    why: "It deploys nothing.",
    fix: "Add a VirtualSystem.",
    examples: { invalid: [{ content: collection() }], valid: [{ content: collection(system("a")) }] },
    *check({ contents }, { nodes }) {
      if (contents.length === 0 || nodes.contents.some(({ content }) => content.kind === "system")) return;
      const [first] = contents;
      if (first !== undefined) yield { location: first.element.location };
    },
  }),
];
