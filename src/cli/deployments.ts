/** What the commands about deployments share. */
import { FerryError } from "../base/errors.js";
import type { Context } from "../io/context.js";
import { seenOf } from "../lifecycle/deployment/deployed.js";
import type { DeploymentState } from "../lifecycle/deployment/state.js";
import {
  type DeploymentStore,
  deploymentsFolder,
  type HeldDeployment,
  openDeploymentStore,
} from "../lifecycle/deployment/store.js";
import type { Access, Driver } from "../lifecycle/driver.js";
import { openDriver } from "../lifecycle/drivers/drivers.js";
import { renderDeployments } from "../report/deploy-text.js";
import { renderJson } from "../report/json.js";
import type { DeploymentResult } from "../report/results.js";
import { readSecret } from "../runtime/node/secrets.js";
import type { ArgumentSpec, Cli } from "./command.js";

/** The argument of all of them. */
export const deploymentArgument: ArgumentSpec = { name: "NAME", what: "of a deployment", complete: [] };

/** The deployments of this user. */
export function userStore(): DeploymentStore {
  return openDeploymentStore(deploymentsFolder(process.env));
}

/** The platform behind a way to it. Secrets are read when it is first spoken to. */
export function platformAt(access: Access, signal: AbortSignal): Driver {
  return openDriver(access, { reveal: (secret, what) => readSecret(secret, what, signal), env: process.env });
}

/** Works with the platform that a deployment is on, and ends its session. */
export async function withPlatform<T>(
  { target, access }: DeploymentState,
  { signal }: Cli,
  work: (driver: Driver) => Promise<T>,
): Promise<T> {
  const driver = platformAt({ target, ...access }, signal);
  try {
    return await work(driver);
  } finally {
    await driver.close();
  }
}

/** Works on a deployment that is there, with nobody else. @throws `deploy/no-such-deployment` */
export async function withDeployment<T>(
  name: string,
  work: (state: DeploymentState, held: HeldDeployment) => Promise<T>,
): Promise<T> {
  const store = userStore();
  // Before a lock: it says in time that there is none, and makes no folder.
  await store.read(name);
  const held = await store.hold(name);
  try {
    if (held.state === null) {
      throw new FerryError("deploy/no-such-deployment", `there is no deployment called ${name}`, {
        hint: "Look at vmferry deployment list.",
      });
    }
    return await work(held.state, held);
  } finally {
    await held.release();
  }
}

/** What was seen of machines, by UUID. */
export type SeenMachines = ReadonlyMap<
  string,
  { readonly state: string | null; readonly addresses: readonly string[] }
>;

/** A deployment as results show it. @param seen of its machines; nothing: nobody looked */
export function resultOf(
  { name, target, source, status, machines, steps, upgrade }: DeploymentState,
  seen: SeenMachines = new Map(),
): DeploymentResult {
  return {
    name,
    target,
    source,
    status,
    machines: machines.map(({ id, name: own, uuid, order }) => ({
      id,
      name: own,
      uuid,
      order,
      state: seen.get(uuid)?.state ?? null,
      addresses: seen.get(uuid)?.addresses ?? [],
    })),
    steps: [...steps, ...(upgrade?.steps ?? [])].map(({ key, text, status: step }) => ({ key, text, status: step })),
    upgrade: upgrade === null ? null : { status: upgrade.status, source: upgrade.source },
  };
}

/** Prints deployments. */
export async function showDeployments(
  deployments: readonly DeploymentResult[],
  how: { readonly json: boolean; readonly detail: "steps" | "machines" },
  { terminal }: Cli,
): Promise<void> {
  const result = { schema: "vmferry/deployments@1" as const, deployments };
  await terminal.data(how.json ? renderJson(result) : renderDeployments(result, how.detail, terminal.dataPalette));
}

/** Prints one with what its machines do now. */
export async function showStatus(
  state: DeploymentState,
  driver: Driver,
  how: { readonly json: boolean; readonly detail: "steps" | "machines" },
  cli: Cli,
  ctx: Context,
): Promise<void> {
  await showDeployments([resultOf(state, await seenOf(state, driver, ctx))], how, cli);
}
