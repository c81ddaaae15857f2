/** What is known of a deployment between runs, and the journal of its steps. */
import { FerryError } from "../../base/errors.js";
import type { JsonValue } from "../../base/ids.js";
import type { Access } from "../access.js";

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
  readonly machines: readonly DeployedMachine[];
  readonly steps: readonly StepRecord[];
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
  if (NAME.test(name)) return;
  throw new FerryError("deploy/bad-name", `a deployment cannot be called ${JSON.stringify(name.slice(0, 100))}`, {
    hint: "Use letters, digits, dots, hyphens and underscores, at most 64, a letter or digit first.",
  });
}

/**
 * A state from the text of its file, which others may have changed.
 * @param file for messages
 * @throws `deploy/bad-state`
 */
export function parseState(text: string, file: string): DeploymentState {
  const bad = (what: string): never => {
    throw new FerryError("deploy/bad-state", `${file} is no state of a deployment: ${what}`, {
      hint: "Put it back from a backup, or remove by hand what belongs to the deployment, and the file after that.",
    });
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return bad("it is not JSON");
  }
  const record = (of: unknown, what: string): Readonly<Record<string, unknown>> =>
    typeof of === "object" && of !== null && !Array.isArray(of) ? (of as Record<string, unknown>) : bad(what);
  const words = (of: unknown, what: string): string => (typeof of === "string" ? of : bad(what));
  const list = (of: unknown, what: string): readonly unknown[] => (Array.isArray(of) ? of : bad(what));
  const number = (of: unknown, what: string): number =>
    typeof of === "number" && Number.isSafeInteger(of) && of >= 0 ? of : bad(what);
  const one = <T extends string>(of: unknown, known: readonly T[], what: string): T =>
    known.find((word) => word === of) ?? bad(what);
  const root = record(value, "it is no object");
  if (root.schema !== "vmferry/deployment-state@1") bad("it has another schema");
  const name = words(root.name, "name");
  if (!NAME.test(name)) bad("name");
  return {
    schema: "vmferry/deployment-state@1",
    name,
    id: words(root.id, "id"),
    target: words(root.target, "target"),
    access: accessOf(root.access, bad),
    source: words(root.source, "source"),
    work: words(root.work, "work"),
    status: one(root.status, ["deploying", "deployed", "destroying"], "status"),
    machines: list(root.machines, "machines").map((one): DeployedMachine => {
      const machine = record(one, "machines");
      return {
        id: words(machine.id, "a machine's id"),
        name: words(machine.name, "a machine's name"),
        uuid: words(machine.uuid, "a machine's uuid"),
        order: machine.order === null ? null : number(machine.order, "a machine's order"),
        startDelaySeconds: number(machine.startDelaySeconds, "a machine's delay"),
      };
    }),
    steps: list(root.steps, "steps").map((each): StepRecord => {
      const step = record(each, "steps");
      const action = record(step.action, "a step's action");
      for (const part of Object.values(action)) {
        if (part !== null && typeof part !== "string" && typeof part !== "number") bad("a step's action");
      }
      return {
        key: words(step.key, "a step's key"),
        text: words(step.text, "a step's text"),
        status: one(step.status, ["open", "begun", "done"], "a step's status"),
        action: action as StepRecord["action"],
      };
    }),
    ...(root.kept === undefined
      ? {}
      : {
          kept: list(root.kept, "kept").map((one): KeptConfiguration => {
            const kept = record(one, "kept");
            return {
              uuid: words(kept.uuid, "the uuid of what is kept"),
              text: words(kept.text, "the text of what is kept"),
            };
          }),
        }),
  };
}

/** Nothing at all: of a version that knew one way only. */
function accessOf(value: unknown, bad: (what: string) => never): DeploymentState["access"] {
  const parts: Readonly<Record<string, unknown>> = value === undefined ? {} : Object(value);
  const part = (name: keyof DeploymentState["access"]): string | null => {
    const found = parts[name] ?? null;
    return found === null || typeof found === "string" ? found : bad(`access, ${name}`);
  };
  return {
    user: part("user"),
    password: part("password"),
    thumbprint: part("thumbprint"),
    authorities: part("authorities"),
  };
}

/** The text of a state's file. */
export function renderState(state: DeploymentState): string {
  return `${JSON.stringify(state as unknown as JsonValue, null, 2)}\n`;
}
