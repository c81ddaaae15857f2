/** Deployments to XenServer in which something goes wrong, in this process: each error says what it was, and nothing is left. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, type TestContext, test } from "node:test";
import type { DeploymentState } from "../../src/lifecycle/deployment/state.js";
import { createContext, createRuntime } from "../../src/node.js";
import type { FakeXapiOptions } from "../fakes/xapi.js";
import { NULL_REF, type Row, XapiError } from "../fakes/xapi-pool.js";
import { type How, says, startXenDeployments, type XenDeployments } from "../support/xen-deployments.js";

let runtime: ReturnType<typeof createRuntime>;
before(() => {
  runtime = createRuntime({ workers: 1 });
});
after(() => runtime.pool.close());

const world = (t: TestContext, options?: FakeXapiOptions): Promise<XenDeployments> =>
  startXenDeployments(runtime, t, options);
const DEPLOYED = ["VM kelp", "VDI vmdisk0", "VBD", "kelp.json"];

test("what breaks in the middle of an upload is said as xapi says it, leaves nothing, and is done by the next run", async (t) => {
  const here = await world(t);
  const { fake, deploy, left } = here;
  fake.faults.cutAfter = 40_000;
  await assert.rejects(deploy(), says("deploy/refused", /IMPORT_ERROR_PREMATURE_EOF.*Run again/));
  assert.deepEqual(await left(), []);
  delete fake.faults.cutAfter;

  // A chunk that changes on its way.
  const { pool } = fake;
  const write = pool.write;
  const failing = (code: string, params: readonly string[]): void => {
    Object.assign(pool, {
      write() {
        throw new XapiError(code, params);
      },
    });
  };
  failing("IMPORT_ERROR_SOME_CHECKSUMS_FAILED", []);
  await assert.rejects(deploy(), says("deploy/refused", /CHECKSUMS.*damaged on its way/));
  failing("SR_BACKEND_FAILURE_44", ["", "There is insufficient space", ""]);
  await assert.rejects(deploy(), says("deploy/refused", /insufficient space.*--storage/));
  assert.deepEqual(await left(), []);
  Object.assign(pool, { write });

  assert.equal((await deploy()).status, "deployed");
  assert.deepEqual(await left(), DEPLOYED);
  await here.destroy();
  assert.deepEqual(await left(), []);
});

test("storage that fills up is met before the upload where it can be, and in the middle of it otherwise", async (t) => {
  const { fake, deploy, plan, left } = await world(t, { freeBytes: 30_000 });
  const [warning] = await plan();
  assert.deepEqual([warning?.code, warning?.severity], ["deploy/no-space", "warning"]);
  await assert.rejects(deploy(), says("deploy/no-space", /the disks' data is/));
  assert.ok(!fake.calls.includes("PUT /import"));
  // Somebody else takes it between the look and the upload.
  const store = fake.pool.row("SR", fake.pool.sr);
  store.physical_size = String(Number(store.physical_size) + 1e9);
  fake.faults.before = (method) => {
    if (method === "task.create") store.physical_utilisation = String(Number(store.physical_size) - 30_000);
  };
  await assert.rejects(deploy(), says("deploy/refused", /SR_BACKEND_FAILURE_44.*Free space/));
  assert.deepEqual(await left(), []);
});

test("a session that ends on the way is begun again, wherever that is", async (t) => {
  for (const method of ["pool.get_all_records", "SR.get_record", "task.create", "task.get_record"]) {
    const { fake, deploy, left } = await world(t);
    fake.faults.expireAfter = method;
    assert.equal((await deploy()).status, "deployed", method);
    assert.equal(fake.faults.expireAfter, undefined, `${method} was called`);
    assert.deepEqual(await left(), DEPLOYED);
  }
});

test("users, passwords and certificates that are wrong are said, and no password goes to another server", async (t) => {
  const { fake, driver, plan } = await world(t);
  await assert.rejects(
    plan({ driver: driver({}, "wrong") }),
    says("deploy/refused", /SESSION_AUTHENTICATION_FAILED: root.*--password/),
  );
  await assert.rejects(plan({ driver: driver({ user: "guest" }) }), says("deploy/refused", /guest/));
  fake.heard.length = 0;
  await assert.rejects(
    plan({ driver: driver({ thumbprint: "ab".repeat(32) }) }),
    says("deploy/untrusted", /thumbprint/),
  );
  await assert.rejects(plan({ driver: driver({ thumbprint: null }) }), says("deploy/untrusted", /--thumbprint/));
  assert.deepEqual(fake.heard, []);
});

test("a member of a pool leads to its coordinator, and uploads go to the host that has the storage, of the pool alone", async (t) => {
  const { fake, driver, deploy, destroy, left } = await world(t, { member: true });
  const { pool } = fake;
  pool.add("host", { name_label: "xs2", address: "127.0.0.2", enabled: true, software_version: {} });
  fake.faults.redirect = "https://127.0.0.2/import?sr_uuid=x";
  const member = driver({ target: `xenserver://127.0.0.2:${fake.port}` });
  assert.equal((await deploy({ driver: member })).status, "deployed");
  assert.equal(fake.calls.filter((name) => name === "PUT /import").length, 2);
  await destroy();
  fake.faults.redirect = "https://127.0.0.3/import";
  await assert.rejects(deploy(), says("deploy/bad-answer", /none of its pool/));
  fake.faults.redirect = "http://127.0.0.2/import";
  await assert.rejects(deploy(), says("deploy/bad-answer", /none of its pool/));
  assert.deepEqual(await left(), []);
});

test("answers that are none are refused, and so are ways of speaking that nobody understands", async (t) => {
  const { fake, plan } = await world(t);
  const bad: readonly (readonly [status: number, text: string])[] = [
    [500, "<html>HTTP 500 internal server error</html>"],
    [200, "<html>Log in</html>"],
    [200, '{"jsonrpc":"2.0","id":999,"result":{}}'],
    [200, '{"jsonrpc":"2.0"}'],
    [200, "[]"],
    [200, "null"],
    [200, "\uffff"],
  ];
  for (const [status, text] of bad) {
    fake.faults.garbage = { method: "host.get_all_records", status, text };
    await assert.rejects(plan(), says("deploy/bad-answer", /127\.0\.0\.1/), text);
  }
  fake.faults.garbage = { method: "session.login_with_password", status: 200, text: '{"result":{"a":1},"id":1}' };
  await assert.rejects(plan(), says("deploy/bad-answer", /no session/));
  delete fake.faults.garbage;
  // Records without the fields that are looked for are records of a pool that has nothing.
  fake.faults.before = (method) => {
    if (method === "SR.get_all_records") for (const row of fake.pool.table("SR").values()) delete row.name_label;
  };
  const found = await plan({ place: { storage: "Local storage" } });
  assert.deepEqual(
    found.map(({ code }) => code),
    ["deploy/no-storage"],
  );
});

test("an interrupted upload ends at once and leaves nothing", async (t) => {
  const { fake, deploy, left } = await world(t);
  Object.assign(fake.faults, { bytesPerSecond: 1_000_000, cleanupMs: 200 });
  const stop = new AbortController();
  fake.faults.moment = () => {
    if (fake.calls.includes("PUT /import")) setTimeout(() => stop.abort(), 100);
  };
  await assert.rejects(deploy({ signal: stop.signal }), says("run/canceled", /./));
  assert.deepEqual(await left(), []);
});

test("what stands in the way is said before a byte moves", async (t) => {
  const { fake, plan, deploy } = await world(t, { storage: "lvm", freeBytes: 1024 * 1024 });
  const { pool } = fake;
  const codes = async (how: How): Promise<string[]> =>
    (await plan(how)).map(({ code, severity, message }) => `${severity} ${code} ${message}`);
  const only = async (how: How, wanted: RegExp): Promise<void> => {
    const found = await codes(how);
    assert.ok(found.length === 1 && wanted.test(found[0] ?? ""), found.join("\n"));
  };
  await only({}, /^error deploy\/no-space .*take .* at once/);
  pool.row("SR", pool.sr).physical_size = String(2 ** 40);
  assert.deepEqual(await codes({}), []);
  await only({ place: { networks: new Map() } }, /^error deploy\/no-network the pool has no network/);
  const twin = pool.add("network", { name_label: "lab", bridge: "x", other_config: {}, VIFs: [] });
  await only({}, /^error deploy\/no-network the pool has 2 networks "lab"/);
  pool.table("network").delete(twin);
  await only(
    { place: { storage: "nowhere" } },
    /^error deploy\/no-storage the pool has no storage repository "nowhere"/,
  );
  await only({ place: { storage: "Images" } }, /^error deploy\/no-storage .* is a library of CD images/);
  const other = pool.add("SR", { name_label: "Local storage", type: "nfs", content_type: "user", VDIs: [] });
  await only({ place: { storage: "Local storage" } }, /^error deploy\/no-storage the pool has 2 storage/);
  await only({ place: { storage: String(pool.row("SR", other).uuid) } }, /^error deploy\/no-storage .* no host/);
  for (const row of pool.table("pool").values()) row.default_SR = NULL_REF;
  await only({}, /^error deploy\/no-storage the pool has no default/);
  const chosen = { place: { storage: String(pool.row("SR", pool.sr).uuid) } };
  assert.deepEqual(await codes(chosen), []);
  await only({ ...chosen, autostart: true }, /^warning deploy\/no-autostart/);
  pool.row("host", pool.host).free = String(2 ** 20);
  await only({ ...chosen, start: true }, /^error deploy\/no-memory a machine has/);
  pool.row("host", pool.host).enabled = false;
  await only({ ...chosen, start: true }, /^error deploy\/no-memory no host/);
  const machine = pool.add("VM", { name_label: "kelp", VBDs: [], VIFs: [] });
  await only(chosen, /^error deploy\/taken the pool has a machine called "kelp"/);
  pool.table("VM").delete(machine);
  await assert.rejects(plan({ place: { folder: "x" } }), says("deploy/bad-place", /--folder/));
  await assert.rejects(plan({ place: { pool: "xs9" } }), says("deploy/bad-place", /xs1/));
  await assert.rejects(plan({ ...chosen, emulate: true }), says("deploy/bad-place", /--emulate/));
  assert.ok(!fake.calls.some((name) => /PUT|create|destroy|set_|add_/.test(name)), "nothing was changed");
  const home = { place: { ...chosen.place, pool: "xs1" } };
  await deploy(home);
  assert.equal([...pool.table("VM").values()][0]?.affinity, pool.host);
});

test("what a server that ended left half imported is taken away, and an import that came to its end is kept", async (t) => {
  const { fake, deploy, left, state, rewrite } = await world(t);
  const { pool } = fake;
  // The server ended in the middle: a machine and a disk are there, and nobody but us is going to take them away.
  fake.faults.before = (method) => {
    if (method !== "task.create") return;
    const [machine] = state().machines;
    const other = { vmferry: state().id };
    pool.add("VM", { name_label: "kelp", power_state: "Halted", VBDs: [], VIFs: [], uuid: machine?.uuid ?? "" });
    pool.createDisk({ name_label: "kelp", SR: pool.sr, virtual_size: "4096", other_config: other });
    throw new XapiError("INTERNAL_ERROR", ["Server_restarted"]);
  };
  await assert.rejects(deploy(), says("deploy/refused", /Server_restarted/));
  assert.deepEqual(await left(), []);
  delete fake.faults.before;

  await deploy();
  const uploads = (): number => fake.calls.filter((name) => name === "PUT /import").length;
  const before = uploads();
  /** As if the run had been killed behind the import, before it was written down. */
  const forget = (): void => {
    const steps = state().steps.map((step) => ({ ...step, status: step.key === "files" ? "done" : "begun" }) as const);
    rewrite({ ...state(), status: "deploying", steps });
  };
  forget();
  const task = pool.add("task", { name_label: `vmferry import ${state().id}`, status: "success" });
  await deploy();
  assert.equal(uploads(), before, "its task says that it is complete");
  pool.table("task").delete(task);
  forget();
  await deploy();
  assert.equal(uploads(), before + 1, "nobody says so: it is done again");
  assert.deepEqual(await left(), DEPLOYED);
});

