/** What is known of a deployment between runs, and the journal of its steps. */
import { FerryError } from "../../base/errors.js";
import type { JsonValue } from "../../base/ids.js";
import type { Access } from "../access.js";
import type { KeptAnswer } from "../answers.js";
import type { Bridge } from "../bridges.js";

/** Characters of a name. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Where a step stands. `begun` is written before it does anything, `done` when it has. */
export type StepStatus = "open" | "begun" | "done";

/** A step as data: what it does can be done again, and undone, by whoever reads the state. */
export interface StepRecord {
  /** Of its own in the deployment: `volume:web.qcow2`. */
  readonly key: string;
  /** What it does, in words. */
  readonly text: string;
  readonly status: StepStatus;
  /** In the words of the target's driver. No secret is ever in it. */
  readonly action: Readonly<Record<string, string | number | null>>;
}

/** A machine of a deployment. */
export interface DeployedMachine {
  /** In the package. */
  readonly id: string;
  /** On the platform. */
  readonly name: string;
  readonly uuid: string;
  /** Machines of one number start together, small ones first; `null`: when all of those have. */
  readonly order: number | null;
  /** Before those of the next number start. */
  readonly startDelaySeconds: number;
}

/** A disk of a deployment. */
export interface DeployedDisk {
  /** In the package. */
  readonly id: string;
  /** Of the conversion, and by it on the platform. */
  readonly file: string;
  /** Whether an upgrade keeps it as it is: the package brought it empty, or the user said so. */
  readonly data: boolean;
}

/** What was asked for, which an upgrade asks for again. */
export interface KeptWish {
  readonly storage: string | null;
  readonly folder: string | null;
  readonly pool: string | null;
  readonly networks: readonly (readonly [string, string])[];
  readonly configuration: string | null;
  /** Those to passwords are references. */
  readonly answers: readonly KeptAnswer[];
  readonly autostart: boolean;
  readonly emulate: boolean;
  readonly bridges: readonly Bridge[];
}

/** An upgrade that is on its way, or done and not yet settled: there is a way back. */
export interface UpgradeRecord {
  readonly status: "upgrading" | "upgraded" | "undoing" | "settling";
  /** As the user wrote it. */
  readonly source: string;
  readonly work: string;
  readonly wish: KeptWish;
  readonly disks: readonly DeployedDisk[];
  readonly machines: readonly DeployedMachine[];
  readonly steps: readonly StepRecord[];
  /** Keys of those of its steps that stay as parts of the deployment. */
  readonly makes: readonly string[];
  /** Keys of the deployment's steps that are undone when it is settled: what nothing uses any more. */
  readonly replaces: readonly string[];
}

/** A deployment. */
export interface DeploymentState {
  readonly schema: "vmferry/deployment-state@1";
  readonly name: string;
  /** Chosen once; ids of machines follow from it. */
  readonly id: string;
  /** The target as the user wrote it. */
  readonly target: string;
  /** The rest of the way to it. */
  readonly access: Omit<Access, "target">;
  /** What it was made of, as the user wrote it. */
  readonly source: string;
  /** Tells the work from other work. */
  readonly work: string;
  readonly status: "deploying" | "deployed" | "destroying";
  /** 1, and one more with each upgrade: names of files follow from it. */
  readonly generation: number;
  /** `null`: made by a version that did not keep it. */
  readonly wish: KeptWish | null;
  readonly disks: readonly DeployedDisk[];
  readonly machines: readonly DeployedMachine[];
  readonly steps: readonly StepRecord[];
  readonly upgrade: UpgradeRecord | null;
  /** What the platform said of each machine when it was deployed. Left out: nobody asked, as by earlier versions. */
  readonly kept?: readonly KeptConfiguration[];
}

/** A machine's configuration as the platform has it, in its own format. No secret is in it. */
export interface KeptConfiguration {
  readonly uuid: string;
  readonly text: string;
}

/** @throws `deploy/bad-name` */
export function checkDeploymentName(name: string): void {
  if (isDeploymentName(name)) return;
  throw new FerryError("deploy/bad-name", `a deployment cannot be called ${JSON.stringify(name.slice(0, 100))}`, {
    hint: "Use letters, digits, dots, hyphens and underscores, at most 64, a letter or digit first.",
  });
}

/** Whether a name is one. */
export function isDeploymentName(name: string): boolean {
  return NAME.test(name);
}

/** The text of a state's file. */
export function renderState(state: DeploymentState): string {
  return `${JSON.stringify(state as unknown as JsonValue, null, 2)}\n`;
}
