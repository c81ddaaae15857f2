import type { Bound, Foreign, GuestOs, Install, Machine } from "../../appliance/appliance.js";
import { blankGuestOs, blankMachine } from "../../appliance/blank.js";
import type { Firmware } from "../../base/ids.js";
import { finding } from "../../ovf/findings.js";
import { VMWARE } from "../../ovf/namespaces.js";
import { type ResourceKind, resourceType } from "../../ovf/tables/resource-types.js";
import type { OvfContent } from "../../ovf/views/content.js";
import type { OvfHardware } from "../../ovf/views/hardware.js";
import type { OvfItem } from "../../ovf/views/items.js";
import { isTrue } from "../../ovf/views/node.js";
import { OvfAnnotation, OvfInstallSection } from "../../ovf/views/sections.js";
import type { VmwareSetting } from "../../ovf/views/settings.js";
import { readVirtualBoxMachine, type VirtualBoxMachine } from "../virtualbox-hardware.js";
import { readBoot } from "./boot.js";
import { readCpu, readMemory } from "./cpu-memory.js";
import { readAttachments, readControllers, readNics } from "./devices.js";
import type { PackageDisks } from "./disks.js";
import { NESTED_KEY, type Peripherals, readPeripherals } from "./peripherals.js";
import { foreignElement, type ImportSession, origin, sourceOf } from "./session.js";
import { nvramFile } from "./uses.js";
import { readVirtualBoxSettings } from "./virtualbox.js";
import { isXenServerSetting, readXenServer } from "./xenserver.js";

/** Sections of a machine that the model holds, if not all that is in them. */
const READ_SECTIONS: ReadonlySet<string> = new Set([
  "OperatingSystemSection",
  "ProductSection",
  "EulaSection",
  "AnnotationSection",
  "InstallSection",
  "BootDeviceSection",
]);

/** Items that the model holds besides controllers and drives. */
const HELD_KINDS: ReadonlySet<ResourceKind> = new Set(["cpu", "memory", "nic"]);

/** One virtual system as a machine. `id` is unique in the appliance. */
export function readMachine(content: OvfContent, id: string, disks: PackageDisks, session: ImportSession): Machine {
  const hardware = content.hardware[0] ?? null;
  if (hardware === null) {
    session.report(finding("ovf/no-hardware", "error", content.element, `machine ${id} has no VirtualHardwareSection`));
  }
  const items = hardware === null ? [] : session.choice.items(hardware);
  checkInstanceIds(items, session);
  const vbox = content.virtualBoxMachine;
  const settings = vbox === undefined ? null : readVirtualBoxMachine(vbox);
  const name = session.choice.text(content.name) ?? id;
  const normal = items.filter((item) => item.bound === "normal");
  const controllers = readControllers(normal, id, session);
  const attachments = readAttachments(normal, controllers, disks, id, session);
  const bounds: Bound[] = [];
  const machine: Machine = {
    ...blankMachine(id, name),
    annotation: annotationOf(content, id, session),
    guestOs: readGuestOs(content, id, session),
    hardwareTypes: [...(hardware?.systemTypes ?? [])],
    ...readFirmware(hardware, settings, id, session),
    cpu: readCpu(items, hardware, id, bounds, session),
    memoryBytes: readMemory(items, hardware, id, bounds, session),
    bounds,
    controllers: controllers.map((entry) => entry.controller),
    attachments: attachments.map((entry) => entry.attachment),
    nics: readNics(normal, settings?.adapters ?? [], id, session),
    boot: readBoot({ content, settings, attachments, items: normal }),
    install: readInstall(content),
    transports: [...(hardware?.transports ?? [])],
    foreign: [],
  };
  origin(session, `machines/${id}`, content.element);
  origin(session, `machines/${id}/name`, content.name?.element ?? content.element);
  origin(session, `machines/${id}/hardwareTypes`, hardware?.system?.element);
  origin(session, `machines/${id}/transports`, hardware?.element);
  const held = new Set([...controllers, ...attachments].map((entry) => entry.item));
  for (const item of normal) if (HELD_KINDS.has(resourceType(item.resourceType ?? 0)?.kind ?? "other")) held.add(item);
  const peripherals = readPeripherals(normal, hardware, machine, session);
  for (const item of peripherals.items) held.add(item);
  machine.foreign.push(
    ...foreignSections(content, id, session),
    ...foreignSettings(hardware, id, session),
    ...normal.flatMap((item) => foreignItem(item, { held: held.has(item), peripherals }, id, session)),
  );
  if (vbox !== undefined) readVirtualBoxSettings(vbox, machine, session);
  if (vbox !== undefined) machine.foreign.push(foreignElement(session.scope, vbox, "vbox:Machine", id));
  if (hardware !== null) readXenServer(hardware, attachments, machine);
  return machine;
}