test("destroy takes snapshots along, and leaves copies and disks of others", async (t) => {
  const { fake, deploy, destroy, left } = await world(t);
  const { pool } = fake;
  const { machines } = await deploy({ environment: "<Environment/>" });
  const ref = pool.byUuid("VM", machines[0]?.uuid);
  const own = pool.row("VM", ref);
  const [disk = ""] = [...pool.table("VDI").keys()];
  const marked = pool.row("VDI", disk).other_config as Row;
  // A snapshot of the machine with one of its disk; a copy that others made; a disk that somebody attached.
  const snapshot = pool.add("VM", { name_label: "snap", power_state: "Halted", VBDs: [], VIFs: [], snapshot_of: ref });
  own.snapshots = [snapshot];
  const still = pool.createDisk({ name_label: "still", SR: pool.sr, virtual_size: "4096", snapshot_of: disk });
  pool.createDrive({ VM: snapshot, VDI: still, userdevice: "0", type: "Disk", mode: "RW", empty: false });
  const copy = pool.add("VM", { name_label: "copy", power_state: "Running", VBDs: [], VIFs: [], other_config: marked });
  const cloned = pool.createDisk({ name_label: "cloned", SR: pool.sr, virtual_size: "4096", other_config: marked });
  pool.createDrive({ VM: copy, VDI: cloned, userdevice: "0", type: "Disk", mode: "RW", empty: false });
  const foreign = pool.createDisk({ name_label: "foreign", SR: pool.sr, virtual_size: "4096", other_config: {} });
  pool.createDrive({ VM: ref, VDI: foreign, userdevice: "9", type: "Disk", mode: "RW", empty: false });
  own.power_state = "Running";
  assert.equal(await destroy(), null);
  assert.deepEqual(await left(), ["VM copy", "VDI cloned", "VDI foreign", "VBD"]);
});

