/** How many and where: ScaleOutSection (DSP0243 9.14), placement (9.15); and EncryptionSection (9.16). */
import { OvfEncryption } from "../../ovf/views/encryption.js";
import { OvfPlacement, OvfPlacementGroup, OvfScaleOut } from "../../ovf/views/placement.js";
import { repeated } from "../duplicates.js";
import type { SectionNode } from "../nodes.js";
import { type AnyRule, defineRule, ovfSpec } from "../rule.js";

const scaled = (section: string): { readonly content: string } => ({
  content: `<VirtualSystemCollection ovf:id="all"><Info>x</Info>${section}
    <VirtualSystem ovf:id="a"><Info>x</Info><VirtualHardwareSection><Info>x</Info></VirtualHardwareSection></VirtualSystem></VirtualSystemCollection>`,
});
const scaleOut = (id: string, counts: string): { readonly content: string } =>
  scaled(`<ScaleOutSection ovf:id="${id}"><Info>x</Info>${counts}</ScaleOutSection>`);
const group = (id: string, policy: string): { readonly sections: string } => ({
  sections: `<PlacementGroupSection ovf:id="${id}" ovf:policy="${policy}"><Info>x</Info></PlacementGroupSection>`,
});

function scaleOutOf({ section, owner }: SectionNode): OvfScaleOut | null {
  if (!section.core || section.name !== "ScaleOutSection" || owner === null) return null;
  return new OvfScaleOut(section.element, owner.content.scope);
}

/** Scopes of placement from the widest to the narrowest. */
const SCOPES: readonly string[] = ["", "geographic", "site", "rack", "chassis", "host"];
const POLICY = /^(affinity|availability)(?:-(geographic|site|rack|chassis|host))?$/;

