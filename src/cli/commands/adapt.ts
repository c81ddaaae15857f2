import * as path from "node:path";
import { FerryError } from "../../base/errors.js";
import type { TargetId } from "../../base/ids.js";
import { type AdaptTarget, adapt as adaptAll } from "../../operations/convert/adapt.js";
import type { OpenConversion } from "../../operations/convert/convert.js";
import { type FlavourId, flavours } from "../../platforms/ovf/flavours.js";
import { platforms } from "../../platforms/platforms.js";
import { renderAdapt } from "../../report/adapt-text.js";
import { renderJson } from "../../report/json.js";
import { type AdaptResult, toDiagnosticResult } from "../../report/results.js";
import { openFolderSet } from "../../runtime/node/file-set.js";
import { targets } from "../../targets/targets.js";
import { type Cli, type CommandDefinition, defineCommand } from "../command.js";
import { demandOptions, demandsOf } from "../demands.js";
import { exitCodes, judge } from "../exit-codes.js";
import { flag, json, list, text, wholeNumber, workOptions } from "../options.js";
import { openNamedSource } from "../packages.js";
import { loadProfile, profileFor, profileOption } from "../profile.js";
import { allowRemote, remoteOptions } from "../remote.js";
import { type Session, withSession } from "../session.js";
import { placeOptions, placesOfFiles, wishOptions } from "../wishes.js";
import { planOf, type Request, underProfile, workOf } from "./convert.js";

/** One word of `--to`. */
interface Wanted {
  /** Name of its folder. */
  readonly folder: string;
  readonly to: string;
  readonly for: TargetId | null;
  readonly flavour: FlavourId | null;
  readonly label: string;
}

/** `vmferry adapt SRC DEST --to A,B,C`. */
export const adapt: CommandDefinition = defineCommand({
  arguments: [
    {
      name: "SRC",
      what: "an .ova, an .ovf, a machine's configuration, a folder with one, or a disk; an http(s) or s3 URL of an .ova or .ovf",
      complete: "file",
    },
    { name: "DEST", what: "the folder to write: one folder in it for each target", complete: "file" },
  ],
  options: {
    to: list("--to A,B,C", "what to write: platforms (hyperv), versions of them (vsphere-8), ova, ova:FLAVOUR, ovf"),
    ...wishOptions,
    profile: profileOption,
    ...placeOptions,
    configuration: text("--configuration ID", "the deployment option to convert (default: the package's own)"),
    dryRun: flag("--dry-run", "show the plans and write nothing"),
    prove: flag("--prove", "read every disk back and compare it with its source"),
    ...demandOptions,
    resume: flag(
      "--resume",
      "go on where an interrupted run of the same command stopped; keep what is done if this one is",
    ),
    force: flag("--force", "replace files that exist"),
    level: wholeNumber("--level N", "deflate level of compressed disks, 1 to 9", 1, 9),
    json,
    allowRemote,
    ...remoteOptions,
    ...workOptions,
  },
  details: [
    "Each disk is read and unpacked once for all targets. REPORT.md tells what every one of them is, and what it could not hold. All results appear together, or none.",
  ],
  examples: [
    "adapt appliance.ova release/ --to vsphere-8,hyperv,libvirt,ova:virtualbox",
    "adapt vm/machine.vmx all/ --to hyperv,libvirt,ova --dry-run",
  ],
  async run([source = "", destination = ""], options, cli) {
    const wanted = wantedOf(options.to);
    const profile = await loadProfile(options.profile);
    const scratch = path.dirname(path.resolve(destination));
    return withSession({ ...options, scratch }, cli, async (session) => {
      if (!options.dryRun) session.runtime.pool.start("shared", ...(options.integrity ? (["own"] as const) : []));
      const named = await openNamedSource(source, { disks: "taken", ...placesOfFiles(options, session) }, session);
      const open: OpenConversion[] = [];
      try {
        const demands = await demandsOf(named, options, session.ctx);
        const plans: AdaptTarget[] = [];
        for (const { folder, label, ...how } of wanted) {
          const name = /^ova/.test(how.to) ? `${named.opened.reader.name.replace(/\.[^.]*$/, "")}.ova` : "";
          const wishes = { ...options, ...how, ovfVersion: null, option: [] };
          const request: Request = {
            ...underProfile(wishes, profileFor(profile, how)),
            destination: path.join(destination, folder, name),
            signing: null,
          };
          const conversion = await planOf(named, request, session);
          open.push(conversion);
          plans.push({ folder, label, plan: conversion.plan });
        }
        const work = { named, plans, findings: open[0]?.findings ?? [], source, destination, demands };
        return options.dryRun ? await show(work, options.json, cli) : await execute(work, options, session, cli);
      } finally {
        for (const conversion of open.reverse()) await conversion.close();
        await named.close();
      }
    });
  },
});

