import type { Diagnostic } from "../../base/diagnostics.js";
import type { Appliance, Machine } from "../appliance.js";
import { note } from "./note.js";

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the point
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffe\uffff]/g;
const LONE_SURROGATE = /\p{Cs}/gu;

/** Text that every configuration format can hold: no control characters but tab and line ends, no half characters. */
export function cleanText(text: string): string {
  return text.replace(CONTROL, "").replace(LONE_SURROGATE, "\ufffd");
}

/** Characters of a name: far more than any platform shows. */
const LONGEST_NAME = 1024;
/** Characters of a name that a note shows. */
const SHOWN = 200;

const shown = (name: string): string => JSON.stringify(name.length > SHOWN ? `${name.slice(0, SHOWN)}...` : name);

/** A name on one line, of 1024 characters at most. */
export function cleanName(text: string): string {
  return cleanText(text.slice(0, LONGEST_NAME)).replace(/\s+/g, " ").trim();
}

/** Gives every machine a name of its own that can be written anywhere; cleans annotations and the names of networks. */
export function fitTexts(appliance: Appliance): {
  readonly appliance: Appliance;
  readonly notes: readonly Diagnostic[];
} {
  const notes: Diagnostic[] = [];
  const names = new Set<string>();
  // Where the numbers of a name go on: thousands of machines may have one name.
  const next = new Map<string, number>();
  const machines = appliance.machines.map((machine): Machine => {
    const base = cleanName(machine.name) || cleanName(machine.id) || "machine";
    let name = base;
    let n = next.get(base) ?? 2;
    for (; names.has(name.toLowerCase()); n++) name = `${base}-${n}`;
    next.set(base, n);
    names.add(name.toLowerCase());
    if (name !== machine.name) {
      notes.push(
        note(appliance, "warning", "fit/name-changed", `machine ${shown(machine.name)} is called ${shown(name)}`, {
          data: { machine: machine.id, from: machine.name.slice(0, LONGEST_NAME), to: name },
          origin: `machines/${machine.id}/name`,
        }),
      );
    }
    const annotation = machine.annotation === null ? null : cleanText(machine.annotation);
    if (annotation !== machine.annotation) {
      notes.push(
        note(appliance, "warning", "fit/text-cleaned", `${name}: control characters are taken out of the annotation`, {
          data: { machine: machine.id },
          origin: `machines/${machine.id}/annotation`,
        }),
      );
    }
    const nics = machine.nics.map((nic) =>
      nic.network === null ? nic : { ...nic, network: cleanName(nic.network) || null },
    );
    return { ...machine, name, annotation, nics };
  });
  const networks = appliance.networks.map((network) => {
    const name = cleanName(network.name);
    if (name !== network.name) {
      notes.push(
        note(appliance, "warning", "fit/name-changed", `network ${shown(network.name)} is called ${shown(name)}`, {
          data: { network: network.name.slice(0, LONGEST_NAME), to: name },
        }),
      );
    }
    return { ...network, name };
  });
  return { appliance: { ...appliance, machines, networks }, notes };
}
