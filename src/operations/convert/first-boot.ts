/** What somebody has to look at when a machine starts on another platform for the first time: the end of REPORT.md. */
import type { Appliance, Machine } from "../../appliance/appliance.js";
import type { PlatformId } from "../../base/ids.js";
import type { GuestFacts, GuestTool } from "../../disk/guest/model.js";
import type { FirstBoot } from "../../report/markdown.js";
import { nicDriverOf } from "../../targets/drivers.js";
import { bootDriverOf, driverFact } from "../guest.js";

/** The tools that a platform wants in its guests. */
const TOOLS: Partial<Readonly<Record<PlatformId, { readonly id: GuestTool["id"]; readonly name: string }>>> = {
  vmware: { id: "open-vm-tools", name: "open-vm-tools" },
  virtualbox: { id: "virtualbox-guest", name: "the Guest Additions of VirtualBox" },
  libvirt: { id: "qemu-guest-agent", name: "qemu-guest-agent" },
  qemu: { id: "qemu-guest-agent", name: "qemu-guest-agent" },
  proxmox: { id: "qemu-guest-agent", name: "qemu-guest-agent" },
  hyperv: { id: "hyperv-daemons", name: "the Hyper-V daemons (hyperv-daemons)" },
  xenserver: { id: "xen-guest", name: "the guest agent of XenServer or XCP-ng" },
};
/** Tools that belong to one platform alone. */
const OF_PLATFORM: Partial<Readonly<Record<GuestTool["id"], readonly PlatformId[]>>> = {
  "open-vm-tools": ["vmware"],
  "virtualbox-guest": ["virtualbox"],
  "qemu-guest-agent": ["libvirt", "qemu", "proxmox"],
  "xen-guest": ["xenserver", "xen"],
  "hyperv-daemons": ["hyperv"],
};

/** A guest's own words, so that they stay words. */
function code(text: string): string {
  return `\`${text.replaceAll("`", "'")}\``;
}

/** One list for each machine. */
export function firstBootLists(
  source: Appliance,
  fitted: Appliance,
  guests: ReadonlyMap<string, GuestFacts>,
  platform: PlatformId,
): readonly FirstBoot[] {
  return fitted.machines.map((machine): FirstBoot => {
    const before = source.machines.find(({ id }) => id === machine.id) ?? machine;
    const guest = guests.get(machine.id) ?? null;
    return {
      machine: machine.name,
      system: guest === null ? null : (guest.prettyName ?? (guest.system === "unknown" ? null : guest.system)),
      items: [
        ...(guest === null
          ? ["The boot disk was not looked into: nothing is known of the system on it."]
          : diskItems(machine, guest)),
        ...(guest?.system === "windows" ? windowsItems(before, machine, platform) : []),
        ...cardItems(before, machine, guest),
        ...(guest === null ? [] : [...nameItems(before, machine, guest), ...toolItems(guest, platform)]),
        ...firmwareItems(machine, guest),
      ],
      notRead: guest?.notRead ?? [],
    };
  });
}

function diskItems(machine: Machine, guest: GuestFacts): string[] {
  if (guest.system !== "linux") return [];
  const driver = bootDriverOf(machine);
  const fact = driverFact(guest, driver);
  if (driver === null) return ["Which driver the boot disk needs is not known."];
  if (fact === null) return [`The boot disk needs the driver ${driver}: look whether the guest's kernel has it.`];
  const kernel = guest.kernels[0]?.version ?? "";
  const sure = fact.sure === "read" ? "" : fact.sure === "likely" ? " (likely)" : " (not sure)";
  const words = {
    yes: `is there in time${sure}`,
    no: `is not there${sure}: the guest will not find its root`,
    "source-only": `is there in time only where the old machine needed it too${sure}`,
    unknown: "may or may not be there in time",
  } as const;
  return [`The boot disk needs the driver ${driver}; in kernel ${kernel} it ${words[fact.available]}: ${fact.reason}.`];
}

