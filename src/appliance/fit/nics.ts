import type { Diagnostic } from "../../base/diagnostics.js";
import { nicChip } from "../../targets/chips.js";
import type { MachineShape } from "../../targets/profile.js";
import type { Appliance, Machine, Nic } from "../appliance.js";
import { note } from "./note.js";

const MAC = /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/;

/** Gives each network card a model that the shape has, and takes away addresses that no card may have. */
export function fitNics(
  appliance: Appliance,
  machine: Machine,
  shape: MachineShape,
): { readonly nics: Nic[]; readonly notes: readonly Diagnostic[] } {
  const notes: Diagnostic[] = [];
  const nics = machine.nics.map((nic, index) => ({
    ...nic,
    model: modelFor(appliance, machine, shape, nic, index, notes),
    mac: macFor(appliance, machine, nic, index, notes),
  }));
  return { nics, notes };
}

function modelFor(
  appliance: Appliance,
  machine: Machine,
  shape: MachineShape,
  nic: Nic,
  index: number,
  notes: Diagnostic[],
): string | null {
  const { nicModels } = shape;
  const [fallback] = nicModels;
  if (fallback === undefined) return nic.model;
  const data = { machine: machine.id, nic: index, from: nic.model, to: fallback };
  const origin = `machines/${machine.id}/nics/${index}`;
  if (nic.model === null) {
    notes.push(
      note(
        appliance,
        "info",
        "fit/nic-model-chosen",
        `${machine.name}: the source does not say what network card ${index} is; it becomes ${fallback}`,
        { data, origin },
      ),
    );
    return fallback;
  }
  const wanted = nic.model;
  const chip = nicChip(wanted);
  const same =
    nicModels.find((m) => m.toLowerCase() === wanted.toLowerCase()) ??
    (chip === null ? undefined : nicModels.find((m) => nicChip(m) === chip));
  if (same !== undefined) return same;
  notes.push(
    note(
      appliance,
      "warning",
      "fit/nic-model-changed",
      `${machine.name}: network card ${index} (${wanted}) becomes ${fallback}: a ${shape.id} machine has no ${wanted}`,
      {
        data,
        origin,
        hint: `The guest needs a driver for ${fallback}, and may give the card another name.`,
      },
    ),
  );
  return fallback;
}

function macFor(appliance: Appliance, machine: Machine, nic: Nic, index: number, notes: Diagnostic[]): string | null {
  if (nic.mac === null) return null;
  const mac = nic.mac.toLowerCase();
  // The lowest bit of the first byte marks a group of stations: no card's own address.
  if (MAC.test(mac) && Number.parseInt(mac.slice(0, 2), 16) % 2 === 0 && mac !== "00:00:00:00:00:00") return mac;
  notes.push(
    note(
      appliance,
      "warning",
      "fit/mac-dropped",
      `${machine.name}: ${nic.mac} is no address of a network card; card ${index} gets a new one`,
      {
        data: { machine: machine.id, nic: index, mac: nic.mac },
        origin: `machines/${machine.id}/nics/${index}`,
      },
    ),
  );
  return null;
}
