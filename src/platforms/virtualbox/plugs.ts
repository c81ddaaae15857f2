/** Networks by names that say how VirtualBox plugs a card into them: `nat`, `bridged:eth0`. */
import { el, type XmlNode } from "../../xml/build.js";

/** How a card is plugged in. */
export interface Plug {
  readonly mode: PlugMode;
  /** Of the network or the host's interface; `null`: the mode has none. */
  readonly name: string | null;
}

/** `nat`: a NAT of the card's own. `natnetwork`: one that several machines share. */
export type PlugMode = "nat" | "natnetwork" | "bridged" | "hostonly" | "intnet";

const ELEMENTS: Readonly<Record<Exclude<PlugMode, "nat">, string>> = {
  natnetwork: "NATNetwork",
  bridged: "BridgedInterface",
  hostonly: "HostOnlyInterface",
  intnet: "InternalNetwork",
};

/** The plug that a network's name says; `null`: it says none. */
export function plugOf(network: string): Plug | null {
  if (network === "nat") return { mode: "nat", name: null };
  const at = network.indexOf(":");
  const mode = network.slice(0, Math.max(at, 0));
  const name = network.slice(at + 1);
  if (!Object.hasOwn(ELEMENTS, mode) || name.trim() === "") return null;
  return { mode: mode as keyof typeof ELEMENTS, name };
}

/** The name that says a plug. */
export function plugName({ mode, name }: Plug): string {
  return name === null ? mode : `${mode}:${name}`;
}

/** A plug in a machine's settings. */
export function plugElement({ mode, name }: Plug): XmlNode {
  return mode === "nat" ? el("NAT") : el(ELEMENTS[mode], { name: name ?? "" });
}
