/** Machines on platforms as sources of a command. */
import * as path from "node:path";
import { environmentCarried, environmentCds } from "../lifecycle/deployment/environment-cds.js";
import type { Driver } from "../lifecycle/driver.js";
import { driverKinds } from "../lifecycle/drivers/drivers.js";
import { type LiveMachine, type LiveScope, notRead } from "../lifecycle/live.js";
import type { OpenedSource, OpenSourceOptions } from "../operations/opened.js";
import { platformAt } from "./deployments.js";
import type { NamedPackage } from "./named.js";
import type { Session } from "./session.js";

/** Opens the machine that an address names; `null`: it names none of a platform whose machines are read. @throws `deploy/...` */
export async function openLive(
  address: string,
  options: OpenSourceOptions,
  session: Session,
): Promise<NamedPackage<OpenedSource> | null> {
  for (const kind of driverKinds) {
    const found = kind.machineAt?.(address) ?? null;
    if (found === null) continue;
    const { caFile } = session.remote;
    const authorities = caFile === null ? null : path.resolve(caFile);
    const driver = platformAt({ target: found.target, ...session.access, authorities }, session.ctx.signal);
    const machine = { name: found.machine, uuid: null };
    return openOn(driver, machine, { name: address, options }, session);
  }
  return null;
}

/** Opens a machine of a platform. Closing it ends the session with the platform. */
async function openOn(
  driver: Driver,
  machine: LiveMachine,
  { name, options }: { readonly name: string; readonly options: OpenSourceOptions },
  session: Session,
): Promise<NamedPackage<OpenedSource>> {
  try {
    if (driver.live === undefined) throw notRead(driver.label);
    const opened = await driver.live.open([machine], liveScope(session, options), session.ctx);
    const close = (): Promise<void> => opened.close().finally(() => driver.close());
    try {
      for (const finding of environmentCarried(await environmentCds(opened, session.ctx))) session.ctx.report(finding);
    } catch (cause) {
      await opened.close();
      throw cause;
    }
    return { name, fileName: opened.reader.name, opened, container: null, close };
  } catch (cause) {
    await driver.close();
    throw cause;
  }
}

/** What opening machines of a platform is lent by a session. */
export function liveScope({ runtime, scratch }: Session, options: OpenSourceOptions): LiveScope {
  return { native: runtime.native, scratch, options };
}
