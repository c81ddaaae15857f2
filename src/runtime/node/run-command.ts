import { spawn } from "node:child_process";
import { canceled, throwIfAborted } from "../../base/errors.js";

/** How a program of the user's is run. */
export interface CommandOptions {
  /** What it reads on standard input. */
  readonly input: Uint8Array;
  /** Added to the environment of this process. */
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Bytes of standard output that are kept. More of it is a failure. */
  readonly mostBytes: number;
  readonly signal: AbortSignal;
}

/** What came of it. */
export type CommandEnd =
  | { readonly end: "done"; readonly stdout: Uint8Array }
  /** `why` in words; `said`: the end of what it wrote to standard error. */
  | { readonly end: "failed"; readonly why: string; readonly said: string };

/** Bytes of standard error that are kept: its end. */
const MOST_SAID = 4096;
/** How long pipes may stay open after the end, held by a service that the program started: gpg-agent, a card daemon. */
const LINGER_MS = 200;

/**
 * Runs a program without a shell, to its end or until its time is up; then it and what it started are killed.
 * @throws `run/canceled`
 */
export async function runCommand(words: readonly string[], options: CommandOptions): Promise<CommandEnd> {
  const { signal, timeoutMs, mostBytes } = options;
  throwIfAborted(signal);
  const [program = "", ...args] = words;
  return new Promise<CommandEnd>((resolve, reject) => {
    const child = spawn(program, args, {
      env: { ...process.env, ...options.env },
      stdio: ["pipe", "pipe", "pipe"],
      // A group of its own, so that its children end with it.
      detached: process.platform !== "win32",
      windowsHide: true,
    });
    const out: Uint8Array[] = [];
    let bytes = 0;
    let said: Uint8Array = new Uint8Array();
    let ended = false;
    const finish = (act: () => void): void => {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      child.stdout.destroy();
      child.stderr.destroy();
      act();
    };
    const fail = (why: string): void =>
      finish(() => resolve({ end: "failed", why, said: new TextDecoder().decode(said).trim() }));
    const kill = (): void => {
      try {
        if (process.platform !== "win32" && child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
        else child.kill("SIGKILL");
      } catch {
        // It has ended by itself.
      }
    };
    const abort = (): void => {
      kill();
      finish(() => reject(canceled(signal.reason)));
    };
    const timer = setTimeout(() => {
      kill();
      fail(`it took longer than ${timeoutMs / 1000} seconds`);
    }, timeoutMs);
    signal.addEventListener("abort", abort, { once: true });
    child.stdout.on("data", (chunk: Uint8Array) => {
      bytes += chunk.length;
      if (bytes <= mostBytes) out.push(chunk);
      else {
        kill();
        fail(`it printed more than ${mostBytes} bytes`);
      }
    });
    child.stderr.on("data", (chunk: Uint8Array) => {
      const both = Buffer.concat([said, chunk.subarray(-MOST_SAID)]);
      said = new Uint8Array(both.subarray(-MOST_SAID));
    });
    // A program that does not read its input closes it early.
    child.stdin.on("error", () => {});
    child.stdin.end(options.input);
    child.on("error", (error: NodeJS.ErrnoException) => fail(`it could not be started (${error.code ?? "unknown"})`));
    const done = (status: number | null, killed: NodeJS.Signals | null): void => {
      if (status === 0) finish(() => resolve({ end: "done", stdout: new Uint8Array(Buffer.concat(out)) }));
      else fail(killed === null ? `it ended with status ${status}` : `it was ended by ${killed}`);
    };
    child.on("exit", (status, killed) => setTimeout(() => done(status, killed), LINGER_MS).unref());
    child.on("close", done);
  });
}