test("a network that went away after the look is made by the import, and goes with the deployment", async (t) => {
  const { fake, deploy, destroy, left } = await world(t);
  fake.faults.before = (method) => {
    if (method === "task.create") fake.pool.table("network").delete(fake.pool.network);
  };
  await deploy();
  assert.equal([...fake.pool.table("network").values()].filter((row) => row.name_label === "lab").length, 1);
  assert.equal(await destroy(), null);
  assert.deepEqual(
    [...fake.pool.table("network").values()].map((row) => row.name_label),
    ["Pool-wide network associated with eth0"],
  );
  assert.deepEqual(await left(), []);
});

test("a network of the deployment's own is made before the machines, found again after a kill, and goes with them", async (t) => {
  const { fake, plan, deploy, destroy, left, state, rewrite } = await world(t);
  const place = { networks: new Map([["*", "kelp-LAN"]]), made: new Set(["kelp-LAN"]) };
  const other = fake.pool.add("network", { name_label: "kelp-LAN", bridge: "x", other_config: {}, VIFs: [] });
  const [found] = await plan({ place });
  assert.deepEqual([found?.code, found?.severity], ["deploy/taken", "error"]);
  await assert.rejects(deploy({ place }), says("deploy/taken", /kelp-LAN/));
  fake.pool.table("network").delete(other);
  await deploy({ place });
  const [card] = [...fake.pool.table("VIF").values()];
  assert.equal(fake.pool.row("network", card?.network).name_label, "kelp-LAN");
  assert.deepEqual(await left(), ["VM kelp", "VDI vmdisk0", "VBD", "network kelp-LAN", "kelp.json"]);
  // Killed behind the network, before that was written down.
  const steps = state().steps.map((step) => (step.key === "network:kelp-LAN" ? { ...step, status: "begun" } : step));
  rewrite({ ...state(), status: "deploying", steps: steps as DeploymentState["steps"] });
  await deploy({ place });
  assert.deepEqual(await left(), ["VM kelp", "VDI vmdisk0", "VBD", "network kelp-LAN", "kelp.json"]);
  assert.equal(await destroy(), null);
  assert.deepEqual(await left(), []);
});

