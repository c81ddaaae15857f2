import type { Nic } from "../../appliance/appliance.js";
import { blankNic } from "../../appliance/blank.js";
import type { XmlElement } from "../../xml/tree.js";
import { macFromText } from "../names-of-devices.js";
import type { DomainReading } from "./import-scope.js";
import { attr, child, children, flagFrom, numberFrom } from "./view.js";

/** Parts of an `<interface>` that are read, or that say what the host calls the card. */
const KNOWN = /^(?:mac|source|model|target|link|boot|vlan|address|alias|driver|script)$/;

/** Where each type of interface leads; what is not here is said to be lost. */
const KINDS: Readonly<Record<string, Nic["kind"]>> = {
  network: "network",
  bridge: "bridged",
  direct: "bridged",
  user: "nat",
  server: "internal",
  client: "internal",
  mcast: "internal",
  udp: "internal",
  internal: "internal",
};

/** Types that say all that there is to say by their kind and network. */
const PLAIN = new Set(["network", "bridge", "user"]);

/** Network cards in the order of the domain. */
export function readNics(reading: DomainReading): void {
  const { domain, machine, left } = reading;
  for (const [index, element] of children(child(domain, "devices"), "interface").entries()) {
    const type = attr(element, "type") ?? "";
    const source = child(element, "source");
    const network = attr(source, type === "direct" ? "dev" : type === "bridge" ? "bridge" : "network");
    const mac = attr(child(element, "mac"), "address");
    const address = macFromText(mac);
    if (mac !== null && address === null) reading.strange(element, `${mac} is no hardware address`);
    reading.origin(`nics/${index}`, element.location);
    machine.nics.push(
      blankNic({
        network: network === null ? null : reading.network(network),
        kind: KINDS[type] ?? null,
        vlan: vlanOf(element, index, reading),
        model: attr(child(element, "model"), "type") ?? defaultModel(reading),
        mac: address,
        connected: attr(child(element, "link"), "state") !== "down",
        portProfile: attr(source, "portgroup"),
      }),
    );
    reading.boots({ element, device: "network", index });
    if (!PLAIN.has(type)) left(`interface ${type} (network card ${index})`, source?.markup);
    leaveRest(element, index, reading);
  }
}

/** The card that a domain gets without a word about it. Seen with libvirt 9.0 and its QEMU driver; xl.cfg(5), xl-network-configuration(5). */
function defaultModel({ emulated, x86, xen, paravirtual }: DomainReading): string | null {
  if (xen) return paravirtual ? "xen" : "rtl8139";
  return emulated && x86 ? "rtl8139" : null;
}

function vlanOf(element: XmlElement, index: number, { left }: DomainReading): number | null {
  const vlan = child(element, "vlan");
  const tags = children(vlan, "tag").flatMap((tag) => numberFrom(attr(tag, "id")) ?? []);
  const [tag] = tags;
  if (tags.length === 1 && tag !== undefined && tag >= 1 && tag <= 4094 && flagFrom(attr(vlan, "trunk")) !== true) {
    return tag;
  }
  if (vlan !== undefined) left(`vlan of network card ${index}`, vlan.markup);
  return null;
}

function leaveRest(element: XmlElement, index: number, { left }: DomainReading): void {
  for (const part of element.elements()) {
    const bare = part.attributes.length === 0 && [...part.elements()].length === 0;
    // Which way packets reach the card is the host's business; what the guest is offered less is not.
    const driver = part.name === "driver" && (part.attributes.some(({ name }) => name !== "name") || !isLeaf(part));
    const script = part.name === "script" && attr(part, "path") !== "vif-bridge";
    if (driver || script || (!KNOWN.test(part.name) && !bare))
      left(`${part.name} of network card ${index}`, part.markup);
  }
}

function isLeaf(element: XmlElement): boolean {
  return [...element.elements()].length === 0;
}
