import { blankNic } from "../../appliance/blank.js";
import { macFromText } from "../names-of-devices.js";
import type { Reading } from "../reading.js";
import type { PlaceOf } from "./import-drives.js";
import type { ConfView, Properties } from "./view.js";

/** Network cards that a machine may have. */
const MOST_NICS = 32;

/** Words for network chips: each may be a part's name, with the address as its value. */
const MODELS = [
  "e1000",
  "e1000-82540em",
  "e1000-82544gc",
  "e1000-82545em",
  "e1000e",
  "i82551",
  "i82557b",
  "i82559er",
  "ne2k_isa",
  "ne2k_pci",
  "pcnet",
  "rtl8139",
  "virtio",
  "vmxnet3",
] as const;

/** Network cards, with their indexes in the machine by the name that the boot order has for them. */
export function readNics(view: ConfView, reading: Reading, at: PlaceOf): ReadonlyMap<string, number> {
  const { machine } = reading;
  const indexes = new Map<string, number>();
  for (let number = 0; number < MOST_NICS; number++) {
    const name = `net${number}`;
    const properties = view.properties(name, "model");
    if (properties === null) continue;
    indexes.set(name, machine.nics.length);
    reading.origin(`nics/${machine.nics.length}`, at(name));
    const { model, mac } = chipOf(properties);
    const bridge = properties.text("bridge");
    const tag = properties.number("tag");
    machine.nics.push(
      blankNic({
        network: bridge === null ? null : reading.network(bridge),
        // Without a bridge QEMU itself translates addresses.
        kind: bridge === null ? "nat" : "bridged",
        vlan: tag !== null && tag >= 1 && tag <= 4094 ? tag : null,
        model,
        mac,
        connected: properties.flag("link_down") !== true,
      }),
    );
    const rest = properties.rest().filter(({ name: part, value }) => part !== "firewall" || value !== "0");
    if (rest.length === 0) continue;
    const names = rest.map(({ name: part }) => part).join(", ");
    reading.foreign("proxmox", `${name}: ${names}`, rest.map(({ name: part, value }) => `${part}=${value}`).join(","));
  }
  return indexes;
}

/** `virtio=BC:24:11:00:00:01`, or `model=virtio,macaddr=BC:24:11:00:00:01`; a model alone stands without a name. */
function chipOf(properties: Properties): { readonly model: string | null; readonly mac: string | null } {
  for (const model of MODELS) {
    const mac = properties.text(model);
    if (mac !== null) return { model, mac: macFromText(mac) };
  }
  return { model: properties.text("model"), mac: macFromText(properties.text("macaddr")) };
}