test("what a platform refuses to give up is listed, and goes when it is asked again", async (t) => {
  const { fake, deploy, destroy, left } = await world(t);
  await deploy();
  fake.faults.before = (method) => {
    if (method === "VM.destroy") throw new XapiError("OPERATION_NOT_ALLOWED", ["protected"]);
  };
  const rest = (await destroy()) as { readonly records: readonly { readonly key: string }[] } | null;
  assert.deepEqual(
    rest?.records.map(({ key }) => key),
    ["files", "import:kelp.xva"],
  );
  delete fake.faults.before;
  assert.equal(await destroy(), null);
  assert.deepEqual(await left(), []);
});

test("machines are started, asked to shut down and switched off, and a guest that cannot be asked is said", async (t) => {
  const { fake, driver: open, deploy } = await world(t);
  const { machines } = await deploy();
  const [machine] = machines;
  assert.ok(machine !== undefined);
  const driver = open();
  const ctx = createContext(runtime);
  const words = async (): Promise<unknown> => driver.stateOf(machine, ctx);
  assert.deepEqual(await words(), { power: "off", words: "Halted" });
  await driver.start(machine, ctx);
  assert.deepEqual(await words(), { power: "on", words: "Running" });
  await assert.rejects(driver.start(machine, ctx), says("deploy/refused", /VM_BAD_POWER_STATE: Halted: Running/));
  fake.pool.listening = false;
  await driver.shutDown(machine, ctx);
  assert.deepEqual(await words(), { power: "on", words: "Running" }, "nobody waits for the guest");
  const row = fake.pool.row("VM", fake.pool.byUuid("VM", machine.uuid));
  row.guest_metrics = fake.pool.add("VM_guest_metrics", {
    networks: { "0/ip": "10.0.0.7", "0/ipv4/0": "10.0.0.7", "0/ipv6/0": "fe80::1", "0/mac": "x" },
  });
  assert.deepEqual(await driver.addresses?.(machine, ctx), ["10.0.0.7", "fe80::1"]);
  fake.faults.before = (method) => {
    if (method === "Async.VM.clean_shutdown") throw new XapiError("VM_LACKS_FEATURE", ["x"]);
  };
  await assert.rejects(driver.shutDown(machine, ctx), says("deploy/refused", /--force/));
  await driver.switchOff(machine, ctx);
  row.power_state = "Suspended";
  assert.deepEqual(await words(), { power: "changing", words: "Suspended" });
  await driver.switchOff(machine, ctx);
  fake.pool.destroyMachine(fake.pool.byUuid("VM", machine.uuid));
  assert.equal(await words(), null);
  await assert.rejects(driver.start({ ...machine, uuid: randomUUID() }, ctx), says("deploy/refused", /UUID_INVALID/));
});
