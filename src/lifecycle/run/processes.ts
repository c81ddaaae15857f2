/** Processes told apart by more than their number, which the system gives to others once they have ended. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** A process of this machine. */
export interface ProcessId {
  readonly pid: number;
  /** When it started, as the system writes it; `null`: the system does not tell. */
  readonly started: string | null;
}

/** The process with a number; `null`: there is none, or it has ended and nobody asked for its status yet. */
export function processNow(pid: number): ProcessId | null {
  if (process.platform === "linux") {
    try {
      // Fields behind the name, which may hold anything: state is the third of all, the start time the 22nd (proc(5)).
      const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (fields[0] === "Z" || fields[0] === "X") return null;
      return { pid, started: fields[19] ?? null };
    } catch {
      return null;
    }
  }
  const said = spawnSync("ps", ["-o", "lstart=", "-p", `${pid}`], { encoding: "utf8", timeout: 5000 });
  const started = said.status === 0 ? said.stdout.trim() : "";
  return started === "" ? null : { pid, started };
}

/** Whether a process is still the one that it was. */
export function isAlive(one: ProcessId | null): one is ProcessId {
  if (one === null) return false;
  const now = processNow(one.pid);
  return now !== null && now.started === one.started;
}

/** Sends a signal to a process, unless it is another one by now. */
export function signalTo(one: ProcessId, signal: NodeJS.Signals): void {
  if (!isAlive(one)) return;
  try {
    process.kill(one.pid, signal);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ESRCH") throw cause;
  }
}

/** Waits until a process has ended. @returns whether it has, in time */
export async function ended(one: ProcessId, mostMs: number): Promise<boolean> {
  const until = Date.now() + mostMs;
  while (isAlive(one)) {
    if (Date.now() >= until) return false;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return true;
}
