/** What deploying and upgrading share: the plan is shown and asked about, refusals, results. */
import { FerryError } from "../base/errors.js";
import type { PlannedDeployment } from "../lifecycle/deployment/plan.js";
import type { StepRecord } from "../lifecycle/deployment/state.js";
import { type Awaited, waitFor } from "../lifecycle/deployment/wait.js";
import { renderDeploy } from "../report/deploy-text.js";
import { renderJson } from "../report/json.js";
import { oneLine } from "../report/layout.js";
import { type DeployResult, toDiagnosticResult } from "../report/results.js";
import type { Cli, OptionSpec } from "./command.js";
import { confirm } from "./confirm.js";
import { judge } from "./exit-codes.js";
import { invalid, wholeNumber } from "./options.js";
import type { Session } from "./session.js";

/** Refuses what the platform will not take. @throws `deploy/blocked` */
export function refuseProblems({ problems }: PlannedDeployment): void {
  const errors = problems.filter(({ severity }) => severity === "error");
  const [first] = errors;
  if (first === undefined) return;
  throw new FerryError("deploy/blocked", `the platform cannot take this: ${first.message}`, {
    hint: first.hint ?? "Look at the plan with --dry-run.",
    diagnostics: errors,
  });
}

/** Shows licences that nobody accepted. @throws `deploy/eula` */
export function refuseEulas(eulas: readonly { readonly text: string }[], cli: Cli): void {
  if (eulas.length === 0) return;
  // Each line by itself: terms come from strangers, and must not play with the terminal.
  for (const { text: terms } of eulas) for (const line of terms.split(/\r?\n/)) cli.terminal.error(oneLine(line));
  throw new FerryError("deploy/eula", `the package has licence terms (${eulas.length}), which were not accepted`, {
    hint: "They are shown above. Where you accept them, add --accept-eulas.",
  });
}

/** Shows a plan and asks about it. @throws `deploy/unattended` */
export async function agreed(question: string, result: DeployResult, cli: Cli): Promise<boolean> {
  for (const line of renderDeploy(result, cli.terminal.notePalette).split("\n")) cli.terminal.error(line);
  const answer = await confirm(question, cli);
  if (answer !== null) return answer;
  throw new FerryError("deploy/unattended", "there is no terminal to ask on", {
    hint: "The plan is shown above. Where it is right, add --yes.",
  });
}

/** Says each step before it is done. */
export function hearing({ terminal }: Cli): (record: { readonly text: string }, doing: "do" | "undo") => void {
  return ({ text }, doing) => terminal.note(doing === "do" ? text : `undo: ${text}`);
}

/** A plan, or what came of it. @param steps of an upgrade; left out: those of the deployment */
export function deployResult(
  { state, plan, bytes, problems, findings }: PlannedDeployment,
  status: DeployResult["status"],
  session: Session,
  upgrade: { readonly steps: readonly StepRecord[]; readonly kept: readonly string[] } | null = null,
): DeployResult {
  return {
    schema: "vmferry/deploy@1",
    name: state.name,
    target: state.target,
    status,
    machines: state.machines.map(({ id, name, uuid, order }) => ({
      ...{ id, name, uuid, order, state: null, addresses: [] },
    })),
    steps: (upgrade?.steps ?? state.steps).map(({ key, text, status: step }) => ({ key, text, status: step })),
    bytes,
    kept: upgrade?.kept ?? [],
    losses: plan.losses,
    diagnostics: [...new Set([...session.findings, ...findings, ...problems])].map(toDiagnosticResult),
  };
}

/** Prints it. @returns the exit code */
export async function showDeploy(result: DeployResult, json: boolean, { terminal }: Cli): Promise<number> {
  await terminal.data(json ? renderJson(result) : renderDeploy(result, terminal.dataPalette));
  return judge(result.diagnostics);
}

const WAIT = "--wait WHAT";

/** What commands that start machines can wait for. */
export const waitOptions: {
  readonly wait: OptionSpec<readonly Awaited[]>;
  readonly waitTimeout: OptionSpec<number | null>;
} = {
  wait: {
    flags: WAIT,
    what: "wait until guests are there: address (of each machine), PORT (of each), MACHINE:PORT, HOST:PORT (can be repeated)",
    repeated: true,
    read: (given) => given.map(awaited),
  },
  waitTimeout: wholeNumber("--wait-timeout SECONDS", "how long --wait may take (default: 300)", 1, 86_400),
};

function awaited(word: string): Awaited {
  const [, host = "", what = ""] = /^(?:(.+):)?(address|\d{1,5})$/.exec(word) ?? [];
  const port = what === "address" ? null : Number(what);
  if (what === "" || (port !== null && (port < 1 || port > 65_535))) {
    throw invalid(WAIT, word, "It is address, PORT, MACHINE:address, MACHINE:PORT or HOST:PORT.");
  }
  return { host: host === "" ? null : host.replace(/^\[(.*)\]$/, "$1"), port };
}

/** Waits for what the options say. */
export async function waitAsTold(
  { wait, waitTimeout }: { readonly wait: readonly Awaited[]; readonly waitTimeout: number | null },
  machines: Parameters<typeof waitFor>[1],
  driver: Parameters<typeof waitFor>[2],
  cli: Cli,
  { ctx }: Session,
): Promise<void> {
  if (wait.length === 0) return;
  await waitFor(wait, machines, driver, waitTimeout ?? 300, (line) => cli.terminal.note(line), ctx);
}
