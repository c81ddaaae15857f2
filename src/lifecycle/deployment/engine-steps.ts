/** The steps of deployments that are the engine's own: files, and the power of machines. */
import { mkdir, rm } from "node:fs/promises";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { ConversionPlan, ExecuteOptions } from "../../operations/convert/conversion.js";
import { openFolderSet } from "../../runtime/node/file-set.js";
import type { Native } from "../../runtime/node/native.js";
import { isThere } from "../../runtime/node/publish.js";
import type { Driver } from "../driver.js";
import type { Hear } from "./apply.js";
import { stopMachine } from "./deployed.js";
import type { DeployedMachine, StepRecord } from "./state.js";
import type { Step, StepMaker } from "./step.js";
import type { HeldDeployment } from "./store.js";

/** What carrying out and removing stand on. */
export interface DeployScope {
  readonly held: HeldDeployment;
  readonly driver: Driver;
  readonly hear: Hear;
}

/** Converts what was planned into the folder of the deployment's files. */
export interface FileWork {
  readonly plan: ConversionPlan;
  readonly options: ExecuteOptions;
  readonly native: Native;
  /** As in the state. */
  readonly work: string;
  /** The OVF environment of a machine as XML, with secrets; `null`: it is told nothing. */
  readonly environment: (machine: string) => string | null;
}

/** Where complete files lie. */
const COMPLETE = "complete";

/** Makes steps of records: the engine's own, and those of the driver. @param work `null`: there is nothing to convert, steps are undone */
export function makerOf(
  machines: readonly DeployedMachine[],
  { held, driver }: DeployScope,
  work: FileWork | null,
): StepMaker {
  const files = path.join(held.files, COMPLETE);
  const environment = work?.environment ?? ((): null => null);
  return (record) => {
    if (record.action.kind === "files") return filesStep(held, work);
    const make = POWER[String(record.action.kind)];
    if (make !== undefined) return make(record, machineOf(record, machines), driver);
    return driver.step(record, { files, kept: held.kept, environment });
  };
}

/** How long a guest has for shutting down before its power is taken away, where nobody said. */
export const PATIENCE_SECONDS = 120;

/** Steps that are about a machine's power, by kind. */
const POWER: Readonly<Record<string, (record: StepRecord, machine: DeployedMachine, driver: Driver) => Step>> = {
  start: (record, machine, driver) => ({
    ...starting(record, machine, driver),
    async undo(ctx) {
      if ((await powerOf(machine, driver, ctx)) !== "off") await driver.switchOff(machine, ctx);
    },
  }),
  // Before an upgrade. Only a machine that ran is started again by whoever goes back.
  halt: ({ status, action }, machine, driver) => ({
    async probe(ctx) {
      // One that is off already is halted, too, by the book.
      return status !== "open" && (await powerOf(machine, driver, ctx)) === "off" ? "done" : "absent";
    },
    do: (ctx) => shutDown(machine, action, driver, ctx),
    async undo(ctx) {
      if (action.ran === 1 && (await powerOf(machine, driver, ctx)) === "off") await driver.start(machine, ctx);
    },
  }),
  // After it: guests have data that wants to be written.
  resume: (record, machine, driver) => ({
    ...starting(record, machine, driver),
    undo: (ctx) => shutDown(machine, record.action, driver, ctx),
  }),
};

/** Starts a machine, and waits as long as the next one has to. */
function starting({ action }: StepRecord, machine: DeployedMachine, driver: Driver): Pick<Step, "probe" | "do"> {
  const seconds = Number(action.waitSeconds);
  return {
    probe: async (ctx) => ((await powerOf(machine, driver, ctx)) === "off" ? "absent" : "done"),
    async do(ctx) {
      await driver.start(machine, ctx);
      if (seconds > 0) await sleep(seconds * 1000, undefined, { signal: ctx.signal });
    },
  };
}

async function shutDown(
  machine: DeployedMachine,
  { seconds }: StepRecord["action"],
  driver: Driver,
  ctx: Context,
): Promise<void> {
  if ((await powerOf(machine, driver, ctx)) === "off") return;
  const how = { force: false, timeoutSeconds: typeof seconds === "number" ? seconds : PATIENCE_SECONDS };
  await stopMachine(machine, how, driver, ctx).catch(async (cause) => {
    if (!(cause instanceof FerryError) || cause.code !== "deploy/still-running") throw cause;
    await driver.switchOff(machine, ctx);
  });
}

/** A machine that is gone is off. */
async function powerOf(machine: DeployedMachine, driver: Driver, ctx: Context): Promise<"on" | "off" | "changing"> {
  return (await driver.stateOf(machine, ctx))?.power ?? "off";
}

function machineOf({ action, key }: StepRecord, machines: readonly DeployedMachine[]): DeployedMachine {
  const machine = machines.find(({ uuid }) => uuid === action.uuid);
  if (machine !== undefined) return machine;
  throw new FerryError("deploy/bad-state", `the state's step ${JSON.stringify(key)} is about no machine of it`, {
    hint: "The state was changed by somebody else. Put it back from a backup.",
  });
}

/** All files of the conversion, complete or not at all. One that was interrupted goes on where it stopped. */
function filesStep(held: HeldDeployment, work: FileWork | null): Step {
  const folder = path.join(held.files, COMPLETE);
  return {
    goesOn: true,
    probe: async () => ((await isThere(folder)) ? "done" : "absent"),
    async do(ctx) {
      if (work === null) throw new FerryError("internal/bug", "there is nothing to convert");
      // What guests are told may be secret.
      await mkdir(held.files, { recursive: true, mode: 0o700 });
      const to = await openFolderSet(folder, { native: work.native, resume: work.work });
      try {
        await work.plan.execute(to, work.options, ctx);
        await to.commit();
      } catch (cause) {
        await to.abort(cause);
        throw cause;
      }
    },
    undo: () => rm(held.files, { recursive: true, force: true }),
  };
}