export const scaleRules: readonly AnyRule[] = [
  defineRule({
    code: "ovf/scale-out-unknown",
    node: "ovf/section",
    when: ({ section }) => section.name === "ScaleOutSection",
    spec: ovfSpec("9.14"),
    requirements: ["OVF-9.14-1", "OVF-9.14-2"],
    severity: "warning",
    strict: "error",
    what: 'The ScaleOutSection copies "{id}", which is not in its collection.',
    why: "There is nothing to make copies of.",
    fix: "Write the ovf:id of a VirtualSystem or VirtualSystemCollection of the same collection.",
    examples: {
      invalid: [scaleOut("b", '<InstanceCount ovf:default="2"/>')],
      valid: [scaleOut("a", '<InstanceCount ovf:default="2"/>')],
    },
    *check(node) {
      const section = scaleOutOf(node);
      if (section === null || node.owner === null) return;
      const { id } = section;
      if (!node.owner.content.children.some((child) => child.id === id)) yield { values: { id: id ?? "(nothing)" } };
    },
  }),
  defineRule({
    code: "ovf/scale-out-uncounted",
    node: "ovf/section",
    when: ({ section }) => section.name === "ScaleOutSection",
    spec: ovfSpec("9.14"),
    requirements: ["OVF-9.14-3", "OVF-9.14-4"],
    severity: "warning",
    strict: "error",
    what: "The ScaleOutSection does not say how many copies there are.",
    why: "An InstanceCount with ovf:default says it.",
    fix: "Add it.",
    examples: {
      invalid: [scaleOut("a", ""), scaleOut("a", '<InstanceCount ovf:minimum="1"/>')],
      valid: [scaleOut("a", '<InstanceCount ovf:default="2"/>')],
    },
    *check(node) {
      const section = scaleOutOf(node);
      if (section === null) return;
      if (section.counts.length === 0 || section.counts.some((count) => count.default === null)) yield {};
    },
  }),
  defineRule({
    code: "ovf/scale-out-bounds",
    node: "ovf/section",
    when: ({ section }) => section.name === "ScaleOutSection",
    spec: ovfSpec("9.14"),
    requirements: ["OVF-9.14-5?"],
    severity: "warning",
    strict: "error",
    what: "An InstanceCount has {count} copies, from {minimum} to {maximum}.",
    why: "Its own number is not one that it allows.",
    fix: "Make ovf:default a number from ovf:minimum to ovf:maximum.",
    examples: {
      invalid: [scaleOut("a", '<InstanceCount ovf:default="9" ovf:maximum="4"/>')],
      valid: [scaleOut("a", '<InstanceCount ovf:default="2" ovf:minimum="1" ovf:maximum="4"/>')],
    },
    *check(node) {
      for (const count of scaleOutOf(node)?.counts ?? []) {
        const { minimum, maximum } = count;
        if (count.default === null) continue;
        if (count.default >= minimum && (maximum === null || count.default <= maximum)) continue;
        const values = { count: count.default, minimum, maximum: maximum ?? "any" };
        yield { values, location: count.element.location };
      }
    },
  }),
  defineRule({
    code: "ovf/scale-out-repeated",
    node: "ovf/content",
    spec: ovfSpec("9.14"),
    requirements: ["OVF-9.14-11?"],
    severity: "warning",
    strict: "error",
    what: 'Two ScaleOutSections copy "{id}".',
    why: "Only one of them can say how many copies there are.",
    fix: "Keep the one that is meant.",
    examples: {
      invalid: [
        scaled(
          ['<InstanceCount ovf:default="2"/>', '<InstanceCount ovf:default="3"/>']
            .map((count) => `<ScaleOutSection ovf:id="a"><Info>x</Info>${count}</ScaleOutSection>`)
            .join(""),
        ),
      ],
      valid: [scaleOut("a", '<InstanceCount ovf:default="2"/>')],
    },
    *check({ content }) {
      yield* repeated(
        content.sectionsOf(OvfScaleOut),
        ({ id }) => id,
        ({ element }) => element,
      );
    },
  }),
  defineRule({
    code: "ovf/placement-group-incomplete",
    node: "ovf/section",
    spec: ovfSpec("9.15"),
    requirements: ["OVF-9.15-1", "OVF-9.15-3"],
    severity: "warning",
    strict: "error",
    what: "The {section} has no ovf:{name}.",
    why: "Systems name the group that they belong to, and the group says what holds for them.",
    fix: "Add it.",
    examples: {
      invalid: [{ sections: '<PlacementGroupSection ovf:id="a"><Info>x</Info></PlacementGroupSection>' }],
      valid: [group("a", "affinity")],
    },
    *check({ section }, { ovf }) {
      if (!section.core) return;
      const names =
        section.name === "PlacementGroupSection"
          ? ["id", "policy"]
          : section.name === "PlacementSection"
            ? ["group"]
            : [];
      for (const name of names) {
        if (!ovf.scope.attribute(section.element, name)?.trim()) yield { values: { section: section.name, name } };
      }
    },
  }),
  defineRule({
    code: "ovf/placement-group-repeated",
    node: "ovf",
    spec: ovfSpec("9.15"),
    requirements: ["OVF-9.15-2?"],
    severity: "warning",
    strict: "error",
    what: 'More than one PlacementGroupSection has the ovf:id "{id}".',
    why: "Systems name the group that they belong to by it.",
    fix: "Give each an id of its own.",
    examples: {
      invalid: [{ sections: group("a", "affinity").sections + group("a", "availability").sections }],
      valid: [group("a", "affinity")],
    },
    *check(document) {
      yield* repeated(
        document.envelope.sectionsOf(OvfPlacementGroup),
        ({ id }) => id,
        ({ element }) => element,
      );
    },
  }),
  defineRule({
    code: "ovf/placement-group-unknown",
    node: "ovf/content",
    spec: ovfSpec("9.15"),
    requirements: ["OVF-9.15-4"],
    severity: "warning",
    strict: "error",
    what: 'The PlacementSection names the group "{group}", which the Envelope does not have.',
    why: "Nothing says what holds for its members.",
    fix: "Add a PlacementGroupSection with that ovf:id, or correct ovf:group.",
    examples: {
      invalid: [{ system: '<PlacementSection ovf:group="b"><Info>x</Info></PlacementSection>' }],
      valid: [
        { ...group("a", "affinity"), system: '<PlacementSection ovf:group="a"><Info>x</Info></PlacementSection>' },
      ],
    },
    *check({ content }, { ovf }) {
      const placements = content.sectionsOf(OvfPlacement);
      if (placements.length === 0) return;
      const groups = new Set(ovf.envelope.sectionsOf(OvfPlacementGroup).map(({ id }) => id));
      for (const placement of placements) {
        if (placement.group === null || groups.has(placement.group)) continue;
        yield { values: { group: placement.group }, location: placement.element.location };
      }
    },
  }),
  defineRule({
    code: "ovf/placement-policy-unknown",
    node: "ovf",
    spec: ovfSpec("9.15"),
    requirements: ["OVF-9.15-5?", "OVF-9.15-6?", "OVF-9.15-7?"],
    severity: "warning",
    strict: "error",
    what: 'The policy "{policy}" of the placement group {group} {wrong}.',
    why: "affinity keeps systems together, availability keeps them apart; both together make sense only where they are kept apart within a narrower place than they are kept together in.",
    fix: "Write affinity or availability, in OVF 2.1 also with -geographic, -site, -rack, -chassis or -host behind it.",
    examples: {
      invalid: [group("a", "together"), group("a", "affinity-rack availability-site")],
      valid: [group("a", "affinity"), group("a", "affinity-site availability-rack")],
    },
    *check(document) {
      for (const { id, policies, element } of document.envelope.sectionsOf(OvfPlacementGroup)) {
        const policy = policies.join(" ");
        const named = { group: id ?? "(without an id)", policy };
        const parts = policies.map((token) => POLICY.exec(token));
        if (parts.some((part) => part === null)) {
          yield { values: { ...named, wrong: "is none of the standard" }, location: element.location };
          continue;
        }
        const scopeOf = (kind: string): number => {
          const part = parts.find((found) => found?.[1] === kind);
          return part === undefined ? -1 : SCOPES.indexOf(part?.[2] ?? "");
        };
        const [together, apart] = [scopeOf("affinity"), scopeOf("availability")];
        if (together >= 0 && apart >= 0 && apart <= together) {
          yield { values: { ...named, wrong: "contradicts itself" }, location: element.location };
        }
      }
    },
  }),
  defineRule({
    code: "ovf/placement-group-small",
    node: "ovf",
    spec: ovfSpec("9.15"),
    requirements: ["OVF-9.15-11?"],
    severity: "off",
    strict: "info",
    what: "The placement group {group} has fewer than two members.",
    why: "There is nothing to keep together or apart.",
    fix: "Remove it, or name its members.",
    examples: { invalid: [group("a", "affinity")], valid: [{}] },
    *check(document, { nodes }) {
      const groups = document.envelope.sectionsOf(OvfPlacementGroup);
      if (groups.length === 0) return;
      const members = new Map<string, number>();
      for (const { content } of nodes.contents) {
        // A collection stands for all that are in it.
        const weight = content.kind === "collection" ? 2 : 1;
        for (const { group: name } of content.sectionsOf(OvfPlacement)) {
          if (name !== null) members.set(name, (members.get(name) ?? 0) + weight);
        }
      }
      for (const { id, element } of groups) {
        if (id !== null && (members.get(id) ?? 0) < 2) yield { values: { group: id }, location: element.location };
      }
    },
  }),
  defineRule({
    code: "ovf/encryption-without-key",
    node: "ovf/section",
    when: ({ section }) => section.name === "EncryptionSection",
    spec: ovfSpec("9.16"),
    requirements: ["OVF-9.16-1"],
    severity: "warning",
    strict: "error",
    what: "The EncryptionSection has no key.",
    why: "Nobody can decrypt what is encrypted.",
    fix: "Add the EncryptedKey or DerivedKey, or remove the section.",
    examples: { invalid: [{ sections: "<EncryptionSection><Info>x</Info></EncryptionSection>" }], valid: [{}] },
    *check({ section }, { ovf }) {
      if (!section.core || section.name !== "EncryptionSection") return;
      if (new OvfEncryption(section.element, ovf.scope).keys.length === 0) yield {};
    },
  }),
  defineRule({
    code: "ovf/encryption-algorithm-unknown",
    node: "ovf/section",
    when: ({ section }) => section.name === "EncryptionSection",
    spec: ovfSpec("9.16"),
    requirements: ["OVF-9.16-3?"],
    severity: "warning",
    strict: "error",
    what: 'The algorithm "{algorithm}" of a key is none of XML Encryption.',
    why: "Nobody can decrypt what is encrypted so.",
    fix: "Use an algorithm that XML Encryption 1.1 names.",
    examples: null,
    *check({ section }, { ovf }) {
      if (!section.core || section.name !== "EncryptionSection") return;
      for (const key of new OvfEncryption(section.element, ovf.scope).keys) {
        const { algorithm } = key;
        const known =
          /^http:\/\/www\.w3\.org\/(?:2001\/04\/xmlenc#|2009\/xmlenc11#|2000\/09\/xmldsig#|2001\/04\/xmldsig-more#)/;
        if (algorithm !== null && !known.test(algorithm))
          yield { values: { algorithm }, location: key.element.location };
      }
    },
  }),
];
