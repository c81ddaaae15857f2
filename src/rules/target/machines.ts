/** What VirtualBox keeps in its own element, firmware that only one vendor's reader learns of, and limits of machines. */
import { fit } from "../../appliance/fit.js";
import { VIRTUALBOX, VMWARE } from "../../ovf/namespaces.js";
import type { XmlElement } from "../../xml/tree.js";
import { removal } from "../edits.js";
import type { ContentNode } from "../nodes.js";
import { type AnyRule, defineRule, type Edit } from "../rule.js";
import { asked, readers } from "./reader.js";

const EFI = 'ovf:required="false" vmw:key="firmware" vmw:value="efi"';
const MACHINE = (inside: string): string =>
  `<VirtualSystem ovf:id="vm"><Info>x</Info><VirtualHardwareSection><Info>x</Info><Item><rasd:AllocationUnits>byte * 2^20</rasd:AllocationUnits><rasd:InstanceID>2</rasd:InstanceID><rasd:ResourceType>4</rasd:ResourceType><rasd:VirtualQuantity>64</rasd:VirtualQuantity></Item></VirtualHardwareSection>${inside}</VirtualSystem>`;
const VBOX = (inside: string): string =>
  `<vbox:Machine xmlns:vbox="${VIRTUALBOX}" xmlns="" ovf:required="false" version="1.19" uuid="{11111111-2222-3333-4444-555555555555}" name="vm">${inside}</vbox:Machine>`;
