/** What VMware's products obey and refuse in their own and in other vendors' extensions. */
import { VMWARE } from "../../ovf/namespaces.js";
import type { VmwareSetting } from "../../ovf/views/settings.js";
import { optionalEdits, removal } from "../edits.js";
import type { HardwareNode } from "../nodes.js";
import { type AnyRule, defineRule, type Edit } from "../rule.js";
import { readers } from "./reader.js";

const vmware = readers(({ vmwareSettings }) => vmwareSettings === "obeyed");

/** Keys of `vmw:Config` of machines and devices that VMware's own descriptors have. */
const CONFIG_KEYS =
  /^(?:firmware|cpuHot(?:Add|Remove)Enabled|memoryHotAddEnabled|nestedHVEnabled|virtual(?:ICH7M|SMC)Present|simultaneousThreads|vPMCEnabled|(?:bootOptions|flags|tools|powerOpInfo|cpuAllocation|memoryAllocation|sevEnabled|sgxInfo|uefi|slotInfo|connectable|backing|wakeOnLanEnabled|uptCompatibilityEnabled|useAutoDetect|videoRamSizeInKB|enable3DSupport|enableMPTSupport|use3dRenderer|graphicsMemorySizeInKB|numDisplays|allowUnrestrictedCommunication|autoConnectDevices|ehciEnabled|virtualDiskFormat|yieldOnPoll)(?:\..*)?)$/;

/** Options that VMware's own appliances require. */
const ALLOWED_OPTIONS = /^(?:disk\.EnableUUID|vmGenCounter\.enable|guestinfo\..*|nvram)$/i;

const config = (kind: string, key: string, value: string, more = ""): string =>
  `<vmw:${kind} ${more} vmw:key="${key}" vmw:value="${value}"/>`;
const OPTIONAL = 'ovf:required="false"';

function settingsOf({ hardware, items }: HardwareNode): readonly VmwareSetting[] {
  return [...hardware.settings, ...items.flatMap(({ item }) => item.settings)];
}

