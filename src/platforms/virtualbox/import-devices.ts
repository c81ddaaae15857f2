import { blankNic } from "../../appliance/blank.js";
import type { XmlElement } from "../../xml/tree.js";
import type { Reading } from "../reading.js";
import { serialPortsOf } from "../virtualbox-devices.js";
import { childNamed, type VirtualBoxAdapter } from "../virtualbox-hardware.js";
import type { SettingsView } from "../virtualbox-view.js";

/** Network cards that are switched on. */
export function readNics(hardware: XmlElement, adapters: readonly VirtualBoxAdapter[], reading: Reading): void {
  const { machine } = reading;
  const network = childNamed(hardware, "Network");
  const slots = [...(network?.elements(undefined, "Adapter") ?? [])].map((adapter) => adapter.attribute("", "slot"));
  // A machine whose first slot nothing is said of has a card there: seen with VirtualBox 7.2.
  if (!slots.includes("0")) {
    machine.nics.push(blankNic({ kind: "nat", model: "82540EM" }));
    reading.origin("nics/0", (network ?? hardware).location);
  }
  for (const { type, mac, connected, kind, network, driver, forwards, element } of adapters) {
    const index = machine.nics.length;
    reading.origin(`nics/${index}`, element.location);
    machine.nics.push(
      blankNic({
        kind,
        network: network === null ? null : reading.network(network),
        model: type,
        mac,
        // A card in no network at all is what a card without its cable is.
        connected: connected && (kind !== null || driver !== null),
      }),
    );
    if (driver !== null) reading.foreign("virtualbox", `network of card ${index} by driver ${driver}`, driver);
    for (const name of forwards.slice(0, 100)) {
      reading.foreign("virtualbox", `forwarded port ${name} of card ${index}`, "");
    }
  }
}

/** Parallel ports that are looked at: VirtualBox has two. */
const MOST_PORTS = 64;

/** Serial ports that are switched on; parallel ones are foreign. */
export function readPorts(hardware: XmlElement, reading: Reading, view: SettingsView): void {
  for (const { waits, element, ...port } of serialPortsOf(hardware, view)) {
    reading.origin(`serialPorts/${reading.machine.serialPorts.length}`, element.location);
    reading.machine.serialPorts.push(port);
    // The model's pipes are made by who runs the machine, as the writers of all platforms make them.
    if (waits) reading.foreign("virtualbox", `that serial port ${port.index} waits for a pipe of others`, "");
  }
  for (const port of [...(childNamed(hardware, "LPT")?.elements(undefined, "Port") ?? [])].slice(0, MOST_PORTS)) {
    if (view.flag(port, "enabled", false) !== true) continue;
    reading.foreign("virtualbox", `parallel port ${view.text(port, "slot") ?? "0"}`, view.text(port, "path") ?? "");
  }
}

/** USB controllers; gives the id of the fastest one. Settings before 1.14 have one, with a switch for its second speed. */
export function readUsb(hardware: XmlElement, reading: Reading, view: SettingsView): string | null {
  const { machine } = reading;
  const models: string[] = [];
  const list = childNamed(hardware, "USB");
  const controllers = list === undefined ? undefined : childNamed(list, "Controllers");
  for (const controller of controllers?.elements(undefined, "Controller") ?? []) {
    models.push(view.text(controller, "type") ?? "OHCI");
  }
  const old = childNamed(hardware, "USBController");
  if (old !== undefined && view.flag(old, "enabled", false) === true) {
    models.push("OHCI");
    if (view.flag(old, "enabledEhci", false) === true) models.push("EHCI");
  }
  for (const model of models.slice(0, 16)) {
    const index = machine.controllers.filter(({ bus }) => bus === "usb").length;
    machine.controllers.push({ id: `usb${index}`, bus: "usb", model, index });
    reading.origin(`controllers/usb${index}`, (list ?? old)?.location);
  }
  const speeds = ["xhci", "ehci", "ohci"];
  const usb = machine.controllers.filter(({ bus }) => bus === "usb");
  for (const speed of speeds) {
    const found = usb.find(({ model }) => model?.toLowerCase() === speed);
    if (found !== undefined) return found.id;
  }
  return usb[0]?.id ?? null;
}
