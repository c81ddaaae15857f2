import type { Diagnostic } from "../base/diagnostics.js";
import type { Context } from "../io/context.js";
import type { FileSet } from "../io/file-set.js";
import type { CarryOutcome, SourceDemands } from "../operations/carry.js";
import type { ConversionOutcome, ExecuteOptions } from "../operations/convert/conversion.js";
import { renderJson } from "../report/json.js";
import { type ConvertResult, type PlanResult, toDiagnosticResult } from "../report/results.js";
import { renderConvert, renderPlan } from "../report/text.js";
import type { NodeFileSet } from "../runtime/node/file-set.js";
import type { Cli } from "./command.js";
import { exitCodes, judge } from "./exit-codes.js";
import type { Session } from "./session.js";

/** A plan that a command shows or carries out, whatever made it. */
interface ExecutablePlan extends PlanResult {
  /** Why it cannot be carried out. */
  readonly blocked?: readonly Diagnostic[];
  /** Files of the result that are scripts. */
  readonly executables?: readonly string[];
  execute(to: FileSet, options: ExecuteOptions, ctx: Context): Promise<CarryOutcome & Partial<ConversionOutcome>>;
}

/** What the commands that write have in common. */
export interface PlannedWork {
  readonly plan: ExecutablePlan;
  /** What opening the source and planning found. */
  readonly findings: readonly Diagnostic[];
  readonly destination: string;
  /** What the source has to stand up to. */
  readonly demands?: SourceDemands;
  /** Opens the destination: not before something is written. */
  open(): Promise<NodeFileSet>;
  readonly options: {
    readonly dryRun: boolean;
    /** Left out where nothing vouches for the source. */
    readonly integrity?: boolean;
    readonly prove?: boolean;
    readonly json: boolean;
  };
}

/**
 * Shows a plan, or executes it into its destination, all or nothing, and prints what was done. The exit code is that of the findings: where the source
 * falls short, so does the result that was made of it.
 */
export async function showOrExecute(work: PlannedWork, session: Session, cli: Cli): Promise<number> {
  const { plan, options, destination } = work;
  const { schema, losses, files, steps } = plan;
  const palette = cli.terminal.dataPalette;
  if (options.dryRun) {
    const result = { schema, losses, files, steps };
    await cli.terminal.data(options.json ? renderJson(result) : renderPlan(result, palette));
    return (plan.blocked ?? []).length > 0 ? exitCodes.failed : exitCodes.done;
  }
  const outcome = await executeInto(work, session);
  const result: ConvertResult = {
    schema: "vmferry/convert@1",
    files: outcome.files ?? files,
    steps,
    losses,
    integrity: options.integrity === undefined ? null : outcome.integrity,
    proof: outcome.proof ?? null,
    codec: outcome.codec ?? null,
    threads: outcome.threads ?? null,
    diagnostics: [...work.findings, ...outcome.findings].map(toDiagnosticResult),
  };
  await cli.terminal.data(options.json ? renderJson(result) : renderConvert(destination, result, palette));
  return judge(result.diagnostics);
}

/** Executes a plan into its destination; commits it, or leaves nothing. */
async function executeInto(work: PlannedWork, session: Session): ReturnType<ExecutablePlan["execute"]> {
  const { plan } = work;
  const { integrity = false, prove = false } = work.options;
  const demands = work.demands === undefined ? {} : { demands: work.demands };
  const to = await work.open();
  try {
    const outcome = await plan.execute(to, { integrity, prove, ...demands }, session.ctx);
    for (const name of plan.executables ?? []) to.markExecutable(name);
    await to.commit();
    return outcome;
  } catch (cause) {
    await to.abort(cause);
    throw cause;
  }
}
