import { spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import * as path from "node:path";

/** One run of a command, as the system counts it. */
export interface Run {
  readonly wallSeconds: number;
  /** User and system time of the command and its children; `null` where nothing tells. */
  readonly cpuSeconds: number | null;
  /** Resident set at its peak, in MiB; `null` where nothing tells. */
  readonly peakMib: number | null;
}

/** A command with what it leaves behind. */
export interface Job {
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Files and folders that are deleted before each run. */
  readonly outputs: readonly string[];
}

/** The time limit of one run: a peer that hangs must not hold up the table. */
const LIMIT_MS = 15 * 60 * 1000;
const TIME = "/usr/bin/time";

function wait(command: readonly string[], env: Readonly<Record<string, string>>): Promise<void> {
  return new Promise((resolve, reject) => {
    const [program = "", ...args] = command;
    const child = spawn(program, args, {
      env: { ...process.env, ...env },
      stdio: ["ignore", "ignore", "pipe"],
      timeout: LIMIT_MS,
    });
    let errors = "";
    child.stderr.on("data", (chunk: Buffer) => {
      errors = (errors + chunk.toString()).slice(-2000);
    });
    child.on("error", reject);
    child.on("close", (status) => {
      if (status === 0) resolve();
      else reject(new Error(`${command.join(" ")} ended with ${status}\n${errors}`));
    });
  });
}

/** Deletes the outputs, lets the disk come to rest, and runs the command once. */
export async function measure(job: Job, scratch: string): Promise<Run> {
  for (const output of job.outputs) rmSync(output, { recursive: true, force: true });
  await wait(["sync"], {});
  const report = path.join(scratch, "time.txt");
  const timed = existsSync(TIME);
  const command = timed ? [TIME, "-f", "%U %S %M", "-o", report, ...job.command] : job.command;
  const start = process.hrtime.bigint();
  await wait(command, job.env ?? {});
  const wallSeconds = Number(process.hrtime.bigint() - start) / 1e9;
  if (!timed) return { wallSeconds, cpuSeconds: null, peakMib: null };
  const [user = 0, system = 0, kib = 0] = readFileSync(report, "utf8").trim().split(" ").map(Number);
  return { wallSeconds, cpuSeconds: user + system, peakMib: kib / 1024 };
}

/** The middle of some numbers. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}
