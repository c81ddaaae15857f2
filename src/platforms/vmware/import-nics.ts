import type { Nic } from "../../appliance/appliance.js";
import { blankNic } from "../../appliance/blank.js";
import { macFromText } from "../names-of-devices.js";
import { badValue, modelByDefault, type VmxScope } from "./import-scope.js";
import { presentDevices, type VmxView } from "./view.js";

/** `connectionType` of hosted products: `pvn` is a LAN segment, `custom` a virtual network by its name. */
const KINDS: ReadonlyMap<string, Nic["kind"]> = new Map([
  ["nat", "nat"],
  ["bridged", "bridged"],
  ["hostonly", "hostonly"],
  ["custom", "network"],
  ["pvn", "internal"],
]);

/** Network cards that are present. */
export function readNics(scope: VmxScope): void {
  const { view, reading } = scope;
  const { nics } = reading.machine;
  for (const name of presentDevices(view, /^(ethernet[0-9]{1,2})\.present$/)) {
    const network = networkOf(view, name);
    reading.origin(`nics/${nics.length}`, scope.at(`${name}.present`));
    nics.push(
      blankNic({
        network: network === null ? null : reading.network(network),
        kind: kindOf(scope, name, network),
        model: modelOf(scope, name),
        mac: macOf(scope, name),
        connected: view.flag(`${name}.startConnected`) !== false,
      }),
    );
  }
}

/** Port group, virtual network, or the port group of a distributed or opaque switch, which has but an id here. */
function networkOf(view: VmxView, name: string): string | null {
  return (
    view.text(`${name}.networkName`) ??
    view.text(`${name}.vnet`)?.replace(/^\/dev\//, "") ??
    view.text(`${name}.dvs.portgroupId`) ??
    view.text(`${name}.opaqueNetwork.id`)
  );
}

function kindOf(scope: VmxScope, name: string, network: string | null): Nic["kind"] {
  const word = scope.view.text(`${name}.connectionType`);
  // Without a word a card is in the port group that is named, and bridged to the host's network where none is.
  if (word === null) return network === null ? "bridged" : "network";
  const kind = KINDS.get(word.toLowerCase());
  if (kind === undefined) badValue(scope, `${name}.connectionType`, "nothing");
  return kind ?? null;
}

/** The card's model. Without a word it is AMD's (`vlance`), which guests of 64 bits have no driver for: Intel's there (VMware article 1001805). */
function modelOf(scope: VmxScope, name: string): string {
  const model = scope.view.text(`${name}.virtualDev`)?.toLowerCase() ?? null;
  if (model === null) return modelByDefault(scope, name, scope.wide ? "e1000" : "vlance");
  // The second model of this name has more features and no word of its own.
  return model === "vmxnet" && scope.view.number(`${name}.features`) === 15 ? "vmxnet2" : model;
}

function macOf(scope: VmxScope, name: string): string | null {
  const { view } = scope;
  const own = view.text(`${name}.address`);
  const generated = view.text(`${name}.generatedAddress`);
  const fixed = view.text(`${name}.addressType`)?.toLowerCase() === "static";
  const text = fixed ? (own ?? generated) : (generated ?? own);
  const mac = macFromText(text);
  if (text !== null && mac === null) {
    badValue(scope, text === own ? `${name}.address` : `${name}.generatedAddress`, "a new address");
  }
  return mac;
}
