import type { Appliance, Foreign, Machine } from "../../appliance/appliance.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import type { HeldFact } from "../facts.js";
import { type Kept, loss } from "../losses.js";
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
  const { id, name, virtualization, directBoot, guestOs, video } = machine;
  const hvm = (virtualization ?? "hvm") === "hvm";
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
  const said = !hvm && directBoot !== null && directBoot.kernel === null && directBoot.initrd === null;
  return {
    ...machine,
    chipset: hvm && machine.chipset === "i440fx" ? null : machine.chipset,
    tpm: machine.tpm === "2.0" ? null : machine.tpm,
    directBoot: said ? null : directBoot,
    clock: hvm && machine.clock === "utc" ? null : machine.clock,
    video: hvm && video !== null ? (video.heads === null || video.heads === 1 ? null : { ...video }) : video,
    nics: machine.nics.map((nic) => (nic.kind === "network" || nic.kind === "bridged" ? { ...nic, kind: null } : nic)),
    foreign: machine.foreign.filter((thing) => !isKept(thing)),
  };
}

/** Whether `exportXenserver` writes it back where it came from. */
function isKept({ source, name, payload }: Foreign): boolean {
  return source === "xenserver" && payload !== "" && /^(?:platform|other_config|VCPUs_params):./.test(name);
}
