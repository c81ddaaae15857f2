/** `vmferry run` and `vmferry vm` with QEMU itself: guests that boot from a package and say what their OVF environment holds. */
import assert from "node:assert/strict";
import { readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { guestRuns } from "../../src/lifecycle/run/accelerator.js";
import { isAlive } from "../../src/lifecycle/run/processes.js";
import type { RunState } from "../../src/lifecycle/run/state.js";
import { HAS } from "../support/boot-guest/init.js";
import { PAIR } from "../support/boot-guest/pair.js";
import { lackingParts, makeBootGuest } from "../support/boot-guest.js";
import { lacking, peerPath } from "./peers.js";
import { attempt, type Ran } from "./run.js";
import { scratch, temporaryFolder } from "./scratch.js";

const qemu = "qemu-system-x86_64";
const skip = (await lacking(qemu, "grub-mkimage", "mke2fs")) || (await lackingParts());
const command = "dist/bin/vmferry.js";
const work = await temporaryFolder("run");
after(() => work.remove());

const PASSWORD = "correct horse";
const env = {
  XDG_STATE_HOME: join(work.path, "state"),
  VMFERRY_TEST_RUN_PASSWORD: PASSWORD,
};
const vmferry = (...args: readonly string[]): Promise<Ran> =>
  attempt(process.execPath, [command, ...args], { env, timeout: 120_000 });

let made: Promise<string> | null = null;
/** The package: two machines in an order, seven questions of the first, a licence. */
function packageOfTwo(): Promise<string> {
  made ??= (async () => {
    await makeBootGuest(work.path, "bios", null, "environment");
    await writeFile(join(work.path, "answers.yaml"), ANSWERS);
    await writeFile(join(work.path, "pair.yaml"), PAIR);
    const built = await vmferry("build", join(work.path, "pair.yaml"), join(work.path, "pair.ova"), "--quiet");
    assert.equal(built.status, 0, built.stderr);
    return join(work.path, "pair.ova");
  })();
  return made;
}

const ANSWERS = "properties: { hostname: www, port: 1 }\nmachines: { web: { mode: large } }\n";
const SET = ["--values", join(work.path, "answers.yaml"), "--set", "port=8080", "--set", "secure=true"];
const SECRET = ["--set", "password=env:VMFERRY_TEST_RUN_PASSWORD"];

async function stateOf(name: string): Promise<RunState> {
  return JSON.parse(await readFile(join(env.XDG_STATE_HOME, "vmferry/vm", name, "vm.json"), "utf8"));
}

/** Waits for something to be true. */
async function until(what: string, is: () => Promise<boolean>, ms = 200_000): Promise<void> {
  const end = Date.now() + ms;
  while (!(await is())) {
    if (Date.now() > end) assert.fail(`${what}: not in ${ms / 1000} seconds`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

test("a guest that ends QEMU by its own instructions tells that an accelerator works", {
  skip: await lacking(qemu),
  timeout: 30_000,
}, async () => {
  assert.equal(await guestRuns(await peerPath(qemu), "tcg"), true);
  assert.equal(await guestRuns("/bin/true", "tcg"), false);
});

test("two machines boot in order, each says its own properties, and reach each other on their private network", {
  skip,
  timeout: 400_000,
}, async (t) => {
  const file = await packageOfTwo();
  // A test that fails on the way leaves no machine running.
  t.after(() => vmferry("vm", "rm", "pair", "--force"));
  const started = await vmferry("run", file, ...SET, ...SECRET, "--accept-eulas", "--detach", "--name", "pair");
  assert.equal(started.status, 0, started.stderr);
  assert.equal(started.stdout, "pair\n");
  const running = await stateOf("pair");
  assert.equal(running.phase, "running");
  for (const { process: one } of running.machines) assert.ok(isAlive(one));
  for (const { process: one } of running.machines) {
    const argv = await readFile(`/proc/${one?.pid}/cmdline`, "utf8");
    assert.ok(!argv.includes(PASSWORD), "a secret is in QEMU's arguments");
  }
  const [web, db] = running.machines.map(({ process: one }) => Number(one?.started));
  assert.ok(Number(web) - Number(db) >= 200, "web started two seconds after db, in hundredths");

  await until("both guests are done", async () => {
    const { stdout } = await vmferry("vm", "logs", "pair");
    return stdout.split(`${HAS} end`).length === 3;
  });
  const { stdout } = await vmferry("vm", "logs", "pair");
  const said = (machine: string): readonly string[] =>
    stdout
      .split("\n")
      .filter((line) => line.startsWith(`${machine}| ${HAS} `))
      .map((line) => line.slice(`${machine}| ${HAS} `.length));
  assert.deepEqual(said("web").slice(0, 7).toSorted(), [
    "address=10.9.8.1",
    "hostname=www",
    "mode=large",
    "neighbour=10.9.8.2",
    `password=${PASSWORD}`,
    "port=8080",
    "secure=true",
  ]);
  assert.deepEqual(said("web").slice(7), ["reached=10.9.8.2", "end"]);
  assert.deepEqual(said("db"), ["name=a &quot;b&quot; &amp; c", "address=10.9.8.2", "end"]);

  for (const name of await readdir(join(env.XDG_STATE_HOME, "vmferry/vm/pair"))) {
    if (/^machine\d+\.log$/.test(name)) continue;
    const bytes = await readFile(join(env.XDG_STATE_HOME, "vmferry/vm/pair", name));
    assert.ok(!bytes.includes(PASSWORD), `a secret is in ${name}`);
  }

  const listed = JSON.parse((await vmferry("vm", "ps", "--json")).stdout);
  assert.deepEqual(
    listed.runs.map(({ name, status }: { name: string; status: string }) => [name, status]),
    [["pair", "running"]],
  );
  assert.match((await vmferry("vm", "rm", "pair")).stderr, /^error\[vm\/busy\]/m);
  assert.match((await vmferry("vm", "start", "pair")).stderr, /^error\[vm\/busy\]/m);

  const stopped = await vmferry("vm", "stop", "pair", "--timeout", "60");
  assert.equal(stopped.status, 0, stopped.stderr);
  const off = await vmferry("vm", "logs", "pair");
  assert.equal(off.stdout.split(`${HAS} off`).length, 3, "both guests saw the power button");
  for (const { process: one } of running.machines) assert.ok(!isAlive(one));
  assert.ok(!isAlive(running.supervisor));
  assert.equal((await stateOf("pair")).phase, "stopped");

  const again = await vmferry("vm", "start", "pair");
  assert.equal(again.status, 0, again.stderr);
  assert.match((await vmferry("vm", "console", "pair")).stderr, /^error\[vm\/which-machine\]/m);
  // A supervisor that is killed leaves machines behind, and `stop` finds them.
  const second = await stateOf("pair");
  process.kill(second.supervisor?.pid ?? 0, "SIGKILL");
  await until("the supervisor is gone", async () => !isAlive(second.supervisor));
  assert.match((await vmferry("vm", "ps")).stdout, /^pair {2}lost /);
  assert.equal((await vmferry("vm", "stop", "pair")).status, 0);
  for (const { process: one } of second.machines) assert.ok(!isAlive(one));
  assert.match((await vmferry("vm", "console", "pair", "--machine", "db")).stderr, /^error\[vm\/not-running\]/m);
  const { atime, mtime } = await stat(file);
  await utimes(file, atime, new Date(0));
  assert.match((await vmferry("vm", "start", "pair")).stderr, /^error\[vm\/did-not-start\].*another package/m);
  await utimes(file, atime, mtime);
  assert.equal((await vmferry("vm", "rm", "pair")).status, 0);
  assert.equal((await vmferry("vm", "ps")).stdout, "");
  assert.deepEqual(await readdir(join(env.XDG_STATE_HOME, "vmferry/vm")), []);
  await assert.rejects(stat(running.sockets ?? ""), { code: "ENOENT" }, "the folder of sockets is left");
  t.diagnostic(started.stderr.trim());
});

test("what cannot run is refused with one error, and leaves no run behind", { skip, timeout: 120_000 }, async (t) => {
  const file = await packageOfTwo();
  const folder = await scratch(t, "run");
  const refused = async (code: string, ...args: readonly string[]): Promise<void> => {
    const { status, stderr } = await vmferry("run", ...args);
    assert.notEqual(status, 0);
    assert.deepEqual(
      [...stderr.matchAll(/^error\[(.*?)\]/gm)].map(([, found]) => found),
      [code],
      stderr,
    );
    assert.ok(!stderr.includes(PASSWORD));
  };
  await refused("vm/licence", file, ...SECRET);
  await refused("vm/bad-answer", file, "--accept-eulas");
  await refused("vm/bad-answer", file, "--accept-eulas", "--set", `password=${PASSWORD}`);
  await refused("vm/bad-answer", file, "--accept-eulas", ...SECRET, "--set", "port=70000");
  await refused("vm/bad-answer", file, "--accept-eulas", ...SECRET, "--set", "nothing=1");
  await refused("ovf/unknown-configuration", file, "--accept-eulas", ...SECRET, "--config", "huge");
  await refused("vm/no-forward", file, "--accept-eulas", ...SECRET, "--forward", "8080:80");
  await refused("vm/bad-name", file, "--accept-eulas", ...SECRET, "--name", "../x");
  await refused("vm/not-local", "http://127.0.0.1:1/x.ova");
  const torn = join(folder, "torn.ova");
  const bytes = await readFile(file);
  const at = bytes.indexOf("pair-disk") + 600_000;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await writeFile(torn, bytes);
  await refused("package/not-intact", torn, "--accept-eulas", ...SECRET);
  const beside = await vmferry("run", torn, "--accept-eulas", ...SECRET, "--detach", "--name", "torn");
  assert.equal(beside.status, 3, beside.stderr);
  assert.match(beside.stderr, /^error\[package\/not-intact\]: torn\.ova is not intact/m);
  const runs = await readdir(join(env.XDG_STATE_HOME, "vmferry/vm")).catch(() => []);
  assert.deepEqual(runs, []);
});
