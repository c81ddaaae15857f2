/** Edits of what a machine is: its name, guest system, firmware, hardware version, and how its guest gets its environment. */
import { findGuestSystem, vmxName } from "../../../appliance/guest-os.js";
import { guestNamed } from "../../../appliance/guest-words.js";
import { FerryError } from "../../../base/errors.js";
import { VIRTUALBOX, VMWARE } from "../../../ovf/namespaces.js";
import type { OvfContent } from "../../../ovf/views/content.js";
import type { OvfHardware } from "../../../ovf/views/hardware.js";
import { OvfOperatingSystem, OvfStartupSection } from "../../../ovf/views/sections.js";
import type { VmwareSetting } from "../../../ovf/views/settings.js";
import { insertDeclared, setQualified } from "../../../ovf/write.js";
import { nameGuest } from "../export-guest.js";
import { itemsOf } from "./items.js";
import {
  createSection,
  type EditSession,
  hardwareFor,
  labelOf,
  machineOf,
  notPossible,
  placeOfSection,
  replaceMessage,
} from "./session.js";
import { setEmbeddedFirmware, setEmbeddedGuest, setEmbeddedName } from "./virtualbox.js";

/** `--name`. The machine's id stays where it has a name beside it. */
export function editName(session: EditSession): void {
  const { name } = session.edits;
  if (name === null) return;
  const machine = machineOf(session);
  const was = labelOf(machine);
  const { id } = machine;
  const known = machine.name;
  if (known !== null) replaceMessage(session, known, name);
  // OVF 0.9 has no element for it, and VirtualBox writes none: the id is the name.
  else if (session.document.scope.legacy || isVirtualBox(machine)) renameId(session, machine, name);
  else machine.name = name;
  for (const { system } of machine.hardware) {
    if (system !== null && (system.identifier === was || system.identifier === id)) system.identifier = name;
  }
  setEmbeddedName(machine, name);
  session.changes.push({ edit: "name", subject: was, detail: `${was} -> ${name}` });
}

function isVirtualBox(machine: OvfContent): boolean {
  const types = machine.hardware.flatMap(({ systemTypes }) => systemTypes);
  return machine.virtualBoxMachine !== undefined || types.some((type) => type.startsWith("virtualbox-"));
}

/** Gives a machine another id, also in the orders of starting that name it. */
function renameId({ document }: EditSession, machine: OvfContent, id: string): void {
  const was = machine.id;
  const { envelope } = document;
  for (const holder of [envelope, ...envelope.descendants()]) {
    for (const item of holder.sectionsOf(OvfStartupSection).flatMap(({ items }) => items)) {
      if (item.id === was) item.id = id;
    }
  }
  machine.id = id;
}

/** `--hardware-type`. */
export function editHardwareType(session: EditSession): void {
  const { hardwareType } = session.edits;
  if (hardwareType === null) return;
  const { machine, hardware } = hardwareFor(session);
  const was = hardware.systemTypes.join(" ");
  if (hardware.system === null) {
    // What every system has to have (CIM_VirtualSystemSettingData).
    const made = hardware.ensureSystem();
    if (!session.document.scope.legacy) made.setProperty("ElementName", "Virtual Hardware Family");
    made.setProperty("InstanceID", "0");
  }
  hardware.ensureSystem().types = [hardwareType];
  session.changes.push({
    edit: "hardware-type",
    subject: labelOf(machine),
    detail: `${was || "none"} -> ${hardwareType}`,
  });
}

/** `--transport`. */
export function editTransports(session: EditSession): void {
  const { transports } = session.edits;
  if (transports === null) return;
  const { machine, hardware } = hardwareFor(session);
  const was = hardware.transports.join(" ");
  hardware.transports = transports;
  if (transports.includes("iso") && itemsOf(hardware, "cdrom").length === 0) {
    session.notes.push({
      code: "ovf/transport-without-drive",
      severity: "warning",
      message: `${labelOf(machine)} has no CD drive, through which the transport iso goes`,
      hint: "Importers that go by the standard refuse it, or add a drive. Choose com.vmware.guestInfo where the guest knows that.",
      location: hardware.element.location,
    });
  }
  session.changes.push({
    edit: "transport",
    subject: labelOf(machine),
    detail: `${was || "none"} -> ${transports.join(" ") || "none"}`,
  });
}

