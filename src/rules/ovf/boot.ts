/** BootDeviceSection: where a machine starts from (DSP0243 9.12). */
import { OvfBootDeviceSection } from "../../ovf/views/boot.js";
import type { Facts } from "../facts.js";
import type { RuleNodes } from "../nodes.js";
import { type AnyRule, defineRule, ovfSpec } from "../rule.js";

const spec = ovfSpec("9.12");

const BOOT = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_Boot";

function section(...strings: readonly string[]): string {
  const sources = strings.map((text, i) => {
    const string = text === "" ? "" : `<boots:StructuredBootString>${text}</boots:StructuredBootString>`;
    return `<boots:CIM_BootSourceSetting><boots:ElementName>${i}</boots:ElementName><boots:InstanceID>${i}</boots:InstanceID>${string}</boots:CIM_BootSourceSetting>`;
  });
  return `<BootDeviceSection xmlns:bootc="${BOOT}ConfigSetting" xmlns:boots="${BOOT}SourceSetting"><Info>Boot order</Info><bootc:CIM_BootConfigSetting><bootc:ElementName>x</bootc:ElementName><bootc:InstanceID>x</bootc:InstanceID>${sources.join("")}</bootc:CIM_BootConfigSetting></BootDeviceSection>`;
}

/** Names of devices with the ResourceTypes of their items. */
const DEVICES: ReadonlyMap<string, readonly number[]> = new Map([
  ["hard-disk", [17, 31]],
  ["cd/dvd", [15, 16]],
  ["network", [10]],
  ["floppy", [14]],
  ["usb", [23]],
]);

/** Organization, device and number from 1. */
const STRING = /^([^:\s][^:]*):([^:]+):([0-9]{1,9})$/;

/** The sources of a boot section, with their strings and places. */
function* sourcesOf(
  { section }: RuleNodes["ovf/section"],
  { ovf }: Facts,
): Generator<{
  readonly text: string | null;
  readonly location: NonNullable<RuleNodes["ovf/element"]["location"]>;
}> {
  if (!section.core || section.name !== "BootDeviceSection") return;
  for (const source of new OvfBootDeviceSection(section.element, ovf.scope).setting?.sources ?? []) {
    const place = source.propertyElement("StructuredBootString") ?? source.element;
    yield { text: source.structuredBootString, location: place.location };
  }
}

export const bootRules: readonly AnyRule[] = [
  defineRule({
    code: "ovf/boot-source-unnamed",
    node: "ovf/section",
    when: ({ section }) => section.name === "BootDeviceSection",
    spec,
    requirements: ["OVF-9.12-4?"],
    severity: "warning",
    strict: "warning",
    what: "A boot source names no device.",
    why: "Importers cannot tell what to start from.",
    fix: "Add a StructuredBootString such as CIM:Hard-Disk:1.",
    examples: { invalid: [{ system: section("") }], valid: [{ system: section("CIM:Hard-Disk:1") }] },
    *check(node, facts) {
      for (const { text, location } of sourcesOf(node, facts)) if (text === null) yield { location };
    },
  }),
  defineRule({
    code: "ovf/boot-source-invalid",
    node: "ovf/section",
    when: ({ section }) => section.name === "BootDeviceSection",
    spec,
    requirements: ["OVF-9.12-5?"],
    severity: "warning",
    strict: "warning",
    what: 'The boot source "{source}" is not an organization, a device and a number.',
    why: "Importers read the device from the second part, and which of its kind from the third.",
    fix: "Write it as CIM:Hard-Disk:1; CIM knows Hard-Disk, CD/DVD, Network, Floppy and USB.",
    examples: {
      invalid: ["disk", "CIM:Hard-Disk", "CIM:Hard-Disk:first", "CIM:Tape:1"].map((text) => ({
        system: section(text),
      })),
      valid: ["CIM:CD/DVD:1", "Example:Card-Reader:1"].map((text) => ({ system: section(text, "CIM:Hard-Disk:1") })),
    },
    *check(node, facts) {
      for (const { text, location } of sourcesOf(node, facts)) {
        if (text === null) continue;
        const [, organization, device] = STRING.exec(text) ?? [];
        // What other organizations call their devices is theirs to say.
        if (device !== undefined && (organization !== "CIM" || DEVICES.has(device.toLowerCase()))) continue;
        yield { values: { source: text }, location };
      }
    },
  }),
  defineRule({
    code: "ovf/boot-source-missing",
    node: "ovf/section",
    when: ({ section }) => section.name === "BootDeviceSection",
    spec,
    requirements: ["OVF-9.12-6?"],
    severity: "warning",
    strict: "warning",
    what: 'The boot source "{source}" is not there: the machine has {count} devices of that kind.',
    why: "Importers leave it out, and the machine starts from something else.",
    fix: "Correct the boot source, or add the device.",
    examples: {
      invalid: ["CIM:CD/DVD:1", "CIM:Hard-Disk:2", "CIM:Network:0"].map((text) => ({ system: section(text) })),
      valid: [{ system: section("CIM:Network:1", "CIM:Hard-Disk:1") }],
    },
    *check(node, facts) {
      for (const { text, location } of sourcesOf(node, facts)) {
        const [, organization, device = "", number] = STRING.exec(text ?? "") ?? [];
        const types = organization === "CIM" ? DEVICES.get(device.toLowerCase()) : undefined;
        if (types === undefined || text === null) continue;
        const counts = (node.owner?.hardware ?? []).map(
          ({ items }) =>
            items.filter(({ bound, resourceType }) => bound === "normal" && types.includes(resourceType ?? 0)).length,
        );
        const count = Math.max(0, ...counts);
        if (Number(number) >= 1 && Number(number) <= count) continue;
        yield { values: { source: text, count }, location };
      }
    },
  }),
];
