/** What a machine is connected to: networks, and the far ends of serial ports. */
import type { Machine, Nic, SerialPort } from "../../appliance/appliance.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { el, type XmlNode } from "../../xml/build.js";
import { loss } from "../losses.js";
import type { Scope } from "./export-storage.js";
import { plugElement, plugOf } from "./plugs.js";
import { SERIAL_PLACES } from "./words.js";

/**
 * The network cards of a machine, each plugged into what the source says, as far as a host is going to have it.
 * @param scope `cards` is `own`: their networks are called in the words of `plugOf`, as the host has them
 */
export function networkElement(
  machine: Machine,
  { cards, address, notes }: Pick<Scope, "cards" | "address" | "notes">,
): XmlNode {
  const own = machine.hardwareTypes.some((type) => /^virtualbox/i.test(type));
  // A machine of which nothing is said has one card.
  if (machine.nics.length === 0) return el("Network", {}, el("Adapter", { slot: 0, enabled: false }));
  return el(
    "Network",
    {},
    ...machine.nics.map((nic, slot) =>
      el(
        "Adapter",
        {
          slot,
          enabled: true,
          MACAddress: nic.mac?.replaceAll(":", "").toUpperCase() ?? address(slot),
          cable: nic.connected,
          type: nic.model,
        },
        (cards === "own" ? plugged(nic) : null) ?? modeElement(machine, nic, slot, own, notes),
      ),
    ),
  );
}

function plugged({ network }: Nic): XmlNode | null {
  const plug = network === null ? null : plugOf(network);
  return plug === null ? null : plugElement(plug);
}

/** The names of networks in packages of VirtualBox, which say how a card is plugged in and nothing else. */
const NAMED_KINDS: Readonly<Record<string, Nic["kind"]>> = {
  nat: "nat",
  bridged: "bridged",
  hostonly: "hostonly",
  internal: "internal",
};

function modeElement(machine: Machine, nic: Nic, slot: number, own: boolean, notes: Diagnostic[]): XmlNode | null {
  const { network } = nic;
  const word = network?.toLowerCase().replace(/[^a-z]/g, "") ?? "";
  const said = nic.kind ?? (Object.hasOwn(NAMED_KINDS, word) ? (NAMED_KINDS[word] ?? null) : null);
  // A name that says the kind is no name.
  const name = network !== null && word !== said ? network : null;
  const data = { machine: machine.id, nic: slot, kind: nic.kind, network };
  if (network !== null && name === null && (said === "nat" || said === "internal")) {
    notes.push(
      loss(
        "info",
        "virtualbox/network-chosen",
        `${machine.name}: network card ${slot} is connected as the name of its network says: ${network}`,
        { data },
      ),
    );
  }
  switch (said) {
    case "bridged":
    case "hostonly": {
      if (!own || name === null) {
        const option = said === "bridged" ? "bridge-adapter" : "host-only-adapter";
        notes.push(
          loss(
            "warning",
            "virtualbox/interface-to-choose",
            `${machine.name}: network card ${slot} is plugged into an interface of the host${name === null ? "; which one is not said" : ` called ${JSON.stringify(name)}`}`,
            {
              data,
              hint: `It starts where the host has it: VBoxManage modifyvm NAME --${option}${slot + 1}=INTERFACE.`,
            },
          ),
        );
      }
      return said === "bridged"
        ? el("BridgedInterface", { name: name ?? "" })
        : el("HostOnlyInterface", { name: name ?? "vboxnet0" });
    }
    case "internal":
      return el("InternalNetwork", { name: name ?? "intnet" });
    case "nat":
      if (own && name !== null) return el("NATNetwork", { name });
      if (name !== null) notes.push(chosen(machine, slot, name, data));
      return el("NAT");
    default:
      // Plugged into nothing is no mode at all.
      if (network === null && nic.kind === null && !nic.connected) return null;
      notes.push(chosen(machine, slot, name, data));
      return el("NAT");
  }
}

function chosen(machine: Machine, slot: number, name: string | null, data: Diagnostic["data"]): Diagnostic {
  return loss(
    "warning",
    "virtualbox/network-chosen",
    `${machine.name}: network card ${slot} is connected by NAT: its network ${name === null ? "has no name" : `is called ${JSON.stringify(name)}`}`,
    {
      ...(data === undefined ? {} : { data }),
      hint: `Choose another one: VBoxManage modifyvm NAME --nic${slot + 1}=bridged --bridge-adapter${slot + 1}=INTERFACE.`,
    },
  );
}

/** `hostMode` of a port, and what it is in the model. */
const MODES: Readonly<Record<NonNullable<SerialPort["backing"]>, string | null>> = {
  pipe: "HostPipe",
  file: "RawFile",
  device: "HostDevice",
  network: "TCP",
  // VirtualBox makes no terminal of the host.
  pty: null,
};

/** The serial ports of a machine. What they write to on the host is told, as the source chose it. */
export function serialElement(machine: Machine, notes: Diagnostic[]): XmlNode | null {
  const ports = machine.serialPorts.flatMap((port) => {
    const { index, backing } = port;
    const place = SERIAL_PLACES[index];
    const data = { machine: machine.id, port: index, backing, target: port.target };
    if (place === undefined) {
      notes.push(
        loss(
          "warning",
          "virtualbox/serial-dropped",
          `${machine.name}: serial port ${index} is left out: VirtualBox has four`,
          { data },
        ),
      );
      return [];
    }
    const end = backing === null ? null : farEnd(port);
    if (backing !== null && end === null) {
      notes.push(
        loss(
          "info",
          "virtualbox/serial-unplugged",
          `${machine.name}: serial port ${index} is connected to nothing: VirtualBox cannot have its ${backing}`,
          {
            data,
            hint: `VBoxManage modifyvm NAME --uart-mode${index + 1}=server PATH makes a pipe.`,
          },
        ),
      );
    } else if (end !== null) {
      notes.push(
        loss(
          "warning",
          "virtualbox/serial-on-host",
          `${machine.name}: serial port ${index} is connected to the ${backing} ${JSON.stringify(end.path)} of the host, as the source says`,
          {
            data,
            hint: "Look at it before the machine starts: what the guest writes goes there.",
          },
        ),
      );
    }
    return [
      el("Port", {
        slot: index,
        enabled: true,
        IOBase: place.base,
        IRQ: place.irq,
        hostMode: end?.mode ?? "Disconnected",
        path: end?.path ?? null,
        server: end === null ? null : end.server,
      }),
    ];
  });
  return ports.length === 0 ? null : el("UART", {}, ...ports);
}

function farEnd({ backing, target }: SerialPort): { mode: string; path: string; server: boolean } | null {
  const mode = backing === null ? null : MODES[backing];
  if (mode === null || target === null || target === "") return null;
  if (backing === "network") {
    // A port alone waits to be called; an address is called.
    if (/^[0-9]{1,5}$/.test(target)) return { mode, path: target, server: true };
    return /^[A-Za-z0-9.:[\]_-]+:[0-9]{1,5}$/.test(target) ? { mode, path: target, server: false } : null;
  }
  return { mode, path: target, server: backing === "pipe" };
}
