import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { peerPath } from "./peers.js";
import { attempt, type Ran } from "./run.js";
import { temporaryFolder } from "./scratch.js";

const END_ATTEMPTS = 25;
const END_PAUSE = 200;
const IMPORT_ATTEMPTS = 8;
const SERVICE_ATTEMPTS = 4;

/** VirtualBox with settings of its own. */
export interface VirtualBox {
  /** Where its settings lie; machines go to `machines` below. */
  readonly home: string;
  readonly machines: string;
  manage(...args: readonly string[]): Promise<Ran>;
  tryManage(...args: readonly string[]): Promise<Ran>;
  /** Imports a package for real. Machines are called `NAME-0`, `NAME-1` and so on; licences are accepted, MAC addresses kept. */
  importAs(source: string, name: string, machines: number): Promise<Ran>;
  /** Kills its service as the system would. */
  killService(): Promise<void>;
  /** What `showvminfo --machinereadable` says, by key, quotes taken off. */
  machineInfo(name: string): Promise<ReadonlyMap<string, string>>;
}

/** A VirtualBox for one test: one settings folder and one VBoxSVC, both gone afterwards. */
export async function startVirtualBox(t: TestContext): Promise<VirtualBox> {
  const path = await peerPath("VBoxManage");
  const folder = await temporaryFolder("vbox");
  const home = join(folder.path, "home");
  const machines = join(folder.path, "machines");
  t.after(async () => {
    await endServices(home);
    await folder.remove();
  });
  const options = { env: { VBOX_USER_HOME: home }, timeout: 120_000, cwd: folder.path };
  const tryManage = async (...args: readonly string[]): Promise<Ran> => {
    for (let left = SERVICE_ATTEMPTS; ; left--) {
      const ran = await attempt(path, ["-q", ...args], options);
      // Nothing was done: the service did not start in time on a busy machine, or was about to end.
      if (left === 1 || ran.status === 0 || !/COM server is not running or failed to start/.test(ran.stderr))
        return ran;
      await sleep(1000);
    }
  };
  const manage = async (...args: readonly string[]): Promise<Ran> => {
    const ran = await tryManage(...args);
    if (ran.status === 0) return ran;
    throw new Error(`VBoxManage ${args.join(" ")} ended with status ${ran.status}\n${ran.stdout}\n${ran.stderr}`);
  };
  return {
    home,
    machines,
    manage,
    tryManage,
    async importAs(source, name, count): Promise<Ran> {
      const systems = Array.from({ length: count }, (_, i) => String(i));
      const each = systems.flatMap((i) => [
        "--vsys",
        i,
        "--vmname",
        `${name}-${i}`,
        "--eula",
        "accept",
        "--basefolder",
        machines,
      ]);
      const args = ["import", source, "--options", "keepallmacs", ...each];
      let ran = await tryManage(...args);
      // Seen with VirtualBox 7.2.22 and its own packages, in four of forty imports where the machine is busy, sometimes many times in a row: it
      // reads a good file and takes the digest of all but its last bytes. A wrong file has a wrong digest each time.
      for (let i = 1; i < IMPORT_ATTEMPTS && /Digest mismatch/.test(ran.stderr); i++) {
        // Another service, and a moment in which others may be less busy.
        await endServices(home);
        await sleep(250 * i);
        ran = await tryManage(...args);
      }
      return ran;
    },
    async killService() {
      for (const pid of await processesOf(home)) {
        const command = await readFile(join("/proc", String(pid), "cmdline"), "latin1").catch(() => "");
        if (command.includes("VBoxSVC")) end(pid, "SIGKILL");
      }
    },
    machineInfo: async (name) => parseInfo((await manage("showvminfo", name, "--machinereadable")).stdout),
  };
}

function parseInfo(text: string): ReadonlyMap<string, string> {
  const facts = new Map<string, string>();
  for (const line of text.split("\n")) {
    const match = /^("?)(.*?)\1=("?)(.*)\3$/.exec(line);
    if (match?.[2] !== undefined && match[4] !== undefined) facts.set(match[2], match[4]);
  }
  return facts;
}

/** VBoxSVC outlives the call that started it by some seconds; its environment tells whose it is. */
async function endServices(home: string): Promise<void> {
  for (let i = 0; i < END_ATTEMPTS; i++) {
    const pids = await processesOf(home);
    if (pids.length === 0) return;
    for (const pid of pids) end(pid, i < END_ATTEMPTS - 1 ? "SIGTERM" : "SIGKILL");
    await sleep(END_PAUSE);
  }
}

async function processesOf(home: string): Promise<readonly number[]> {
  const pids: number[] = [];
  for (const entry of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    // Processes end while we look, and those of others are closed to us: neither is ours.
    const environment = await readFile(join("/proc", entry, "environ"), "utf8").catch(() => "");
    if (environment.split("\0").includes(`VBOX_USER_HOME=${home}`)) pids.push(Number(entry));
  }
  return pids;
}

function end(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
