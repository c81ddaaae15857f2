/** What stays with the machines of a run as long as they run: serves their disks, starts them in order, ends them. */
import { readFileSync, rmSync } from "node:fs";
import { type FileHandle, mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import type { Attachment, Machine } from "../../appliance/appliance.js";
import { canceled, isCanceled, throwIfAborted } from "../../base/errors.js";
import { emptyQcow2 } from "../../disk/qcow2/empty.js";
import { optionValue, type QemuBackends } from "../../platforms/qemu/arguments.js";
import { startNbdServer } from "../../serve/nbd/server.js";
import { chooseAccelerator } from "./accelerator.js";
import type { Checked } from "./intact.js";
import type { RunnableMachines } from "./machines.js";
import { natBackend, placeForwards, privateBackend, reachesOutside, sharedNetworks } from "./networks.js";
import { startGroups } from "./order.js";
import { processNow } from "./processes.js";
import { findQemu, prepareFirmware, qemuArguments, type RunningQemu, resume, startQemu } from "./qemu.js";
import type { RunMachine, RunState } from "./state.js";
import { endLeftOvers, type Store } from "./store.js";
import { type PrivateNetwork, startPrivateNetwork } from "./switch.js";

/** Seconds that guests get to shut down, where nobody says otherwise. */
export const USUAL_GRACE_SECONDS = 30;
/** A file in the folder of a run: the seconds that whoever stops it gives the guests. */
const GRACE_FILE = "grace";

/** What is told while machines run. */
export interface Watcher {
  /** A machine runs. @param seconds since the supervisor began */
  running(machine: Machine, seconds: number): void;
  /** What the check of the package came to. */
  checked(what: Checked): void;
  note(line: string): void;
}

/** The files of a machine in its run's folder: by number, as ids may be anything. */
export function machineFiles(folder: string, index: number): { readonly log: string; readonly variables: string } {
  return { log: path.join(folder, `machine${index}.log`), variables: path.join(folder, `machine${index}-vars.fd`) };
}

/** The console's socket of a machine that runs. */
export function consoleSocket(sockets: string, index: number): string {
  return path.join(sockets, `${index}.console`);
}

/** What the supervisor of a run needs beside its machines. */
export interface SuperviseOptions {
  readonly store: Store;
  readonly watcher: Watcher;
  /** Whether the package is intact: machines stand still until that is known, and are gone where it is not. */
  readonly intact: Promise<Checked>;
  readonly signal: AbortSignal;
}

/**
 * Runs the machines until they have all ended, or the signal asks to shut them down. The caller has the run's lock.
 * @throws what `intact` is rejected with, `vm/qemu-failed`, `vm/no-qemu`, `vm/no-firmware`, `vm/no-forward`
 */
export async function supervise(
  state: RunState,
  machines: RunnableMachines,
  { store, watcher, intact, signal: wish }: SuperviseOptions,
): Promise<void> {
  // A terminal that is closed is as good as Ctrl-C.
  const hangUp = new AbortController();
  const onHangUp = (): void => hangUp.abort(canceled());
  const signal = AbortSignal.any([wish, hangUp.signal]);
  const began = performance.now();
  const folder = store.folder(state.name);
  await rm(path.join(folder, GRACE_FILE), { force: true });
  const qemu = await findQemu();
  const { appliance } = machines;
  const shared = sharedNetworks(appliance.machines);
  const forwards = placeForwards(appliance.machines, shared, state.forwards);
  // Short, since a socket's path has 107 bytes; private, since who reaches a socket has the disk.
  const sockets = await mkdtemp(path.join(tmpdir(), "vmferry-"));
  const running = new Map<string, RunningQemu>();
  /** Those that have executed nothing yet. */
  const still = new Set<RunningQemu>();
  const last = (): void => {
    // Whatever ends this process, its machines do not stay behind without their disks.
    for (const { child } of running.values()) child.kill("SIGKILL");
    rmSync(sockets, { recursive: true, force: true });
  };
  process.once("exit", last);
  process.on("SIGHUP", onHangUp);
  const closers: (() => Promise<unknown>)[] = [];
  let now: RunState = {
    ...state,
    phase: "starting",
    failure: null,
    supervisor: processNow(process.pid),
    sockets,
    machines: appliance.machines.map((machine, i) => runMachine(machine, state.machines[i])),
  };
  let saving: Promise<void> = Promise.resolve();
  const save = (changed: Partial<RunState>): Promise<void> => {
    now = { ...now, ...changed };
    // One after the other, the newest last.
    saving = saving.catch(() => {}).then(() => store.write(now));
    return saving;
  };
  const withProcess = (index: number, one: RunMachine["process"]): readonly RunMachine[] =>
    now.machines.map((machine, i) => (i === index ? { ...machine, process: one } : machine));
  try {
    await save({});
    const nbd = await startNbdServer(machines.exports, { kind: "unix", path: path.join(sockets, "disks") });
    closers.push(() => nbd.close());
    const switches = await startSwitches([...shared], sockets, closers);
    const accelerator = await chooseAccelerator(qemu);
    if (accelerator === "tcg") watcher.note("no KVM here: the processor is emulated, which is slow");

    const start = async (machine: Machine): Promise<RunningQemu> => {
      const index = appliance.machines.indexOf(machine);
      const files = machineFiles(folder, index);
      const behind: QemuBackends = {
        drive: (_, attachment) => driveOptions(machines, machine, attachment, sockets, folder),
        network(nic, id, i) {
          const socket = nic.network === null ? undefined : switches.get(nic.network);
          if (!reachesOutside(nic, shared) && socket !== undefined) return privateBackend(id, socket);
          return natBackend(
            id,
            state.forwards.filter((forward) => {
              const place = forwards.get(forward);
              return place?.machine === machine.id && place.nic === i;
            }),
          );
        },
      };
      await makeOverlays(machines, machine, folder);
      const monitor = path.join(sockets, `${index}.monitor`);
      const efi = await prepareFirmware(machine, files.variables);
      const environment = machines.firmwareFile(machine);
      const secret = environment === null ? null : await namelessFile(sockets, environment);
      const args = qemuArguments({
        accelerator,
        machine: asRun(machine, now.machines[index]?.macs ?? []),
        shape: machines.shape(machine),
        efi,
        behind,
        firmwareFile: secret !== null,
        monitor,
        console: consoleSocket(sockets, index),
        log: files.log,
      });
      const how = { name: machine.name, monitor, passed: secret?.fd ?? null };
      const one = await startQemu(qemu, args, how, signal).finally(() => secret?.close());
      running.set(machine.id, one);
      still.add(one);
      await save({ machines: withProcess(index, processNow(one.pid)) });
      one.ended
        .then(() => {
          running.delete(machine.id);
          still.delete(one);
          one.monitor.close();
          return save({ machines: withProcess(index, null) });
        })
        // A disk that is full shows elsewhere; the file is written once more at the end.
        .catch(() => {});
      return one;
    };

    const groups = startGroups(appliance);
    for (const [i, { machines: ids, delaySeconds }] of groups.entries()) {
      const group = appliance.machines.filter(({ id }) => ids.includes(id));
      const started: [Machine, RunningQemu][] = [];
      for (const machine of group) started.push([machine, await start(machine)]);
      const checked = await unlessAborted(intact, signal);
      if (i === 0) watcher.checked(checked);
      for (const [machine, one] of started) {
        await resume(one, machine.name);
        still.delete(one);
        watcher.running(machine, (performance.now() - began) / 1000);
      }
      if (i < groups.length - 1) await pause(delaySeconds * 1000, signal);
      if (signal.aborted) break;
    }
    if (!signal.aborted) await save({ phase: "running" });
    await Promise.race([allEnded(running), aborted(signal)]);
  } catch (cause) {
    if (!isCanceled(cause)) {
      await save({ failure: cause instanceof Error ? cause.message : String(cause) });
      throw cause;
    }
  } finally {
    // A guest that never ran has nothing to shut down.
    for (const one of still) one.child.kill("SIGKILL");
    await Promise.all([...still].map((one) => one.ended));
    await shutDown(running, graceOf(folder));
    for (const close of closers.reverse()) await close();
    process.off("exit", last);
    process.off("SIGHUP", onHangUp);
    await saving.catch(() => {});
    await endLeftOvers(now, store);
  }
}

/** Asks a supervisor to end its run, by a file for the seconds and a signal. */
export async function writeGrace(folder: string, seconds: number): Promise<void> {
  await writeFile(path.join(folder, GRACE_FILE), `${seconds}\n`, { mode: 0o600 });
}

function graceOf(folder: string): number {
  try {
    const seconds = Number(readFileSync(path.join(folder, GRACE_FILE), "utf8").slice(0, 16));
    if (Number.isInteger(seconds) && seconds >= 0 && seconds <= 3600) return seconds;
  } catch {
    // Nobody said.
  }
  return USUAL_GRACE_SECONDS;
}

function runMachine({ id, name }: Machine, known: RunMachine | undefined): RunMachine {
  return { id, name, macs: known?.macs ?? [], process: null };
}

/** A machine as it runs here: with the run's own addresses, and no serial port on what its package names of the host. */
function asRun(machine: Machine, macs: readonly string[]): Machine {
  return { ...machine, serialPorts: [], nics: machine.nics.map((nic, i) => ({ ...nic, mac: macs[i] ?? nic.mac })) };
}

async function startSwitches(
  networks: readonly string[],
  sockets: string,
  closers: (() => Promise<unknown>)[],
): Promise<ReadonlyMap<string, string>> {
  const switches = new Map<string, string>();
  for (const [i, network] of networks.entries()) {
    const socket = path.join(sockets, `network${i}`);
    const one: PrivateNetwork = await startPrivateNetwork(socket);
    closers.push(() => one.close());
    switches.set(network, socket);
  }
  return switches;
}

/** The file for what is written to a disk: by number, as ids may be anything. */
function overlayOf(machines: RunnableMachines, disk: string, folder: string): string {
  return path.join(folder, `disk${machines.appliance.disks.findIndex(({ id }) => id === disk)}.qcow2`);
}

/** A file that has no name by the time that something is in it: nobody finds a secret there, whatever ends this process. */
async function namelessFile(folder: string, text: string): Promise<FileHandle> {
  const place = path.join(folder, "nameless");
  const file = await open(place, "wx+", 0o600);
  try {
    await rm(place);
    await file.writeFile(text);
    return file;
  } catch (cause) {
    await file.close();
    throw cause;
  }
}

async function makeOverlays(machines: RunnableMachines, machine: Machine, folder: string): Promise<void> {
  for (const attachment of machine.attachments) {
    const backing = machines.behind(machine, attachment);
    if (backing?.kind !== "disk") continue;
    try {
      const file = await open(overlayOf(machines, backing.id, folder), "wx", 0o600);
      try {
        await file.writeFile(emptyQcow2(backing.size));
      } finally {
        await file.close();
      }
    } catch (cause) {
      // What was written before stays.
      if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause;
    }
  }
}

function driveOptions(
  machines: RunnableMachines,
  machine: Machine,
  attachment: Attachment,
  sockets: string,
  folder: string,
): string | null {
  const backing = machines.behind(machine, attachment);
  if (backing === null) return null;
  const served = (prefix: string, name: string): string =>
    `${prefix}.driver=nbd,${prefix}.server.type=unix,${prefix}.server.path=${optionValue(path.join(sockets, "disks"))},${prefix}.export=${optionValue(name)}`;
  if (backing.kind === "image") return `driver=raw,${served("file", backing.export)}`;
  const file = `file=${optionValue(overlayOf(machines, backing.id, folder))},format=qcow2,discard=unmap`;
  return backing.export === null ? file : `${file},${served("backing", backing.export)}`;
}

/** Asks the guests to shut down, and ends those that do not in time. */
async function shutDown(running: ReadonlyMap<string, RunningQemu>, graceSeconds: number): Promise<void> {
  const all = [...running.values()];
  if (all.length === 0) return;
  for (const { monitor } of all) await monitor.execute("system_powerdown").catch(() => {});
  const ended = Promise.all(all.map((one) => one.ended));
  await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, graceSeconds * 1000).unref())]);
  for (const { child } of all) child.kill("SIGKILL");
  await ended;
}

async function allEnded(running: ReadonlyMap<string, RunningQemu>): Promise<void> {
  while (running.size > 0) await Promise.race([...running.values()].map((one) => one.ended));
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** @throws `run/canceled` where the signal comes first */
async function unlessAborted<T>(wanted: Promise<T>, signal: AbortSignal): Promise<T> {
  const first = await Promise.race([wanted.then((value) => ({ value })), aborted(signal)]);
  throwIfAborted(signal);
  return (first as { value: T }).value;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted || ms === 0) return resolve();
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done, { once: true });
  });
}