const UUID = /^\{?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?$/i;
const ATTACHED = "66666666-7777-8888-9999-000000000000";

/** An element of VirtualBox's settings, by its path; its elements are in whatever namespace was the default. */
function inside(element: XmlElement | undefined, ...path: readonly string[]): XmlElement | undefined {
  let at = element;
  for (const name of path) at = at === undefined ? undefined : first(at, name);
  return at;
}

function first(element: XmlElement, name: string): XmlElement | undefined {
  for (const child of element.elements(undefined, name)) return child;
  return undefined;
}

/** Every element of a name below another one. */
function* below(element: XmlElement, name: string): Generator<XmlElement> {
  for (const child of element.elements()) {
    if (child.name === name) yield child;
    yield* below(child, name);
  }
}

function bare(uuid: string): string {
  return uuid.replace(/^\{|\}$/g, "").toLowerCase();
}

/** What of VirtualBox's own settings has no counterpart in the OVF around it; `null`: nothing. */
function staleIn(machine: XmlElement, known: ReadonlySet<string>): string | null {
  const uuid = machine.attribute("", "uuid") ?? "";
  if (!UUID.test(uuid)) return `its uuid is ${JSON.stringify(uuid)}`;
  // VirtualBox 3.2 wrote no uuids on disks.
  if (known.size === 0) return null;
  for (const device of below(machine, "AttachedDevice")) {
    if (device.attribute("", "type") !== "HardDisk") continue;
    const image = inside(device, "Image")?.attribute("", "uuid");
    if (image !== undefined && !known.has(bare(image))) {
      return `it attaches the disk ${bare(image)}, and no Disk has that vbox:uuid`;
    }
  }
  return null;
}

function efiByVmware({ hardware }: ContentNode): boolean {
  return hardware.some(({ hardware: { settings } }) =>
    settings.some(({ key, value }) => key === "firmware" && value.toLowerCase() === "efi"),
  );
}

/** `EFI`, `EFI32`, `EFI64`, `EFIDUAL`. */
function efiByVirtualBox({ content }: ContentNode): boolean {
  const machine = content.virtualBoxMachine;
  const type = inside(machine, "Hardware", "Firmware")?.attribute("", "type") ?? "";
  return /^EFI/i.test(type);
}

export const targetMachineRules: readonly AnyRule[] = [
  defineRule({
    code: "target/firmware-lost",
    node: "ovf/content",
    targets: readers(({ firmware }) => firmware !== null),
    spec: null,
    severity: "warning",
    strict: "warning",
    what: "The machine {id} boots by EFI, and {reader} makes it with BIOS: it looks at {looks} alone.",
    why: "OVF 1 has no word for firmware, and the guest does not start (vatesfr/xen-orchestra#8162, hashicorp/packer#6937). VirtualBox writes it into vbox:Machine and reads it nowhere else; VMware and virt-v2v read vmw:Config (tried).",
    fix: "Switch the machine to EFI after the import, or declare it where this reader looks.",
    examples: {
      invalid: [
        { content: MACHINE(VBOX('<Hardware><Firmware type="EFI64"/></Hardware>')) },
        { moreItems: `<vmw:Config ${EFI}/>` },
      ],
      valid: [{}],
    },
    *check(node, facts) {
      const { reader } = asked(facts);
      const [vmware, virtualBox] = [efiByVmware(node), efiByVirtualBox(node)];
      const [seen, other] = reader.firmware === "vmw:Config" ? [vmware, virtualBox] : [virtualBox, vmware];
      if (seen || !other) return;
      const id = node.content.id ?? "(without an id)";
      yield { values: { id, reader: reader.name, looks: reader.firmware ?? "" } };
    },
    mend({ hardware }, _finding, facts): readonly Edit[] {
      const section = hardware[0]?.hardware.element;
      if (asked(facts).reader.firmware !== "vmw:Config" || section === undefined) return [];
      const setting = section.create(VMWARE, "Config");
      setting.declare("vmw", VMWARE);
      setting.setAttribute(facts.ovf.scope.namespace, "required", "false");
      setting.setAttribute(VMWARE, "key", "firmware");
      setting.setAttribute(VMWARE, "value", "efi");
      return [{ edit: "xml", element: section, change: { insert: setting } }];
    },
  }),
  defineRule({
    code: "target/virtualbox-machine-stale",
    node: "ovf/content",
    targets: readers(({ virtualBoxMachine }) => virtualBoxMachine === "obeyed"),
    spec: null,
    severity: "error",
    strict: "error",
    what: "vbox:Machine of {id} is not of this package: {problem}.",
    why: 'VirtualBox makes the machine of vbox:Machine and passes over the hardware of OVF: "contains a medium attachment for the disk image ... but the OVF describes no such image" (swcarpentry/DEPRECATED-bc#519), or "has invalid format".',
    fix: "Remove vbox:Machine: the hardware of OVF is enough.",
    examples: {
      invalid: [
        {
          disks: `<Disk xmlns:vbox="${VIRTUALBOX}" ovf:diskId="disk1" ovf:fileRef="file1" ovf:capacity="8388608" ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized" vbox:uuid="11111111-2222-3333-4444-555555555555"/>`,
          content: MACHINE(
            VBOX(
              `<StorageControllers><StorageController><AttachedDevice type="HardDisk"><Image uuid="{${ATTACHED}}"/></AttachedDevice></StorageController></StorageControllers>`,
            ),
          ),
        },
        { content: MACHINE(VBOX("").replace("{11111111", "{$11")) },
      ],
      valid: [{ content: MACHINE(VBOX("")) }],
    },
    *check({ content }, { nodes }) {
      const machine = content.virtualBoxMachine;
      if (machine === undefined) return;
      const known = new Set<string>();
      for (const { element } of nodes.disks) {
        // The prefix is in VirtualBox's namespace, or in that of its own old descriptors.
        const uuid = element.attributes.find(({ name }) => name === "uuid")?.value;
        if (uuid !== undefined) known.add(bare(uuid));
      }
      const problem = staleIn(machine, known);
      if (problem === null) return;
      yield { values: { id: content.id ?? "(without an id)", problem }, location: machine.location };
    },
    mend({ content }): readonly Edit[] {
      const machine = content.virtualBoxMachine;
      return machine === undefined ? [] : [removal(machine)];
    },
  }),
  defineRule({
    code: "target/guest-id",
    node: "ovf/section",
    targets: readers(({ guestIds }) => guestIds === "numbers"),
    spec: null,
    severity: "error",
    strict: "error",
    what: '{reader} refuses the OperatingSystemSection: its ovf:id is "{id}" and no number.',
    why: "\"missing or invalid 'ovf:id' attribute in operating system section element\" (VirtualBox, tried).",
    fix: "Write a number of CIM_OperatingSystem.OSType; 1 stands for any other system.",
    examples: {
      invalid: [{ content: MACHINE('<OperatingSystemSection ovf:id="linux"><Info>x</Info></OperatingSystemSection>') }],
      valid: [{}],
    },
    *check({ section: { core, name, element } }, facts) {
      if (!core || name !== "OperatingSystemSection") return;
      const id = facts.ovf.scope.attribute(element, "id") ?? "";
      if (/^\s*[+]?[0-9]+\s*$/.test(id)) return;
      yield { values: { reader: asked(facts).reader.name, id } };
    },
  }),
  defineRule({
    code: "target/limits",
    node: "appliance",
    targets: ({ platform }) => platform !== "ovf",
    spec: null,
    severity: "error",
    strict: "error",
    what: "{note}.",
    why: "Every version of a platform has limits of processors, memory, disks and cards, buses that it boots from, and firmware. Some readers cut down what is too much, others refuse it, and some machines would not start.",
    fix: "Change the machine, or choose another target.",
    examples: null,
    *check(appliance, { target }) {
      if (target === null) return;
      for (const { severity, message, code, hint, location } of fit(appliance, target).notes) {
        // Where something reads OVF it decides for itself; fit decides where vmferry converts.
        if (severity === "info" || (target.reader !== null && severity !== "error")) continue;
        // Nothing known is nothing wrong.
        if (code === "fit/firmware-assumed") continue;
        yield {
          values: { note: message, code },
          severity: target.reader === null ? severity : "warning",
          ...(hint === undefined ? {} : { hint }),
          ...(location === undefined ? {} : { location }),
        };
      }
    },
  }),
];
