/** What `run` and the commands about runs share: secrets, licences, the supervisor, which machine is meant. */
import { spawn } from "node:child_process";
import { open, readFile } from "node:fs/promises";
import * as path from "node:path";
import type { Eula } from "../appliance/appliance.js";
import { FerryError, throwIfAborted } from "../base/errors.js";
import type { SecretRef } from "../base/ids.js";
import { plural, printable } from "../base/text.js";
import type { Checked } from "../lifecycle/run/intact.js";
import type { Forward } from "../lifecycle/run/networks.js";
import { ended, isAlive, processNow, signalTo } from "../lifecycle/run/processes.js";
import type { RunMachine, RunState } from "../lifecycle/run/state.js";
import { endLeftOvers, type Store, standing } from "../lifecycle/run/store.js";
import { type Watcher, writeGrace } from "../lifecycle/run/supervise.js";
import type { OpenedSource } from "../operations/opened.js";
import { isRemoteUrl } from "../runtime/node/http/address.js";
import { readSecret } from "../runtime/node/secrets.js";
import type { Cli, OptionSpec } from "./command.js";
import type { NamedPackage } from "./named.js";
import { invalid } from "./options.js";
import { openNamedSource } from "./packages.js";
import type { Session } from "./session.js";

/** `--forward HOST:GUEST`. */
export const forwardOption: OptionSpec<readonly Forward[]> = {
  flags: "--forward HOST:GUEST",
  what: "a port of this machine's loopback that leads to a guest's: 8080:80, 5353:53/udp, 8080:80@machine (can be repeated)",
  repeated: true,
  read: (given) =>
    given.map((word) => {
      const [, host = "", guest = "", protocol = "tcp", machine = null] =
        /^(\d{1,5}):(\d{1,5})(?:\/(tcp|udp))?(?:@(.+))?$/.exec(word) ?? [];
      const [from, to] = [Number(host), Number(guest)];
      if (from >= 1 && from <= 65_535 && to >= 1 && to <= 65_535) {
        return { protocol: protocol === "udp" ? "udp" : "tcp", host: from, guest: to, machine };
      }
      throw invalid("--forward", word, "It is HOST:GUEST, both from 1 to 65535, such as 8080:80.");
    }),
};

/** Opens the package of a run, which has to be on this machine. @throws `vm/not-local` */
export async function openRunPackage(name: string, session: Session): Promise<NamedPackage<OpenedSource>> {
  if (isRemoteUrl(name)) {
    throw new FerryError("vm/not-local", "machines run from packages on this machine, not from servers", {
      hint: "Fetch the package first, and run the copy.",
    });
  }
  return openNamedSource(name, {}, session);
}

/** Reads secrets of properties. */
export function revealer({ signal }: Cli): (secret: SecretRef, name: string) => Promise<string> {
  return (secret, name) => readSecret(secret, `the property ${name}`, signal);
}

/** Shows licences, and asks on a terminal. @throws `vm/licence` */
export async function acceptLicences(eulas: readonly Eula[], accepted: boolean, cli: Cli): Promise<void> {
  const { stdin, terminal } = cli;
  // Who is to accept them has to see them, however quiet.
  for (const { text } of eulas) {
    if (accepted) terminal.note(printable(text));
    else terminal.error(printable(text));
  }
  if (accepted) return;
  if ("isTTY" in stdin && stdin.isTTY === true) {
    terminal.error("Do you accept? (yes/no)");
    if (/^y(?:es)?$/i.test((await lineFrom(stdin, cli.signal)).trim())) return;
  }
  throw new FerryError("vm/licence", `the package is not run: ${plural(eulas.length, "licence")} not accepted`, {
    hint: "With --accept-eulas they are accepted without a question.",
  });
}

/** Characters of an answer. */
const LONGEST = 4096;

async function lineFrom(stdin: NodeJS.ReadableStream, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    let typed = "";
    const done = (act: () => void): void => {
      stdin.off("data", data);
      stdin.off("end", end);
      signal.removeEventListener("abort", abort);
      stdin.pause();
      act();
    };
    const data = (chunk: Uint8Array | string): void => {
      typed += typeof chunk === "string" ? chunk : new TextDecoder().decode(chunk);
      if (typed.includes("\n") || typed.length > LONGEST) done(() => resolve(typed));
    };
    const end = (): void => done(() => resolve(typed));
    const abort = (): void => done(() => reject(signal.reason));
    stdin.on("data", data);
    stdin.on("end", end);
    signal.addEventListener("abort", abort, { once: true });
    stdin.resume();
  });
}

