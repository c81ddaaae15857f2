/** Edits of networks and network cards. */
import { FerryError } from "../../../base/errors.js";
import { plural } from "../../../base/text.js";
import type { OvfHardware } from "../../../ovf/views/hardware.js";
import type { OvfItem } from "../../../ovf/views/items.js";
import { wholeNumber } from "../../../ovf/views/node.js";
import { OvfNetwork } from "../../../ovf/views/parts.js";
import { OvfNetworkSection } from "../../../ovf/views/sections.js";
import { macFromText } from "../../names-of-devices.js";
import { nicWord } from "../export-words.js";
import { strictFlavour, vsphereFlavour } from "../flavours.js";
import type { NewNic } from "./edits.js";
import { addItem, isVmware, itemsOf } from "./items.js";
import {
  addChild,
  addToList,
  createSection,
  type EditSession,
  hardwareFor,
  labelOf,
  noTarget,
  notPossible,
  placeOfSection,
  systemsOf,
} from "./session.js";
import { addEmbeddedNic, removeEmbeddedNic } from "./virtualbox.js";

/** `--map-network OLD=NEW`: the network, and every card that is on it. One that is there already takes the cards over. */
export function mapNetworks(session: EditSession): void {
  const { document } = session;
  for (const [from, to] of session.edits.mapNetworks) {
    const items = systemsOf(document).flatMap(({ hardware }) => hardware.flatMap((section) => section.items));
    const cards = items.filter(({ connections }) => connections.includes(from));
    const network = document.networks.find(({ name }) => name === from);
    if (network === undefined && cards.length === 0) {
      const known = document.networks.flatMap(({ name }) => name ?? []);
      throw noTarget(`there is no network ${from}`, from, known);
    }
    for (const item of cards) {
      item.connections = item.connections.map((name) => (name === from ? to : name));
      for (const label of [item.elementName, item.caption, item.description]) rename(label, from, to);
    }
    if (document.networks.some(({ name }) => name === to)) network?.element.remove();
    else if (network !== undefined) {
      network.name = to;
      rename(network.description, from, to);
    } else addNetwork(session, to);
    session.changes.push({
      edit: "map-network",
      subject: from,
      detail: `${from} -> ${to}, ${plural(cards.length, "card")}`,
    });
  }
}

/** Labels quote a network (`E1000 ethernet adapter on "LAN"`, `The LAN network`): they go on saying what is so. */
function rename(label: OvfItem["elementName"], from: string, to: string): void {
  if (label === null || label.messageId !== null) return;
  for (const [open, close] of [
    ['"', '"'],
    ["'", "'"],
    ["The ", " network"],
  ] as const) {
    const text = label.text;
    const at = text.indexOf(`${open}${from}${close}`);
    if (at < 0) continue;
    label.text = text.slice(0, at + open.length) + to + text.slice(at + open.length + from.length);
    return;
  }
}

/** `--add-nic`. */
export function addNics(session: EditSession): void {
  for (const wanted of session.edits.addNics) {
    const { machine, hardware } = hardwareFor(session);
    const cards = itemsOf(hardware, "nic");
    if (!session.document.networks.some(({ name }) => name === wanted.network)) addNetwork(session, wanted.network);
    const model = wanted.model ?? cards.at(-1)?.resourceSubTypes[0] ?? null;
    const mac = wanted.mac === null ? null : macFromText(wanted.mac);
    addEmbeddedNic(machine, { network: wanted.network, model: wanted.model, mac });
    addItem(session, hardware, nicItem(session, hardware, wanted, model));
    session.changes.push({
      edit: "add-nic",
      subject: labelOf(machine),
      detail: `card ${cards.length + 1} on ${wanted.network}${model === null ? "" : `, ${model}`}`,
    });
  }
}

function nicItem(
  session: EditSession,
  hardware: OvfHardware,
  { network, model: wished, mac }: NewNic,
  model: string | null,
): Parameters<typeof addItem>[2] {
  const cards = itemsOf(hardware, "nic");
  const address = mac === null ? null : macFromText(mac);
  if (mac !== null && address === null) {
    throw new FerryError("edit/bad-value", `${JSON.stringify(mac)} is no address of a network card`, {
      hint: "Write six bytes, as in 00:50:56:01:02:03.",
    });
  }
  const slots = cards.flatMap(({ addressOnParent }) => addressOnParent ?? []);
  // Where each card has a place of its own, so has the new one.
  const slot = cards.length > 0 && slots.length === cards.length ? Math.max(...slots) + 1 : null;
  const vmware = isVmware(session, hardware);
  const number = cards.length + 1;
  return {
    label: `Network adapter ${number}`,
    Address: address,
    AddressOnParent: slot === null ? null : String(slot),
    AutomaticAllocation: "true",
    Connection: network,
    Description: `${model ?? "Network"} adapter on ${JSON.stringify(network)}`,
    ResourceSubType: wished === null ? model : nicWord(wished, vmware ? vsphereFlavour : strictFlavour),
    ResourceType: "10",
  };
}

/** A network with a section around it where there is none. */
function addNetwork(session: EditSession, name: string): void {
  const { document } = session;
  const { root } = document.xml;
  const section =
    document.envelope.sectionOf(OvfNetworkSection)?.element ??
    createSection(
      session,
      root,
      OvfNetworkSection.sectionName,
      "Logical networks of the package",
      placeOfSection(session, root),
    );
  const network = new OvfNetwork(addToList(session, section, "Network").element, document.scope);
  network.name = name;
  addChild(session, network.element, "Description").element.text = `The ${name} network`;
  session.changes.push({ edit: "add-nic", subject: name, detail: "network added" });
}

/** `--remove-nic N`: with what deployment options say of it. Its network stays. */
export function removeNics(session: EditSession): void {
  const { removeNics: numbers } = session.edits;
  if (numbers.length === 0) return;
  const { machine, hardware } = hardwareFor(session);
  const cards = itemsOf(hardware, "nic");
  // Variants of one card in deployment options share its id, and are one card.
  const ids = [...new Set(cards.map((card) => card.instanceId ?? `#${card.element.id}`))];
  let left = ids.length;
  // From the last on, so that places of the others stay what they are.
  for (const number of [...new Set(numbers)].sort((a, b) => b - a)) {
    const id = ids[number - 1];
    if (id === undefined) {
      throw noTarget(
        `${labelOf(machine)} has no network card ${number}`,
        String(number),
        ids.map((_, i) => String(i + 1)),
      );
    }
    const gone = hardware.items.filter((item) => (item.instanceId ?? `#${item.element.id}`) === id);
    const networks = [...new Set(gone.flatMap(({ connections }) => connections))];
    const needed = hardware.items.find((item) => item.parent === id && !gone.includes(item));
    if (needed !== undefined) throw notPossible(`something hangs on network card ${number}`, "Remove that first.");
    removeEmbeddedNic(machine, number - 1, left--);
    for (const item of gone) item.element.remove();
    session.changes.push({
      edit: "remove-nic",
      subject: labelOf(machine),
      detail: `card ${number} on ${networks.join(", ") || "no network"}`,
    });
  }
}

/** A number of a network card. */
export function isNicNumber(text: string): boolean {
  return (wholeNumber(text) ?? 0) >= 1;
}