function windowsItems(before: Machine, machine: Machine, platform: PlatformId): string[] {
  const was = busOf(before);
  const is = busOf(machine);
  if (was === is || is === "ide" || is === "sata") return [];
  const items = [
    `Windows starts from ${is} only where it has the driver for it: install it before you convert, or keep the disk on ${was ?? "its old bus"} with --bus.`,
  ];
  if (platform === "libvirt") {
    items.push(
      `To have virtio drivers put in: \`virt-v2v-in-place -i libvirtxml ${machine.name.replace(/[^A-Za-z0-9._-]/g, "_")}.xml\` on the KVM host, with virtio-win installed, before the first start.`,
    );
  }
  return items;
}

function busOf(machine: Machine): string | null {
  const drive = machine.attachments.find(({ device }) => device === "disk");
  return machine.controllers.find(({ id }) => id === drive?.controller)?.bus ?? null;
}

function cardItems(before: Machine, machine: Machine, guest: GuestFacts | null): string[] {
  const items: string[] = [];
  const changed = machine.nics.flatMap((nic, index) => {
    const was = before.nics[index]?.model ?? null;
    return nicDriverOf(was) === nicDriverOf(nic.model) && was !== null
      ? []
      : [`card ${index} is ${nic.model ?? "chosen by the target"}`];
  });
  if (changed.length > 0) items.push(`Network cards may get other interface names: ${changed.join(", ")}.`);
  const macs = new Set(machine.nics.flatMap(({ mac }) => mac ?? []));
  for (const use of guest?.interfaces ?? []) {
    const what = use.name === null ? "an interface" : code(use.name);
    if (use.mac !== null && !macs.has(use.mac)) {
      items.push(`${code(use.file)} binds ${what} to ${use.mac}, which no card has there.`);
    } else if (use.fixed && (changed.length > 0 || use.mac === null)) {
      items.push(`${code(use.file)} gives ${what} a fixed address: it holds only while the interface keeps its name.`);
    }
  }
  for (const { driver, fact } of machine.nics.flatMap(({ model }) => {
    const name = nicDriverOf(model);
    const found = guest === null ? null : driverFact(guest, name);
    return name === null || found === null ? [] : [{ driver: name, fact: found }];
  })) {
    if (fact.kernel === "absent")
      items.push(`The guest's kernel has no driver ${driver} for a network card: ${fact.reason}.`);
  }
  return [...new Set(items)];
}

function nameItems(before: Machine, machine: Machine, guest: GuestFacts): string[] {
  if (busOf(before) === busOf(machine)) return [];
  return guest.deviceNames.map(({ file, line, device, purpose, mountPoint }) => {
    const what = mountPoint === null ? purpose : `${purpose} of ${code(mountPoint)}`;
    return `${code(`${file}:${line}`)} names ${code(device)} (${what}): disks have other names there. Use UUID= or LABEL= before you convert.`;
  });
}

function toolItems(guest: GuestFacts, platform: PlatformId): string[] {
  const items: string[] = [];
  const wanted = TOOLS[platform];
  for (const { id, path } of guest.tools) {
    const homes = OF_PLATFORM[id];
    if (homes !== undefined && !homes.includes(platform))
      items.push(`${id} (${code(path)}) is for another platform: remove it when all works.`);
  }
  if (wanted !== undefined && guest.system !== "unknown" && !guest.tools.some(({ id }) => id === wanted.id)) {
    items.push(`Install ${wanted.name} for a clean shutdown and for addresses that the platform shows.`);
  }
  return items;
}

function firmwareItems(machine: Machine, guest: GuestFacts | null): string[] {
  if (machine.firmware === "bios" || guest === null) return [];
  const loader = guest.boot.efiLoader;
  if (loader === null) return ["No EFI loader was found on the boot disk: the firmware has nothing to start."];
  if (/\\EFI\\BOOT\\/i.test(loader)) return [];
  return [
    `The EFI loader is ${code(loader)}: firmware without boot entries looks at \\EFI\\BOOT alone. Add an entry, or copy the loader there.`,
  ];
}
