import * as path from "node:path";
import { executeBuild } from "../../operations/build/execute.js";
import { type OpenBuild, planBuild } from "../../operations/build/plan.js";
import type { Signing } from "../../operations/sign/signing.js";
import { renderBuild } from "../../report/build-text.js";
import { renderJson } from "../../report/json.js";
import { type BuildResult, toDiagnosticResult } from "../../report/results.js";
import { type NodeFileSet, openFolderSet, openSingleFileSet } from "../../runtime/node/file-set.js";
import { targets } from "../../targets/targets.js";
import { type Cli, type CommandDefinition, defineCommand } from "../command.js";
import { exitCodes, judge } from "../exit-codes.js";
import { choices, flag, json, wholeNumber, workOptions } from "../options.js";
import { allowRemote, remoteOptions } from "../remote.js";
import { fixedTime, resultTime, type Session, withSession } from "../session.js";
import { signingOf, signingOptions } from "../signing.js";
import { specOptions } from "../spec-options.js";
import { type NamedOutput, openNamedSpec, outputsOf } from "../specs.js";

/** `vmferry build SPEC [DEST...]`. */
export const build: CommandDefinition = defineCommand({
  arguments: [
    { name: "SPEC", what: "the YAML of an appliance", complete: "file" },
    {
      name: "DEST...",
      what: "an .ova or a folder to write (default: the spec's own `outputs`)",
      complete: "file",
      optional: true,
    },
  ],
  options: {
    ...specOptions,
    for: choices(
      "--for TARGET",
      "what has to take the packages, beside the spec's own `targets` (can be repeated)",
      targets.all.map(({ id }) => id),
    ),
    dryRun: flag("--dry-run", "show what would be written, and write nothing"),
    prove: flag("--prove", "read every disk back and compare it with its source"),
    reproducible: flag("--reproducible", "the same bytes in any folder, time zone, time, Node.js and processor"),
    force: flag("--force", "replace files that exist"),
    ...signingOptions,
    level: wholeNumber("--level N", "deflate level of compressed disks, 1 to 9", 1, 9),
    json,
    allowRemote,
    ...remoteOptions,
    ...workOptions,
  },
  details: [
    "The spec describes one machine or several: hardware, disks in any format, networks, products with their questions, licences, deployment options. Its settings are listed in docs/reference/build.md; `vmferry init` writes one.",
    "Where the spec or --for name targets, the package is judged as `validate --for` does before a disk is written. With an error nothing is written, and the exit code is 1.",
    "Several packages are written in one pass over the disks. SOURCE_DATE_EPOCH sets the members' time of an .ova.",
    "--reproducible makes the same bytes of the same inputs everywhere: members are of SOURCE_DATE_EPOCH, or of 1980, and disks are packed by a codec in JavaScript, which takes longer. `vmferry verify app.ova --rebuild SPEC` proves it.",
  ],
  examples: [
    "build appliance.yaml app.ova",
    "build appliance.yaml app.ova app-folder/ --var VERSION=1.2.3",
    "build appliance.yaml app.ova --for vsphere-7 --for virtualbox-7 --dry-run",
  ],
  async run([spec = "", ...destinations], options, cli) {
    const scratch = path.dirname(path.resolve(destinations[0] ?? spec));
    return withSession({ ...options, scratch }, cli, async (session) => {
      const opened = await openNamedSpec(spec, options, session);
      const plans: OpenBuild[] = [];
      try {
        const outputs = outputsOf(destinations, spec, opened).map(({ wanted, ...output }) => {
          return { ...output, wanted: { ...wanted, targets: [...new Set([...wanted.targets, ...options.for])] } };
        });
        const signing = await signingOf(options, session, cli);
        const how = {
          modified: options.reproducible ? fixedTime() : resultTime(session),
          reproducible: options.reproducible,
          ...(options.level === null ? {} : { level: options.level }),
          ...(signing === null ? {} : { signing }),
        };
        for (const { wanted } of outputs) plans.push(await planBuild(opened, wanted, how, session.ctx));
        return await showOrWrite(
          { spec, outputs, plans, reader: opened.source.reader, signing },
          options,
          session,
          cli,
        );
      } finally {
        for (const plan of plans.reverse()) await plan.close();
        await opened.close();
      }
    });
  },
});

interface Work {
  readonly spec: string;
  readonly outputs: readonly NamedOutput[];
  readonly plans: readonly OpenBuild[];
  readonly reader: Parameters<typeof executeBuild>[0];
  readonly signing: Signing | null;
}

async function showOrWrite(
  work: Work,
  options: { readonly dryRun: boolean; readonly prove: boolean; readonly force: boolean; readonly json: boolean },
  session: Session,
  cli: Cli,
): Promise<number> {
  const { spec, outputs, plans } = work;
  const refused = plans.some(({ refusals }) => refusals.length > 0);
  const written = refused || options.dryRun ? null : await write(work, options, session);
  const findings = new Map(
    [...session.findings, ...plans.flatMap((plan) => plan.findings)].map((found) => [JSON.stringify(found), found]),
  );
  const result: BuildResult = {
    schema: "vmferry/build@1",
    spec,
    outcome: refused ? "refused" : options.dryRun ? "plan" : "written",
    outputs: plans.map(({ plan, refusals }, index) => ({
      name: outputs[index]?.name ?? "",
      targets: outputs[index]?.wanted.targets ?? [],
      files: written?.[index]?.files ?? plan.files,
      losses: plan.losses,
      refusals: refusals.map(toDiagnosticResult),
      proof: written?.[index]?.proof ?? null,
    })),
    codec: written?.reduce<string | null>((known, { codec }) => known ?? codec, null) ?? null,
    diagnostics: [...findings.values()].map(toDiagnosticResult),
  };
  await cli.terminal.data(options.json ? renderJson(result) : renderBuild(result, cli.terminal.dataPalette));
  if (refused) return exitCodes.fallsShort;
  if (options.dryRun && plans.some(({ plan }) => plan.blocked.length > 0)) return exitCodes.failed;
  return judge(result.diagnostics);
}

/** Writes all packages, or none. */
async function write(
  { outputs, plans, reader }: Work,
  { prove, force }: { readonly prove: boolean; readonly force: boolean },
  { runtime, ctx }: Session,
): ReturnType<typeof executeBuild> {
  const sets: NodeFileSet[] = [];
  try {
    for (const { destination, wanted } of outputs) {
      const open = wanted.kind === "ova" ? openSingleFileSet : openFolderSet;
      sets.push(await open(destination, { force, native: runtime.native }));
    }
    const planned = plans.flatMap(({ plan }, index) => {
      const to = sets[index];
      return to === undefined ? [] : [{ plan, to }];
    });
    const outcomes = await executeBuild(reader, planned, { prove }, ctx);
    for (const set of sets) await set.commit();
    return outcomes;
  } catch (cause) {
    for (const set of sets) await set.abort(cause);
    throw cause;
  }
}
