/** StartupSection (DSP0243 9.7) and InstallSection (9.10). */
import { OvfStartupSection } from "../../ovf/views/sections.js";
import { repeated } from "../duplicates.js";
import type { ContentNode, SectionNode } from "../nodes.js";
import { type AnyRule, defineRule, ovfSpec } from "../rule.js";

const spec = ovfSpec("9.7");

const startup = (items: string): { readonly content: string } => ({
  content: `<VirtualSystemCollection ovf:id="all"><Info>x</Info><StartupSection><Info>Order</Info>${items}</StartupSection>
    <VirtualSystem ovf:id="a"><Info>x</Info><VirtualHardwareSection><Info>x</Info></VirtualHardwareSection></VirtualSystem></VirtualSystemCollection>`,
});

/** The startup section of a node, with the collection that it belongs to. */
function startupOf({
  section,
  owner,
}: SectionNode): { readonly section: OvfStartupSection; readonly owner: ContentNode } | null {
  if (!section.core || section.name !== "StartupSection" || owner === null) return null;
  return { section: new OvfStartupSection(section.element, owner.content.scope), owner };
}

/** A number of seconds, or of a place in an order, as the schema types it: xs:unsignedShort. */
function isShort(text: string): boolean {
  return /^\+?[0-9]+$/.test(text) && Number(text) <= 65535;
}

