import type { Machine } from "../../appliance/appliance.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { formatBytes } from "../../base/text.js";
import { loss } from "../losses.js";
import type { HypervMachine } from "./document.js";

/** What of a machine's devices its description in Hyper-V's words does not hold, or holds otherwise. */
export function deviceNotes(machine: Machine, facts: HypervMachine): Diagnostic[] {
  return [
    ...memoryNotes(machine, facts),
    ...tpmNotes(machine, facts),
    ...serialNotes(machine, facts),
    ...nicNotes(machine),
    ...floppyNotes(machine, facts),
  ];
}

function memoryNotes({ id, name, dynamicMemory: wanted }: Machine, { memory }: HypervMachine): Diagnostic[] {
  const { minimumBytes: minimum, maximumBytes: maximum } = memory;
  if (wanted === null || minimum === null || maximum === null) return [];
  if (wanted.minBytes === minimum && wanted.maxBytes === maximum) return [];
  const range = `${formatBytes(minimum)} to ${formatBytes(maximum)}`;
  return [
    loss("info", "hyperv/dynamic-memory-changed", `${name}: its memory may be ${range}, as Hyper-V wants it`, {
      data: { machine: id, from: { ...wanted }, to: { minBytes: minimum, maxBytes: maximum } },
    }),
  ];
}

function tpmNotes({ id, name, tpm }: Machine, { generation, security }: HypervMachine): Diagnostic[] {
  if (tpm === null || security?.tpm === true) return [];
  const why = generation === 1 ? "a generation 1 machine has none" : "Hyper-V has version 2.0 alone";
  return [
    loss("warning", "hyperv/tpm-dropped", `${name}: its TPM ${tpm} is left out: ${why}`, {
      data: { machine: id, tpm, generation },
      hint: "Disks that are unlocked by the TPM ask for their recovery key: have it at hand.",
    }),
  ];
}

function serialNotes({ id, name, serialPorts }: Machine, { comPorts }: HypervMachine): Diagnostic[] {
  return serialPorts.flatMap((port) => {
    const made = comPorts.find(({ number }) => number === port.index + 1);
    if (made !== undefined && made.path !== null) return [];
    const what =
      made === undefined
        ? `serial port ${port.index + 1} is left out: Hyper-V has two`
        : `COM${port.index + 1} has nothing at its other end: Hyper-V knows named pipes of Windows alone`;
    return [
      loss(port.backing === null ? "info" : "warning", "hyperv/serial-port-dropped", `${name}: ${what}`, {
        data: { machine: id, port: port.index, backing: port.backing, target: port.target },
      }),
    ];
  });
}

function nicNotes({ id, name, nics }: Machine): Diagnostic[] {
  return nics.flatMap(({ network, connected }, index) => {
    const data = { machine: id, nic: index, network };
    if (connected && network === null) {
      const message = `${name}: network card ${index} names no network; it stays unconnected unless the script is told`;
      const hint = `Give the script \`-SwitchMap @{ 'Network Adapter ${index + 1}' = 'switch' }\`.`;
      return [loss("info", "hyperv/network-unnamed", message, { data, hint })];
    }
    if (connected || network === null) return [];
    const message = `${name}: network card ${index} is not connected; the name of its network (${JSON.stringify(network)}) is lost`;
    return [loss("info", "hyperv/network-dropped", message, { data })];
  });
}

function floppyNotes({ id, name, attachments }: Machine, { drives }: HypervMachine): Diagnostic[] {
  const has = attachments.some(({ device }) => device === "floppy");
  if (!has || drives.some(({ device }) => device === "floppy")) return [];
  const message = `${name}: its empty floppy drive is the one that every generation 1 machine has`;
  return [loss("info", "hyperv/floppy-implied", message, { data: { machine: id } })];
}
