/** Which section stands where, and how often (DSP0243 9). The schemas enforce neither. */
import type { SectionNode } from "../nodes.js";
import { type AnyRule, defineRule, ovfSpec } from "../rule.js";

type Holder = "envelope" | "collection" | "system";

interface Placement {
  readonly in: readonly Holder[];
  readonly most: "one" | "many";
}

const CONTENT: readonly Holder[] = ["collection", "system"];

/** DSP0243 9, table of core sections. */
const PLACES: ReadonlyMap<string, Placement> = new Map<string, Placement>([
  ["DiskSection", { in: ["envelope"], most: "one" }],
  ["NetworkSection", { in: ["envelope"], most: "one" }],
  ["DeploymentOptionSection", { in: ["envelope"], most: "one" }],
  ["SharedDiskSection", { in: ["envelope"], most: "one" }],
  ["EncryptionSection", { in: ["envelope"], most: "one" }],
  ["PlacementGroupSection", { in: ["envelope"], most: "many" }],
  ["ResourceAllocationSection", { in: ["collection"], most: "one" }],
  ["StartupSection", { in: ["collection"], most: "one" }],
  ["ScaleOutSection", { in: ["collection"], most: "many" }],
  ["AnnotationSection", { in: CONTENT, most: "one" }],
  ["PlacementSection", { in: CONTENT, most: "one" }],
  ["ProductSection", { in: CONTENT, most: "many" }],
  ["EulaSection", { in: CONTENT, most: "many" }],
  ["OperatingSystemSection", { in: ["system"], most: "one" }],
  ["InstallSection", { in: ["system"], most: "one" }],
  ["EnvironmentFilesSection", { in: ["system"], most: "one" }],
  ["BootDeviceSection", { in: ["system"], most: "one" }],
  ["VirtualHardwareSection", { in: ["system"], most: "many" }],
]);

const WORDS: Readonly<Record<Holder, string>> = {
  envelope: "the Envelope",
  collection: "a VirtualSystemCollection",
  system: "a VirtualSystem",
};

function holderOf({ owner }: SectionNode): Holder {
  return owner === null ? "envelope" : owner.content.kind;
}

/**
 * Sections of the envelope alone: elsewhere nobody looks for them, and what they list does not exist. Those of 2.x are left out: that
 * they stand nowhere else is derived, and no importer is known that minds.
 */
const PACKAGE_WIDE: ReadonlySet<string> = new Set(["DiskSection", "NetworkSection", "DeploymentOptionSection"]);

/** Whether a section stands where the standard puts none of its kind; with the places where it does. */
function misplaced(
  node: SectionNode,
): { readonly section: string; readonly there: string; readonly places: string } | null {
  const { section } = node;
  const place = section.core ? PLACES.get(section.name) : undefined;
  const there = holderOf(node);
  if (place === undefined || place.in.includes(there)) return null;
  return { section: section.name, there: WORDS[there], places: place.in.map((holder) => WORDS[holder]).join(" or ") };
}

const spec = ovfSpec("9");

export const sectionRules: readonly AnyRule[] = [
  defineRule({
    code: "ovf/section-misplaced",
    node: "ovf/section",
    spec,
    requirements: ["OVF-9-1", "OVF-9-2", "OVF-9-8"],
    severity: "error",
    strict: "error",
    what: "{section} stands in {there}.",
    why: "It describes the whole package, and importers look for it in the Envelope alone: what it lists does not exist for them.",
    fix: "Move it in front of the first VirtualSystem or VirtualSystemCollection.",
    examples: {
      invalid: [{ system: "<DiskSection><Info>Disks</Info></DiskSection>" }],
      valid: [{}],
    },
    *check(node) {
      const found = misplaced(node);
      if (found !== null && PACKAGE_WIDE.has(found.section)) yield { values: found };
    },
  }),
  defineRule({
    code: "ovf/section-elsewhere",
    node: "ovf/section",
    spec,
    requirements: [
      "OVF-8.1-2",
      "OVF-9-3",
      "OVF-9-4",
      "OVF-9-5",
      "OVF-9-6",
      "OVF-9-7",
      "OVF-9-9",
      "OVF-9-10",
      "OVF-9-11?",
      "OVF-9-12?",
      "OVF-9-13?",
      "OVF-9-14?",
      "OVF-9-15?",
      "OVF-9-16?",
      "OVF-9-17?",
    ],
    severity: "warning",
    strict: "error",
    what: "{section} stands in {there}; its place is {places}.",
    why: "Importers that go by the standard do not see it, and some refuse the package.",
    fix: "Move it where it belongs.",
    examples: {
      invalid: [{ system: "<StartupSection><Info>Order</Info></StartupSection>" }],
      valid: [{ system: "<AnnotationSection><Info>Note</Info><Annotation>x</Annotation></AnnotationSection>" }],
    },
    *check(node) {
      const found = misplaced(node);
      if (found !== null && !PACKAGE_WIDE.has(found.section)) yield { values: found };
    },
  }),
  defineRule({
    code: "ovf/section-repeated",
    node: "ovf",
    spec,
    requirements: ["OVF-9-1", "OVF-9-2", "OVF-9-3", "OVF-9-4", "OVF-9-7", "OVF-9-8", "OVF-9-9", "OVF-9-10"],
    severity: "warning",
    strict: "error",
    what: "There is more than one {section} in {there}.",
    why: "There is one at most; importers read the first, the last, or all of them.",
    fix: "Put what they say into one.",
    examples: {
      invalid: [
        { system: "<AnnotationSection><Info>a</Info><Annotation>x</Annotation></AnnotationSection>".repeat(2) },
      ],
      valid: [{ system: "<EulaSection><Info>a</Info><License>x</License></EulaSection>".repeat(2) }],
    },
    *check(_document, { nodes }) {
      let holder: SectionNode["owner"] | undefined;
      let seen = new Set<string>();
      // Sections of one holder follow each other.
      for (const node of nodes.sections) {
        if (node.owner !== holder) {
          holder = node.owner;
          seen = new Set();
        }
        const { section } = node;
        if (!section.core || PLACES.get(section.name)?.most !== "one") continue;
        if (seen.has(section.name)) {
          yield { values: { section: section.name, there: WORDS[holderOf(node)] }, location: section.element.location };
        }
        seen.add(section.name);
      }
    },
  }),
  defineRule({
    code: "ovf/section-of-later-version",
    node: "ovf/section",
    spec,
    requirements: ["OVF-9-19"],
    severity: "off",
    strict: "warning",
    what: "A {section} is of OVF 2, and the descriptor is OVF 1.",
    why: "Importers of OVF 1 do not know it.",
    fix: 'Write it in the namespace of OVF 2 and mark it ovf:required="false", or make the whole descriptor OVF 2.',
    examples: {
      invalid: [
        { sections: '<PlacementGroupSection ovf:id="a" ovf:policy="affinity"><Info>x</Info></PlacementGroupSection>' },
      ],
      valid: [{}],
    },
    *check({ section }, { ovf }) {
      const later = /^(?:SharedDisk|Encryption|PlacementGroup|Placement|ScaleOut|EnvironmentFiles|BootDevice)Section$/;
      const first = ovf.dialect === "1.0" || ovf.dialect === "1.1";
      if (!first || !section.core || !later.test(section.name)) return;
      if (section.element.namespace === ovf.xml.root.namespace) yield { values: { section: section.name } };
    },
  }),
];
