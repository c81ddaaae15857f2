import type { Location } from "../../base/diagnostics.js";
import type { SecretRef } from "../../base/ids.js";
import type { OvfDeployment, ResolvedProperty } from "../deployment.js";
import type { EnvironmentModel, EnvironmentValues } from "../environment-write.js";

/** An answer that somebody gave. */
export interface GivenAnswer {
  /** `[class.]key[.instance]`, or the property's own key. */
  readonly key: string;
  /** Id of the machine or collection whose question is meant; `null`: every one that has it. */
  readonly owner: string | null;
  /** Of a password a reference, as such or as its text: `env:NAME`, `file:PATH`, `cmd:COMMAND`. `null`: left open. */
  readonly value: string | SecretRef | null;
  /** Where it stands, and where its key does. */
  readonly location?: Location;
  readonly keyLocation?: Location;
}

/** What somebody chose and answered. */
export interface GivenAnswers {
  /** Id of the deployment option; `null`: the package's own. */
  readonly configuration: string | null;
  /** Language of the texts: `de`, `de-AT`. */
  readonly locale: string | null;
  readonly values: readonly GivenAnswer[];
}

/** A question of a package: a property that users may set. */
export interface Question {
  /** As guests see it: `[class.]key[.instance]`. */
  readonly key: string;
  /** The shortest that answers may call it by: the property's own key, where no other one has it. */
  readonly name: string;
  /** Id of the machine or collection that asks; `null`: the whole package. */
  readonly owner: string | null;
  /** What the product is called that asks. */
  readonly product: string | null;
  readonly category: string | null;
  readonly label: string | null;
  readonly description: string | null;
  readonly type: string;
  readonly qualifiers: string | null;
  readonly password: boolean;
  /** Whether it has to be answered: there is no default, and nothing does not fit its type or qualifiers. */
  readonly required: boolean;
  /** In this configuration, `""` where an empty one is said; `null`: none, or that of a password. */
  readonly default: string | null;
  /** Defaults of other deployment options, where they are others. Those of passwords are left out. */
  readonly otherDefaults: readonly { readonly configuration: string; readonly value: string }[];
  readonly resolved: ResolvedProperty;
}

/** A machine with the values that it gets. */
export interface AnsweredMachine {
  readonly id: string;
  /** By the keys that the guest sees; secrets are references still. */
  values(): EnvironmentValues;
  /** Its whole environment, with the machines beside it. @param copy the number of the copy, from 1, where there are several (DSP0243 9.14) */
  environment(copy?: number): EnvironmentModel;
}

/** Answers against the questions of a package. */
export interface ResolvedAnswers {
  readonly deployment: OvfDeployment;
  /** In the order of the package: what the whole asks, then each machine. */
  readonly questions: readonly Question[];
  readonly machines: readonly AnsweredMachine[];
}
