import type { Appliance } from "../appliance/appliance.js";
import type { Diagnostic, DiagnosticCode, Location } from "../base/diagnostics.js";
import { FerryError, isCanceled } from "../base/errors.js";
import type { PackageKind } from "../base/ids.js";
import type { Context } from "../io/context.js";
import type { OvfDocument } from "../ovf/document.js";
import { readManifest } from "../package/manifest/read.js";
import type { PackageReader } from "../package/model.js";
import { trustNobody } from "../package/trust/trust.js";
import { type ApplianceResult, toDiagnosticResult, type ValidateResult } from "../report/results.js";
import { judge } from "../rules/engine.js";
import { createFacts, type Facts } from "../rules/facts.js";
import { type PackageFiles, packageFiles } from "../rules/files.js";
import { strictly } from "../rules/reported.js";
import type { AnyRule, RuleSeverity } from "../rules/rule.js";
import { rules as allRules } from "../rules/rules.js";
import type { TargetProfile } from "../targets/profile.js";
import type { XmlDocument } from "../xml/tree.js";
import { blamesInput } from "./damage.js";
import { toApplianceResult } from "./inspect.js";
import { openPackage, type PackageInput } from "./open.js";
import { checkSignature } from "./sign/signature.js";
import { type JudgedEnvironment, judgeEnvironment } from "./validate-environment.js";
import { checkIntegrity } from "./verify.js";

/** How a package is judged. */
export interface ValidateOptions {
  /** `strict`: the standard to the letter. */
  readonly level?: "importer" | "strict";
  /** Targets whose rules count too. */
  readonly targets?: readonly TargetProfile[];
  /** Codes of findings that are not wanted. */
  readonly allow?: ReadonlySet<DiagnosticCode>;
  /** How bad findings are, other than their rules say. */
  readonly severities?: ReadonlyMap<DiagnosticCode, RuleSeverity>;
  readonly rules?: readonly AnyRule[];
  /** Whether files other than the descriptor are looked at; they are by default. */
  readonly files?: "judged" | "ignored";
  /** Whether files are held against the manifest, which reads all of them; they are by default. */
  readonly digests?: "checked" | "unchecked";
}

/** What is judged: a descriptor, with its package where other files are looked at. */
export interface Subject {
  readonly package: PackageReader | null;
  /** Left out: `package` is `null`. */
  readonly files?: PackageFiles;
  readonly document: OvfDocument;
  /** What would be deployed by default. @throws where the descriptor cannot be understood */
  appliance(): Appliance;
}

/** One entry of a result. */
export type ValidatedFile = ValidateResult["files"][number];

/** A judgement, with the descriptor that it is about; `null`: it could not be read as one. */
export interface Validated {
  readonly file: ValidatedFile;
  /** What places of findings are in; `null`: it is no XML of ours. */
  readonly xml: XmlDocument | null;
  readonly document: OvfDocument | null;
  /** `null`: it is no package. */
  readonly kind: PackageKind | null;
  /** What would be deployed by default; `null`: the descriptor cannot be understood so far. Made when asked for. */
  appliance(): ApplianceResult | null;
}

/** Findings about files other than the descriptor. */
const OTHER_FILES = /^(?:package|tar|io|manifest)\//;

/**
 * Holds a package against every rule of the standard, and of targets where they are named. Findings come in the order of the descriptor. What
 * cannot be read as a package is rejected, but an OVF environment is judged as one; what cannot be read at all is thrown.
 * @param name how the result names it
 * @throws `run/canceled`, and what reading files throws
 */
export async function validateInput(
  name: string,
  input: PackageInput,
  options: ValidateOptions,
  ctx: Context,
): Promise<Validated> {
  const found: Diagnostic[] = [];
  const own: Context = { ...ctx, report: (finding) => found.push(finding) };
  const findings = (): Diagnostic[] => {
    const wanted = options.files === "ignored" ? found.filter(({ code }) => !OTHER_FILES.test(code)) : found;
    return options.level === "strict" ? wanted.map(strictly) : wanted;
  };
  try {
    const opened = await openPackage(input, { onDamage: "report" }, own);
    try {
      const { document } = opened;
      const { reader } = opened;
      const subject: Subject = {
        ...(options.files === "ignored" ? { package: null } : { package: reader, files: packageFiles(reader, ctx) }),
        document,
        appliance: () => opened.appliance({}, { ...ctx, report: () => {} }),
      };
      const judged: Diagnostic[] = [];
      for await (const { diagnostic } of judge(factsOf(subject), questionOf(options), own)) judged.push(diagnostic);
      if (options.files !== "ignored") found.push(...(await digestFindings(reader, found, options, ctx)));
      const file = verdictOf(name, [...findings(), ...judged], document.xml, options);
      const appliance = (): ApplianceResult | null => {
        const found = understood(subject);
        return found === null ? null : toApplianceResult(found);
      };
      return { file, xml: document.xml, document, kind: reader.kind, appliance };
    } finally {
      await opened.close();
    }
  } catch (cause) {
    if (!(cause instanceof FerryError) || isCanceled(cause) || !isVerdict(cause)) throw cause;
    const environment = await judgedEnvironment(input, cause, own);
    if (environment instanceof FerryError) return rejected(environment);
    if (environment !== null) {
      const file = verdictOf(name, environment.findings, environment.xml, options);
      return { file, xml: environment.xml, document: null, kind: null, appliance: () => null };
    }
    return rejected(cause);
  }

  function rejected({ code, message, hint, location }: FerryError): Validated {
    const finding: Diagnostic = {
      code,
      severity: "error",
      message,
      ...(hint === undefined ? {} : { hint }),
      ...(location === undefined ? {} : { location }),
    };
    return {
      file: verdictOf(name, [...findings(), finding], null, options),
      xml: null,
      document: null,
      kind: null,
      appliance: () => null,
    };
  }
}