/** Reports items that repeat an InstanceID. All are kept; drives hang on the first. */
function checkInstanceIds(items: readonly OvfItem[], session: ImportSession): void {
  const seen = new Set<string>();
  for (const item of items) {
    const { instanceId, bound } = item;
    if (instanceId === null) continue;
    const key = `${bound} ${instanceId}`;
    if (seen.has(key)) {
      session.report(
        finding("ovf/duplicate-id", "warning", item.element, `two items have the InstanceID ${instanceId}`, {
          hint: "Both are kept; drives hang on the first.",
          data: { id: instanceId },
        }),
      );
    }
    seen.add(key);
  }
}

function annotationOf(content: OvfContent, id: string, session: ImportSession): string | null {
  for (const { annotation } of content.sectionsOf(OvfAnnotation)) {
    const text = session.choice.text(annotation);
    if (text === null) continue;
    origin(session, `machines/${id}/annotation`, annotation?.element);
    return text;
  }
  return null;
}

function readGuestOs(content: OvfContent, id: string, session: ImportSession): GuestOs {
  const section = content.operatingSystem;
  if (section === null) return blankGuestOs();
  origin(session, `machines/${id}/guestOs`, section.element);
  return {
    ...blankGuestOs(),
    cim: section.cimId,
    vmware: section.vmwareType,
    virtualbox: section.virtualBoxType,
    description: session.choice.text(section.description),
  };
}

/** Keys of `vmw:Config` that say how the machine starts. */
const FIRMWARE_KEY = "firmware";
const SECURE_BOOT_KEY = "bootOptions.efiSecureBootEnabled";

/** The standard has no word for firmware: it is in what VMware and VirtualBox add. */
function readFirmware(
  hardware: OvfHardware | null,
  settings: VirtualBoxMachine | null,
  id: string,
  session: ImportSession,
): Pick<Machine, "firmware" | "firmwareFrom"> {
  const find = (key: string): VmwareSetting | undefined => hardware?.settings.find((setting) => setting.key === key);
  const declared = find(FIRMWARE_KEY);
  const secure = find(SECURE_BOOT_KEY);
  const said = firmwareNamed(declared?.value, isTrue(secure?.value.trim() ?? null));
  if (said !== null) {
    origin(session, `machines/${id}/firmware`, (declared ?? secure)?.element);
    return { firmware: said, firmwareFrom: "vendor" };
  }
  if (declared !== undefined) {
    session.report(
      finding(
        "ovf/unknown-firmware",
        "warning",
        declared.element,
        `machine ${id} asks for the firmware ${declared.value}`,
        {
          hint: "Known are bios and efi.",
          data: { firmware: declared.value },
        },
      ),
    );
  }
  if (settings !== null) {
    origin(session, `machines/${id}/firmware`, settings.firmwareElement);
    return { firmware: settings.firmware, firmwareFrom: "vendor" };
  }
  return { firmware: "unknown", firmwareFrom: null };
}

function firmwareNamed(value: string | undefined, secure: boolean): Firmware | null {
  switch (value?.trim().toLowerCase()) {
    case "bios":
      return "bios";
    case "efi":
    case "uefi":
      return secure ? "efi-secure" : "efi";
    case undefined:
      // Only EFI can boot securely.
      return secure ? "efi-secure" : null;
    default:
      return null;
  }
}

