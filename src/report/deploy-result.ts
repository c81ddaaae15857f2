import type { DiffChange } from "./diff-result.js";
import type { DiagnosticResult } from "./result-parts.js";

/** A machine of a deployment. */
export interface DeployedMachineResult {
  /** In the package. */
  readonly id: string;
  /** On the platform. */
  readonly name: string;
  readonly uuid: string;
  /** Machines of one number start together, small ones first; `null`: after all of those. */
  readonly order: number | null;
  /** In the platform's words: `running`, `shut off`; `null`: it is not there, or nobody looked. */
  readonly state: string | null;
  /** IP addresses that the platform knows of, while it runs. */
  readonly addresses: readonly string[];
}

/** One step of a deployment. */
export interface DeployStepResult {
  readonly key: string;
  readonly text: string;
  /** `begun`: interrupted, or not known to be complete. */
  readonly status: "open" | "begun" | "done";
}

/** `vmferry deploy --json` and `vmferry deployment upgrade --json`: what would be done with `--dry-run`, else what was. */
export interface DeployResult {
  readonly schema: "vmferry/deploy@1";
  readonly name: string;
  readonly target: string;
  readonly status: "planned" | "deployed" | "upgraded";
  readonly machines: readonly DeployedMachineResult[];
  readonly steps: readonly DeployStepResult[];
  /** Of the files that are uploaded, where known. */
  readonly bytes: number;
  /** Of an upgrade: ids of disks that stay as they are. */
  readonly kept: readonly string[];
  /** What the platform cannot have as the source has it. */
  readonly losses: readonly DiagnosticResult[];
  /** About the source and the platform. */
  readonly diagnostics: readonly DiagnosticResult[];
}

/** One deployment. */
export interface DeploymentResult {
  readonly name: string;
  readonly target: string;
  readonly source: string;
  /** `unreadable`: its state cannot be read. */
  readonly status: "deploying" | "deployed" | "destroying" | "unreadable";
  readonly machines: readonly DeployedMachineResult[];
  readonly steps: readonly DeployStepResult[];
  /** An upgrade that is not settled; `null`: there is none. */
  readonly upgrade: {
    readonly status: "upgrading" | "upgraded" | "undoing" | "settling";
    readonly source: string;
  } | null;
}

/** `vmferry deployment list, status, start, stop, destroy --json`, and `upgrade` with --undo and --settle. */
export interface DeploymentsResult {
  readonly schema: "vmferry/deployments@1";
  /** After the command; `destroy` leaves none. */
  readonly deployments: readonly DeploymentResult[];
}

/** `vmferry deployment drift --json`. */
export interface DriftResult {
  readonly schema: "vmferry/drift@1";
  readonly name: string;
  readonly target: string;
  /** `drifted` exactly where there is a change, or a step of which nothing is left. */
  readonly verdict: "same" | "drifted";
  /** From what was deployed to what is there. */
  readonly changes: readonly DiffChange[];
  /** What was made and is gone, such as volumes. */
  readonly gone: readonly { readonly key: string; readonly text: string }[];
  /** Whether what is there counts as what was deployed from now on. */
  readonly accepted: boolean;
}
