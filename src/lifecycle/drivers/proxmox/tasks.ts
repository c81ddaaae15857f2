/** Tasks: what takes longer than an answer runs on by itself, and is asked about. */
import { setTimeout as sleep } from "node:timers/promises";
import { FerryError } from "../../../base/errors.js";
import { type Pve, refused } from "./api.js";
import { listOf, numberOf, objectOf, textOf } from "./values.js";

/** The first pause between two looks at a task, and the longest. */
const FIRST_MS = 50;
const LONGEST_MS = 2000;
/** How long a task that was told to end has to. */
const END_MS = 60_000;
/** Tasks that run at once on a node, at most. */
const MOST_TASKS = 1000;

/** A task by its id: `UPID:node:pid:start:time:type:id:user:` (PVE::Tools, upid_decode). */
const UPID =
  /^UPID:([A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?):[0-9A-Fa-f]{8}:[0-9A-Fa-f]{8,}:[0-9A-Fa-f]{8}:([^:\s]{1,80}):([^:\s]*):([^:\s]+):$/;

/** A task that runs. */
export interface PveTask {
  readonly upid: string;
  readonly node: string;
  /** `qmcreate`, `imgcopy`, ... */
  readonly type: string;
  /** Number of a machine; empty: of none. */
  readonly id: string;
  readonly user: string;
}

/** @returns `null` for what is no task's id */
export function taskOf(upid: unknown): PveTask | null {
  const [found, node = "", type = "", id = "", user = ""] = (typeof upid === "string" ? UPID.exec(upid) : null) ?? [];
  return found === undefined ? null : { upid: found, node, type, id, user };
}

/**
 * Waits until a task has ended.
 * @param answer what the call that began it returned; `null`: it was done at once
 * @throws `deploy/refused` where it failed, in its own words; `deploy/bad-answer`
 */
export async function finish(pve: Pve, answer: unknown, what: string, signal: AbortSignal): Promise<void> {
  if (answer === null || answer === "") return;
  const task = taskOf(answer);
  if (task === null) {
    throw new FerryError("deploy/bad-answer", `${what}: Proxmox VE names a task that is none`, {
      hint: "Is it Proxmox VE, and of a version that is still supported?",
    });
  }
  const { status } = await watch(pve, task, null, signal);
  if (status !== null && !/^(?:OK|WARNINGS\b.*)$/.test(status)) throw refused(what, status);
}

/**
 * Begins work on a machine and waits until it is done. Where the answer is lost on the way, what was begun is waited for, and looked at.
 * @param isDone whether the machine is as the work leaves it
 * @throws as `finish`; `deploy/unreachable` where the work was not begun
 */
export async function work(
  pve: Pve,
  { node, vmid }: { readonly node: string; readonly vmid: number },
  what: string,
  begin: () => Promise<unknown>,
  isDone: () => Promise<boolean>,
  signal: AbortSignal,
): Promise<void> {
  try {
    await finish(pve, await begin(), what, signal);
  } catch (cause) {
    if (!(cause instanceof FerryError) || cause.code !== "deploy/unreachable") throw cause;
    await awaitTasks(pve, node, vmid, signal);
    if (!(await isDone())) throw cause;
  }
}

/**
 * @param limitMs how long it may take; `null`: as long as it takes
 * @returns how it ended; `null`: nobody knows it any more
 */
async function watch(
  pve: Pve,
  task: PveTask,
  limitMs: number | null,
  signal: AbortSignal,
): Promise<{ readonly status: string | null }> {
  const began = Date.now();
  for (let pause = FIRST_MS; ; pause = Math.min(LONGEST_MS, pause * 2)) {
    const answer = await pve.try("GET", `${pathOf(task)}/status`, {}, signal);
    if (!answer.ok) {
      if (/no such task|unable to parse/i.test(answer.why)) return { status: null };
      throw refused(`the task ${task.type}`, answer.why);
    }
    const { status, exitstatus } = objectOf(answer.data);
    if (status === "stopped") return { status: textOf(exitstatus) ?? "it ended without a word" };
    if (limitMs !== null && Date.now() - began > limitMs) {
      throw refused(`the task ${task.type}`, `it did not end within ${limitMs / 1000} seconds`);
    }
    await sleep(pause, undefined, { signal });
  }
}

/** Tasks of this user that run on a node. */
export async function runningTasks(pve: Pve, node: string, signal: AbortSignal): Promise<readonly PveTask[]> {
  const found = await pve.get(`/nodes/${node}/tasks`, signal, { source: "active", limit: MOST_TASKS });
  return listOf(found).flatMap(({ upid, endtime }) => {
    const task = numberOf(endtime) === null ? taskOf(upid) : null;
    // A token's tasks are those of the token: root@pam!deploy.
    return task === null || task.user !== pve.user ? [] : [task];
  });
}

/** Ends the tasks of this user that work on a machine, and waits until they have. */
export async function endTasks(
  pve: Pve,
  node: string,
  vmid: number,
  types: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  for (const task of await runningTasks(pve, node, signal)) {
    if (task.id !== String(vmid) || !types.includes(task.type)) continue;
    await endTask(pve, task, signal);
  }
}

/** Waits until no task of this user works on a machine. */
async function awaitTasks(pve: Pve, node: string, vmid: number, signal: AbortSignal): Promise<void> {
  for (const task of await runningTasks(pve, node, signal)) {
    if (task.id === String(vmid)) await watch(pve, task, null, signal);
  }
}

/** Ends uploads of this user that are being put into their place under a name. */
export async function endUploads(pve: Pve, node: string, name: string, signal: AbortSignal): Promise<void> {
  for (const task of await runningTasks(pve, node, signal)) {
    if (task.type !== "imgcopy") continue;
    for (let pause = FIRST_MS; ; pause = Math.min(LONGEST_MS, pause * 2)) {
      // Which file it is, is said once its checksum was compared.
      const log = await pve.try("GET", `${pathOf(task)}/log`, { limit: 50 }, signal);
      const lines = log.ok ? listOf(log.data).map(({ t }) => textOf(t) ?? "") : [];
      const target = lines.find((line) => line.startsWith("target file: "));
      if (target?.endsWith(`/${name}`) === true) await endTask(pve, task, signal);
      if (target !== undefined || !(await isRunning(pve, task, signal))) break;
      await sleep(pause, undefined, { signal });
    }
  }
}

async function isRunning(pve: Pve, task: PveTask, signal: AbortSignal): Promise<boolean> {
  const answer = await pve.try("GET", `${pathOf(task)}/status`, {}, signal);
  return answer.ok && objectOf(answer.data).status === "running";
}

async function endTask(pve: Pve, task: PveTask, signal: AbortSignal): Promise<void> {
  // One that has ended meanwhile cannot be.
  await pve.try("DELETE", pathOf(task), {}, signal);
  await watch(pve, task, END_MS, signal);
}

function pathOf({ node, upid }: PveTask): string {
  return `/nodes/${node}/tasks/${encodeURIComponent(upid)}`;
}
