import type { Machine } from "../../appliance/appliance.js";
import { findGuestSystem } from "../../appliance/guest-os.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { loss } from "../losses.js";

/** Types for systems that VirtualBox has no exact word for, by family. */
const FAMILIES: Readonly<Record<string, string>> = {
  linux: "Linux",
  windows: "Windows10",
  bsd: "FreeBSD",
  solaris: "Solaris",
  other: "Other",
};

/** VirtualBox's id for the guest system: `Debian12_64`. Its suffix says whether the guest has 64 bits. */
export function osType(machine: Machine, notes: Diagnostic[]): string {
  const { virtualbox, vmware, cim, description } = machine.guestOs;
  const data = { machine: machine.id, vmware, cim };
  if (description !== null) {
    notes.push(
      loss(
        "info",
        "platform/guest-os-description-dropped",
        `${machine.name}: a machine of VirtualBox cannot hold the guest system's description ${JSON.stringify(description)}`,
        { data: { machine: machine.id, description } },
      ),
    );
  }
  // What the source calls it in VirtualBox's words stays, also where this version of ours does not know the word.
  if (virtualbox !== null && /^[A-Za-z0-9_.-]{1,80}$/.test(virtualbox)) return virtualbox;
  const { system, by } = findGuestSystem(machine.guestOs);
  const chosen = system.virtualbox?.[0] ?? `${FAMILIES[system.family] ?? "Other"}${system.bits === 64 ? "_64" : ""}`;
  notes.push(
    by === null
      ? loss(
          "warning",
          "virtualbox/guest-os-unknown",
          `${machine.name}: nothing names the guest system in a way that VirtualBox knows; it becomes ${chosen}`,
          { data: { ...data, OSType: chosen } },
        )
      : loss(
          "info",
          "virtualbox/guest-os-mapped",
          `${machine.name}: guest system ${by === "cim" ? `number ${cim}` : (vmware ?? system.vmx)} becomes ${chosen}`,
          { data: { ...data, OSType: chosen } },
        ),
  );
  return chosen;
}
