import type { BootDevice } from "../../appliance/appliance.js";
import type { Firmware } from "../../base/ids.js";
import type { XmlElement } from "../../xml/tree.js";
import { macFromText } from "../names-of-devices.js";

/** A network card in VirtualBox's own settings. */
export interface VirtualBoxAdapter {
  /** `82540EM`, `Am79C973`, `virtio`. */
  readonly type: string;
  readonly mac: string | null;
  readonly connected: boolean;
  readonly element: XmlElement;
}

/** What only `vbox:Machine` says. */
export interface VirtualBoxMachine {
  readonly firmware: Firmware;
  readonly firmwareElement: XmlElement;
  /** The cards that are switched on, by slot. */
  readonly adapters: readonly VirtualBoxAdapter[];
  readonly boot: readonly BootDevice[];
}

const BOOT: ReadonlyMap<string, BootDevice["device"]> = new Map<string, BootDevice["device"]>(
  Object.entries({
    HardDisk: "disk",
    DVD: "cdrom",
    Network: "network",
    Floppy: "floppy",
  }),
);

/**
 * VirtualBox's settings of a machine, which every export of it brings along. Its elements are found by local name: they take over
 * whatever default namespace the envelope has. `null` where the hardware is missing.
 */
export function readVirtualBoxMachine(machine: XmlElement): VirtualBoxMachine | null {
  const hardware = childNamed(machine, "Hardware");
  if (hardware === undefined) return null;
  const firmware = childNamed(hardware, "Firmware");
  // Settings leave out what is the default, and the default firmware is the BIOS.
  const type = firmware?.attribute("", "type")?.toUpperCase() ?? "BIOS";
  return {
    firmware: type.startsWith("EFI") ? "efi" : "bios",
    firmwareElement: firmware ?? hardware,
    adapters: adaptersOf(hardware),
    boot: bootOf(hardware),
  };
}

function adaptersOf(hardware: XmlElement): VirtualBoxAdapter[] {
  const network = childNamed(hardware, "Network");
  if (network === undefined) return [];
  const adapters: (VirtualBoxAdapter & { readonly slot: number })[] = [];
  for (const element of network.elements(undefined, "Adapter")) {
    if (element.attribute("", "enabled") !== "true") continue;
    adapters.push({
      // The card of settings that name none; newer machines are made with another, and then name it.
      type: element.attribute("", "type") ?? "Am79C973",
      mac: macFromText(element.attribute("", "MACAddress") ?? null),
      connected: element.attribute("", "cable") !== "false",
      element,
      slot: Number(element.attribute("", "slot") ?? 0),
    });
  }
  return adapters.sort((a, b) => a.slot - b.slot);
}

function bootOf(hardware: XmlElement): BootDevice[] {
  const boot = childNamed(hardware, "Boot");
  if (boot === undefined) return [];
  const order = [...boot.elements(undefined, "Order")].map((element) => ({
    position: Number(element.attribute("", "position") ?? 0),
    device: BOOT.get(element.attribute("", "device") ?? ""),
  }));
  order.sort((a, b) => a.position - b.position);
  return order.flatMap(({ device }) => (device === undefined ? [] : [{ device, index: null }]));
}

function childNamed(element: XmlElement, name: string): XmlElement | undefined {
  for (const child of element.elements(undefined, name)) return child;
  return undefined;
}
