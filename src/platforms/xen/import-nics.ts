import { blankNic } from "../../appliance/blank.js";
import { printable } from "../../base/text.js";
import { macFromText } from "../names-of-devices.js";
import type { XlReading } from "./import-scope.js";

/** Network cards that are read. */
const MOST_NICS = 1024;

/** Keywords that are read, or that are how the host goes about it. */
const KNOWN = /^(?:mac|bridge|model|type|script|vifname|devid|backend|vlan|accel)$/;

/** Network cards. Source: xl-network-configuration(5). */
export function readNics(reading: XlReading): void {
  const { view, machine, type, left } = reading;
  const location = view.place("vif");
  for (const [index, text] of view.list("vif", MOST_NICS).entries()) {
    const words = new Map(
      text.split(",").flatMap((part) => {
        const equals = part.indexOf("=");
        const key = part.slice(0, Math.max(0, equals)).trim();
        return /^[a-z0-9_-]+$/.test(key) ? [[key, part.slice(equals + 1).trim()] as const] : [];
      }),
    );
    const said = words.get("mac") ?? null;
    const mac = macFromText(said);
    if (said !== null && mac === null) {
      reading.report({
        code: "config/strange-value",
        severity: "warning",
        message: `${printable(said.slice(0, 40))} is no hardware address`,
        hint: "The card gets another one.",
        ...(location === undefined ? {} : { location }),
      });
    }
    const script = (words.get("script") ?? "vif-bridge").replace(/^.*\//, "");
    const routed = /^vif-(?:route|nat)/.test(script);
    // Switches of Open vSwitch have the VLAN behind their name: `ovsbr0.42`.
    const [, ovs, tag] =
      (script === "vif-openvswitch" && /^([^.:]+)\.([0-9]{1,4})$/.exec(words.get("bridge") ?? "")) || [];
    const vlan = Number(/^([0-9]{1,4})p?$/.exec(words.get("vlan") ?? tag ?? "")?.[1] ?? 0);
    const bridge = ovs ?? words.get("bridge") ?? "xenbr0";
    reading.origin(`nics/${index}`, location);
    machine.nics.push(
      blankNic({
        network: routed ? null : reading.network(bridge),
        kind: routed ? (script.startsWith("vif-nat") ? "nat" : null) : "bridged",
        vlan: vlan >= 1 && vlan <= 4094 ? vlan : null,
        // Beside the emulated card the guest finds Xen's own; it alone is there where the type says so.
        model: type === "hvm" && words.get("type") !== "vif" ? (words.get("model") ?? "rtl8139") : "xen",
        mac,
      }),
    );
    if (!/^vif-(?:bridge|nat|openvswitch)$/.test(script)) left(`script of network card ${index}`, script);
    if (words.has("vlan") && vlan === 0) left(`vlan of network card ${index}`, words.get("vlan"));
    for (const [key, value] of words) if (!KNOWN.test(key)) left(`${key} of network card ${index}`, value);
  }
}
