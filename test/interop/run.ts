import { spawn } from "node:child_process";

/** How a program is run. */
export interface RunOptions {
  readonly cwd?: string;
  /** Added to this process's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds until the program and its children are killed. */
  readonly timeout?: number;
  readonly input?: string;
}

/** What a program said. */
export interface Ran {
  /** Exit status; `null` when it was killed. */
  readonly status: number | null;
  /** The signal that ended it, if one did. */
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
}

const DEFAULT_TIMEOUT = 120_000;
/** How long pipes may stay open after the end, held by a service that the program left behind (VBoxSVC). */
const LINGER = 100;
const TAIL = 4_000;

/** Runs a program to its end, whatever the end is. Throws where it cannot be started at all. */
export function attempt(program: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, LC_ALL: "C.UTF-8", ...options.env },
      stdio: ["pipe", "pipe", "pipe"],
      detached: true, // a group of its own, so that the limit reaches its children too
    });
    let timedOut = false;
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    const timer = setTimeout(() => {
      timedOut = true;
      killGroup(child.pid, "SIGKILL");
    }, options.timeout ?? DEFAULT_TIMEOUT);
    const done = (status: number | null, signal: NodeJS.Signals | null): void => {
      clearTimeout(timer);
      child.stdout.destroy();
      child.stderr.destroy();
      const text = (chunks: readonly Buffer[]): string => Buffer.concat(chunks).toString("utf8");
      resolve({ status, signal, stdout: text(out), stderr: text(err), timedOut });
    };
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    child.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on("exit", (status, signal) => setTimeout(() => done(status, signal), LINGER).unref());
    child.on("close", done);
    child.stdin.on("error", () => {}); // a program that reads nothing may close its input first
    child.stdin.end(options.input ?? "");
  });
}

/** Runs a program that must succeed. Throws with its words where it does not. */
export async function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const ran = await attempt(program, args, options);
  if (ran.status !== 0) {
    const how = ran.timedOut ? "took too long" : `ended with ${ran.signal ?? `status ${ran.status}`}`;
    const said = `${ran.stdout.slice(-TAIL)}\n${ran.stderr.slice(-TAIL)}`.trim();
    throw new Error(`${program} ${args.join(" ")} ${how}\n${said}`);
  }
  return ran;
}

/** Ends a process that this one started, and its group. One that has ended already is fine. */
export function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
