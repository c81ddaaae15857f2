/** Devices that reach out of the machine: to files, pipes and folders of the host, to its devices, to the network. */
import type { OvfItem } from "../../ovf/views/items.js";
import type { XmlElement } from "../../xml/tree.js";
import { type AuditCheck, type AuditFacts, type Found, shown } from "./check.js";
import { extraSettings, isClosed } from "./settings.js";

/** Resource types of CIM_ResourceAllocationSettingData. */
const SERIAL = 21;
const PARALLEL = 22;

function* itemsWhere({ contents }: AuditFacts, what: (item: OvfItem) => string | null): Iterable<Found> {
  for (const content of contents) {
    for (const hardware of content.hardware) {
      for (const item of hardware.items) {
        const message = what(item);
        if (message !== null)
          yield {
            message: `${shown(content.id)}: ${message}`,
            location: item.element.location,
            data: { machine: content.id },
          };
      }
    }
  }
}

/** Elements of VirtualBox's own settings by their path; names are local, since they take over any default namespace. */
function* ofVirtualBox(
  { contents }: AuditFacts,
  path: readonly string[],
  what: (element: XmlElement) => string | null,
): Iterable<Found> {
  for (const content of contents) {
    const machine = content.virtualBoxMachine;
    if (machine === undefined) continue;
    for (const element of below(machine, path)) {
      const message = what(element);
      if (message !== null)
        yield {
          message: `${shown(content.id)}: ${message}`,
          location: element.location,
          data: { machine: content.id },
        };
    }
  }
}

function* below(element: XmlElement, [name, ...rest]: readonly string[]): Iterable<XmlElement> {
  if (name === undefined) {
    yield element;
    return;
  }
  for (const child of element.elements(undefined, name)) yield* below(child, rest);
}

const ADAPTER = ["Hardware", "Network", "Adapter"];

/**
 * Devices that options past the standard add, each once.
 * @param pattern the device is its first group
 */
function* optionsFor(facts: AuditFacts, pattern: RegExp, what: string): Iterable<Found> {
  const seen = new Set<string>();
  for (const setting of extraSettings(facts)) {
    const device = pattern.exec(setting.key)?.[1]?.toLowerCase();
    const { machine, location } = setting;
    const id = `${machine} ${device}`;
    if (device === undefined || seen.has(id) || isClosed(setting)) continue;
    seen.add(id);
    yield { message: `${shown(machine)}: ${what} by the option ${shown(setting.key)}`, location, data: { machine } };
  }
}

const isOn = (element: XmlElement): boolean => element.attribute("", "enabled") === "true";

/** What a port of VirtualBox is connected to. */
function portOf(element: XmlElement, kind: string): string | null {
  if (!isOn(element)) return null;
  const mode = element.attribute("", "hostMode") ?? "nothing";
  const path = element.attribute("", "path");
  return `a ${kind} connected to ${mode}${path === undefined || path === "" ? "" : ` ${shown(path)}`}`;
}

/** Sub types of an item: one that is written twice must not hide the second, whichever an importer takes. */
function subTypesOf(item: OvfItem): readonly string[] {
  return item.properties("ResourceSubType").flatMap((text) => text.split(/[\s,]+/).filter((word) => word !== ""));
}

/** What an item is connected to, by the words of its subtype and of its host resource. */
function backingOf(item: OvfItem): string {
  const words = [...subTypesOf(item), ...item.hostResources].filter((word) => word !== "");
  return words.length === 0 ? "" : ` (${words.map(shown).join(", ")})`;
}

