/** Guests of a run stand still until their package is known to be intact. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { FerryError } from "../../src/base/errors.js";
import type { Context } from "../../src/io/context.js";
import { answeredAppliance, createRun } from "../../src/lifecycle/run/create.js";
import type { Checked } from "../../src/lifecycle/run/intact.js";
import { openMachines } from "../../src/lifecycle/run/machines.js";
import { isAlive } from "../../src/lifecycle/run/processes.js";
import { openStore } from "../../src/lifecycle/run/store.js";
import { machineFiles, supervise, writeGrace } from "../../src/lifecycle/run/supervise.js";
import { createContext, createRuntime, openPath } from "../../src/node.js";
import { openSource } from "../../src/operations/source.js";
import { lacking } from "./peers.js";
import { run } from "./run.js";
import { temporaryFolder } from "./scratch.js";

const skip = await lacking("qemu-system-x86_64");
const command = "dist/bin/vmferry.js";

/** A boot sector that says `H` on the first serial port, and halts: mov dx, 3f8h; mov al, 'H'; out dx, al; hlt. */
function bootSector(): Uint8Array {
  const bytes = new Uint8Array(2 ** 20);
  bytes.set([0xba, 0xf8, 0x03, 0xb0, 0x48, 0xee, 0xf4, 0xeb, 0xfd]);
  bytes.set([0x55, 0xaa], 510);
  return bytes;
}

const SPEC = `appliance: 1
name: sector
machine: { os: debian12, memory: 64MiB, firmware: bios, drives: [sector.raw] }
`;

/** A supervisor at work over a package, with a check of that package that the test decides. */
async function held(t: TestContext): Promise<Held> {
  const temporary = await temporaryFolder("held");
  const folder = temporary.path;
  await writeFile(join(folder, "sector.raw"), bootSector());
  await writeFile(join(folder, "sector.yaml"), SPEC);
  const file = join(folder, "sector.ova");
  await run(process.execPath, [command, "build", join(folder, "sector.yaml"), file, "--quiet"]);
  const runtime = createRuntime({ workers: 0 });
  const stop = new AbortController();
  const ctx: Context = createContext(runtime, { signal: stop.signal });
  const input = await openPath(file, runtime.native);
  const opened = await openSource(input, {}, ctx);
  const store = openStore(join(folder, "state"));
  const wish = { name: "held", forwards: [], bridges: [], macs: "keep", configuration: null, answers: [] } as const;
  const reveal = async (): Promise<string> => "";
  const how = { file, store, root: join(folder, "state"), reveal, ask: async () => [], accept: async () => {} };
  const { state, known } = await createRun(opened, wish, how, ctx);
  assert.equal(known, null);
  const { appliance, answered } = await answeredAppliance(opened, state, reveal, ctx);
  const machines = await openMachines(opened, appliance, { answered, run: state }, ctx);
  let judge: { resolve(checked: Checked): void; reject(cause: Error): void } | null = null;
  const intact = new Promise<Checked>((resolve, reject) => {
    judge = { resolve, reject };
  });
  intact.catch(() => {});
  assert.ok(judge !== null);
  const verdict: Held["verdict"] = judge;
  const told: string[] = [];
  const watcher = { running: () => told.push("running"), checked: () => told.push("checked"), note: () => {} };
  const done = supervise(state, machines, { store, watcher, intact, signal: stop.signal });
  done.catch(() => {});
  t.after(async () => {
    // The boot sector knows no power button.
    await writeGrace(store.folder("held"), 0);
    stop.abort();
    await done.catch(() => {});
    await machines.close();
    await opened.close();
    await runtime.close();
    await temporary.remove();
  });
  const { log } = machineFiles(store.folder("held"), 0);
  const said = (): Promise<string> => readFile(log, "latin1").catch(() => "");
  const process_ = async () => (await store.read("held")).machines[0]?.process ?? null;
  await until(async () => (await process_()) !== null);
  return { verdict, told, done, stop, said, process: await process_() };
}

interface Held {
  readonly verdict: { resolve(checked: Checked): void; reject(cause: Error): void };
  readonly told: readonly string[];
  readonly done: Promise<void>;
  readonly stop: AbortController;
  said(): Promise<string>;
  readonly process: Parameters<typeof isAlive>[0];
}

async function until(is: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 30_000; !(await is()); ) {
    assert.ok(Date.now() < end, "not in 30 seconds");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test("a guest executes nothing until its package is intact, and runs at once then", {
  skip,
  timeout: 60_000,
}, async (t) => {
  const { verdict, told, said, process: qemu } = await held(t);
  // SeaBIOS gets to the boot sector in less.
  await new Promise((resolve) => setTimeout(resolve, 2000));
  assert.ok(isAlive(qemu));
  assert.deepEqual([await said(), told], ["", []]);
  verdict.resolve({ verdict: "intact", from: "check" });
  await until(async () => (await said()).includes("H"));
  assert.deepEqual(told, ["checked", "running"]);
});

test("the guest of an altered package is gone without having executed anything, and nobody waits for it", {
  skip,
  timeout: 60_000,
}, async (t) => {
  const { verdict, told, done, said, process: qemu } = await held(t);
  const began = Date.now();
  verdict.reject(new FerryError("package/not-intact", "sector.ova is not intact"));
  await assert.rejects(done, (cause) => cause instanceof FerryError && cause.code === "package/not-intact");
  assert.ok(Date.now() - began < 10_000, "a guest that never ran was asked to shut down");
  assert.deepEqual([await said(), told, isAlive(qemu)], ["", [], false]);
});

test("who interrupts the check gets no guest", { skip, timeout: 60_000 }, async (t) => {
  const { told, done, stop, said, process: qemu } = await held(t);
  stop.abort();
  await done;
  assert.deepEqual([await said(), told, isAlive(qemu)], ["", [], false]);
});
