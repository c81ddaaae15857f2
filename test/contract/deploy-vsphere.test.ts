/** Deployments to a vCenter in which something goes wrong, in this process: each error says what it was, and nothing is left. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { createContext, createRuntime } from "../../src/node.js";
import { PASSWORD } from "../fakes/vsphere.js";
import { type FakeOptions, VimFault } from "../fakes/vsphere-objects.js";
import { ENVIRONMENT, says, startVsphereDeployments, type VsphereDeployments } from "../support/vsphere-deployments.js";

let runtime: ReturnType<typeof createRuntime>;
before(() => {
  runtime = createRuntime({ workers: 1 });
});
after(() => runtime.pool.close());

const world = (t: TestContext, options?: FakeOptions): Promise<VsphereDeployments> =>
  startVsphereDeployments(runtime, t, options);
const DEPLOYED = ["shop", "shop.json"];
const KELP = readFileSync(resolve("test/fixtures/packages/compose-dir/kelp/kelp.vmdk"));

test("two machines go into a folder, with disks and CD as they are sent, digests compared, and the environment in their settings", async (t) => {
  const here = await world(t);
  const { fake, deploy, destroy, left } = here;
  const driver = here.driver();
  const state = await deploy({
    driver,
    pair: true,
    place: { pool: "single.example/Shop", folder: "Web" },
    start: true,
    autostart: true,
  });
  assert.deepEqual(await left(), ["folder", "shop-db", "shop-web", "shop.json"]);
  const [db, web] = [...fake.center.machines.values()];
  assert.ok(db !== undefined && web !== undefined);
  assert.deepEqual([db.power, web.power], ["poweredOn", "poweredOn"]);
  assert.equal(db.uuid, db.instanceUuid);
  assert.deepEqual(
    state.machines.map(({ uuid }) => uuid),
    [db.instanceUuid, web.instanceUuid],
  );
  assert.equal(web.extra.get("guestinfo.ovfEnv"), ENVIRONMENT);
  const [disk, cd] = [...web.uploads.values()].map(({ bytes }) => Buffer.from(bytes ?? []));
  assert.ok(disk?.equals(KELP), "the disk is carried as it is");
  assert.ok(cd?.includes(ENVIRONMENT), "the CD has the environment");
  assert.deepEqual(
    fake.calls.filter((call) => /^(?:POST|PUT) /.test(call)),
    ["POST 0", "POST 0", "PUT 1"],
  );
  assert.deepEqual([...fake.center.autostarted.values()], ["powerOn", "powerOn"]);
  assert.deepEqual(
    [...fake.center.leases.values()].map(({ algorithm, state: now }) => [algorithm, now]),
    [
      ["sha256", "done"],
      ["sha256", "done"],
    ],
  );
  const kept = here.stateText();
  assert.ok(!kept.includes("h0rse") && !kept.includes(PASSWORD));
  const machine = state.machines[1];
  assert.ok(machine !== undefined);
  const ctx = createContext(runtime);
  assert.deepEqual(await driver.addresses?.(machine, ctx), ["192.0.2.7", "2001:db8::7"]);
  await assert.rejects(driver.shutDown(machine, ctx), says("deploy/refused", /VMware Tools.*--force/));
  await driver.start(machine, ctx);

  await driver.close();
  assert.equal(fake.sessions.size, 0, "nobody stays logged in");
  assert.equal(await destroy(), null);
  assert.deepEqual(await left(), []);
  assert.deepEqual(
    fake.center.removed,
    ["[fast] shop-web/_deviceImage-0.iso", "[fast] shop-db/_deviceImage-0.iso"],
    "images of others stay",
  );
});

test("what is wrong with the way in is said before anything is sent that is secret", async (t) => {
  const { fake, driver, plan } = await world(t);
  const wrong = fake.certificate.fingerprint.replace(/^./, (digit) => (digit === "0" ? "1" : "0"));
  await assert.rejects(plan({ driver: driver({ thumbprint: wrong }) }), says("deploy/untrusted", /thumbprint/));
  await assert.rejects(plan({ driver: driver({ thumbprint: null }) }), says("deploy/untrusted", /not trusted/));
  assert.deepEqual(fake.heard, []);
  await assert.rejects(plan({ driver: driver({}, "hunter2") }), says("deploy/denied", /--user/));
  for (const [status, text] of [
    [200, "<html>login</html>"],
    [404, ""],
    [200, "<a>".repeat(1000)],
  ] as const) {
    fake.faults.garbage = { status, text };
    await assert.rejects(plan({ driver: driver() }), says("deploy/bad-answer", /vCenter|ESXi|address/));
  }
  fake.faults.garbage = { status: 503, text: "no healthy upstream" };
  await assert.rejects(plan({ driver: driver() }), says("deploy/unreachable", /503/));
});

test("places that are not there are named with those that are, and a cluster without DRS gets a host that can take machines", async (t) => {
  const { fake, plan, deploy } = await world(t, { drs: false });
  const place = (name: string, value: string): Promise<unknown> => plan({ place: { [name]: value } });
  await assert.rejects(place("pool", "Elsewhere"), says("deploy/bad-place", /Cluster, single\.example/));
  await assert.rejects(place("pool", "Cluster/None"), says("deploy/bad-place", /Shop, host-12\.example/));
  await assert.rejects(plan({ place: { pool: null } }), says("deploy/bad-place", /more than one/));
  await assert.rejects(place("storage", "slow"), says("deploy/bad-place", /fast/));
  await assert.rejects(place("folder", "Web/None"), says("deploy/bad-place", /no folder/));
  await assert.rejects(plan({ emulate: true }), says("deploy/bad-place", /emulates/));
  assert.deepEqual(
    await plan({
      place: { pool: "/Berlin/host/Cluster/Resources/Shop", folder: "/Berlin/vm/Web", storage: "fast" },
    }).then((all) => all.map(({ code, severity }) => [code, severity])),
    [["deploy/not-importable", "warning"]],
  );
  await deploy();
  assert.match(
    fake.heard.find((body) => body.includes("<ImportVApp")) ?? "",
    /<host type="HostSystem">host-13</,
    "host-12 is disconnected",
  );
});

test("what will fail is told beforehand: rights, space, networks, names, autostart", async (t) => {
  const here = await world(t, {
    freeBytes: 4 * 2 ** 20,
    lacks: ["VApp.Import", "Datastore.AllocateSpace", "Network.Assign"],
    autostart: false,
  });
  const { fake, plan } = here;
  const codes = async (how: Parameters<typeof plan>[0]): Promise<string[]> =>
    (await plan(how)).filter(({ severity }) => severity === "error").map(({ code, message }) => `${code} ${message}`);
  const found = await codes({});
  assert.equal(found.length, 3, found.join());
  assert.match(
    found.join(),
    /deploy\/denied .*VApp\.Import on the resource pool.*deploy\/denied .*Datastore\.AllocateSpace on the datastore fast.*Network\.Assign on the network lab & co/,
  );
  const grown = (await plan()).find(({ code }) => code === "deploy/no-space");
  assert.equal(grown?.severity, "warning", "thin disks may grow beyond it");
  assert.match((await codes({ place: { networks: new Map([["*", "moon"]]) } })).join(), /deploy\/no-network .*"moon"/);
  assert.match((await codes({ autostart: true })).join(), /deploy\/bad-place .*vSphere HA/);
  assert.match(
    (await codes({ autostart: true, place: { pool: "single.example" } })).join(),
    /deploy\/bad-place .*autostart is off/,
  );
  fake.center.add("Folder", "group-v99", "group-v3", { name: () => '<val xsi:type="xsd:string">shop</val>' });
  assert.match((await codes({ pair: true })).join(), /deploy\/taken/);
  assert.match((await codes({})).join(), /deploy\/taken/);
});

test("sessions that end in between begin again, once", async (t) => {
  const { fake, deploy, destroy, left } = await world(t);
  for (const method of ["RetrievePropertiesEx", "HasPrivilegeOnEntity", "ImportVApp", "ReconfigVM_Task"]) {
    fake.faults.expireBefore = method;
    await deploy();
    assert.equal(fake.faults.expireBefore, undefined, method);
    assert.deepEqual(await left(), DEPLOYED, method);
    await destroy();
    assert.deepEqual(await left(), [], method);
  }
  fake.faults.before = (method) => {
    if (method === "CreateImportSpec") throw new VimFault("NotAuthenticated", "The session is not authenticated.");
  };
  await assert.rejects(deploy(), says("deploy/refused", /not authenticated/));
});

test("connections that break in the middle are tried again, and what was begun is removed first", async (t) => {
  const { fake, deploy, destroy, left } = await world(t, { leaseTimeout: 1 });
  for (const method of ["FindByUuid", "HttpNfcLeaseGetManifest", "ImportVApp", "HttpNfcLeaseComplete"]) {
    fake.faults.cutAnswer = method;
    await deploy();
    assert.equal(fake.faults.cutAnswer, undefined, method);
    assert.deepEqual(await left(), DEPLOYED, method);
    await destroy();
  }
  fake.faults.cutUpload = 5000;
  fake.calls.length = 0;
  await deploy();
  assert.equal(fake.calls.filter((call) => call.startsWith("POST ")).length, 2);
  assert.deepEqual(await left(), DEPLOYED);
});

test("full datastores, other hosts, other bytes and leases that end are said as what they are, and leave nothing", async (t) => {
  const { fake, deploy, left } = await world(t, { leaseTimeout: 1 });
  fake.faults.full = 5000;
  await assert.rejects(deploy({ start: true }), says("deploy/refused", /Insufficient disk space.*--storage/));
  assert.deepEqual(await left(), []);
  delete fake.faults.full;

  fake.faults.otherHost = true;
  fake.calls.length = 0;
  await assert.rejects(deploy(), says("deploy/untrusted", /thumbprint/));
  assert.ok(!fake.calls.includes("POST 0"), "nothing is sent to it");
  assert.deepEqual(await left(), []);
  delete fake.faults.otherHost;

  fake.faults.otherBytes = true;
  await assert.rejects(deploy(), says("deploy/damaged", /other bytes/));
  assert.deepEqual(await left(), []);
  delete fake.faults.otherBytes;

  fake.faults.deaf = true;
  fake.faults.bytesPerSecond = 8000;
  await assert.rejects(deploy(), says("deploy/refused", /timed out|Timedout/));
  assert.deepEqual(await left(), []);
});

test("a slow upload lives longer than its lease, since the server hears of it", async (t) => {
  const { fake, deploy, left } = await world(t, { leaseTimeout: 1 });
  fake.faults.bytesPerSecond = 9000;
  const began = Date.now();
  await deploy();
  assert.ok(Date.now() - began > 2000);
  const [lease] = [...fake.center.leases.values()];
  assert.ok((lease?.told.length ?? 0) >= 4, `${lease?.told}`);
  assert.deepEqual(await left(), DEPLOYED);
});

test("an upload that a killed run left behind is waited for and removed, and a machine of somebody else never is", async (t) => {
  const { fake, deploy, destroy, left, rewrite } = await world(t, { leaseTimeout: 3 });
  const state = await deploy();
  const [machine] = [...fake.center.machines.values()];
  assert.ok(machine?.lease === null);
  // As it is after a kill in the middle: the machine has no mark, a lease holds it, and the journal says that it was begun.
  machine.extra.delete("vmferry.deployment");
  const [lease] = [...fake.center.leases.values()];
  assert.ok(lease !== undefined);
  Object.assign(lease, { state: "ready", alive: Date.now() });
  machine.lease = lease.id;
  await rewrite({
    ...state,
    status: "deploying",
    steps: state.steps.map((step) => (step.key === "machine:shop" ? { ...step, status: "begun" as const } : step)),
  });
  await deploy();
  const [next, ...more] = [...fake.center.machines.values()];
  assert.ok(next !== undefined && next.id !== machine.id && more.length === 0);
  assert.deepEqual(await left(), DEPLOYED);

  await destroy();
  fake.faults.before = (method) => {
    if (method !== "ImportVApp") return;
    delete fake.faults.before;
    throw new VimFault("DuplicateName", "The name 'shop' already exists.");
  };
  await assert.rejects(deploy(), says("deploy/refused", /DuplicateName.*--name/));
  assert.deepEqual(await left(), []);
});

test("a run that is interrupted removes what it began", async (t) => {
  const { fake, deploy, left } = await world(t);
  const stop = new AbortController();
  fake.faults.bytesPerSecond = 4000;
  const running = deploy({ signal: stop.signal });
  for (let tries = 0; !fake.calls.includes("POST 0") && tries < 500; tries++)
    await new Promise((go) => setTimeout(go, 10));
  stop.abort();
  await assert.rejects(running, says("run/canceled", /interrupted/));
  assert.deepEqual(await left(), []);
});
