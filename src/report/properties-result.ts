/** What `vmferry properties --json` prints: a part of the contract in `results.ts`. */
import type { DiagnosticResult } from "./result-parts.js";

/** One question of a package: a property that users may set. */
export interface QuestionResult {
  /** As guests see it: `[class.]key[.instance]`. */
  readonly key: string;
  /** The shortest that answers may call it by. */
  readonly name: string;
  /** Id of the machine or collection that asks; `null`: the whole package. */
  readonly owner: string | null;
  readonly product: string | null;
  readonly category: string | null;
  readonly label: string | null;
  readonly description: string | null;
  readonly type: string;
  readonly qualifiers: string | null;
  /** Type and qualifiers in words. */
  readonly takes: readonly string[];
  /** The values that there are to choose from; `null`: any. */
  readonly choices: readonly string[] | null;
  readonly password: boolean;
  /** Whether it has to be answered. */
  readonly required: boolean;
  /** In the deployment option that was chosen; `null`: none, or that of a password. */
  readonly default: string | null;
  /** Defaults of other deployment options, where they are others. */
  readonly otherDefaults: readonly { readonly configuration: string; readonly value: string }[];
  /** What the guest gets; always `null` where `password` is true. */
  readonly value: string | null;
  /** The reference that a password was answered with. */
  readonly secret: string | null;
  /** Where the value is from: an answer, the deployment option, or the property itself; `null`: there is none. */
  readonly from: "answer" | "configuration" | "default" | null;
}

/** `vmferry properties --json`. */
export interface PropertiesResult {
  readonly schema: "vmferry/properties@1";
  readonly name: string;
  /** `short` exactly when a finding is an error; `null`: no answers were given. */
  readonly verdict: "complete" | "short" | null;
  /** Id of the deployment option that was looked at; `null`: the package offers none. */
  readonly configuration: string | null;
  readonly configurations: readonly {
    readonly id: string;
    readonly label: string | null;
    readonly description: string | null;
    readonly chosen: boolean;
  }[];
  readonly locale: string | null;
  /** In the order in which they are asked. */
  readonly questions: readonly QuestionResult[];
  readonly diagnostics: readonly DiagnosticResult[];
}