export const startupRules: readonly AnyRule[] = [
  defineRule({
    code: "ovf/startup-unknown",
    node: "ovf/section",
    when: ({ section }) => section.name === "StartupSection",
    spec,
    requirements: ["OVF-9.7-2"],
    severity: "error",
    strict: "error",
    what: 'The StartupSection names "{id}", which is not in the collection {owner}.',
    why: "Importers find nothing to start under that name, and VMware's tool refuses the package.",
    fix: "Write the ovf:id of a VirtualSystem or VirtualSystemCollection of the same collection, or remove the item.",
    examples: {
      invalid: [startup('<Item ovf:id="b" ovf:order="1"/>')],
      valid: [startup('<Item ovf:id="a" ovf:order="1"/>')],
    },
    *check(node) {
      const found = startupOf(node);
      if (found === null) return;
      const { content } = found.owner;
      const known = new Set([content.id, ...content.children.map(({ id }) => id)]);
      for (const item of found.section.items) {
        if (item.id === null || known.has(item.id)) continue;
        yield { values: { id: item.id, owner: content.id ?? "(without an id)" }, location: item.element.location };
      }
    },
  }),
  defineRule({
    code: "ovf/startup-incomplete",
    node: "ovf/section",
    when: ({ section }) => section.name === "StartupSection",
    spec,
    requirements: ["OVF-9.7-1"],
    severity: "warning",
    strict: "error",
    what: "An Item of the StartupSection has no ovf:{name}.",
    why: "Nothing says what starts, or when.",
    fix: "Add it.",
    examples: { invalid: [startup('<Item ovf:id="a"/>')], valid: [startup('<Item ovf:id="a" ovf:order="1"/>')] },
    *check(node) {
      for (const item of startupOf(node)?.section.items ?? []) {
        for (const name of ["id", "order"]) {
          if (item.attribute(name) === null) yield { values: { name }, location: item.element.location };
        }
      }
    },
  }),
  defineRule({
    code: "ovf/startup-repeated",
    node: "ovf/section",
    when: ({ section }) => section.name === "StartupSection",
    spec,
    requirements: ["OVF-9.7-3?"],
    severity: "warning",
    strict: "error",
    what: 'Two items of the StartupSection are about "{id}".',
    why: "It starts once; importers take one of them.",
    fix: "Keep the one that is meant.",
    examples: {
      invalid: [startup('<Item ovf:id="a" ovf:order="1"/><Item ovf:id="a" ovf:order="2"/>')],
      valid: [startup('<Item ovf:id="a" ovf:order="1"/>')],
    },
    *check(node) {
      yield* repeated(
        startupOf(node)?.section.items ?? [],
        ({ id }) => id,
        ({ element }) => element,
      );
    },
  }),
  defineRule({
    code: "ovf/startup-number-invalid",
    node: "ovf/section",
    when: ({ section }) => section.name === "StartupSection",
    spec,
    requirements: ["OVF-9.7-4", "OVF-9.7-15"],
    severity: "warning",
    strict: "error",
    what: 'The ovf:{name} "{value}" of an Item of the StartupSection is no whole number from 0 to 65535.',
    why: "It is a place in the order, or a number of seconds.",
    fix: "Write it in digits.",
    examples: {
      invalid: [
        startup('<Item ovf:id="a" ovf:order="first"/>'),
        startup('<Item ovf:id="a" ovf:order="1" ovf:startDelay="70000"/>'),
      ],
      valid: [startup('<Item ovf:id="a" ovf:order="1" ovf:startDelay="60"/>')],
    },
    *check(node) {
      for (const item of startupOf(node)?.section.items ?? []) {
        for (const name of ["order", "startDelay", "stopDelay"]) {
          const value = item.attribute(name);
          if (value !== null && !isShort(value)) yield { values: { name, value }, location: item.element.location };
        }
      }
    },
  }),
  defineRule({
    code: "ovf/startup-action-unknown",
    node: "ovf/section",
    when: ({ section }) => section.name === "StartupSection",
    spec,
    requirements: ["OVF-9.7-10", "OVF-9.7-11"],
    severity: "warning",
    strict: "error",
    what: 'The ovf:{name} "{value}" of an Item of the StartupSection is no action of the standard.',
    why: "Importers do what they do by default then.",
    fix: "Use powerOn or none to start, and powerOff, guestShutdown or none to stop.",
    examples: {
      invalid: [startup('<Item ovf:id="a" ovf:order="1" ovf:stopAction="kill"/>')],
      valid: [startup('<Item ovf:id="a" ovf:order="1" ovf:startAction="powerOn" ovf:stopAction="guestShutdown"/>')],
    },
    *check(node) {
      for (const item of startupOf(node)?.section.items ?? []) {
        for (const [name, known] of [
          ["startAction", /^(?:powerOn|none)$/],
          ["stopAction", /^(?:powerOff|guestShutdown|none)$/],
        ] as const) {
          const value = item.attribute(name);
          if (value !== null && !known.test(value)) yield { values: { name, value }, location: item.element.location };
        }
      }
    },
  }),
  defineRule({
    code: "ovf/startup-of-collection",
    node: "ovf/section",
    when: ({ section }) => section.name === "StartupSection",
    spec,
    requirements: ["OVF-9.7-12"],
    severity: "off",
    strict: "warning",
    what: 'The startup item of the collection "{id}" has attributes that are meant for a virtual system.',
    why: "A collection starts as its own StartupSection says.",
    fix: "Put delays and actions into the StartupSection of that collection.",
    examples: null,
    *check(node) {
      const found = startupOf(node);
      if (found === null) return;
      const collections = new Set(
        found.owner.content.children.filter(({ kind }) => kind === "collection").map(({ id }) => id),
      );
      for (const item of found.section.items) {
        const names = ["startDelay", "stopDelay", "startAction", "stopAction", "waitingForGuest"];
        if (!collections.has(item.id) || names.every((name) => item.attribute(name) === null)) continue;
        yield { values: { id: item.id }, location: item.element.location };
      }
    },
  }),
  defineRule({
    code: "ovf/install-delay-missing",
    node: "ovf/section",
    when: ({ section }) => section.name === "InstallSection",
    spec: ovfSpec("9.10"),
    requirements: ["OVF-9.10-4"],
    severity: "off",
    strict: "warning",
    what: "The InstallSection has no ovf:initialBootStopDelay.",
    why: "Schemas since 1.1.1 ask for it: how long the first boot may take.",
    fix: "Add it, in seconds.",
    examples: {
      invalid: [{ system: "<InstallSection><Info>x</Info></InstallSection>" }],
      valid: [{ system: '<InstallSection ovf:initialBootStopDelay="300"><Info>x</Info></InstallSection>' }],
    },
    *check({ section }, { ovf }) {
      if (!section.core || section.name !== "InstallSection") return;
      if (ovf.scope.attribute(section.element, "initialBootStopDelay") === undefined) yield {};
    },
  }),
  defineRule({
    code: "ovf/install-delay-invalid",
    node: "ovf/section",
    when: ({ section }) => section.name === "InstallSection",
    spec: ovfSpec("9.10"),
    requirements: ["OVF-9.10-5"],
    severity: "warning",
    strict: "error",
    what: 'The ovf:initialBootStopDelay "{value}" is no whole number from 0 to 65535.',
    why: "It is the number of seconds that the first boot may take.",
    fix: "Write it in digits.",
    examples: {
      invalid: [{ system: '<InstallSection ovf:initialBootStopDelay="5 min"><Info>x</Info></InstallSection>' }],
      valid: [{ system: '<InstallSection ovf:initialBootStopDelay="300"><Info>x</Info></InstallSection>' }],
    },
    *check({ section }, { ovf }) {
      if (!section.core || section.name !== "InstallSection") return;
      const value = ovf.scope.attribute(section.element, "initialBootStopDelay")?.trim();
      if (value !== undefined && !isShort(value)) yield { values: { value } };
    },
  }),
];
