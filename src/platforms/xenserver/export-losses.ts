import type { Appliance, Machine } from "../../appliance/appliance.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import type { HeldFact } from "../facts.js";
import { type Kept, loss } from "../losses.js";
import { withoutXenSettings } from "../xen-losses.js";
import { ownUuid } from "./export-records.js";

const LABEL = "XenServer";

/** Facts that the records say, whatever they are. */
const HOLDS: ReadonlySet<HeldFact> = new Set<HeldFact>([
  "virtualization",
  "maxCpus",
  "nested",
  "dynamicMemory",
  "readOnly",
  "sharedDisks",
  "startup",
  "networkDescription",
  // Each that is not written has a note of its own.
  "serialPorts",
]);

/** Settings of another XenServer that are written back where they came from. */
const MAPS = ["platform", "other_config", "VCPUs_params", "NVRAM"] as const;

/**
 * What is left of an appliance when all that the records say is taken out, for the losses that all platforms have in common; what is lost in a way of
 * XenServer's own goes to `notes`.
 */
export function unsaid(fitted: Appliance, images: ReadonlySet<string>, notes: Diagnostic[]): [Appliance, string, Kept] {
  const machines = fitted.machines.map((machine) => ({
    ...rest(machine, notes),
    uuid: ownUuid(machine, fitted) === null ? machine.uuid : null,
  }));
  return [{ ...fitted, machines }, LABEL, { files: images, holds: HOLDS }];
}

function rest(machine: Machine, notes: Diagnostic[]): Machine {
  const { id, name, guestOs } = machine;
  if (guestOs.description !== null) {
    notes.push(
      loss(
        "info",
        "platform/guest-os-description-dropped",
        `${name}: ${LABEL} cannot hold the guest system's description ${JSON.stringify(guestOs.description)}`,
        {
          data: { machine: id, description: guestOs.description },
        },
      ),
    );
  }
  return {
    ...withoutXenSettings(machine, MAPS),
    tpm: machine.tpm === "2.0" ? null : machine.tpm,
    nics: machine.nics.map((nic) => (nic.kind === "network" || nic.kind === "bridged" ? { ...nic, kind: null } : nic)),
  };
}
