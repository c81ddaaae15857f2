/** Deployments to a fake host of Hyper-V, through fakes of ssh and sftp, and of PowerShell here. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type FakeHyperv, startHyperv } from "../fakes/hyperv.js";
import { ANSWERS, buildPair, KELP, type Pair, SECRET } from "../fakes/pair.js";

interface World extends Pair {
  readonly hyperv: FakeHyperv;
}

async function world(t: TestContext, firmware: "bios" | "efi" = "bios"): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), "hyperv-"));
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }));
  const { hyperv, close } = await startHyperv(folder);
  t.after(close);
  return { ...(await buildPair(t, hyperv.env, firmware)), hyperv };
}

const REMOTE = "hyperv+ssh://admin@hyperv.example:2222";
const deployIt = ({ ova }: World, ...more: readonly string[]): readonly string[] => [
  ...["deploy", ova, REMOTE, "--yes", ...ANSWERS, "--map-network", "LAN=lab", ...more],
];

/** Everything on the host that a deployment could make. */
async function inventory({ hyperv, states }: World): Promise<Record<string, unknown>> {
  const { host, files, folders } = hyperv;
  const plain = (text: string): string =>
    text.replace(/vmferry-[0-9a-f]{8}/g, "*").replace(/vmferry [0-9a-f-]{36}/, "vmferry *");
  return {
    machines: host.vms.map((vm) => ({
      name: vm.name,
      state: vm.state,
      notes: plain(vm.notes),
      folder: plain(vm.folder ?? ""),
      generation: vm.generation,
      drives: vm.drives.map(({ device, path }) => `${device} ${plain(path ?? "")}`),
      adapters: vm.adapters.map(({ switchName }) => switchName),
      start: vm.start,
    })),
    files: [...files.keys()].map(plain).sort(),
    folders: folders.map(plain).sort(),
    states: await states(),
  };
}

const EMPTY = { machines: [], files: [], folders: ["D:", "D:\\Machines"], states: [] };
const FOLDER = "D:\\Machines\\*-pair";

test("two machines are deployed to Hyper-V with all that they have, started in order, stopped and removed without a trace", async (t) => {
  const here = await world(t);
  const { hyperv, ferry } = here;
  const deployed = await ferry(deployIt(here, "--start", "--autostart"));
  assert.equal(deployed.status, 0, deployed.stderr);
  assert.ok(deployed.stderr.indexOf("start pair-db") < deployed.stderr.indexOf("start pair-web"), deployed.stderr);
  assert.deepEqual(await inventory(here), {
    machines: [
      {
        ...{ name: "pair-db", state: "Running", notes: "vmferry *", folder: FOLDER, generation: 1 },
        ...{ drives: [`disk ${FOLDER}\\pair-db-disk1.vhdx`], adapters: ["lab"], start: { action: "Start", delay: 0 } },
      },
      {
        ...{ name: "pair-web", state: "Running", notes: "vmferry *", folder: FOLDER, generation: 1 },
        drives: [
          `disk ${FOLDER}\\pair-web-disk1.vhdx`,
          `disk ${FOLDER}\\pair-web-disk2.vhdx`,
          `dvd ${FOLDER}\\pair-ovf-env-web.iso`,
        ],
        ...{ adapters: ["lab"], start: { action: "Start", delay: 1 } },
      },
    ],
    files: [
      `${FOLDER}\\pair-db-disk1.vhdx`,
      `${FOLDER}\\pair-db.ps1`,
      `${FOLDER}\\pair-ovf-env-web.iso`,
      `${FOLDER}\\pair-web-disk1.vhdx`,
      `${FOLDER}\\pair-web-disk2.vhdx`,
      `${FOLDER}\\pair-web.ps1`,
    ],
    folders: ["D:", "D:\\Machines", FOLDER],
    states: ["pair.json"],
  });
  const { files, told } = hyperv;
  const blob = (end: string): string => [...files].find(([path]) => path.endsWith(end))?.[1] ?? "";
  for (const end of ["pair-db-disk1.vhdx", "pair-web-disk1.vhdx"]) {
    const same = await ferry(["disk", "compare", blob(end), KELP]);
    assert.equal(same.status, 0, `${end} is what the package holds: ${same.stderr}`);
  }
  const cd = await readFile(blob(".iso"));
  assert.match(cd.toString("latin1"), /oe:key="hostname" oe:value="shop"/);
  assert.ok(cd.includes(SECRET));
  const kept = await readFile(join(here.home, "vmferry/deployments/pair.json"), "utf8");
  for (const text of [deployed.stdout, deployed.stderr, kept, told.join("\n")]) assert.ok(!text.includes(SECRET));

  const status = JSON.parse((await ferry(["deployment", "status", "pair", "--json"])).stdout);
  assert.deepEqual(
    status.deployments[0].machines.map(({ id, state }: Record<string, string>) => [id, state]),
    [
      ["db", "Running"],
      ["web", "Running"],
    ],
  );
  const [db] = hyperv.host.vms;
  assert.ok(db);
  db.guest = "ignores";
  const impatient = await ferry(["deployment", "stop", "pair", "--timeout", "1"]);
  assert.match(impatient.stderr, /deploy\/still-running/);
  db.guest = "absent";
  const deaf = await ferry(["deployment", "stop", "pair"]);
  assert.match(deaf.stderr, /deploy\/refused.*integration services/);
  const destroyed = await ferry(["deployment", "destroy", "pair", "--yes"]);
  assert.equal(destroyed.status, 0, destroyed.stderr);
  assert.deepEqual(await inventory(here), EMPTY);
});

