/** What a fake of Proxmox VE remembers: storages with files, machines, tasks that take their time. */
import { copyFileSync, mkdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** An answer that is no success: status, and words for the status line. */
export class PveFault extends Error {
  readonly status: number;
  readonly errors: Readonly<Record<string, string>>;

  constructor(status: number, message: string, errors: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.errors = errors;
  }
}

/** A storage. */
export interface FakeStorage {
  readonly type: string;
  content: string[];
  active: boolean;
  /** Bytes that it holds at most. */
  limit: number;
}

/** A file or disk on a storage, by its id. */
export interface FakeVolume {
  readonly file: string;
  readonly size: number;
  readonly vmid: number | null;
}

export interface FakeMachine {
  node: string;
  config: Record<string, string>;
  running: boolean;
  /** Whether the guest shuts down when it is asked to. */
  obeys: boolean;
}

export interface FakeTask {
  readonly upid: string;
  readonly type: string;
  readonly id: string;
  readonly user: string;
  readonly log: string[];
  readonly stop: AbortController;
  /** `null`: it runs. */
  exit: string | null;
}

/** Everything. */
export class PveState {
  readonly node: string = "pve";
  readonly storages: Map<string, FakeStorage> = new Map();
  readonly volumes: Map<string, FakeVolume> = new Map();
  readonly machines: Map<number, FakeMachine> = new Map();
  readonly tasks: Map<string, FakeTask> = new Map();
  readonly bridges: Map<string, boolean> = new Map([
    ["vmbr0", true],
    ["lab", true],
  ]);
  readonly pools: Set<string> = new Set(["shop"]);
  hvm: boolean = true;
  version: string = "9.1.2";
  /** How long a task is busy, at least. */
  taskMs: number = 25;
  /** How long the lock of a machine is waited for. */
  lockMs: number = 300;
  readonly #folder: string;
  readonly #locks = new Map<number, Promise<unknown>>();
  #numbers = 0;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
    const dir = { type: "dir", active: true, limit: 1e9 };
    this.storages.set("local", { ...dir, content: ["iso", "vztmpl", "backup", "import"] });
    this.storages.set("local-lvm", { type: "lvmthin", active: true, limit: 1e9, content: ["images", "rootdir"] });
    this.storages.set("tank", { type: "lvm", active: true, limit: 1e8, content: ["images"] });
    this.storages.set("off", { ...dir, active: false, content: ["images", "iso", "import"] });
  }

  storage(name: string): FakeStorage {
    const found = this.storages.get(name);
    if (found === undefined) throw new PveFault(500, `storage '${name}' does not exist`);
    if (!found.active) throw new PveFault(500, `storage '${name}' is not online`);
    return found;
  }

  used(storage: string): number {
    return [...this.volumes].reduce((sum, [id, { size }]) => sum + (id.startsWith(`${storage}:`) ? size : 0), 0);
  }

  /** Takes a copy of a file. @throws in the words of `cp` where there is no room */
  put(volume: string, from: string | null, vmid: number | null): void {
    const size = from === null ? 1 : statSync(from).size;
    const [storage = ""] = volume.split(":");
    if (this.used(storage) + size > this.storage(storage).limit) throw new PveFault(500, "No space left on device");
    const file = join(this.#folder, `volume-${this.#numbers++}`);
    if (from !== null) copyFileSync(from, file);
    this.free(volume);
    this.volumes.set(volume, { file, size, vmid });
  }

  free(volume: string): void {
    const known = this.volumes.get(volume);
    this.volumes.delete(volume);
    if (known !== undefined) rmSync(known.file, { force: true });
  }

  /** A path for what is being uploaded. */
  temporary(): string {
    return join(this.#folder, `pveupload-${this.#numbers++}`);
  }

  machine(vmid: number): FakeMachine {
    const found = this.machines.get(vmid);
    if (found !== undefined) return found;
    throw new PveFault(500, `Configuration file 'nodes/${this.node}/qemu-server/${vmid}.conf' does not exist`);
  }

  /** Runs something while nobody else works on a machine. */
  async locked<T>(vmid: number, act: () => Promise<T>): Promise<T> {
    const before = this.#locks.get(vmid) ?? Promise.resolve();
    const free = Symbol("free");
    const got = await Promise.race([before.then(() => free), sleep(this.lockMs)]);
    if (got !== free)
      throw new PveFault(500, `can't lock file '/var/lock/qemu-server/lock-${vmid}.conf' - got timeout`);
    const running = act();
    const settled = running.catch(() => {});
    this.#locks.set(vmid, settled);
    return running;
  }

  /** Begins a task and returns its id at once. What it throws is how it ends. */
  task(type: string, id: string, user: string, work: (log: string[], signal: AbortSignal) => Promise<void>): string {
    const hex = (value: number): string => value.toString(16).toUpperCase().padStart(8, "0");
    const number = this.#numbers++;
    const upid = `UPID:${this.node}:${hex(0x1000 + number)}:${hex(0x20000 + number)}:${hex(Math.floor(Date.now() / 1000))}:${type}:${id}:${user}:`;
    const task: FakeTask = { upid, type, id, user, log: [], stop: new AbortController(), exit: null };
    this.tasks.set(upid, task);
    const { signal } = task.stop;
    const run = async (): Promise<void> => {
      await sleep(this.taskMs, undefined, { signal });
      await work(task.log, signal);
    };
    run().then(
      () => {
        task.exit = "OK";
        task.log.push("TASK OK");
      },
      (cause: unknown) => {
        task.exit = signal.aborted ? "interrupted by signal" : cause instanceof Error ? cause.message : String(cause);
        task.log.push(`TASK ERROR: ${task.exit}`);
      },
    );
    return upid;
  }
}