/**
 * The judgement of a guest's environment, or what keeps a file that looks like one from being read. `null`: it is none.
 * @param cause why the file is no package
 */
async function judgedEnvironment(
  input: PackageInput,
  cause: FerryError,
  ctx: Context,
): Promise<JudgedEnvironment | FerryError | null> {
  try {
    return await judgeEnvironment(input, ctx);
  } catch (error) {
    if (!(error instanceof FerryError) || isCanceled(error) || !isVerdict(error)) throw error;
    // What was recognized as a package is wrong in its own way.
    return cause.code === "package/unknown-kind" ? error : null;
  }
}

/** What the manifest is and says, without what was met already when the package was opened. */
async function digestFindings(
  reader: PackageReader,
  known: readonly Diagnostic[],
  options: ValidateOptions,
  ctx: Context,
): Promise<readonly Diagnostic[]> {
  if (options.digests === "unchecked") {
    const spelling: Diagnostic[] = [];
    await readManifest(reader, { ...ctx, report: (finding) => spelling.push(finding) });
    return spelling;
  }
  const { findings } = await checkIntegrity(reader, ctx);
  return [
    ...findings.filter(({ code }) => !code.startsWith("tar/") || !known.some((finding) => finding.code === code)),
    ...(await signatureFindings(reader, ctx)),
  ];
}

/** What rules say of a certificate file by themselves. */
const SAID_BY_RULES: ReadonlySet<DiagnosticCode> = new Set([
  "signature/unreadable",
  "signature/no-manifest",
  "signature/other-manifest",
]);

/** What importers see in a signature. Whom they trust nobody knows here. */
async function signatureFindings(reader: PackageReader, ctx: Context): Promise<readonly Diagnostic[]> {
  const judgement = await checkSignature(reader, trustNobody, ctx);
  const { findings = [], doubts = [] } = judgement ?? {};
  return [
    ...findings.filter(({ code }) => !SAID_BY_RULES.has(code)),
    ...doubts
      .filter(({ code }) => code !== "signer/untrusted")
      .map((doubt) =>
        doubt.severity === "error" && doubt.code !== "signer/bad-signature"
          ? { ...doubt, severity: "warning" as const }
          : doubt,
      ),
  ];
}

/** Whether an error says that the input is no package, rather than that it cannot be read. */
function isVerdict(cause: FerryError): boolean {
  return cause.code === "package/unknown-kind" || cause.code === "ovf/no-descriptor" || blamesInput(cause);
}

/** The facts that rules get about a subject. */
export function factsOf(subject: Subject): Facts {
  return createFacts({
    package: subject.package,
    ...(subject.files === undefined ? {} : { files: subject.files }),
    ovf: subject.document,
    appliance: () => understood(subject),
  });
}

function understood(subject: Subject): Appliance | null {
  try {
    return subject.appliance();
  } catch (cause) {
    // What keeps it from being understood is for other rules to say.
    if (cause instanceof FerryError && !isCanceled(cause)) return null;
    throw cause;
  }
}

/** The question that options ask. */
export function questionOf(options: ValidateOptions): Parameters<typeof judge>[1] {
  const { rules = allRules, severities } = options;
  return {
    // A rule that is off is asked where its findings are wanted.
    rules: rules.map((rule) => {
      const severity = severities?.get(rule.code);
      return severity === undefined ? rule : { ...rule, severity, strict: severity };
    }),
    level: options.level ?? "importer",
    targets: options.targets ?? [],
  };
}

function verdictOf(
  name: string,
  found: readonly Diagnostic[],
  xml: XmlDocument | null,
  options: ValidateOptions,
): ValidatedFile {
  const diagnostics = found
    .flatMap((finding): readonly Diagnostic[] => {
      const severity = options.severities?.get(finding.code) ?? finding.severity;
      return severity === "off" || options.allow?.has(finding.code) === true ? [] : [{ ...finding, severity }];
    })
    .sort((a, b) => byPlace(a, b, xml?.root.location));
  return {
    name,
    verdict: diagnostics.some(({ severity }) => severity === "error") ? "reject" : "accept",
    diagnostics: diagnostics.map(toDiagnosticResult),
  };
}

/** The descriptor's in its order, then all others as they came. @param root a place in the descriptor */
function byPlace(a: Diagnostic, b: Diagnostic, root: Location | undefined): number {
  const [first, second] = [lineOf(a.location, root), lineOf(b.location, root)];
  return first[0] - second[0] || first[1] - second[1];
}

function lineOf(location: Location | undefined, root: Location | undefined): readonly [line: number, column: number] {
  const elsewhere = root?.at === "text" && location?.at === "text" && location.file !== root.file;
  return location?.at === "text" && !elsewhere ? [location.line, location.column] : [Number.MAX_SAFE_INTEGER, 0];
}