test("what will fail on a host of Hyper-V is said before a byte moves, and it is not told what could mean more", async (t) => {
  const here = await world(t);
  const { hyperv, ferry, ova } = here;
  const other = { name: "pair-web", id: "of somebody else", notes: "", state: "Off", folder: null };
  hyperv.host.vms.push(other as unknown as (typeof hyperv.host.vms)[number]);
  hyperv.limit = 1000;
  const plan = await ferry(["deploy", ova, REMOTE, "--dry-run", "--json", ...ANSWERS]);
  assert.equal(plan.status, 3, plan.stderr);
  const { diagnostics } = JSON.parse(plan.stdout);
  const all = diagnostics
    .map(({ code, message, hint }: Record<string, string>) => `${code}: ${message} ${hint}`)
    .join("\n");
  assert.match(all, /deploy\/taken: .*"pair-web" already/);
  assert.match(all, /deploy\/no-network: .*no virtual switch "LAN".*lab, Default Switch/);
  assert.match(all, /deploy\/no-space: .*1000 B free/);
  const nowhere = await ferry(deployIt(here, "--storage", "E:/Nowhere"));
  assert.match(nowhere.stderr, /deploy\/no-storage.*E:\\Nowhere/);
  const wild = await ferry(deployIt(here, "--storage", "D:\\Machines\\*"));
  assert.match(wild.stderr, /deploy\/bad-place/);
  hyperv.allowed = false;
  const denied = await ferry(deployIt(here));
  assert.match(denied.stderr, /deploy\/denied.*required permission/);
  const stranger = await ferry(deployIt(here).map((word) => word.replace("hyperv.example", "elsewhere.example")));
  assert.match(stranger.stderr, /deploy\/unreachable.*elsewhere\.example/);
  assert.ok(
    hyperv.told.every((words) => !/^sftp|New-|Set-VM |Remove-|Move-|Copy-/.test(words)),
    "nothing but questions",
  );
});

test("what fails on the way to Hyper-V is taken back, and what others have is left", async (t) => {
  const here = await world(t, "efi");
  const { hyperv, ferry } = here;
  const faults = [
    { program: "sftp", told: "pair-web-disk1", says: "Connection reset by peer", when: "after" },
    { program: "ssh", told: "Get-FileHash", says: "client_loop: send disconnect: Broken pipe", when: "before" },
    // The answer is lost, and the machine is made.
    { program: "ssh", told: "pair-web.ps1", says: "Timeout, server not responding", when: "after" },
  ] as const;
  for (const fault of faults) {
    hyperv.faults.push(fault);
    const failed = await ferry(deployIt(here));
    assert.match(failed.stderr, new RegExp(`deploy/unreachable.*${fault.says}`));
    assert.equal(hyperv.faults.length, 0, "it happened");
    assert.deepEqual(await inventory(here), EMPTY, fault.says);
  }
});

test("the Hyper-V of this machine is reached without ssh, and machines with EFI are of generation 2", async (t) => {
  const here = await world(t, "efi");
  const local = deployIt(here).map((word) => (word === REMOTE ? "hyperv:" : word));
  const deployed = await here.ferry(local);
  assert.equal(deployed.status, 0, deployed.stderr);
  const { told, host } = here.hyperv;
  assert.deepEqual(
    host.vms.map(({ name, generation, state }) => [name, generation, state]),
    [
      ["pair-db", 2, "Off"],
      ["pair-web", 2, "Off"],
    ],
  );
  assert.ok(told.every((words) => words.startsWith("powershell.exe ")));
  assert.equal((await here.ferry(["deployment", "destroy", "pair", "--yes"])).status, 0);
  assert.deepEqual(await inventory(here), EMPTY);
});

/** Each point is two deployments and a removal: twenty in the long run (`VMFERRY_LONG=1`). */
const POINTS = process.env.VMFERRY_LONG === "1" ? 20 : 1;
/** Where points lie, as a part of a whole run: few of them where no run can be over, since it may be faster than the first one. */
const SPAN = POINTS === 20 ? 0.8 : 0.5;

test("killed at points all over and run again, a deployment to Hyper-V ends in the same state", async (t) => {
  const here = await world(t);
  const { ferry } = here;
  const words = deployIt(here, "--start");
  const began = Date.now();
  assert.equal((await ferry(words)).status, 0);
  const whole = Date.now() - began;
  const wanted = await inventory(here);
  assert.equal((await ferry(["deployment", "destroy", "pair", "--yes"])).status, 0);
  let killed = 0;
  for (let i = 0; i < POINTS; i++) {
    const limit = Math.round(whole * (0.2 + (SPAN * (i + Math.random())) / POINTS));
    if ((await ferry(words, limit)).status !== 0) killed++;
    const second = await ferry(words);
    assert.equal(second.status, 0, `killed after ${limit} ms of ${whole}: ${second.stderr}`);
    assert.deepEqual(await inventory(here), wanted, `killed after ${limit} ms of ${whole}`);
    const destroyed = await ferry(["deployment", "destroy", "pair", "--yes"]);
    assert.equal(destroyed.status, 0, destroyed.stderr);
    assert.deepEqual(await inventory(here), EMPTY, `after ${limit} ms`);
  }
  assert.ok(killed >= 0.5 * POINTS, `${killed} of ${POINTS} runs were killed`);
});
