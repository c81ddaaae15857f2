import * as path from "node:path";
import type { DiagnosticCode } from "../../base/diagnostics.js";
import { nearest } from "../../base/text.js";
import { version } from "../../base/version.js";
import { MOST_BASELINE_BYTES, parseBaseline, toBaseline } from "../../operations/baseline.js";
import { noConfig, type ValidateConfig } from "../../operations/config.js";
import { allCodes } from "../../operations/explain.js";
import { fingerprintsOf } from "../../operations/fingerprint.js";
import { type ValidateOptions, validateInput } from "../../operations/validate.js";
import { withoutSecrets } from "../../ovf/secrets.js";
import { renderHtml } from "../../report/html.js";
import { renderJson } from "../../report/json.js";
import { plain } from "../../report/palette.js";
import type { ValidateResult } from "../../report/results.js";
import { renderSarif } from "../../report/sarif.js";
import { renderValidateMarkdown } from "../../report/validate-markdown.js";
import type { ReportedFile, ReportedFinding, ValidateReport } from "../../report/validate-report.js";
import { renderValidate } from "../../report/validate-text.js";
import { isRemoteUrl } from "../../runtime/node/http/address.js";
import type { TargetProfile } from "../../targets/profile.js";
import { targets } from "../../targets/targets.js";
import { LineIndex, type XmlDocument } from "../../xml/tree.js";
import { type Cli, type CommandDefinition, defineCommand } from "../command.js";
import { findConfig, readConfig, readText } from "../config.js";
import { exitCodes } from "../exit-codes.js";
import { openNamedInput, shownName } from "../inputs.js";
import { choice, flag, invalid, json, list, text, unless } from "../options.js";
import { allowRemote, remoteOptions } from "../remote.js";
import { explained } from "../sarif.js";
import { type Session, withSession } from "../session.js";
import { writeTextFile } from "../write-text.js";

const formats = ["text", "json", "sarif", "markdown", "html"] as const;

const targetIds = targets.all.map(({ id }) => id);

/** What the command line says about one run. */
interface Given {
  readonly strict: boolean;
  readonly for: readonly string[];
  readonly allow: readonly string[];
  readonly descriptorOnly: boolean;
  readonly integrity: boolean;
}

/** `vmferry validate SRC...`. */
export const validate: CommandDefinition = defineCommand({
  arguments: [
    {
      name: "SRC...",
      what: "packages: each an .ova, an .ovf, or a folder with one .ovf; an http(s) or s3 URL of the first two; an OVF environment (ovf-env.xml)",
      complete: "file",
    },
  ],
  options: {
    strict: flag("--strict", "the standard to the letter, not what careful importers take"),
    for: { ...list("--for TARGET", "hold it against a target too"), choices: targetIds },
    descriptorOnly: flag("--descriptor-only", "look at no file but the descriptor"),
    integrity: unless("--no-integrity", "do not compare files with the manifest, which reads all of them"),
    allow: list("--allow CODE", "leave findings with this code out"),
    format: choice("--format FORMAT", "how the result is written", formats),
    json,
    output: { ...text("--output FILE", "write the result into a file"), short: "-o" },
    force: flag("--force", "overwrite the files of --output and --write-baseline"),
    config: text("--config FILE", "settings from this file, not from the .vmferry.yaml beside the package or above it"),
    ignoreConfig: flag("--ignore-config", "no settings from a .vmferry.yaml"),
    baseline: text("--baseline FILE", "findings in this file are known and do not count"),
    writeBaseline: text("--write-baseline FILE", "write the findings of this run as those that are known"),
    allowRemote,
    ...remoteOptions,
  },
  details: [
    "Every finding says what is wrong, where, what to do, and on which section of the standard it rests. 'vmferry explain CODE' says more.",
    "A .vmferry.yaml beside the package, or in a folder above, has the settings level (importer or strict), targets, allow (codes), and severity (error, warning, info or off for a code). Options count more.",
    "Exit code 1: a package is rejected, which is so exactly when a finding is an error.",
  ],
  examples: [
    "validate appliance.ova",
    "validate appliance.ovf --strict --descriptor-only --json",
    "validate appliance.ova --for vsphere-8 --format html -o report.html",
    "validate *.ova --baseline known.json --format sarif -o findings.sarif",
  ],
  async run(names, options, cli) {
    const format = options.json ? "json" : (options.format ?? "text");
    if (options.json && options.format !== null && options.format !== "json") {
      throw invalid("--format", options.format, "Leave --json out: one result has one format.");
    }
    for (const id of options.for) profileOf(id);
    for (const code of options.allow) knownCode(code);
    const known =
      options.baseline === null
        ? new Set<string>()
        : parseBaseline(await readText(options.baseline, MOST_BASELINE_BYTES), options.baseline);
    const named = options.config === null ? null : (await readConfig(options.config)).config;
    const files: ReportedFile[] = [];
    const levels = new Set<"importer" | "strict">();
    const judgedFor = new Set<string>();
    const told = new Set<string>();
    await withSession(options, cli, async (session) => {
      for (const name of names) {
        const config = named ?? (options.ignoreConfig ? noConfig : await configFor(name, told, cli));
        const how = howOf(config, name, options);
        levels.add(how.level ?? "importer");
        for (const { id } of how.targets ?? []) judgedFor.add(id);
        files.push(await judgeFile(name, how, known, format === "html" ? "drawn" : "left", session));
      }
    });
    const report: ValidateReport = {
      version,
      level: levels.has("strict") ? "strict" : "importer",
      targets: [...judgedFor],
      files,
      codes: explained(files),
    };
    if (options.writeBaseline !== null) {
      const baseline = toBaseline(files.flatMap(({ findings }) => findings));
      await writeTextFile(options.writeBaseline, renderJson(baseline), options.force);
      cli.terminal.note(`${options.writeBaseline}: ${baseline.findings.length} known findings`);
    }
    const palette = cli.terminal.dataPalette;
    if (options.output === null) {
      const rendered = format === "text" ? renderValidate(report, palette) : render(report, format);
      await cli.terminal.data(rendered);
    } else await writeTextFile(options.output, render(report, format), options.force);
    return files.some(({ verdict }) => verdict === "reject") ? exitCodes.fallsShort : exitCodes.done;
  },
});

