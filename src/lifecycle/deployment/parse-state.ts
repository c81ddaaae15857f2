/** States of deployments from their files, which others may have changed. */
import { FerryError } from "../../base/errors.js";
import type { KeptAnswer } from "../answers.js";
import { DEPLOY_BRIDGES } from "../bridges.js";
import {
  type DeployedDisk,
  type DeployedMachine,
  type DeploymentState,
  isDeploymentName,
  type KeptConfiguration,
  type KeptWish,
  type StepRecord,
  type UpgradeRecord,
} from "./state.js";

/** Reads parts of a value, and says which one is wrong. */
interface Reader {
  record(of: unknown, what: string): Readonly<Record<string, unknown>>;
  words(of: unknown, what: string): string;
  wordsOrNull(of: unknown, what: string): string | null;
  flag(of: unknown, what: string): boolean;
  list<T>(of: unknown, what: string, each: (one: unknown) => T): readonly T[];
  count(of: unknown, what: string): number;
  one<T extends string>(of: unknown, known: readonly T[], what: string): T;
  bad(what: string): never;
}

/**
 * A state from the text of its file. What a former version did not write is as it was then.
 * @param file for messages
 * @throws `deploy/bad-state`
 */
export function parseState(text: string, file: string): DeploymentState {
  const read = readerFor(file);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return read.bad("it is not JSON");
  }
  const root = read.record(value, "it is no object");
  if (root.schema !== "vmferry/deployment-state@1") read.bad("it has another schema");
  const name = read.words(root.name, "name");
  if (!isDeploymentName(name)) read.bad("name");
  const access = root.access === undefined ? {} : read.record(root.access, "access");
  const way = (part: string): string | null => read.wordsOrNull(access[part] ?? null, `access, ${part}`);
  return {
    schema: "vmferry/deployment-state@1",
    name,
    id: read.words(root.id, "id"),
    target: read.words(root.target, "target"),
    access: {
      user: way("user"),
      password: way("password"),
      thumbprint: way("thumbprint"),
      authorities: way("authorities"),
    },
    source: read.words(root.source, "source"),
    work: read.words(root.work, "work"),
    status: read.one(root.status, ["deploying", "deployed", "destroying"], "status"),
    generation: read.count(root.generation ?? 1, "generation"),
    wish: (root.wish ?? null) === null ? null : wishOf(root.wish, read),
    disks: read.list(root.disks ?? [], "disks", (one) => diskOf(one, read)),
    machines: read.list(root.machines, "machines", (one) => machineOf(one, read)),
    steps: read.list(root.steps, "steps", (one) => stepOf(one, read)),
    upgrade: (root.upgrade ?? null) === null ? null : upgradeOf(root.upgrade, read),
    ...(root.kept === undefined ? {} : { kept: read.list(root.kept, "kept", (one) => configurationOf(one, read)) }),
  };
}

function readerFor(file: string): Reader {
  const bad = (what: string): never => {
    throw new FerryError("deploy/bad-state", `${file} is no state of a deployment: ${what}`, {
      hint: "Put it back from a backup, or remove by hand what belongs to the deployment, and the file after that.",
    });
  };
  const words = (of: unknown, what: string): string => (typeof of === "string" ? of : bad(what));
  return {
    bad,
    words,
    record: (of, what) =>
      typeof of === "object" && of !== null && !Array.isArray(of) ? (of as Record<string, unknown>) : bad(what),
    wordsOrNull: (of, what) => (of === null ? null : words(of, what)),
    flag: (of, what) => (typeof of === "boolean" ? of : bad(what)),
    list: (of, what, each) => (Array.isArray(of) ? of.map(each) : bad(what)),
    count: (of, what) => (typeof of === "number" && Number.isSafeInteger(of) && of >= 0 ? of : bad(what)),
    one: (of, known, what) => known.find((word) => word === of) ?? bad(what),
  };
}

function machineOf(value: unknown, read: Reader): DeployedMachine {
  const machine = read.record(value, "machines");
  return {
    id: read.words(machine.id, "a machine's id"),
    name: read.words(machine.name, "a machine's name"),
    uuid: read.words(machine.uuid, "a machine's uuid"),
    order: machine.order === null ? null : read.count(machine.order, "a machine's order"),
    startDelaySeconds: read.count(machine.startDelaySeconds, "a machine's delay"),
  };
}

function diskOf(value: unknown, read: Reader): DeployedDisk {
  const disk = read.record(value, "disks");
  return {
    id: read.words(disk.id, "a disk's id"),
    file: read.words(disk.file, "a disk's file"),
    data: read.flag(disk.data, "whether a disk is data"),
  };
}

function configurationOf(value: unknown, read: Reader): KeptConfiguration {
  const kept = read.record(value, "kept");
  return {
    uuid: read.words(kept.uuid, "the uuid of what is kept"),
    text: read.words(kept.text, "the text of what is kept"),
  };
}

function stepOf(value: unknown, read: Reader): StepRecord {
  const step = read.record(value, "steps");
  const action = read.record(step.action, "a step's action");
  for (const part of Object.values(action)) {
    if (part !== null && typeof part !== "string" && typeof part !== "number") read.bad("a step's action");
  }
  return {
    key: read.words(step.key, "a step's key"),
    text: read.words(step.text, "a step's text"),
    status: read.one(step.status, ["open", "begun", "done"], "a step's status"),
    action: action as StepRecord["action"],
  };
}

function wishOf(value: unknown, read: Reader): KeptWish {
  const wish = read.record(value, "wish");
  return {
    storage: read.wordsOrNull(wish.storage, "storage"),
    folder: read.wordsOrNull(wish.folder, "folder"),
    pool: read.wordsOrNull(wish.pool, "pool"),
    networks: read.list(wish.networks, "networks", (pair) => {
      const [from, to] = Array.isArray(pair) ? (pair as unknown[]) : [];
      return [read.words(from, "a network"), read.words(to, "a network")] as const;
    }),
    configuration: read.wordsOrNull(wish.configuration, "configuration"),
    answers: read.list(wish.answers, "answers", (one): KeptAnswer => {
      const answer = read.record(one, "answers");
      const key = read.words(answer.key, "an answer's key");
      const owner = read.wordsOrNull(answer.owner, "an answer's owner");
      const given = answer.value;
      if (given === null || typeof given === "string") return { key, owner, value: given };
      return { key, owner, value: { secret: read.words(read.record(given, "an answer").secret, "an answer") } };
    }),
    autostart: read.flag(wish.autostart, "autostart"),
    emulate: read.flag(wish.emulate, "emulate"),
    bridges: read.list(wish.bridges ?? [], "bridges", (one) => read.one(one, DEPLOY_BRIDGES, "bridges")),
  };
}

function upgradeOf(value: unknown, read: Reader): UpgradeRecord {
  const upgrade = read.record(value, "upgrade");
  const keys = (of: unknown): readonly string[] => read.list(of, "upgrade", (one) => read.words(one, "upgrade"));
  return {
    status: read.one(upgrade.status, ["upgrading", "upgraded", "undoing", "settling"], "upgrade"),
    source: read.words(upgrade.source, "upgrade"),
    work: read.words(upgrade.work, "upgrade"),
    wish: wishOf(upgrade.wish, read),
    disks: read.list(upgrade.disks, "upgrade", (one) => diskOf(one, read)),
    machines: read.list(upgrade.machines, "upgrade", (one) => machineOf(one, read)),
    steps: read.list(upgrade.steps, "upgrade", (one) => stepOf(one, read)),
    makes: keys(upgrade.makes),
    replaces: keys(upgrade.replaces),
  };
}
