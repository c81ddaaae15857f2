import { type ChildProcess, spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import * as tls from "node:tls";
import { peerPath } from "./peers.js";
import { attempt, killGroup, type Ran, run } from "./run.js";
import { scratch } from "./scratch.js";

const START_ATTEMPTS = 100;
const START_PAUSE = 200;
const STOP_PATIENCE = 5_000;

/** A program that stays: its words, and its end. */
interface Service {
  readonly pid: number;
  said(): string;
  ended(): boolean;
  stop(): Promise<void>;
}

function start(path: string, args: readonly string[]): Service {
  const child: ChildProcess = spawn(path, args, { stdio: ["ignore", "pipe", "pipe"], detached: true });
  let words = "";
  let ended = false;
  const keep = (chunk: Buffer): void => {
    words = (words + chunk.toString("utf8")).slice(-8_000);
  };
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);
  const end = new Promise<void>((resolve) => {
    const settle = (): void => {
      ended = true;
      resolve();
    };
    child.on("exit", settle);
    child.on("error", (error) => {
      words += error.message;
      settle();
    });
  });
  return {
    pid: child.pid ?? -1,
    said: () => words,
    ended: () => ended,
    stop: async () => {
      if (!ended) killGroup(child.pid, "SIGTERM");
      await Promise.race([end, sleep(STOP_PATIENCE, undefined, { ref: false })]);
      if (!ended) killGroup(child.pid, "SIGKILL");
      child.stdout?.destroy();
      child.stderr?.destroy();
      await end;
    },
  };
}

/** Waits until a question succeeds. Throws with the service's words where it never does. */
async function answers(service: Service, name: string, question: () => Promise<Ran>): Promise<void> {
  for (let i = 0; i < START_ATTEMPTS && !service.ended(); i++) {
    const ran = await question();
    if (ran.status === 0) return;
    await sleep(START_PAUSE);
  }
  throw new Error(`${name} does not answer\n${service.said()}`);
}

/** A port of the loopback that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => (typeof address === "object" && address !== null ? resolve(address.port) : reject(address)));
    });
  });
}

/** A running vCenter simulator. */
export interface Simulator {
  readonly port: number;
  govc(...args: readonly string[]): Promise<Ran>;
  tryGovc(...args: readonly string[]): Promise<Ran>;
}

/** Starts a vCenter simulator on the loopback for one test. `vcsim-export` also keeps uploads and answers exports. */
export async function startSimulator(
  t: TestContext,
  program: "vcsim" | "vcsim-export" = "vcsim",
  more: readonly string[] = [],
): Promise<Simulator> {
  const govc = await peerPath("govc");
  const port = await freePort();
  const service = start(await peerPath(program), ["-l", `127.0.0.1:${port}`, ...more]);
  t.after(() => service.stop());
  const env = {
    GOVC_URL: `https://user:pass@127.0.0.1:${port}/sdk`,
    GOVC_INSECURE: "1",
    GOVC_DATASTORE: "LocalDS_0",
    GOVC_RESOURCE_POOL: "DC0_C0/Resources",
  };
  await answers(service, program, () => attempt(govc, ["about"], { env, timeout: 10_000 }));
  return {
    port,
    govc: (...args) => run(govc, args, { env, timeout: 60_000 }),
    tryGovc: (...args) => attempt(govc, args, { env, timeout: 60_000 }),
  };
}

/** SHA-256 of the certificate of a server on the loopback. */
export function thumbprintAt(port: number): Promise<string> {
  return new Promise((done, fail) => {
    const socket = tls.connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => {
      done(socket.getPeerCertificate().fingerprint256.replaceAll(":", "").toLowerCase());
      socket.destroy();
    });
    socket.once("error", fail);
  });
}

/** A running libvirt. */
export interface Libvirt {
  virsh(...args: readonly string[]): Promise<Ran>;
  tryVirsh(...args: readonly string[]): Promise<Ran>;
  /** What stands before a command that is to see this libvirt as the system's. */
  readonly inside: readonly [program: string, ...args: string[]];
  /** Starts a network without addresses: it needs no dnsmasq, and nobody but this libvirt sees it. */
  startNetwork(name: string): Promise<void>;
}

/** Private places for a libvirt of the test's own: nothing that it defines is seen outside, or stays; two can run at once. */
const LIBVIRT_SCRIPT = `
set -e
for folder in /run/libvirt /var/lib/libvirt /etc/libvirt/qemu /etc/libvirt/storage; do
  mkdir -p "$folder"
  mount -t tmpfs -o mode=755 tmpfs "$folder"
done
"$1" --pid-file /run/libvirt/own-virtlogd.pid &
exec "$2" --pid-file /run/libvirt/own-libvirtd.pid
`;

/** Starts virtlogd and libvirtd for one test, in namespaces of their own for mounts and networks. Needs root. */
export async function startLibvirt(t: TestContext): Promise<Libvirt> {
  const paths = await Promise.all([peerPath("virtlogd"), peerPath("libvirtd"), peerPath("virsh"), peerPath("unshare")]);
  const [virtlogd, libvirtd, virshPath, unshare] = paths;
  const namespace = ["--mount", "--net", "--propagation", "private", "--"];
  const service = start(unshare, [...namespace, "sh", "-c", LIBVIRT_SCRIPT, "libvirt", virtlogd, libvirtd]);
  const enter = ["--mount", "--target", String(service.pid), "--"];
  const inside = [...enter, virshPath, "-c", "qemu:///system"];
  const tryVirsh = (...args: readonly string[]): Promise<Ran> =>
    attempt("nsenter", [...inside, ...args], { timeout: 60_000 });
  t.after(async () => {
    const running = await tryVirsh("list", "--name");
    for (const name of running.stdout.split("\n").filter((line) => line !== "")) await tryVirsh("destroy", name);
    await service.stop();
  });
  await answers(service, "libvirtd", () => tryVirsh("version"));
  const virsh = (...args: readonly string[]): Promise<Ran> => run("nsenter", [...inside, ...args], { timeout: 60_000 });
  return {
    virsh,
    tryVirsh,
    inside: ["nsenter", ...enter],
    async startNetwork(name): Promise<void> {
      const file = join(await scratch(t, "network"), "network.xml");
      await writeFile(file, `<network><name>${name}</name><bridge name="virbr0" stp="off"/></network>`);
      await virsh("net-define", file);
      await virsh("net-start", name);
    },
  };
}
