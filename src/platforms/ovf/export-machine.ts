/** One virtual system of a descriptor. */
import type { Machine } from "../../appliance/appliance.js";
import { blankGuestOs } from "../../appliance/blank.js";
import { findGuestSystem } from "../../appliance/guest-os.js";
import { el, type XmlNode } from "../../xml/build.js";
import { type BootStep, bootSequence } from "../boot-sequence.js";
import { loss } from "../losses.js";
import { nameGuest } from "./export-guest.js";
import { machineItems } from "./export-items.js";
import { eulaSections, productSections } from "./export-products.js";
import { isSecond, messageElement, type OvfWriting, section, shortNumber, textElement } from "./export-session.js";
import { vmwareBootOrder, vmwareSettings, vmxVersion } from "./export-vmware.js";
import { xenServerSettings, xenServerType } from "./export-xenserver.js";

/** A `VirtualSystem`. */
export function machineElement(machine: Machine, writing: OvfWriting): XmlNode {
  const items = machineItems(machine, writing);
  const steps = machine.boot.length === 0 ? [] : bootSequence(machine);
  const hardware = section(
    "VirtualHardwareSection",
    "Virtual hardware requirements",
    { "ovf:transport": machine.transports.length === 0 ? null : machine.transports.join(" ") },
    systemElement(machine, writing),
    ...items.items,
    ...(writing.flavour.vmware ? vmwareSettings(machine, writing) : []),
    ...(writing.flavour.xenserver === true ? xenServerSettings(machine) : []),
  );
  const { annotation, install } = machine;
  return el(
    "VirtualSystem",
    { "ovf:id": writing.contentId("machine", machine.id) },
    el("Info", {}, "A virtual machine"),
    messageElement("Name", machine.name, writing),
    annotation === null || annotation.trim() === ""
      ? null
      : section(
          "AnnotationSection",
          "A human-readable annotation",
          {},
          messageElement("Annotation", annotation, writing),
        ),
    ...productSections(machine.id, writing),
    ...eulaSections(machine.id, writing),
    guestSection(machine, writing),
    install === null
      ? null
      : section("InstallSection", "The first start is an installation", {
          "ovf:initialBootStopDelay": shortNumber(
            install.initialBootStopDelaySeconds,
            `${machine.name}: the time to stop after installing`,
            writing,
          ),
        }),
    hardware,
    ...(writing.flavour.vmware
      ? vmwareBootOrder(machine, steps, items)
      : [bootSection(machine, steps, writing)].filter((node) => node !== null)),
    writing.embedded?.machine(machine.id),
  );
}

function systemElement(machine: Machine, { flavour, authored }: OvfWriting): XmlNode {
  const said = machine.hardwareTypes.filter((type) => /^vmx-/i.test(type.trim()));
  // What an author says counts; where a machine comes from another platform, the version that has what it uses.
  const own = authored === null || said.length === 0 ? null : said.join(" ");
  const types = flavour.vmware
    ? (own ?? vmxVersion(machine))
    : flavour.xenserver === true
      ? xenServerType(machine)
      : machine.hardwareTypes.join(" ").trim();
  return el(
    "System",
    {},
    el("vssd:ElementName", {}, "Virtual Hardware Family"),
    el("vssd:InstanceID", {}, "0"),
    textElement("vssd:VirtualSystemIdentifier", machine.name),
    types === "" ? null : textElement("vssd:VirtualSystemType", types),
  );
}

function guestSection(machine: Machine, writing: OvfWriting): XmlNode {
  const { flavour, notes } = writing;
  const guest = nameGuest(machine.guestOs);
  const { osinfo, proxmox, xenserver, vmware, virtualbox, cim } = machine.guestOs;
  if (
    !guest.known &&
    [vmware, virtualbox, cim, osinfo, proxmox, xenserver].some((name) => name !== null && name !== 1)
  ) {
    notes.push(
      loss(
        "info",
        "ovf/guest-os-unknown",
        `${machine.name}: the guest system ${JSON.stringify(osinfo ?? proxmox ?? xenserver ?? vmware ?? virtualbox ?? cim)} has no number in OVF that is known; it becomes ${guest.cim}`,
        { data: { machine: machine.id, cim: guest.cim, osinfo, proxmox, xenserver } },
      ),
    );
  }
  if (guest.known && !flavour.vmware) {
    // Numbers stand for families, and VirtualBox's ids for some versions.
    const names = {
      ...blankGuestOs(),
      cim: guest.cim,
      virtualbox: flavour.virtualbox === true ? guest.virtualbox : null,
    };
    const [said, meant] = [findGuestSystem(names).system.vmx, findGuestSystem(machine.guestOs).system.vmx];
    if (said !== meant) {
      notes.push(
        loss(
          "info",
          "ovf/guest-os-coarse",
          `${machine.name}: the guest system ${meant} becomes ${said}: ${flavour.label} names no more`,
          {
            data: { machine: machine.id, from: meant, to: said },
          },
        ),
      );
    }
  }
  return section(
    "OperatingSystemSection",
    "The operating system of the guest",
    { "ovf:id": guest.cim, "vmw:osType": flavour.vmware ? guest.vmware : null },
    messageElement("Description", machine.guestOs.description, writing),
    flavour.virtualbox === true ? textElement("vbox:OSType", guest.virtualbox, { "ovf:required": "false" }) : null,
  );
}

const CIM_DEVICES = { disk: "Hard-Disk", cdrom: "CD/DVD", floppy: "Floppy" } as const;

/** Where a machine starts from, as the standard of the second generation has it (DSP0243 2.x, 9.12); a note in the first. */
function bootSection(
  machine: Machine,
  steps: readonly BootStep[],
  { version, notes, flavour, embedded }: OvfWriting,
): XmlNode | null {
  if (steps.length === 0) return null;
  if (!isSecond(version)) {
    // The consumer's own settings have it.
    if (embedded !== null || flavour.xenserver === true) return null;
    notes.push(
      loss(
        "warning",
        "ovf/boot-order-dropped",
        `${machine.name}: ${flavour.label} (${version}) cannot hold the boot order`,
        {
          data: { machine: machine.id, boot: machine.boot.map(({ device }) => device) },
          hint: "Write --ovf-version 2.0, or set the order where the machine is imported.",
        },
      ),
    );
    return null;
  }
  const sources = steps.map((step, i) => {
    const [device, number] =
      "drive" in step
        ? [
            CIM_DEVICES[step.drive.device],
            machine.attachments.filter((a) => a.device === step.drive.device).indexOf(step.drive) + 1,
          ]
        : ["Network", machine.nics.indexOf(step.nic) + 1];
    return el(
      "boots:CIM_BootSourceSetting",
      {},
      el("boots:Caption", {}, `Boot source ${i + 1}`),
      el("boots:ElementName", {}, `Boot source ${i + 1}`),
      el("boots:InstanceID", {}, `source-${i + 1}`),
      el("boots:StructuredBootString", {}, `CIM:${device}:${number}`),
    );
  });
  return section(
    "BootDeviceSection",
    "Boot order",
    {},
    el(
      "bootc:CIM_BootConfigSetting",
      {},
      el("bootc:Caption", {}, "Boot order"),
      el("bootc:ElementName", {}, "Boot order"),
      el("bootc:InstanceID", {}, "boot-order"),
      ...sources,
    ),
  );
}