export const targetVmwareRules: readonly AnyRule[] = [
  defineRule({
    code: "target/startup-section",
    node: "ovf/section",
    targets: vmware,
    spec: null,
    severity: "error",
    strict: "error",
    what: "{target} refuses a StartupSection that is not a collection's.",
    why: "\"Unsupported section 'StartupSection' (Startup Options)\": XenServer writes it for a single machine too (xcp-ng/xenadmin#202).",
    fix: 'Mark it ovf:required="false", or remove it: there is no order of one machine.',
    examples: {
      invalid: [{ system: "<StartupSection><Info>x</Info></StartupSection>" }],
      valid: [{ system: `<StartupSection ${OPTIONAL}><Info>x</Info></StartupSection>` }],
    },
    *check({ section: { core, name, element }, owner }, { ovf }) {
      if (!core || name !== "StartupSection" || owner?.content.kind === "collection") return;
      if (ovf.scope.attribute(element, "required") !== "false") yield {};
    },
    mend: ({ section: { element } }, _finding, { ovf }) => optionalEdits(ovf, element),
  }),
  defineRule({
    code: "target/xen-configuration",
    node: "ovf/hardware",
    targets: vmware,
    spec: null,
    severity: "error",
    strict: "error",
    what: "{target} refuses the element {element} of XenServer.",
    why: "\"Unsupported element 'VirtualSystemOtherConfigurationData'\" (xcp-ng/xenadmin#202): nothing says that it may be left out.",
    fix: 'Mark it ovf:required="false".',
    examples: {
      invalid: [
        {
          moreItems:
            '<VirtualSystemOtherConfigurationData Name="HVM_boot_policy"><Value>BIOS order</Value></VirtualSystemOtherConfigurationData>',
        },
      ],
      valid: [
        {
          moreItems: `<VirtualSystemOtherConfigurationData ${OPTIONAL} Name="HVM_boot_policy"><Value>BIOS order</Value></VirtualSystemOtherConfigurationData>`,
        },
      ],
    },
    *check({ hardware }, { ovf }) {
      for (const child of hardware.element.elements(undefined, "VirtualSystemOtherConfigurationData")) {
        if (ovf.scope.attribute(child, "required") === "false") continue;
        yield { values: { element: child.name }, location: child.location };
      }
    },
    mend: ({ hardware }, _finding, { ovf }) =>
      [...hardware.element.elements(undefined, "VirtualSystemOtherConfigurationData")]
        .filter((child) => ovf.scope.attribute(child, "required") !== "false")
        .flatMap((child) => optionalEdits(ovf, child)),
  }),
  defineRule({
    code: "target/extra-config-required",
    node: "ovf/hardware",
    targets: vmware,
    spec: null,
    severity: "error",
    strict: "error",
    what: "{target} refuses the package if it may not set {key}.",
    why: "\"Unsupported value 'ethernet1.present' for attribute 'key' on element 'ExtraConfig'\" (GNS3/gns3-vm#40): options that a host does not allow are left out where they are not required.",
    fix: 'Mark vmw:ExtraConfig ovf:required="false".',
    examples: {
      invalid: [{ moreItems: config("ExtraConfig", "ethernet1.present", "TRUE") }],
      valid: [{ moreItems: config("ExtraConfig", "ethernet1.present", "TRUE", OPTIONAL) }],
    },
    *check({ hardware }) {
      for (const { kind, key, required, element } of hardware.settings) {
        if (kind !== "ExtraConfig" || !required || ALLOWED_OPTIONS.test(key)) continue;
        yield { values: { key }, location: element.location };
      }
    },
    mend: ({ hardware }, _finding, { ovf }) =>
      hardware.settings
        .filter(({ kind, key, required }) => kind === "ExtraConfig" && required && !ALLOWED_OPTIONS.test(key))
        .flatMap(({ element }) => optionalEdits(ovf, element)),
  }),
  defineRule({
    code: "target/config-required",
    node: "ovf/hardware",
    targets: vmware,
    spec: null,
    severity: "error",
    strict: "error",
    what: "{target} does not know the setting {key}, which is required.",
    why: "\"Unable to parse ... attribute 'key' on element 'Config'\" (sexigraf/sexigraf#240, vmware/govmomi#2136): older products do not know settings of newer ones.",
    fix: 'Mark vmw:Config ovf:required="false".',
    examples: {
      invalid: [{ moreItems: config("Config", "noSuchSetting", "true") }],
      valid: [
        { moreItems: config("Config", "noSuchSetting", "true", OPTIONAL) + config("Config", "firmware", "bios") },
      ],
    },
    *check(node) {
      for (const { kind, key, required, element } of settingsOf(node)) {
        if (kind !== "Config" || !required || CONFIG_KEYS.test(key)) continue;
        yield { values: { key }, location: element.location };
      }
    },
    mend: (node, _finding, { ovf }) =>
      settingsOf(node)
        .filter(({ kind, key, required }) => kind === "Config" && required && !CONFIG_KEYS.test(key))
        .flatMap(({ element }) => optionalEdits(ovf, element)),
  }),
  defineRule({
    code: "target/nvram-missing",
    node: "ovf/hardware",
    targets: vmware,
    spec: null,
    severity: "error",
    strict: "error",
    what: "The settings of the firmware are to be read from {value}, which is not in References.",
    why: "The deployment fails, or the machine starts with no boot entry (vmware/photon#777, hashicorp/packer-plugin-vsphere#95): exports name the file of the machine that they were made of.",
    fix: "Remove the vmw:ExtraConfig, and the host makes new settings; or add the file.",
    examples: {
      invalid: [{ moreItems: config("ExtraConfig", "nvram", "ovf:/file/nvram", OPTIONAL) }],
      valid: [{ moreItems: config("ExtraConfig", "nvram", "ovf:/file/file1", OPTIONAL) }],
    },
    *check({ hardware }, { index }) {
      for (const { kind, key, value, element } of hardware.settings) {
        if (kind !== "ExtraConfig" || key !== "nvram") continue;
        const id = /^ovf:\/{1,2}file\/(.+)$/.exec(value)?.[1];
        const there = id === undefined ? index.hrefs.has(value) : index.files.has(id);
        if (there) continue;
        // A bare name is passed over by newer clients.
        yield { values: { value }, element, ...(id === undefined ? { severity: "warning" } : {}) };
      }
    },
    mend: (_node, { element }): readonly Edit[] => (element === undefined ? [] : [removal(element)]),
  }),
  defineRule({
    code: "target/nvram-upload",
    node: "ovf/file",
    targets: readers(
      ({ vmwareSettings, hardware }) => vmwareSettings !== null && hardware?.otherFamilies === "refused",
    ),
    spec: null,
    severity: "info",
    strict: "info",
    what: "The package carries the settings of a firmware, {name}.",
    why: "Programs that deploy through the API know disks alone and fail at the upload of this file (vmware/govmomi#1616, ansible-collections vmware.vmware#257). vSphere's own clients take it.",
    fix: "Use a client that takes it, or leave the file out together with the ExtraConfig that names it.",
    examples: {
      invalid: [{ references: '<File ovf:id="file1" ovf:href="disk1.vmdk"/><File ovf:id="n" ovf:href="vm.nvram"/>' }],
      valid: [{}],
    },
    *check({ href }) {
      if (href !== null && /\.nvram$/i.test(href)) yield { values: { name: href } };
    },
  }),
  defineRule({
    code: "target/boot-order-efi",
    node: "ovf/content",
    targets: readers(
      ({ vmwareSettings, hardware }) => vmwareSettings !== null && hardware?.otherFamilies === "refused",
    ),
    spec: null,
    severity: "warning",
    strict: "warning",
    what: "The machine {id} boots by EFI and has a vmw:BootOrderSection.",
    why: "vSphere's client then shows and makes a machine with BIOS (kubernetes-sigs/image-builder#619).",
    fix: "Leave the vmw:BootOrderSection out: EFI keeps its own boot entries.",
    examples: {
      invalid: [
        {
          system: `<vmw:BootOrderSection ${OPTIONAL} vmw:instanceId="4" vmw:type="disk"><Info>x</Info></vmw:BootOrderSection>`,
          moreItems: config("Config", "firmware", "efi", OPTIONAL),
        },
      ],
      valid: [{ moreItems: config("Config", "firmware", "efi", OPTIONAL) }],
    },
    *check({ content, sections, hardware }) {
      const section = sections.find(({ name, element }) => name === "BootOrderSection" && element.namespace === VMWARE);
      const efi = hardware.some(({ hardware: { settings } }) =>
        settings.some(({ key, value }) => key === "firmware" && value === "efi"),
      );
      if (section === undefined || !efi) return;
      yield { values: { id: content.id ?? "(without an id)" }, location: section.element.location };
    },
    mend: ({ sections }) =>
      sections
        .filter(({ name, element }) => name === "BootOrderSection" && element.namespace === VMWARE)
        .map(({ element }) => removal(element)),
  }),
  defineRule({
    code: "target/prefix-undeclared",
    node: "ovf",
    targets: vmware,
    spec: null,
    severity: "error",
    strict: "error",
    what: "{target} cannot parse the descriptor: {problem}.",
    why: '"PARSE_ERROR" from vSphere\'s client (home-assistant/operating-system#660). Other readers pass over it.',
    fix: "Declare the prefix on the Envelope.",
    examples: {
      invalid: [{ moreItems: "<vmx:Config/>" }],
      valid: [{}],
    },
    *check({ xml }) {
      for (const { code, message, location } of xml.problems) {
        if (code !== "xml/undeclared-prefix") continue;
        // VMware's own tests have these two undeclared, and take them.
        const mild = /\bprefix "?(?:ovf|ovfstr)\b/.test(message);
        const place = location === undefined ? {} : { location };
        yield { values: { problem: message }, ...place, ...(mild ? { severity: "warning" } : {}) };
      }
    },
  }),
];
