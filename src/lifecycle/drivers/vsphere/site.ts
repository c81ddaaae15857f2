/** A vSphere that was looked at: how a source becomes packages for it, and which steps lead there. */
import { FerryError } from "../../../base/errors.js";
import type { DeployedMachine, StepRecord } from "../../deployment/state.js";
import type { Site } from "../../driver.js";
import type { VsphereClient } from "./client.js";
import { told } from "./faults.js";
import type { VspherePlace } from "./inventory.js";
import { type MachinePackage, planPackages, type VspherePackages } from "./package.js";
import { preflight } from "./preflight.js";
import type { VsphereAction } from "./steps.js";

/** @param place as it was just seen */
export function siteOf(place: VspherePlace, client: VsphereClient): Site {
  let planned: VspherePackages | null = null;
  const packages = (): readonly MachinePackage[] => {
    if (planned === null) throw new FerryError("internal/bug", "steps were asked for before there was a plan");
    return planned.machines;
  };
  return {
    async plan(source, { choice, emulate, place: { networks } }, ctx) {
      if (emulate) {
        throw new FerryError("deploy/bad-place", "a vSphere emulates no processors", { hint: "Leave out --emulate." });
      }
      planned = await planPackages(source, { choice, networks }, ctx);
      return planned;
    },
    steps: (_plan, machines, { name, autostart }) => stepsOf(packages(), machines, place, name, autostart),
    async preflight(need, { signal }) {
      try {
        return await preflight(client, place, packages(), need, signal);
      } catch (cause) {
        throw told(cause, "look at the platform");
      }
    },
  };
}

function stepsOf(
  packages: readonly MachinePackage[],
  machines: readonly DeployedMachine[],
  place: VspherePlace,
  name: string,
  autostart: boolean,
): readonly StepRecord[] {
  const step = (key: string, text: string, action: VsphereAction): StepRecord => ({
    key,
    text,
    status: "open",
    action,
  });
  // An ESXi has no folders of machines, and one machine needs none.
  const folder = place.isCenter && machines.length > 1 ? name : null;
  const parent = place.folder.ref.value;
  const imports = machines.map(({ id, name: called, uuid }) => {
    const own = packages.find(({ machine }) => machine.id === id);
    if (own === undefined) throw new FerryError("internal/bug", `there is no package of ${id}`);
    const { prefix, descriptor } = own;
    return step(
      `machine:${called}`,
      `import ${called} into ${place.pool.name}, its disks into ${place.datastore.name}`,
      {
        ...{ kind: "machine", machine: id, name: called, uuid, prefix, descriptor, parent, folder },
        pool: place.pool.ref.value,
        datastore: place.datastore.ref.value,
        host: place.host?.ref.value ?? null,
      },
    );
  });
  return [
    ...(folder === null
      ? []
      : [step(`folder:${folder}`, `make the folder ${folder}`, { kind: "folder", parent, name: folder })]),
    ...imports,
    ...(autostart
      ? machines.map(({ name: called, uuid, order }) =>
          step(`autostart:${called}`, `let ${called} start with its host`, {
            ...{ kind: "autostart", name: called, uuid },
            order: order === null || order < 1 ? -1 : order,
          }),
        )
      : []),
  ];
}
