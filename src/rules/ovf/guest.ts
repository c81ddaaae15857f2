/** What a guest is and gets: operating system (DSP0243 9.9), environment files (9.11), transport of the environment (11.2). */
import { cimOsName } from "../../ovf/tables/operating-systems.js";
import { OvfEnvironmentFiles } from "../../ovf/views/boot.js";
import { OvfOperatingSystem } from "../../ovf/views/sections.js";
import { repeated } from "../duplicates.js";
import type { SectionNode } from "../nodes.js";
import { type AnyRule, defineRule, ovfSpec } from "../rule.js";

const guest = (attributes: string): { readonly content: string } => ({
  content: `<VirtualSystem ovf:id="vm"><Info>x</Info><OperatingSystemSection ${attributes}><Info>Guest</Info></OperatingSystemSection><VirtualHardwareSection><Info>x</Info></VirtualHardwareSection></VirtualSystem>`,
});
const files = (entries: string): { readonly system: string } => ({
  system: `<EnvironmentFilesSection><Info>Files</Info>${entries}</EnvironmentFilesSection>`,
});

function environmentFiles({ section, owner }: SectionNode): OvfEnvironmentFiles | null {
  if (!section.core || section.name !== "EnvironmentFilesSection" || owner === null) return null;
  return new OvfEnvironmentFiles(section.element, owner.content.scope);
}

function operatingSystem({ section, owner }: SectionNode): OvfOperatingSystem | null {
  if (!section.core || section.name !== "OperatingSystemSection" || owner === null) return null;
  return new OvfOperatingSystem(section.element, owner.content.scope);
}

