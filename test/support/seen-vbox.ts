import type { Machine } from "../../src/appliance/appliance.js";
import { MIB } from "../../src/base/bytes.js";
import { lines, type Node, parse, type Seen } from "./seen.js";

const BUSES: Readonly<Record<string, string>> = {
  PIIX3: "ide",
  PIIX4: "ide",
  ICH6: "ide",
  AHCI: "sata",
  LsiLogic: "scsi",
  BusLogic: "scsi",
  LsiLogicSas: "scsi",
  NVMe: "nvme",
  VirtioSCSI: "virtio-scsi",
  I82078: "floppy",
  USB: "usb",
};

/** Settings of VirtualBox. A controller is told by its rank on its bus, and gets the number that the machine gives that rank. */
export function seenVbox(xml: string, fitted: Machine): Seen {
  const root = parse(xml);
  const child = (node: Node | undefined, name: string): Node | undefined => node?.children.find((c) => c.name === name);
  const machine = child(root, "Machine");
  const hardware = child(machine, "Hardware");
  const locations = new Map<string, string>();
  for (const list of child(machine, "MediaRegistry")?.children ?? []) {
    for (const medium of list.children) {
      const uuid = medium.attributes.uuid ?? "";
      if (locations.has(uuid)) throw new Error(`${uuid} twice`);
      locations.set(uuid, medium.attributes.location ?? "");
    }
  }
  const ranks = new Map<string, number>();
  const names = new Set<string>();
  const drives: string[] = [];
  for (const controller of child(hardware, "StorageControllers")?.children ?? []) {
    const { name = "", type = "", PortCount } = controller.attributes;
    const bus = BUSES[type];
    if (bus === undefined) throw new Error(`no such controller: ${type}`);
    if (names.has(name)) throw new Error(`${name} twice`);
    names.add(name);
    const rank = ranks.get(bus) ?? 0;
    ranks.set(bus, rank + 1);
    const numbers = fitted.controllers.filter((c) => c.bus === bus).map((c) => c.index);
    const number = numbers.sort((a, b) => a - b)[rank] ?? -1;
    for (const drive of controller.children) {
      const { port = "", device = "" } = drive.attributes;
      if (Number(port) >= Number(PortCount)) throw new Error(`${name} has no port ${port}`);
      const kind = { HardDisk: "disk", DVD: "cdrom", Floppy: "floppy" }[drive.attributes.type ?? ""];
      const image = child(drive, "Image")?.attributes.uuid;
      const file = image === undefined ? "-" : (locations.get(image) ?? "?");
      const place =
        bus === "ide" ? `${port}:${device}` : bus === "floppy" ? `${number}:${device}` : `${number}:${port}`;
      // Drives of all USB controllers share their ports.
      drives.push(`${kind} ${bus}${bus === "usb" ? "" : ` ${place}`} ${file}`);
    }
  }
  const adapters = child(hardware, "Network")?.children ?? [];
  // What is not said of the first slot is a card.
  if (adapters[0]?.attributes.slot !== "0") throw new Error("nothing is said of the first card");
  const nics = adapters
    .filter((adapter) => adapter.attributes.enabled === "true")
    .map((adapter) => {
      const { type, MACAddress, cable } = adapter.attributes;
      const mac = MACAddress === undefined ? "-" : (MACAddress.toLowerCase().match(/../g) ?? []).join(":");
      return `${type} ${mac} ${cable === "true" ? "connected" : "not"}`;
    });
  const cpu = child(hardware, "CPU");
  const tree = child(cpu, "CpuTree");
  const description = child(machine, "Description");
  return {
    name: machine?.attributes.name ?? "",
    annotation: description === undefined ? null : lines(description.text),
    memoryBytes: Number(child(hardware, "Memory")?.attributes.RAMSize) * MIB,
    cpus: tree === undefined ? Number(cpu?.attributes.count) : tree.children.length,
    coresPerSocket: null,
    firmware: child(hardware, "Firmware")?.attributes.type?.startsWith("EFI") === true ? "efi" : "bios",
    drives: drives.sort(),
    nics,
  };
}
