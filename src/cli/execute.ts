import type { CarryPlan } from "../operations/carry.js";
import { renderJson } from "../report/json.js";
import { type ConvertResult, toDiagnosticResult } from "../report/results.js";
import { renderConvert, renderPlan } from "../report/text.js";
import type { NodeFileSet } from "../runtime/node/file-set.js";
import type { Cli } from "./command.js";
import { exitCodes } from "./exit-codes.js";
import type { Session } from "./session.js";

/** What `pack` and `unpack` have in common. */
export interface CarryWork {
  readonly plan: CarryPlan;
  readonly open: () => Promise<NodeFileSet>;
  readonly destination: string;
  readonly options: { readonly dryRun: boolean; readonly integrity: boolean; readonly json: boolean };
}

/** Shows a plan, or executes it into its destination and prints what was done. Returns the exit code. */
export async function carryOut(work: CarryWork, session: Session, cli: Cli): Promise<number> {
  const { plan, options, destination } = work;
  const { schema, losses, files, steps } = plan;
  const palette = cli.terminal.dataPalette;
  if (options.dryRun) {
    const result = { schema, losses, files, steps };
    await cli.terminal.data(options.json ? renderJson(result) : renderPlan(result, palette));
    return exitCodes.done;
  }
  const to = await work.open();
  try {
    const outcome = await plan.execute(to, { integrity: options.integrity }, session.ctx);
    await to.commit();
    const result: ConvertResult = {
      schema: "vmferry/convert@1",
      files,
      steps,
      losses,
      integrity: outcome.integrity,
      proof: null,
      codec: null,
      diagnostics: [...session.findings, ...outcome.findings].map(toDiagnosticResult),
    };
    await cli.terminal.data(options.json ? renderJson(result) : renderConvert(destination, result, palette));
    return exitCodes.done;
  } catch (cause) {
    await to.abort(cause);
    throw cause;
  }
}
