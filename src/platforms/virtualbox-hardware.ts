/** What VirtualBox's settings say of a machine's hardware: in a `.vbox` file, and in the `vbox:Machine` of its packages. */
import type { BootDevice, Nic } from "../appliance/appliance.js";
import { FerryError } from "../base/errors.js";
import type { Firmware } from "../base/ids.js";
import type { XmlElement } from "../xml/tree.js";
import { macFromText } from "./names-of-devices.js";

/** A network card in VirtualBox's own settings. */
export interface VirtualBoxAdapter {
  /** From 0. */
  readonly slot: number;
  /** `82540EM`, `Am79C973`, `virtio`. */
  readonly type: string;
  readonly mac: string | null;
  readonly connected: boolean;
  /** What it is plugged into; `null`: nothing, or what has no name in the model. */
  readonly kind: Nic["kind"];
  /** The host's interface, or the network that has a name in VirtualBox. */
  readonly network: string | null;
  /** Driver of a generic network: `UDPTunnel`. */
  readonly driver: string | null;
  /** Rules that forward ports of the host by NAT. */
  readonly forwards: readonly string[];
  readonly element: XmlElement;
}

/** What only `vbox:Machine` says of a package's machine, and every `.vbox` file of its own. */
export interface VirtualBoxMachine {
  readonly firmware: Firmware;
  /** As the settings have it, in capitals; `null`: left out. */
  readonly firmwareType: string | null;
  readonly firmwareElement: XmlElement;
  /** The cards that are switched on, by slot. */
  readonly adapters: readonly VirtualBoxAdapter[];
  /** `null`: the settings leave it out. */
  readonly bootOrder: readonly BootDevice[] | null;
}

/** Words of `<Order device="...">`. */
export const VIRTUALBOX_BOOT: ReadonlyMap<string, BootDevice["device"]> = new Map<string, BootDevice["device"]>([
  ["HardDisk", "disk"],
  ["DVD", "cdrom"],
  ["Network", "network"],
  ["Floppy", "floppy"],
]);

/** Network cards that are read: VirtualBox has 8, and 36 with an ICH9. */
const MOST_ADAPTERS = 1024;

/** How an adapter is plugged in, by element; the network's name is in an attribute. */
const MODES: ReadonlyMap<string, { readonly kind: Nic["kind"]; readonly name: string }> = new Map([
  // NAT of the machine's own has no name. An attribute `network` is the range of its addresses.
  ["NAT", { kind: "nat", name: "" }],
  ["BridgedInterface", { kind: "bridged", name: "name" }],
  // Settings before 1.10 call it so.
  ["HostInterface", { kind: "bridged", name: "name" }],
  ["HostOnlyInterface", { kind: "hostonly", name: "name" }],
  ["HostOnlyNetwork", { kind: "hostonly", name: "name" }],
  ["InternalNetwork", { kind: "internal", name: "name" }],
  ["NATNetwork", { kind: "nat", name: "name" }],
  ["GenericInterface", { kind: null, name: "" }],
  ["CloudNetwork", { kind: null, name: "" }],
]);

/**
 * VirtualBox's settings of a machine. Its elements are found by local name: in a package they take over whatever default namespace the
 * envelope has, and files have had two. `null` where the hardware is missing.
 * @throws `config/unreadable` for more than 1024 network cards
 */
export function readVirtualBoxMachine(machine: XmlElement): VirtualBoxMachine | null {
  const hardware = childNamed(machine, "Hardware");
  if (hardware === undefined) return null;
  const firmware = childNamed(hardware, "Firmware");
  const type = firmware?.attribute("", "type")?.toUpperCase() ?? null;
  return {
    // Settings leave out what is the default, and the default firmware is the BIOS.
    firmware: type?.startsWith("EFI") === true ? "efi" : "bios",
    firmwareType: type,
    firmwareElement: firmware ?? hardware,
    adapters: adaptersOf(hardware),
    bootOrder: bootOf(hardware),
  };
}

function adaptersOf(hardware: XmlElement): VirtualBoxAdapter[] {
  const network = childNamed(hardware, "Network");
  if (network === undefined) return [];
  const adapters: VirtualBoxAdapter[] = [];
  for (const element of network.elements(undefined, "Adapter")) {
    if (element.attribute("", "enabled") !== "true") continue;
    if (adapters.length === MOST_ADAPTERS) {
      throw new FerryError("config/unreadable", `the machine has more than ${MOST_ADAPTERS} network cards`, {
        location: element.location,
        hint: "Look at where the file comes from: VirtualBox gives a machine up to 36.",
      });
    }
    adapters.push({
      slot: Number(element.attribute("", "slot") ?? 0),
      // The card of settings that name none; newer machines are made with another, and then name it.
      type: element.attribute("", "type") ?? "Am79C973",
      mac: macFromText(element.attribute("", "MACAddress") ?? null),
      connected: element.attribute("", "cable") !== "false",
      ...modeOf(element),
      element,
    });
  }
  return adapters.sort((a, b) => a.slot - b.slot);
}

/** What an adapter is plugged into. Modes that it had before stand one element deeper. */
function modeOf(adapter: XmlElement): Pick<VirtualBoxAdapter, "kind" | "network" | "driver" | "forwards"> {
  for (const element of adapter.elements()) {
    const mode = MODES.get(element.name);
    if (mode === undefined) continue;
    const name = mode.name === "" ? null : (element.attribute("", mode.name) ?? "").trim();
    const forwards = [...element.elements(undefined, "Forwarding")].map((rule) => rule.attribute("", "name") ?? "");
    const driver =
      element.name === "GenericInterface"
        ? (element.attribute("", "driver") ?? "")
        : element.name === "CloudNetwork"
          ? element.name
          : null;
    return { kind: mode.kind, network: name || null, driver, forwards };
  }
  return { kind: null, network: null, driver: null, forwards: [] };
}

function bootOf(hardware: XmlElement): BootDevice[] | null {
  const boot = childNamed(hardware, "Boot");
  if (boot === undefined) return null;
  const order = [...boot.elements(undefined, "Order")].map((element) => ({
    position: Number(element.attribute("", "position") ?? 0),
    device: VIRTUALBOX_BOOT.get(element.attribute("", "device") ?? ""),
  }));
  order.sort((a, b) => a.position - b.position);
  const devices = new Set(order.flatMap(({ device }) => device ?? []));
  return [...devices].map((device) => ({ device, index: null }));
}

/** The first child element of a local name, in any namespace. */
export function childNamed(element: XmlElement, name: string): XmlElement | undefined {
  for (const child of element.elements(undefined, name)) return child;
  return undefined;
}