export const deviceChecks: readonly AuditCheck[] = [
  {
    code: "audit/serial-port",
    severity: "info",
    hint: "A port may be a file, a pipe or a network socket of the host. Take it out if the guest does not need it.",
    *check(facts) {
      yield* itemsWhere(facts, (item) => (item.resourceType === SERIAL ? `a serial port${backingOf(item)}` : null));
      yield* ofVirtualBox(facts, ["Hardware", "UART", "Port"], (port) => portOf(port, "serial port"));
      yield* optionsFor(facts, /^(serial\d+)\./i, "a serial port");
    },
  },
  {
    code: "audit/parallel-port",
    severity: "info",
    hint: "A port may be a file or a device of the host. Take it out if the guest does not need it.",
    *check(facts) {
      yield* itemsWhere(facts, (item) => (item.resourceType === PARALLEL ? `a parallel port${backingOf(item)}` : null));
      yield* ofVirtualBox(facts, ["Hardware", "LPT", "Port"], (port) => portOf(port, "parallel port"));
      yield* optionsFor(facts, /^(parallel\d+)\./i, "a parallel port");
    },
  },
  {
    code: "audit/shared-folder",
    severity: "warning",
    hint: "The guest reads, and perhaps writes, this folder of the host. Take it out.",
    *check(facts) {
      yield* ofVirtualBox(facts, ["Hardware", "SharedFolders", "SharedFolder"], (folder) => {
        const writable = folder.attribute("", "writable") === "true" ? ", writable" : "";
        return `the folder ${shown(folder.attribute("", "hostPath") ?? "")} of the host is shared${writable}`;
      });
      yield* optionsFor(facts, /^(sharedfolder\d+)\./i, "a folder of the host is shared");
    },
  },
  {
    code: "audit/usb-filter",
    severity: "warning",
    hint: "Devices that fit are taken away from the host and given to the guest. Take the filter out.",
    check: (facts) =>
      ofVirtualBox(facts, ["Hardware", "USB", "DeviceFilters", "DeviceFilter"], (filter) =>
        filter.attribute("", "active") === "false"
          ? null
          : `USB devices by the filter ${shown(filter.attribute("", "name") ?? "")} are given to the guest`,
      ),
  },
  {
    code: "audit/host-device",
    severity: "warning",
    hint: "The guest gets a device of the host itself. Take it out, or put another backing in its place.",
    *check(facts) {
      yield* optionsFor(facts, /^(pcipassthru\d+|usb\.autoconnect\.device\d+)/i, "a device of the host");
      yield* itemsWhere(facts, (item) => {
        // VMware's usual empty drive is left out: a disc of whoever has the console open, not a device of the host.
        const words = [...subTypesOf(item), item.otherResourceType ?? ""]
          .map((word) => word.toLowerCase())
          .filter((word) => word !== "vmware.cdrom.remotepassthrough")
          .join(" ");
        const host = item.hostResources.find((resource) => /^(?:\/dev\/|\\\\\.\\)/.test(resource));
        if (host !== undefined) return `the device ${shown(host)} of the host`;
        return /passthrough|pass-through|scsi.?generic|pci.?device/.test(words)
          ? `a device that is passed through (${shown(words.trim())})`
          : null;
      });
      yield* ofVirtualBox(
        facts,
        ["Hardware", "HostPci", "Devices", "Device"],
        (device) => `the PCI device ${shown(device.attribute("", "host") ?? "")} of the host`,
      );
      yield* ofVirtualBox(facts, ["StorageControllers", "StorageController", "AttachedDevice"], (device) =>
        device.attribute("", "passthrough") === "true" ? "a drive of the host that is passed through" : null,
      );
    },
  },
  {
    code: "audit/own-network",
    severity: "info",
    hint: "The guest is a neighbour of the host in its network, or is reached through the host's ports. Plug it into another network if it need not be.",
    *check(facts) {
      yield* ofVirtualBox(facts, ADAPTER, (adapter) =>
        isOn(adapter) && [...adapter.elements(undefined, "BridgedInterface")].length > 0
          ? "a network card bridged to the network of the host"
          : null,
      );
      yield* ofVirtualBox(facts, ADAPTER, (adapter) =>
        isOn(adapter) && /^allow/i.test(adapter.attribute("", "promiscuousModePolicy") ?? "")
          ? "a network card that may listen to the traffic of others"
          : null,
      );
      yield* ofVirtualBox(facts, [...ADAPTER, "NAT", "Forwarding"], (rule) => {
        const [host, guest] = [rule.attribute("", "hostport") ?? "", rule.attribute("", "guestport") ?? ""];
        return `the port ${shown(host)} of the host leads to the port ${shown(guest)} of the guest`;
      });
    },
  },
  {
    code: "audit/remote-display",
    severity: "warning",
    hint: "Whoever reaches the host on this port sees the screen and types. Switch it off.",
    *check(facts) {
      yield* ofVirtualBox(facts, ["Hardware", "RemoteDisplay"], (display) =>
        isOn(display) ? "the screen is offered over the network (VRDE)" : null,
      );
      yield* optionsFor(facts, /^(remotedisplay)\./i, "the screen is offered over the network (VNC)");
    },
  },
];
