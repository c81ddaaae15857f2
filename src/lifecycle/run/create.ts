/** A new run: what a user wants of a package, held to it before anything starts. */
import { randomBytes } from "node:crypto";
import type { Appliance, Eula, Machine } from "../../appliance/appliance.js";
import { FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { OpenedSource } from "../../operations/opened.js";
import type { Question } from "../../ovf/answers/answers.js";
import { safeStem } from "../../platforms/names.js";
import {
  type AnsweredPackage,
  answerRun,
  type KeptAnswer,
  openQuestions,
  qemuFacts,
  type Reveal,
  type RunAnswers,
} from "../answers.js";
import type { Bridge } from "../bridges.js";
import { fingerprintOf, knownVerdict, type Verdict } from "./intact.js";
import { type Forward, placeForwards, sharedNetworks } from "./networks.js";
import type { RunState } from "./state.js";
import { checkName, type Store } from "./store.js";

/** What a user wants. */
export interface RunWish extends RunAnswers {
  /** `null`: after the package. */
  readonly name: string | null;
  readonly forwards: readonly Forward[];
  /** Whether cards have the addresses of the package or new ones. */
  readonly macs: "keep" | "new";
  /** Other ways by which guests are told their environment. */
  readonly bridges: readonly Bridge[];
}

/** How a run is made. */
export interface CreateOptions {
  /** Absolute path of the package. */
  readonly file: string;
  readonly store: Store;
  /** Folder of all state: verdicts are remembered there. */
  readonly root: string;
  readonly reveal: Reveal;
  /** Asks what has to be answered and is not; nothing comes back where there is nobody to ask. */
  ask(questions: readonly Question[]): Promise<readonly KeptAnswer[]>;
  /** Shows the licences. @throws `vm/licence` where they are not accepted */
  accept(eulas: readonly Eula[]): Promise<void>;
}

/** What is known of a run that was made. */
export interface CreatedRun {
  readonly state: RunState;
  /** What is remembered of the package; `null`: it is checked when the run starts. */
  readonly known: Verdict | null;
}

/**
 * Makes a run: answers and ports are held to the package, its licences accepted. Nothing runs yet, and its files are not
 * compared with its manifest: that is done beside the start.
 * @throws `vm/bad-answer`, `vm/licence`, `vm/no-forward`, `vm/name-taken`, and what reading throws
 */
export async function createRun(
  opened: OpenedSource,
  wish: RunWish,
  options: CreateOptions,
  ctx: Context,
): Promise<CreatedRun> {
  const { file, store, root, reveal, ask, accept } = options;
  if (wish.name !== null) checkName(wish.name);
  if (opened.ovf === null && (wish.answers.length > 0 || wish.configuration !== null)) {
    throw new FerryError("vm/bad-answer", `${opened.reader.name} asks no questions: it is no OVF package`, {
      hint: "Leave --set, --values and --config out.",
    });
  }
  const { configuration } = wish;
  const quiet: Context = { ...ctx, report: () => {} };
  const open = opened.ovf === null ? [] : await openQuestions(opened.ovf, wish, quiet);
  const answers = [...wish.answers, ...(open.length === 0 ? [] : await ask(open))];
  const { appliance } = await answeredAppliance(
    opened,
    { configuration, answers },
    reveal,
    // What is found is told when the machines start.
    quiet,
  );
  placeForwards(appliance.machines, sharedNetworks(appliance.machines), wish.forwards);
  if (appliance.eulas.length > 0) await accept(appliance.eulas);
  const fingerprint = await fingerprintOf(file, opened.reader);
  const known = await knownVerdict({ file, fingerprint, root });
  const state: RunState = {
    schema: "vmferry/vm@1",
    name: wish.name ?? (await freeName(appliance.name ?? opened.reader.name, store)),
    package: file,
    fingerprint,
    created: ctx.runtime.now().toISOString(),
    configuration,
    answers,
    forwards: wish.forwards,
    macs: wish.macs,
    bridges: wish.bridges,
    phase: "stopped",
    failure: null,
    supervisor: null,
    sockets: null,
    machines: appliance.machines.map((machine) => ({
      id: machine.id,
      name: machine.name,
      macs: macsOf(machine, wish.macs),
      process: null,
    })),
  };
  await store.create(state);
  return { state, known };
}

/** A package as a run has it: with its option and its answers. */
export async function answeredAppliance(
  opened: OpenedSource,
  given: Pick<RunState, "configuration" | "answers">,
  reveal: Reveal,
  ctx: Context,
): Promise<{ readonly appliance: Appliance; readonly answered: AnsweredPackage | null }> {
  const { ovf } = opened;
  const answered = ovf === null ? null : await answerRun(ovf, given, reveal, qemuFacts, ctx);
  const choice = given.configuration === null ? {} : { configuration: given.configuration };
  return { appliance: opened.appliance(choice, ctx), answered };
}

async function freeName(wanted: string, store: Store): Promise<string> {
  const stem =
    safeStem(wanted)
      .replace(/[^A-Za-z0-9_.-]/g, "-")
      .replace(/^[^A-Za-z0-9]+/, "")
      .slice(0, 50) || "run";
  const taken = new Set(await store.names());
  for (let n = 1; ; n++) {
    const name = n === 1 ? stem : `${stem}-${n}`;
    if (!taken.has(name)) return name;
  }
}

/** The addresses that a machine's cards have for as long as the run exists: QEMU's own would be the same in each machine. */
function macsOf({ nics }: Machine, macs: RunState["macs"]): readonly string[] {
  return nics.map(({ mac }) => {
    if (macs === "keep" && mac !== null) return mac;
    const random = [...randomBytes(3)].map((byte) => byte.toString(16).padStart(2, "0"));
    // The block that QEMU gives out (docs/system/devices/net.rst).
    return ["52", "54", "00", ...random].join(":");
  });
}
