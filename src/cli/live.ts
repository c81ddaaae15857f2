/** Machines on platforms as sources of a command. */
import * as path from "node:path";
import type { Driver } from "../lifecycle/driver.js";
import { driverKinds } from "../lifecycle/drivers/drivers.js";
import { type LiveMachine, notRead } from "../lifecycle/live.js";
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
    return openOn(driver, [machine], { name: address, options }, session);
  }
  return null;
}

/** Opens machines on a platform as one source. Closing it ends the session with the platform. */
export async function openOn(
  driver: Driver,
  machines: readonly LiveMachine[],
  { name, options }: { readonly name: string; readonly options: OpenSourceOptions },
  session: Session,
): Promise<NamedPackage<OpenedSource>> {
  try {
    const { live } = driver;
    if (live === undefined) throw notRead(driver.label);
    const scope = { native: session.runtime.native, scratch: session.scratch, options };
    const opened = await live.open(machines, scope, session.ctx);
    return {
      name,
      fileName: opened.reader.name,
      opened,
      container: null,
      close: () => opened.close().finally(() => driver.close()),
    };
  } catch (cause) {
    await driver.close();
    throw cause;
  }
}
