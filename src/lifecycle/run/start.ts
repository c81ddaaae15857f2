import { FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { OpenedSource } from "../../operations/opened.js";
import type { Reveal } from "../answers.js";
import { answeredAppliance } from "./create.js";
import { betterCause, checkBeside, fingerprintOf } from "./intact.js";
import { openMachines } from "./machines.js";
import type { RunState } from "./state.js";
import { endLeftOvers, type Store, standing } from "./store.js";
import { supervise, type Watcher } from "./supervise.js";

/** How a run is started. */
export interface StartOptions {
  readonly store: Store;
  readonly root: string;
  readonly reveal: Reveal;
  readonly watcher: Watcher;
}

/**
 * Runs the machines of a run in this process, until they have ended or the context's signal asks to shut them down. Whoever calls has the lock.
 * The package is compared with its manifest meanwhile; no instruction of a guest is executed before it is known to be intact.
 * @throws `vm/package-changed`, `package/not-intact`, and what opening and starting throw
 */
export async function startRun(
  opened: OpenedSource,
  state: RunState,
  { store, root, reveal, watcher }: StartOptions,
  ctx: Context,
): Promise<void> {
  const fingerprint = await fingerprintOf(state.package, opened.reader);
  if (fingerprint !== state.fingerprint) {
    throw new FerryError("vm/package-changed", `${state.package} is another package than ${state.name} was made of`, {
      hint: `Put the old one back, or: vmferry vm rm ${state.name}, and run the new one.`,
    });
  }
  const check = checkBeside({ file: state.package, fingerprint, root }, opened.reader, ctx);
  try {
    const clean = standing(state) === "lost" || state.sockets !== null ? await endLeftOvers(state, store) : state;
    const { appliance, answered } = await answeredAppliance(opened, clean, reveal, ctx);
    // Reading goes on while the guests shut down, and ends with them: an abort is no reason for errors on their disks.
    const machines = await openMachines(
      opened,
      appliance,
      { answered, run: clean },
      { ...ctx, signal: new AbortController().signal },
    );
    try {
      await supervise(clean, machines, { store, watcher, intact: check.done, signal: ctx.signal });
    } finally {
      await machines.close();
    }
  } catch (cause) {
    throw await betterCause(cause, check);
  } finally {
    await check.stop();
  }
}
