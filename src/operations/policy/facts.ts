import type { Appliance } from "../../appliance/appliance.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import type { TargetId } from "../../base/ids.js";
import type { Context } from "../../io/context.js";
import type { OvfDocument } from "../../ovf/document.js";
import { uncoveredBy } from "../../package/manifest/compare.js";
import { readManifest } from "../../package/manifest/read.js";
import type { Manifest } from "../../package/manifest/text.js";
import type { PackageReader } from "../../package/model.js";
import type { SignatureJudgement } from "../../package/trust/judge.js";
import type { Trust } from "../../package/trust/trust.js";
import { judge } from "../../rules/engine.js";
import { packageFiles } from "../../rules/files.js";
import { targets } from "../../targets/targets.js";
import { auditFindings } from "../audit/audit.js";
import type { OpenedPackage } from "../open.js";
import { checkSignature } from "../sign/signature.js";
import { factsOf, questionOf } from "../validate.js";

/** What a policy is held against. Nothing but small files is read, and that when it is asked for. */
export interface PolicyFacts {
  readonly reader: PackageReader;
  readonly document: OvfDocument;
  readonly appliance: Appliance;
  readonly manifest: Manifest | null;
  /** Files that a manifest has to list and this one does not, by name. */
  readonly uncovered: readonly string[];
  readonly signature: SignatureJudgement | null;
  /** What a package has that deserves a look. */
  audit(): readonly Diagnostic[];
  /** What rules say, those of a target included. */
  validate(level: "importer" | "strict", target: TargetId | null): Promise<readonly Diagnostic[]>;
}

/** Gathers the facts of a package that is open. @throws what reading throws */
export async function policyFacts(opened: OpenedPackage, trust: Trust, ctx: Context): Promise<PolicyFacts> {
  const { reader, document } = opened;
  const silent: Context = { ...ctx, report: () => {} };
  const appliance = opened.appliance({}, silent);
  const manifest = await readManifest(reader, silent);
  const covered = new Set(manifest?.entries.flatMap(({ name }) => reader.entry(name)?.name ?? []) ?? []);
  const required = [...(reader.descriptor === null ? [] : [reader.descriptor]), ...reader.referenced];
  const signature = await checkSignature(reader, trust, ctx);
  let audited: readonly Diagnostic[] | null = null;
  const judged = new Map<string, Promise<readonly Diagnostic[]>>();
  return {
    reader,
    document,
    appliance,
    manifest,
    uncovered: [...uncoveredBy(covered, required)].map(({ name }) => name),
    signature,
    audit() {
      audited ??= auditFindings({ reader, document, appliance, signature });
      return audited;
    },
    validate(level, target) {
      const key = `${level} ${target ?? ""}`;
      const known = judged.get(key) ?? validated(level, target);
      judged.set(key, known);
      return known;
    },
  };

  async function validated(level: "importer" | "strict", target: TargetId | null): Promise<readonly Diagnostic[]> {
    const question = questionOf({ level, ...(target === null ? {} : { targets: [targets.get(target)] }) });
    const subject = { package: reader, files: packageFiles(reader, ctx), document, appliance: () => appliance };
    const found: Diagnostic[] = [];
    for await (const { diagnostic } of judge(factsOf(subject), question, silent)) found.push(diagnostic);
    return found;
  }
}