function readInstall(content: OvfContent): Install | null {
  const section = content.sectionOf(OvfInstallSection);
  return section === null ? null : { initialBootStopDelaySeconds: section.initialBootStopDelay ?? 0 };
}

/** Sections that the model has no place for, and hardware sections beyond the first. */
function foreignSections(content: OvfContent, id: string, session: ImportSession): Foreign[] {
  const foreign: Foreign[] = [];
  let hardwareSections = 0;
  for (const { name, core, element } of content.sections) {
    if (core && READ_SECTIONS.has(name)) continue;
    if (core && name === "VirtualHardwareSection" && hardwareSections++ === 0) continue;
    if (element.namespace === VMWARE && name === "BootOrderSection") continue;
    if (core && name === "VirtualHardwareSection" && hardwareSections === 2) {
      session.report(
        finding("ovf/several-hardware-sections", "info", element, `machine ${id} is described for several platforms`, {
          hint: "The first VirtualHardwareSection counts.",
        }),
      );
    }
    foreign.push(foreignElement(session.scope, element, name, id));
  }
  return foreign;
}

/** Vendor settings of the machine, but for those that the model holds. */
function foreignSettings(hardware: OvfHardware | null, id: string, session: ImportSession): Foreign[] {
  if (hardware === null) return [];
  const foreign: Foreign[] = [];
  for (const child of hardware.element.elements()) {
    if (session.scope.isCore(child.namespace) || isXenServerSetting(child)) continue;
    if (child.namespace !== VMWARE || !/^(Extra)?Config$/.test(child.name)) {
      foreign.push(foreignElement(session.scope, child, child.name, id));
    }
  }
  for (const setting of hardware.settings) {
    if (setting.kind === "Config" && (setting.key === FIRMWARE_KEY || setting.key === SECURE_BOOT_KEY)) continue;
    if (setting.kind === "Config" && setting.key === NESTED_KEY) continue;
    foreign.push({ source: "vmware", name: `${setting.kind} ${setting.key}`, payload: setting.value, machine: id });
  }
  return foreign;
}

/** What the model does not hold of an item: the whole of it where it is no drive, controller or card, else its vendor settings. */
function foreignItem(
  item: OvfItem,
  { held, peripherals }: { readonly held: boolean; readonly peripherals: Peripherals },
  id: string,
  session: ImportSession,
): Foreign[] {
  const type = item.resourceType;
  const known = type === null ? undefined : resourceType(type);
  const subTypes = item.resourceSubTypes.join(" ");
  const label = `${known?.label ?? `resource type ${type ?? "unknown"}`}${subTypes === "" ? "" : ` ${subTypes}`}`;
  if (known === undefined && !held && nvramFile(item) === null) {
    session.report(
      finding(
        "ovf/unknown-resource-type",
        // oVirt gives 0 to what it has no type for.
        item.required && type !== 0 ? "warning" : "info",
        item.element,
        `item ${item.label ?? item.instanceId} has ${type === null ? "no resource type" : `the resource type ${type}`}`,
        {
          hint: "It is carried along as it stands where the target is OVF, and left out elsewhere.",
          data: { resourceType: type },
        },
      ),
    );
  }
  if (!held) return [foreignElement(session.scope, item.element, label, id)];
  const own = item.settings.filter(({ key }) => !peripherals.holds(item, key));
  const foreign: Foreign[] = own.map((setting) => ({
    source: "vmware",
    name: `${item.label ?? label}: ${setting.kind} ${setting.key}`,
    payload: setting.value,
    machine: id,
  }));
  for (const child of item.extensions()) {
    if (child.namespace === VMWARE && /^(Config|ExtraConfig|CoresPerSocket)$/.test(child.name)) continue;
    foreign.push({
      source: sourceOf(session.scope, child.namespace),
      name: `${item.label ?? label}: ${child.name}`,
      payload: child.markup,
      machine: id,
    });
  }
  return foreign;
}
