import type { Diagnostic, DiagnosticCode, Location, Severity, SpecRef } from "../base/diagnostics.js";
import type { JsonValue } from "../base/ids.js";
import type { TargetProfile } from "../targets/profile.js";
import type { XmlEdit } from "../xml/changes.js";
import type { XmlElement } from "../xml/tree.js";
import type { Example } from "./example.js";
import type { Facts } from "./facts.js";
import type { NodeKind, RuleNodes } from "./nodes.js";

/** A change of a package around its descriptor, as data. Whoever writes the result makes it. */
export type PackageEdit =
  /** Leaves a file out. */
  | { readonly edit: "drop"; readonly member: string }
  /** Gives a file another name, in the archive, in the manifest and in References. */
  | { readonly edit: "rename"; readonly member: string; readonly name: string }
  /** Adds an image in which nothing is, as a stream-optimized VMDK; `capacity` in bytes, whole sectors. */
  | { readonly edit: "empty-disk"; readonly member: string; readonly capacity: number }
  /** Writes the manifest anew over what is there. */
  | { readonly edit: "manifest" }
  /** Writes the archive anew: order of the members and dialect as the standard wants them. */
  | { readonly edit: "archive" };

/** One change that a finding asks for. */
export type Edit = XmlEdit | PackageEdit;

/** One place where a rule does not hold. */
export interface Finding {
  /** What the rule's texts name in braces. */
  readonly values?: Readonly<Record<string, JsonValue>>;
  /** What it is about, for whoever mends it; left out: the node itself. */
  readonly element?: XmlElement;
  /** Where, if not at the element. */
  readonly location?: Location;
  /** Instead of the rule's own words, where more is known. */
  readonly message?: string;
  readonly hint?: string;
  /** Instead of the rule's own, where it is not equally bad everywhere: one target refuses what another one changes. */
  readonly severity?: Severity;
  readonly related?: Diagnostic["related"];
}

/** How bad what a rule finds is; `off`: it is not looked for. */
export type RuleSeverity = Severity | "off";

/**
 * One statement about a package that can be checked. Rules are values; they see facts and no other rule's result, and read nothing by
 * themselves.
 */
export interface Rule<N extends NodeKind = NodeKind> {
  readonly code: DiagnosticCode;
  /** What it is asked about. */
  readonly node: N;
  /** For which targets it speaks; left out: for everybody. Called for targets that the user named. */
  readonly targets?: (target: TargetProfile) => boolean;
  /** The section that it rests on; `null`: none, and `why` says on what it rests. */
  readonly spec: SpecRef | null;
  /** Ids of the requirements in the list of normative statements that it checks. */
  readonly requirements?: readonly string[];
  /** A careful importer's: what VMware's tool and VirtualBox take is no error. */
  readonly severity: RuleSeverity;
  /** The standard's, under `--strict`. */
  readonly strict: RuleSeverity;
  /** What is wrong, in one sentence; `{name}` stands for a value of the finding. */
  readonly what: string;
  readonly why: string;
  /** What to do. */
  readonly fix: string;
  /** Descriptors that break it and that keep it; `null` where it takes a whole package: a test makes one then. */
  readonly examples: { readonly invalid: readonly Example[]; readonly valid: readonly Example[] } | null;
  /**
   * Whether it has anything to say about a node, told at once: of some kinds there are hundreds of thousands, and `check` costs more than a
   * look. Left out: about every node.
   */
  when?(node: RuleNodes[N]): boolean;
  check(node: RuleNodes[N], facts: Facts): Iterable<Finding> | AsyncIterable<Finding>;
  /** The changes that mend a finding, where there is one right answer; empty: not here. Applies nothing. */
  mend?(node: RuleNodes[N], finding: Finding, facts: Facts): readonly Edit[];
}

/** Any rule. */
export type AnyRule = { readonly [N in NodeKind]: Rule<N> }[NodeKind];

/** Gives a rule its type from its node. */
export function defineRule<N extends NodeKind>(rule: Rule<N>): Rule<N> {
  return rule;
}

/** The DMTF's specification of the format, as rules name it. Sections have the numbers of DSP0243 2.1.1. */
export function ovfSpec(section: string): SpecRef {
  return { spec: "DSP0243", version: "2.1.1", section };
}

/** A rule's text with its values; a value that is missing stays as it is written. */
export function fill(text: string, values: Finding["values"]): string {
  return text.replaceAll(/\{([a-zA-Z]+)\}/g, (whole, name: string) => {
    const value = values?.[name];
    if (value === undefined) return whole;
    return typeof value === "string" ? value : JSON.stringify(value);
  });
}
