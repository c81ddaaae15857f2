/** The type of the system: VMware's hardware versions. */

import type { XmlEdit } from "../../xml/changes.js";
import type { HardwareNode } from "../nodes.js";
import { type AnyRule, defineRule } from "../rule.js";
import { asked, readers } from "./reader.js";

/** What every product in use takes, and what has all that packages describe: SATA, NVMe, EFI with secure boot (vSphere 6.5). */
const COMMON_VERSION = "vmx-13";

function machine(type: string): string {
  return `<vssd:ElementName>x</vssd:ElementName><vssd:InstanceID>0</vssd:InstanceID>${type === "" ? "" : `<vssd:VirtualSystemType>${type}</vssd:VirtualSystemType>`}`;
}

/** The numbers of the hardware versions that a section names. */
function versionsOf({ hardware }: HardwareNode): readonly number[] {
  return hardware.systemTypes.flatMap((type) => {
    const version = /^vmx-0*([0-9]{1,3})$/i.exec(type)?.[1];
    return version === undefined ? [] : [Number(version)];
  });
}

export const targetFamilyRules: readonly AnyRule[] = [
  defineRule({
    code: "target/hardware-family",
    node: "ovf/hardware",
    targets: readers(({ hardware }) => hardware !== null),
    spec: null,
    severity: "error",
    strict: "error",
    what: '{target} has no hardware family "{type}".',
    why: "VMware takes hardware of its own versions alone: \"Unsupported hardware family 'virtualbox-2.2'\" (dradis/dradispro#297, owncloud/vm#53). Workstation and Fusion import it all the same after Retry.",
    fix: "Write vmx-13 in vssd:VirtualSystemType: every product from vSphere 6.5 on takes it.",
    examples: {
      invalid: [{ machine: machine("virtualbox-2.2") }],
      valid: [{}, { machine: machine("vmx-07,vmx-13 xen-3") }],
    },
    *check(node, facts) {
      const { reader } = asked(facts);
      const system = node.hardware.system;
      const types = node.hardware.systemTypes;
      // One without a type gets the newest that the product has.
      if (system === null || types.length === 0 || versionsOf(node).length > 0) return;
      const place = system.propertyElement("VirtualSystemType") ?? system.element;
      const asks = reader.hardware?.otherFamilies === "asks";
      yield {
        values: { type: types.join(" ") },
        location: place.location,
        ...(asks ? { severity: "warning" } : {}),
      };
    },
    mend({ hardware }): readonly XmlEdit[] {
      const element = hardware.system?.propertyElement("VirtualSystemType");
      return element === undefined ? [] : [{ edit: "xml", element, change: { text: COMMON_VERSION } }];
    },
  }),
  defineRule({
    code: "target/hardware-too-new",
    node: "ovf/hardware",
    targets: readers(({ hardware }) => hardware !== null),
    spec: null,
    severity: "error",
    strict: "error",
    what: "{target} runs hardware up to vmx-{newest}, and this is {types}.",
    why: '"No supported hardware versions among [vmx-16]; supported: [...]": a host takes its own version and older ones (ECS-CommunityEdition#555).',
    fix: "Name a version that the target has, if the machine needs nothing of the newer one; or choose a newer target.",
    examples: { invalid: [{ machine: machine("vmx-99") }], valid: [{ machine: machine("vmx-13 vmx-99") }] },
    *check(node, facts) {
      const newest = asked(facts).reader.hardware?.newest ?? 0;
      const versions = versionsOf(node);
      if (versions.length === 0 || versions.some((version) => version <= newest)) return;
      const place = node.hardware.system?.propertyElement("VirtualSystemType") ?? node.hardware.element;
      yield { values: { newest, types: node.hardware.systemTypes.join(" ") }, location: place.location };
    },
  }),
  defineRule({
    code: "target/hardware-too-old",
    node: "ovf/hardware",
    targets: readers(({ hardware }) => hardware !== null),
    spec: null,
    severity: "warning",
    strict: "warning",
    what: "Hardware {types} is older than vmx-{oldest}, the oldest that {target} runs.",
    why: "Newer hosts do not list old versions any more: \"Unsupported hardware family 'vmx-10'\" was seen on a newer host (home-assistant/operating-system#3163).",
    fix: "Name a newer version, such as vmx-13; guests seldom notice.",
    examples: { invalid: [{ machine: machine("vmx-2") }], valid: [{}] },
    *check(node, facts) {
      const oldest = asked(facts).reader.hardware?.oldest ?? 0;
      const versions = versionsOf(node);
      if (versions.length === 0 || versions.some((version) => version >= oldest)) return;
      const place = node.hardware.system?.propertyElement("VirtualSystemType") ?? node.hardware.element;
      yield { values: { oldest, types: node.hardware.systemTypes.join(" ") }, location: place.location };
    },
    mend({ hardware }): readonly XmlEdit[] {
      const element = hardware.system?.propertyElement("VirtualSystemType");
      return element === undefined ? [] : [{ edit: "xml", element, change: { text: COMMON_VERSION } }];
    },
  }),
];