interface Work {
  readonly named: Awaited<ReturnType<typeof openNamedSource>>;
  readonly plans: readonly AdaptTarget[];
  readonly findings: OpenConversion["findings"];
  readonly source: string;
  readonly destination: string;
  readonly demands: Awaited<ReturnType<typeof demandsOf>>;
}

async function show({ plans, findings, destination }: Work, asJson: boolean, cli: Cli): Promise<number> {
  const result: AdaptResult = {
    schema: "vmferry/adapt@1",
    targets: plans.map(({ folder, label, plan: { files, steps, losses } }) => {
      return { folder, label, files: [...files], steps, losses, proof: null };
    }),
    integrity: null,
    codec: null,
    threads: null,
    diagnostics: findings.map(toDiagnosticResult),
  };
  await cli.terminal.data(asJson ? renderJson(result) : renderAdapt(destination, result, cli.terminal.dataPalette));
  return plans.some(({ plan }) => plan.blocked.length > 0) ? exitCodes.failed : exitCodes.done;
}

async function execute(
  { named, plans, findings, source, destination, demands }: Work,
  options: {
    readonly integrity: boolean;
    readonly prove: boolean;
    readonly force: boolean;
    readonly resume: boolean;
    readonly json: boolean;
    readonly level: number | null;
  },
  session: Session,
  cli: Cli,
): Promise<number> {
  const { integrity, prove, force } = options;
  const resume = options.resume
    ? {
        resume: workOf(
          plans.map(({ plan }) => plan),
          source,
          options.level,
        ),
      }
    : {};
  const to = await openFolderSet(destination, { force, native: session.runtime.native, ...resume });
  try {
    const from = { reader: named.opened.reader, findings };
    const outcome = await adaptAll(from, plans, to, { integrity, prove, demands }, session.ctx);
    for (const { folder, plan } of plans) for (const name of plan.executables) to.markExecutable(`${folder}/${name}`);
    await to.commit();
    const result: AdaptResult = {
      schema: "vmferry/adapt@1",
      targets: outcome.targets,
      integrity: outcome.integrity,
      codec: outcome.codec,
      threads: outcome.threads,
      diagnostics: [...findings, ...outcome.findings].map(toDiagnosticResult),
    };
    await cli.terminal.data(
      options.json ? renderJson(result) : renderAdapt(destination, result, cli.terminal.dataPalette),
    );
    return judge(result.diagnostics);
  } catch (cause) {
    await to.abort(cause);
    throw cause;
  }
}

/** The words of `--to`: each once. */
function wantedOf(given: readonly string[]): readonly Wanted[] {
  const words = given.flatMap((word) => word.split(",")).map((word) => word.trim().toLowerCase());
  if (words.length === 0) {
    throw new FerryError("cli/usage", "nothing says what to write", {
      hint: "Say it with --to, such as --to vsphere-8,hyperv,libvirt.",
    });
  }
  const wanted = words.map(wantedWord);
  const twice = wanted.find(({ folder }, index) => wanted.findIndex((other) => other.folder === folder) < index);
  if (twice === undefined) return wanted;
  throw new FerryError("cli/usage", `${twice.folder} is named twice`, { hint: "Name each target once." });
}

function wantedWord(word: string): Wanted {
  const folder = word.replace(":", "-");
  const [to = "", flavourName] = word.split(":", 2);
  const flavour = flavours.find(({ id }) => id === flavourName)?.id ?? null;
  if ((to === "ova" || to === "ovf") && (flavourName === undefined || flavour !== null)) {
    const label = `${to === "ova" ? "an OVA" : "an OVF folder"}${flavour === null ? "" : ` for ${flavour}`}`;
    return { folder, to, for: null, flavour, label };
  }
  const target = targets.all.find(({ id }) => id === word);
  const platform = platforms.all.find(({ id, exportConfig }) => {
    return exportConfig !== undefined && id === (target?.platform ?? word);
  });
  if (platform !== undefined) {
    const label = target === undefined ? platform.label : `${platform.label} ${target.version}`;
    return { folder, to: platform.id, for: target?.id ?? null, flavour: null, label };
  }
  const known = platforms.all.filter(({ exportConfig }) => exportConfig !== undefined).map(({ id }) => id);
  throw new FerryError("cli/usage", `${JSON.stringify(word)} is nothing that is written`, {
    hint: `These are: ${[...known, "ova", "ovf", ...flavours.map(({ id }) => `ova:${id}`)].join(", ")}, and versions such as vsphere-8.`,
  });
}
