/** A deployment as a source: its machines as they are on the platform now, with what only the deployment knows of them. */
import type { Appliance, Machine } from "../../appliance/appliance.js";
import { FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { OpenedSource } from "../../operations/opened.js";
import type { Driver } from "../driver.js";
import { type LiveScope, notRead } from "../live.js";
import { environmentCds, withoutEnvironments } from "./environment-cds.js";
import type { DeployedMachine, DeploymentState } from "./state.js";

/**
 * Opens the machines of a deployment, which are off. They have the ids of the package that they came from, and its start order; CDs with their OVF
 * environments stay behind, since passwords are on them.
 * @throws `deploy/not-whole`, `deploy/not-read`, `deploy/no-machine`, `deploy/running`
 */
export async function openDeployment(
  state: DeploymentState,
  driver: Driver,
  scope: LiveScope,
  ctx: Context,
): Promise<OpenedSource> {
  const { name, status, machines } = state;
  if (status !== "deployed") {
    throw new FerryError("deploy/not-whole", `the deployment ${name} is not complete (${status})`, {
      hint: `Run the same vmferry deploy again, or vmferry deployment destroy ${name}.`,
    });
  }
  if (driver.live === undefined) throw notRead(driver.label);
  const opened = await driver.live.open(machines, scope, ctx);
  try {
    const cds = await environmentCds(opened, ctx);
    if (cds.size > 0) {
      ctx.report({
        code: "deploy/environment-left",
        severity: "info",
        message: `CDs with OVF environments are left out (${cds.size}): they hold what was answered, passwords too`,
        hint: "Whoever deploys the result is not asked again: the platform does not know the package's questions.",
      });
    }
    const source = withoutEnvironments(opened, cds);
    return {
      ...source,
      appliance: (choice, own) => asPackage(source.appliance(choice, own), state),
    };
  } catch (cause) {
    await opened.close();
    throw cause;
  }
}

/** The machines under the names of the package that they were deployed from. */
function asPackage(appliance: Appliance, { name, machines }: DeploymentState): Appliance {
  const single = machines.length === 1;
  const ids = new Map<string, DeployedMachine>();
  for (const [i, machine] of appliance.machines.entries()) {
    const known =
      machines.find(({ uuid }) => uuid === machine.uuid) ??
      machines.find((one) => one.name === machine.name) ??
      machines[i];
    if (known !== undefined) ids.set(machine.id, known);
  }
  const idOf = (id: string): string => ids.get(id)?.id ?? id;
  const renamed = appliance.machines.map(
    (machine): Machine => ({
      ...machine,
      id: idOf(machine.id),
      name: single ? name : idOf(machine.id),
      foreign: machine.foreign.map((thing) => ({
        ...thing,
        machine: thing.machine === null ? null : idOf(thing.machine),
      })),
    }),
  );
  return {
    ...appliance,
    name,
    machines: renamed,
    startup: machines.flatMap(({ id, order, startDelaySeconds }) =>
      order === null ? [] : [{ machine: id, order, startDelaySeconds }],
    ),
    foreign: appliance.foreign.map((thing) => ({
      ...thing,
      machine: thing.machine === null ? null : idOf(thing.machine),
    })),
    origins: new Map(
      [...appliance.origins].map(([fact, place]) => {
        const [kind = "", id = "", ...rest] = fact.split("/");
        return [kind === "machines" ? [kind, idOf(id), ...rest].join("/") : fact, place];
      }),
    ),
  };
}
