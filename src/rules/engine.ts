import type { Diagnostic, Severity } from "../base/diagnostics.js";
import { FerryError, isCanceled, throwIfAborted } from "../base/errors.js";
import type { Context } from "../io/context.js";
import type { TargetProfile } from "../targets/profile.js";
import type { Facts } from "./facts.js";
import { everyElement, type NodeKind, placeOf, type RuleNodes } from "./nodes.js";
import { type AnyRule, type Finding, fill, type Rule } from "./rule.js";

/** Findings of one rule that are given one by one: of a hostile descriptor there could be a million. */
export const MOST_FINDINGS = 100;

/** What is asked. */
export interface Question {
  readonly rules: readonly AnyRule[];
  /** `strict`: the standard to the letter. */
  readonly level: "importer" | "strict";
  /** Targets whose rules are asked too. */
  readonly targets: readonly TargetProfile[];
}

/** One finding, with the rule and the node that it is about: what mending needs. */
export interface Judged<N extends NodeKind = NodeKind> {
  readonly rule: Rule<N>;
  readonly node: RuleNodes[N];
  readonly finding: Finding;
  /** The facts that the rule saw. */
  readonly facts: Facts;
  readonly diagnostic: Diagnostic;
}

/** The kinds in the order in which they are asked. */
const KINDS: readonly NodeKind[] = [
  "package",
  "ovf",
  "ovf/file",
  "ovf/disk",
  "ovf/network",
  "ovf/configuration",
  "ovf/section",
  "ovf/content",
  "ovf/hardware",
  "ovf/item",
  "ovf/product",
  "ovf/property",
  "ovf/element",
  "appliance",
];

/**
 * Asks every rule about every node that it is for. No rule sees another's result; one that fails is itself a finding, `internal/rule-failed`.
 * @throws `run/canceled`
 */
export async function* judge(facts: Facts, question: Question, ctx: Context): AsyncGenerator<Judged> {
  for (const kind of KINDS) yield* judgeKind(kind, facts, question, ctx);
}

async function* judgeKind<N extends NodeKind>(
  kind: N,
  facts: Facts,
  question: Question,
  ctx: Context,
): AsyncGenerator<Judged> {
  const rules = question.rules.filter((rule): rule is AnyRule & Rule<N> => rule.node === kind);
  for (const rule of rules) {
    throwIfAborted(ctx.signal);
    const severity = question.level === "strict" ? rule.strict : rule.severity;
    if (severity === "off") continue;
    const { targets } = rule;
    const views =
      targets === undefined
        ? [facts]
        : question.targets.filter((target) => targets(target)).map((target): Facts => ({ ...facts, target }));
    for (const view of views) yield* ask(rule, severity, nodesOf(kind, facts), view);
  }
}

async function* ask<N extends NodeKind>(
  rule: Rule<N>,
  severity: Severity,
  nodes: Iterable<RuleNodes[N]>,
  facts: Facts,
): AsyncGenerator<Judged> {
  let count = 0;
  for (const node of nodes) {
    try {
      const found = rule.check(node, facts);
      // Most rules find nothing and need no promise for that.
      const findings = Symbol.iterator in found ? found : await collect(found, MOST_FINDINGS);
      for (const finding of findings) {
        if (++count > MOST_FINDINGS) {
          yield judged(rule, node, finding, facts, {
            code: rule.code,
            severity,
            message: `there are more of these than the ${MOST_FINDINGS} that are shown`,
            hint: "Mend those first.",
          });
          return;
        }
        yield judged(rule, node, finding, facts, diagnosticOf(rule, severity, node, finding, facts));
      }
    } catch (cause) {
      if (isCanceled(cause) || isUnreadable(cause)) throw cause;
      const message = `the rule ${rule.code} failed: ${cause instanceof Error ? cause.message : String(cause)}`;
      const hint = "This is a mistake in vmferry, not in the package. Report it with the descriptor.";
      yield judged(rule, node, {}, facts, { code: "internal/rule-failed", severity: "warning", message, hint });
      return;
    }
  }
}

/** What reading a file of the package throws: not the rule's fault. */
function isUnreadable(cause: unknown): boolean {
  return cause instanceof FerryError && (cause.kind === "io" || cause.kind === "remote");
}

function judged<N extends NodeKind>(
  rule: Rule<N>,
  node: RuleNodes[N],
  finding: Finding,
  facts: Facts,
  diagnostic: Diagnostic,
): Judged {
  // The node belongs to the rule: both have the kind N.
  return { rule, node, finding, facts, diagnostic } as unknown as Judged;
}

async function collect(found: AsyncIterable<Finding>, most: number): Promise<Finding[]> {
  const findings: Finding[] = [];
  for await (const finding of found) {
    findings.push(finding);
    if (findings.length > most) break;
  }
  return findings;
}

function diagnosticOf<N extends NodeKind>(
  rule: Rule<N>,
  severity: Severity,
  node: RuleNodes[N],
  finding: Finding,
  facts: Facts,
): Diagnostic {
  const { target } = facts;
  const values = target === null ? finding.values : { target: target.id, ...finding.values };
  const location = finding.location ?? placeOf(node);
  return {
    code: rule.code,
    severity,
    message: fill(rule.what, values).replace(/\.$/, ""),
    hint: finding.hint ?? fill(rule.fix, values),
    ...(rule.spec === null ? {} : { spec: rule.spec }),
    ...(location === undefined ? {} : { location }),
    ...(finding.related === undefined ? {} : { related: finding.related }),
    ...(values === undefined ? {} : { data: values }),
  };
}

function nodesOf<N extends NodeKind>(kind: N, facts: Facts): Iterable<RuleNodes[N]>;
function nodesOf(kind: NodeKind, facts: Facts): Iterable<RuleNodes[NodeKind]> {
  const { nodes } = facts;
  switch (kind) {
    case "package":
      return facts.package === null ? [] : [facts.package];
    case "ovf":
      return [facts.ovf];
    case "ovf/file":
      return nodes.files;
    case "ovf/disk":
      return nodes.disks;
    case "ovf/network":
      return nodes.networks;
    case "ovf/configuration":
      return nodes.configurations;
    case "ovf/section":
      return nodes.sections;
    case "ovf/content":
      return nodes.contents;
    case "ovf/hardware":
      return nodes.hardware;
    case "ovf/item":
      return nodes.items;
    case "ovf/product":
      return nodes.products;
    case "ovf/property":
      return nodes.properties;
    case "ovf/element":
      return everyElement(facts.ovf);
    case "appliance": {
      const appliance = facts.appliance();
      return appliance === null ? [] : [appliance];
    }
    default: {
      const never: never = kind;
      throw new FerryError("internal/bug", `no nodes are of the kind ${String(never)}`);
    }
  }
}