export const guestRules: readonly AnyRule[] = [
  defineRule({
    code: "ovf/os-id-missing",
    node: "ovf/section",
    when: ({ section }) => section.name === "OperatingSystemSection",
    spec: ovfSpec("9.9"),
    requirements: ["OVF-9.9-1"],
    severity: "warning",
    strict: "error",
    what: "The OperatingSystemSection has no ovf:id.",
    why: "It names the kind of guest, by which platforms choose drivers and defaults.",
    fix: "Add the number that CIM_OperatingSystem.OSType has for it, such as 96 for 64-bit Debian.",
    examples: { invalid: [guest("")], valid: [guest('ovf:id="96"')] },
    *check(node) {
      const system = operatingSystem(node);
      if (system !== null && system.attribute("id") === null) yield {};
    },
  }),
  defineRule({
    code: "ovf/os-id-unknown",
    node: "ovf/section",
    when: ({ section }) => section.name === "OperatingSystemSection",
    spec: ovfSpec("9.9"),
    requirements: ["OVF-9.9-1"],
    severity: "warning",
    strict: "error",
    what: 'The ovf:id "{id}" of the OperatingSystemSection is no value of CIM_OperatingSystem.OSType.',
    why: "Platforms take a guest that they do not know for any other.",
    fix: "Write the number of the guest, such as 96 for 64-bit Debian, or 1 for another one.",
    examples: { invalid: [guest('ovf:id="debian"'), guest('ovf:id="60000"')], valid: [guest('ovf:id="96"')] },
    *check(node, { ovf }) {
      const id = operatingSystem(node)?.attribute("id") ?? null;
      // oVirt puts the id of the machine there.
      if (ovf.flavour === "ovirt") return;
      if (id !== null && (!/^[0-9]{1,5}$/.test(id) || cimOsName(Number(id)) === null)) yield { values: { id } };
    },
  }),
  defineRule({
    code: "ovf/os-unspecific",
    node: "ovf/section",
    when: ({ section }) => section.name === "OperatingSystemSection",
    spec: ovfSpec("9.9"),
    requirements: ["OVF-9.9-4?"],
    severity: "off",
    strict: "info",
    what: "The OperatingSystemSection says nothing about the guest (ovf:id {id}, no description).",
    why: "Platforms choose drivers and defaults by it.",
    fix: "Name the guest, or describe it.",
    examples: { invalid: [guest('ovf:id="1"')], valid: [guest('ovf:id="96"')] },
    *check(node) {
      const system = operatingSystem(node);
      if (system === null || ![0, 1, 102].includes(system.cimId ?? -1)) return;
      if (system.description === null && system.vmwareType === null && system.virtualBoxType === null) {
        yield { values: { id: system.cimId } };
      }
    },
  }),
  defineRule({
    code: "ovf/environment-file-incomplete",
    node: "ovf/section",
    when: ({ section }) => section.name === "EnvironmentFilesSection",
    spec: ovfSpec("9.11"),
    requirements: ["OVF-9.11-2"],
    severity: "warning",
    strict: "error",
    what: "A File of the EnvironmentFilesSection has no ovf:{name}.",
    why: "Nothing says what the guest gets, or where.",
    fix: "Add it.",
    examples: {
      invalid: [files('<File ovf:fileRef="file1"/>')],
      valid: [files('<File ovf:fileRef="file1" ovf:path="a/b.txt"/>')],
    },
    *check(node) {
      for (const file of environmentFiles(node)?.files ?? []) {
        for (const name of ["fileRef", "path"]) {
          if (file.attribute(name) === null) yield { values: { name }, location: file.element.location };
        }
      }
    },
  }),
  defineRule({
    code: "ovf/environment-file-unknown",
    node: "ovf/section",
    when: ({ section }) => section.name === "EnvironmentFilesSection",
    spec: ovfSpec("9.11"),
    requirements: ["OVF-9.11-3"],
    severity: "warning",
    strict: "error",
    what: 'The EnvironmentFilesSection names the file "{file}", which References does not list.',
    why: "The guest does not get it.",
    fix: "Add a File with that ovf:id, or correct ovf:fileRef.",
    examples: {
      invalid: [files('<File ovf:fileRef="other" ovf:path="a/b.txt"/>')],
      valid: [files('<File ovf:fileRef="file1" ovf:path="a/b.txt"/>')],
    },
    *check(node, { index }) {
      for (const { fileRef, element } of environmentFiles(node)?.files ?? []) {
        if (fileRef !== null && !index.files.has(fileRef))
          yield { values: { file: fileRef }, location: element.location };
      }
    },
  }),
  defineRule({
    code: "ovf/environment-file-path",
    node: "ovf/section",
    when: ({ section }) => section.name === "EnvironmentFilesSection",
    spec: ovfSpec("9.11"),
    requirements: ["OVF-9.11-4"],
    severity: "warning",
    strict: "error",
    what: 'The path "{path}" of an environment file does not stay below the root of the medium.',
    why: "It is a place on the medium that the guest reads.",
    fix: "Write a relative path, with / between its parts and without a part that is ..",
    examples: {
      invalid: ["/etc/passwd", "../x", "a\\b"].map((path) => files(`<File ovf:fileRef="file1" ovf:path="${path}"/>`)),
      valid: [files('<File ovf:fileRef="file1" ovf:path="a/b.txt"/>')],
    },
    *check(node) {
      for (const { path, element } of environmentFiles(node)?.files ?? []) {
        if (path !== null && (/^\/|\\/.test(path) || path.split("/").includes(".."))) {
          yield { values: { path }, location: element.location };
        }
      }
    },
  }),
  defineRule({
    code: "ovf/environment-path-repeated",
    node: "ovf/section",
    when: ({ section }) => section.name === "EnvironmentFilesSection",
    spec: ovfSpec("9.11"),
    requirements: ["OVF-9.11-5?"],
    severity: "warning",
    strict: "error",
    what: 'Two environment files have the path "{id}".',
    why: "The guest can get only one of them.",
    fix: "Give each a path of its own.",
    examples: {
      invalid: [files('<File ovf:fileRef="file1" ovf:path="a"/><File ovf:fileRef="file1" ovf:path="a"/>')],
      valid: [files('<File ovf:fileRef="file1" ovf:path="a"/><File ovf:fileRef="file1" ovf:path="b"/>')],
    },
    *check(node) {
      yield* repeated(
        environmentFiles(node)?.files ?? [],
        ({ path }) => path,
        ({ element }) => element,
      );
    },
  }),
  defineRule({
    code: "ovf/transport-without-drive",
    node: "ovf/hardware",
    spec: ovfSpec("11.2"),
    requirements: ["OVF-11.2-4"],
    severity: "warning",
    strict: "error",
    what: "The guest gets its environment on a CD (ovf:transport iso), and the machine has no empty CD drive.",
    why: "Importers put the environment into a drive that is otherwise empty; without one the guest never sees its settings.",
    fix: "Add an item of ResourceType 15 without HostResource.",
    examples: {
      invalid: [{ hardwareAttributes: 'ovf:transport="iso"' }],
      valid: [
        {
          hardwareAttributes: 'ovf:transport="iso"',
          moreItems:
            "<Item><rasd:InstanceID>9</rasd:InstanceID><rasd:Parent>3</rasd:Parent><rasd:ResourceType>15</rasd:ResourceType></Item>",
        },
      ],
    },
    *check({ hardware, items }) {
      if (!hardware.transports.includes("iso")) return;
      const isDrive = (type: number | null): boolean => type === 15 || type === 16;
      if (!items.some(({ resourceType, properties }) => isDrive(resourceType) && !properties.has("HostResource")))
        yield {};
    },
  }),
  defineRule({
    code: "ovf/transport-unknown",
    node: "ovf/hardware",
    spec: ovfSpec("11.2"),
    requirements: ["OVF-11.2-8"],
    severity: "off",
    strict: "warning",
    what: 'The transport "{transport}" is neither iso nor a URI.',
    why: "Every other way to the guest is named by the URI of its description. com.vmware.guestInfo is VMware's own name for the one that it has.",
    fix: "Nothing, where the package is for the platform that has it.",
    examples: {
      invalid: [{ hardwareAttributes: 'ovf:transport="com.vmware.guestInfo"' }],
      valid: [{ hardwareAttributes: 'ovf:transport="http://example.com/transport"' }],
    },
    *check({ hardware }) {
      for (const transport of hardware.transports) {
        if (transport !== "iso" && !/^[a-z][a-z0-9+.-]*:/i.test(transport)) yield { values: { transport } };
      }
    },
  }),
];