const FIRMWARE_KEY = "firmware";
const SECURE_KEY = "bootOptions.efiSecureBootEnabled";

/** `--firmware`: in what VMware and VirtualBox add, since the standard has no word for it. */
export function editFirmware(session: EditSession): void {
  const { firmware } = session.edits;
  if (firmware === null) return;
  const { machine, hardware } = hardwareFor(session);
  const embedded = setEmbeddedFirmware(machine, firmware);
  const was = setting(hardware, FIRMWARE_KEY);
  const secure = setting(hardware, SECURE_KEY);
  if (was !== null || secure !== null || !embedded) {
    setSetting(session, hardware, FIRMWARE_KEY, firmware === "bios" ? "bios" : "efi");
    if (firmware === "efi-secure") setSetting(session, hardware, SECURE_KEY, "true");
    else if (secure !== null) secure.value = "false";
  }
  session.changes.push({ edit: "firmware", subject: labelOf(machine), detail: firmware });
}

function setting(hardware: OvfHardware, key: string): VmwareSetting | null {
  return hardware.settings.find((known) => known.kind === "Config" && known.key === key) ?? null;
}

function setSetting({ document: { scope } }: EditSession, hardware: OvfHardware, key: string, value: string): void {
  const there = setting(hardware, key);
  if (there !== null) {
    there.value = value;
    return;
  }
  const element = hardware.element.create(VMWARE, "Config");
  insertDeclared(hardware.element, element);
  // Nobody else knows it.
  scope.setAttribute(element, "required", "false");
  setQualified(element, VMWARE, "key", key);
  setQualified(element, VMWARE, "value", value);
}

/** `--os`: every name of the guest system that the descriptor has, and those that its readers look for. */
export function editOs(session: EditSession): void {
  const { os } = session.edits;
  if (os === null) return;
  const guest = guestNamed(os);
  if (guest === undefined) {
    throw new FerryError("convert/unknown-guest", `no guest system is called ${JSON.stringify(os)}`, {
      hint: "Use a name such as debian12, ubuntu, win11, rhel9-64, Windows2022_64; other and other-64 stand for the rest.",
    });
  }
  const machine = machineOf(session);
  const section = machine.operatingSystem ?? newSystemSection(session, machine);
  const names = nameGuest(guest);
  const declares = (namespace: string): boolean =>
    session.document.xml.root.declarations.some((declared) => declared.namespace === namespace);
  section.cimId = names.cim;
  if (section.version !== null) section.version = null;
  const oldBox = section.virtualBoxType;
  if (section.vmwareType !== null || (names.vmware !== null && declares(VMWARE) && oldBox === null)) {
    section.vmwareType = names.vmware;
  }
  const { description } = section;
  const box =
    machine.virtualBoxMachine !== undefined || oldBox !== null || (declares(VIRTUALBOX) && section.vmwareType === null);
  if (box && names.virtualbox !== null) {
    section.virtualBoxType = names.virtualbox;
    setEmbeddedGuest(machine, names.virtualbox);
  }
  if (description !== null && description.text.trim() !== "") {
    // VirtualBox writes its type there; all others a name for people.
    const system = findGuestSystem(guest).system.vmx;
    const said = box && (oldBox === null || description.text.trim() === oldBox) ? names.virtualbox : null;
    replaceMessage(session, description, said ?? vmxName(system) ?? os);
  }
  session.changes.push({
    edit: "os",
    subject: labelOf(machine),
    detail: `CIM ${names.cim}, ${names.vmware ?? names.virtualbox ?? os}`,
  });
}

function newSystemSection(session: EditSession, machine: OvfContent): OvfOperatingSystem {
  const { scope } = session.document;
  const [hardware] = machine.hardware;
  if (hardware === undefined)
    throw notPossible(`${labelOf(machine)} has no hardware that a system could run on`, "Add it first.");
  const element = createSection(
    session,
    machine.element,
    OvfOperatingSystem.sectionName,
    "The operating system of the guest",
    placeOfSection(session, machine.element),
  );
  return new OvfOperatingSystem(element, scope);
}
