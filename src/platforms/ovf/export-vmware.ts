/** What VMware adds to the standard. Every element says that nobody has to know it. */
import type { Machine } from "../../appliance/appliance.js";
import { GIB } from "../../base/bytes.js";
import { el, type XmlNode } from "../../xml/build.js";
import type { BootStep } from "../boot-sequence.js";
import { type Settings, settingNodes } from "./authored.js";
import type { MachineItems } from "./export-items.js";
import type { OvfWriting } from "./export-session.js";

/** ESXi 6.5 runs it, and every later product: it has SATA, NVMe and secure boot. */
const OLDEST = 13;
/** ESXi 8.0. */
const NEWEST = 20;

const OPTIONAL = { "ovf:required": "false" } as const;

/**
 * `vmx-NN`: the lowest hardware version that has what a machine uses, not below the one that its source names. Source: the table of hardware features
 * per compatibility level in the vSphere documentation (see targets/vmware.ts).
 */
export function vmxVersion(machine: Machine): string {
  let version = OLDEST;
  const atLeast = (needed: number): void => {
    version = Math.max(version, needed);
  };
  for (const type of machine.hardwareTypes) {
    const named = Number(/^vmx-([0-9]{1,3})$/i.exec(type.trim())?.[1] ?? 0);
    if (named <= NEWEST) atLeast(named);
  }
  if (machine.tpm !== null) atLeast(14);
  if (machine.cpu.count > 128) atLeast(15);
  if (machine.cpu.count > 256 || machine.memoryBytes > 6128 * GIB) atLeast(18);
  if ((machine.cpu.coresPerSocket ?? 1) > 64) atLeast(20);
  return `vmx-${version}`;
}

/** The settings behind the items: firmware and processor features, and the file that the firmware remembers in. */
export function vmwareSettings(machine: Machine, writing: OvfWriting): XmlNode[] {
  const settings: XmlNode[] = [];
  const config = (key: string, value: string): void =>
    void settings.push(el("vmw:Config", { ...OPTIONAL, "vmw:key": key, "vmw:value": value }));
  if (machine.firmware !== "unknown") config("firmware", machine.firmware === "bios" ? "bios" : "efi");
  if (machine.firmware === "efi-secure") config("bootOptions.efiSecureBootEnabled", "true");
  if (machine.cpu.max !== null) config("cpuHotAddEnabled", "true");
  if (machine.cpu.nested !== null) config("nestedHVEnabled", String(machine.cpu.nested));
  const nvram = machine.nvram === null ? null : writing.fileId(machine.nvram);
  if (nvram !== null) {
    settings.push(el("vmw:ExtraConfig", { ...OPTIONAL, "vmw:key": "nvram", "vmw:value": `ovf:/file/${nvram}` }));
  }
  const authored = writing.authored?.machines.get(machine.id);
  if (authored === undefined) return settings;
  const said = new Set(
    settings.flatMap(({ attributes }) => attributes.flatMap(([name, value]) => (name === "vmw:key" ? [value] : []))),
  );
  const added = (list: Settings): Settings => list.filter(([key]) => !said.has(key));
  return [
    ...settings,
    ...settingNodes("vmw:Config", added(authored.config)),
    ...settingNodes("vmw:ExtraConfig", added(authored.extraConfig)),
  ];
}

const BOOT_TYPES = { disk: "disk", cdrom: "cdrom", floppy: "floppy" } as const;

/** The boot order: a section for each device, the first to be tried first. */
export function vmwareBootOrder(machine: Machine, steps: readonly BootStep[], items: MachineItems): XmlNode[] {
  if (machine.boot.length === 0) return [];
  return steps.flatMap((step) => {
    const instance =
      "drive" in step
        ? items.drives.get(machine.attachments.indexOf(step.drive))
        : items.nics.get(machine.nics.indexOf(step.nic));
    if (instance === undefined) return [];
    const type = "drive" in step ? BOOT_TYPES[step.drive.device] : "net";
    return [
      el(
        "vmw:BootOrderSection",
        { ...OPTIONAL, "vmw:instanceId": instance, "vmw:type": type },
        el("Info", {}, "Virtual hardware device boot order"),
      ),
    ];
  });
}

/** Whether a file with a firmware's memory is one of VMware's: those of others are of another format. */
export function isVmwareNvram(machine: Machine): boolean {
  const types = machine.hardwareTypes;
  return types.length > 0 && types.every((type) => /^vmx-/i.test(type.trim()));
}
