import type { Diagnostic, Severity } from "../base/diagnostics.js";
import { FerryError, isCanceled, throwIfAborted } from "../base/errors.js";
import type { Context } from "../io/context.js";
import type { TargetProfile } from "../targets/profile.js";
import type { Facts } from "./facts.js";
import { type NodeKind, placeOf, type RuleNodes } from "./nodes.js";
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
  /** Findings of one rule that are given one by one; `MOST_FINDINGS` by default. */
  readonly most?: number;
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
  "ovf/items",
  "ovf/item",
  "ovf/product",
  "ovf/property",
  "ovf/extension",
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

/** A rule as it is asked in one run. */
interface Asked<N extends NodeKind> {
  readonly rule: Rule<N>;
  readonly severity: Severity;
  readonly facts: Facts;
  readonly most: number;
  count: number;
  over: boolean;
}

/** All rules of a kind over its nodes, in one pass: large descriptors have a million elements. */
async function* judgeKind<N extends NodeKind>(
  kind: N,
  facts: Facts,
  question: Question,
  ctx: Context,
): AsyncGenerator<Judged> {
  const asked = askedOf(kind, facts, question);
  if (asked.length === 0) return;
  let pause = PAUSE;
  for (const node of nodesOf(kind, facts)) {
    if (--pause === 0) {
      throwIfAborted(ctx.signal);
      pause = PAUSE;
    }
    for (const one of asked) {
      if (one.over || one.rule.when?.(node) === false) continue;
      try {
        const found = one.rule.check(node, one.facts);
        // Most rules find nothing and need no promise for that.
        const findings = Symbol.iterator in found ? found : await collect(found, one.most);
        for (const finding of findings) {
          yield give(one, node, finding);
          if (one.over) break;
        }
      } catch (cause) {
        if (isCanceled(cause) || isUnreadable(cause)) throw cause;
        one.over = true;
        yield judged(one, node, {}, failed(one.rule, cause));
      }
    }
  }
}

/** Nodes after which a run looks whether it is still wanted. */
const PAUSE = 10_000;

function askedOf<N extends NodeKind>(kind: N, facts: Facts, question: Question): Asked<N>[] {
  const asked: Asked<N>[] = [];
  const { most = MOST_FINDINGS } = question;
  for (const rule of question.rules.filter((one): one is AnyRule & Rule<N> => one.node === kind)) {
    const severity = question.level === "strict" ? rule.strict : rule.severity;
    if (severity === "off") continue;
    const { targets } = rule;
    const views =
      targets === undefined
        ? [facts]
        : question.targets.filter((target) => targets(target)).map((target): Facts => ({ ...facts, target }));
    for (const view of views) asked.push({ rule, severity, facts: view, most, count: 0, over: false });
  }
  return asked;
}

/** A finding as it is given; after the most of them one that says so. */
function give<N extends NodeKind>(asked: Asked<N>, node: RuleNodes[N], finding: Finding): Judged {
  const { rule, severity, facts } = asked;
  if (++asked.count <= asked.most)
    return judged(asked, node, finding, diagnosticOf(rule, severity, node, finding, facts));
  asked.over = true;
  const message = `there are more of these than the ${asked.most} that are shown`;
  return judged(asked, node, finding, { code: rule.code, severity, message, hint: "Mend those first." });
}

function failed(rule: { readonly code: string }, cause: unknown): Diagnostic {
  return {
    code: "internal/rule-failed",
    severity: "warning",
    message: `the rule ${rule.code} failed: ${cause instanceof Error ? cause.message : String(cause)}`,
    hint: "This is a mistake in vmferry, not in the package. Report it with the descriptor.",
  };
}

/** What reading a file of the package throws: not the rule's fault. */
function isUnreadable(cause: unknown): boolean {
  return cause instanceof FerryError && (cause.kind === "io" || cause.kind === "remote");
}

function judged<N extends NodeKind>(
  { rule, facts }: Asked<N>,
  node: RuleNodes[N],
  finding: Finding,
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
  const location = finding.location ?? finding.element?.location ?? placeOf(node);
  return {
    code: rule.code,
    severity: finding.severity ?? severity,
    message: finding.message ?? fill(rule.what, values).replace(/\.$/, ""),
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
    case "ovf/items":
      return nodes.groups;
    case "ovf/item":
      return nodes.items;
    case "ovf/product":
      return nodes.products;
    case "ovf/property":
      return nodes.properties;
    case "ovf/extension":
      return nodes.extensions;
    case "ovf/element":
      return nodes.elements;
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
