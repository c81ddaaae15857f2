/** Waiting until the guests of a deployment can be reached. */
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { FerryError, throwIfAborted } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { Driver } from "../driver.js";
import type { DeployedMachine } from "./state.js";

/** What is waited for. */
export interface Awaited {
  /** A machine's name or id, else the name or address of a host; `null`: every machine. */
  readonly host: string | null;
  /** TCP port that answers; `null`: the platform knows an address. */
  readonly port: number | null;
}

const PAUSE_MS = 1000;
/** For one attempt to connect. */
const CONNECT_MS = 3000;

/**
 * Waits for all of what is asked for.
 * @param seconds for all together
 * @throws `deploy/cannot-wait` where the platform knows no addresses, `deploy/no-answer` where time is over
 */
export async function waitFor(
  wanted: readonly Awaited[],
  machines: readonly DeployedMachine[],
  driver: Driver,
  seconds: number,
  hear: (text: string) => void,
  ctx: Context,
): Promise<void> {
  const end = Date.now() + seconds * 1000;
  for (const { what, reached } of wanted.flatMap((one) => attempts(one, machines, driver))) {
    hear(`wait for ${what}`);
    while (!(await reached(ctx))) {
      throwIfAborted(ctx.signal);
      if (Date.now() >= end) {
        throw new FerryError("deploy/no-answer", `${what}: nothing after ${seconds} seconds`, {
          hint: "The deployment stands. Look at the guest's console, or wait longer with --wait-timeout.",
        });
      }
      await sleep(PAUSE_MS, undefined, { signal: ctx.signal });
    }
  }
}

interface Attempt {
  /** In words. */
  readonly what: string;
  reached(ctx: Context): Promise<boolean>;
}

function attempts({ host, port }: Awaited, machines: readonly DeployedMachine[], driver: Driver): readonly Attempt[] {
  const meant = host === null ? machines : machines.filter(({ name, id }) => name === host || id === host);
  if (host !== null && port !== null && meant.length === 0) {
    return [{ what: `port ${port} of ${host}`, reached: ({ signal }) => answers(host, port, signal) }];
  }
  if (meant.length === 0) {
    throw new FerryError("deploy/cannot-wait", `the deployment has no machine ${JSON.stringify(host)}`, {
      hint: `It has: ${machines.map(({ name }) => name).join(", ")}.`,
    });
  }
  const { addresses } = driver;
  if (addresses === undefined) {
    throw new FerryError("deploy/cannot-wait", `${driver.label} does not say which addresses its machines have`, {
      hint: "Name the address that you expect: --wait HOST:PORT.",
    });
  }
  return meant.map((machine): Attempt => {
    if (port === null) {
      return {
        what: `an address of ${machine.name}`,
        reached: async (ctx) => (await addresses(machine, ctx)).length > 0,
      };
    }
    return {
      what: `port ${port} of ${machine.name}`,
      async reached(ctx) {
        for (const address of await addresses(machine, ctx)) {
          if (await answers(address, port, ctx.signal)) return true;
        }
        return false;
      },
    };
  });
}

/** Whether something listens there. */
function answers(host: string, port: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (reached: boolean): void => {
      signal.removeEventListener("abort", abort);
      socket.destroy();
      resolve(reached);
    };
    const abort = (): void => end(false);
    signal.addEventListener("abort", abort, { once: true });
    socket.setTimeout(CONNECT_MS, () => end(false));
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
  });
}