/** Says on standard error how machines start. */
export function tellingWatcher({ terminal }: Cli): Watcher {
  return {
    checked: (checked) => tellChecked(checked, { terminal }),
    running: ({ name }, seconds) => terminal.note(`${printable(name)}: running after ${seconds.toFixed(2)} s`),
    note: (line) => terminal.note(line),
  };
}

/** Says on standard error what the check of a package came to. */
export function tellChecked({ verdict, from }: Checked, { terminal }: Pick<Cli, "terminal">): void {
  terminal.note(
    verdict === "unverifiable"
      ? "the package has no manifest: nobody can tell whether it was changed"
      : from === "memory"
        ? "the package is intact: it was checked before, and has not changed since"
        : "the package is intact",
  );
}

/** Bytes of a supervisor's words that are looked at. */
const MOST_WORDS = 65_536;

/**
 * Starts the supervisor of a run, and waits until its machines run.
 * @throws `package/not-intact`, `vm/did-not-start`, `run/canceled`
 */
export async function startDetached(name: string, store: Store, { signal }: Cli): Promise<RunState> {
  const log = path.join(store.folder(name), "supervisor.log");
  const output = await open(log, "w", 0o600);
  const [script = ""] = process.argv.slice(1);
  const child = spawn(process.execPath, [...process.execArgv, script, "vm", "start", name, "--foreground"], {
    detached: true,
    stdio: ["ignore", output.fd, output.fd],
  });
  let status: number | null | undefined;
  child.once("error", () => {
    status = null;
  });
  child.once("exit", (code) => {
    status = code;
  });
  child.unref();
  await output.close();
  const self = child.pid === undefined ? null : processNow(child.pid);
  try {
    for (;;) {
      throwIfAborted(signal);
      const state = await store.read(name);
      if (state.supervisor !== null && state.supervisor.pid === child.pid && state.phase === "running") return state;
      if (status === 0) return await store.read(name);
      if (status !== undefined) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  } catch (cause) {
    if (self !== null) signalTo(self, "SIGTERM");
    throw cause;
  }
  const said = (await readFile(log, "utf8").catch(() => "")).slice(-MOST_WORDS);
  const [, code = "", message = ""] = /^error\[([a-z0-9/-]+)\]: (.*)$/m.exec(said) ?? [];
  if (code === "package/not-intact") {
    throw new FerryError(code, message, {
      hint: "Fetch it again. Where the change was yours, vmferry fix writes its manifest anew.",
    });
  }
  throw new FerryError("vm/did-not-start", `${name} did not start: ${message || "its supervisor ended"}`, {
    hint: code === "" ? `Look at ${log}.` : `vmferry explain ${code} tells more.`,
  });
}

/** Stops a run: asks its guests to shut down, and ends what does not in time. What a killed supervisor left goes, too. */
export async function stopRun(state: RunState, graceSeconds: number, store: Store): Promise<void> {
  const { supervisor } = state;
  if (isAlive(supervisor)) {
    await writeGrace(store.folder(state.name), graceSeconds);
    signalTo(supervisor, "SIGTERM");
    if (!(await ended(supervisor, (graceSeconds + 10) * 1000))) {
      signalTo(supervisor, "SIGKILL");
      await ended(supervisor, 5000);
    }
  }
  const now = await store.read(state.name);
  if (standing(now) !== "lost" && now.sockets === null) return;
  const lock = await store.lock(state.name);
  try {
    await endLeftOvers(now, store);
  } finally {
    await lock.release();
  }
}

/** The machine of a run that is meant. @throws `vm/which-machine` */
export function machineNamed(
  state: RunState,
  wanted: string | null,
): { readonly machine: RunMachine; readonly index: number } {
  const index = state.machines.findIndex(({ id, name }) => wanted === null || id === wanted || name === wanted);
  const machine = state.machines[index];
  if (machine !== undefined && (wanted !== null || state.machines.length === 1)) return { machine, index };
  const message =
    wanted === null
      ? `${state.name} has ${plural(state.machines.length, "machine")}`
      : `${state.name} has no ${wanted}`;
  throw new FerryError("vm/which-machine", message, {
    hint: `Name one with --machine: ${state.machines.map(({ id }) => printable(id)).join(", ")}.`,
  });
}