function profileOf(id: string): TargetProfile {
  const profile = targets.find(id);
  if (profile !== undefined) return profile;
  throw invalid("--for", id, `It is one of: ${targetIds.join(", ")}.`);
}

function knownCode(code: string): DiagnosticCode {
  if (Object.hasOwn(allCodes, code)) return code as DiagnosticCode;
  const like = nearest(code, Object.keys(allCodes));
  const hint = like.length === 0 ? "Codes are listed in docs/reference/codes.md." : `Did you mean ${like.join(", ")}?`;
  throw invalid("--allow", code, hint);
}

/** The settings beside a package or above it. Which they are is said once: they can hide findings. */
async function configFor(name: string, told: Set<string>, cli: Cli): Promise<ValidateConfig> {
  const { config, file } = await findConfig(name);
  if (file !== null && !told.has(file)) cli.terminal.note(`settings of ${path.relative("", file) || file}`);
  if (file !== null) told.add(file);
  return config;
}

function howOf(config: ValidateConfig, name: string, given: Given): ValidateOptions {
  const ids = given.for.length > 0 ? given.for : config.targets;
  return {
    level: given.strict ? "strict" : (config.level ?? "importer"),
    targets: [...new Set(ids)].map(profileOf),
    allow: new Set([...config.allow, ...given.allow.map(knownCode)]),
    severities: config.severity,
    files: given.descriptorOnly ? "ignored" : "judged",
    // Of a package on a server only headers are fetched: `verify` reads it whole.
    digests: given.integrity && !isRemoteUrl(name) ? "checked" : "unchecked",
  };
}

async function judgeFile(
  name: string,
  how: ValidateOptions,
  known: ReadonlySet<string>,
  picture: "drawn" | "left",
  session: Session,
): Promise<ReportedFile> {
  const input = await openNamedInput(name, session);
  try {
    const shown = shownName(name, input);
    const { file, xml, kind, appliance } = await validateInput(shown, input, how, session.ctx);
    const descriptor = xml === null ? null : descriptorOf(xml);
    const prints = fingerprintsOf(file.diagnostics, descriptor, session.runtime);
    const findings = file.diagnostics.map((diagnostic, i): ReportedFinding => {
      const fingerprint = prints[i] ?? "";
      return { diagnostic, fingerprint, state: known.has(fingerprint) ? "known" : "new" };
    });
    const rejected = findings.some(({ diagnostic, state }) => state === "new" && diagnostic.severity === "error");
    return {
      name: shown,
      kind,
      verdict: rejected ? "reject" : "accept",
      findings,
      descriptor,
      appliance: picture === "drawn" ? appliance() : null,
    };
  } finally {
    await input.close();
  }
}

function descriptorOf(xml: XmlDocument): ReportedFile["descriptor"] {
  const place = xml.root.location;
  // What is shown of lines, and what is worked out of them, is without secrets.
  let lines: LineIndex | null = null;
  return {
    file: place.at === "text" ? place.file : "",
    line(number): string | null {
      lines ??= new LineIndex(withoutSecrets(xml.text));
      return lines.line(number);
    },
  };
}

function render(report: ValidateReport, format: (typeof formats)[number]): string {
  switch (format) {
    case "text":
      return renderValidate(report, plain);
    case "json":
      return renderJson(toResult(report));
    case "sarif":
      return renderSarif(report);
    case "markdown":
      return renderValidateMarkdown(report);
    case "html":
      return renderHtml(report);
  }
}

/** The contract's document: findings of the baseline are left out. */
function toResult({ files }: ValidateReport): ValidateResult {
  return {
    schema: "vmferry/validate@1",
    files: files.map(({ name, verdict, findings }) => ({
      name,
      verdict,
      diagnostics: findings.filter(({ state }) => state === "new").map(({ diagnostic }) => diagnostic),
    })),
  };
}
