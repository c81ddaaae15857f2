import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { type TestContext, test } from "node:test";
import { hasCode } from "../../../test/support/errors.js";
import { parseState } from "./parse-state.js";
import { type DeploymentState, renderState } from "./state.js";
import { deploymentsFolder, openDeploymentStore } from "./store.js";

const state: DeploymentState = {
  schema: "vmferry/deployment-state@1",
  name: "web",
  id: "1",
  target: "libvirt:///system",
  access: { user: null, password: null, thumbprint: null, authorities: null },
  source: "web.ova",
  work: "w",
  status: "deploying",
  generation: 1,
  wish: null,
  disks: [],
  upgrade: null,
  machines: [{ id: "a", name: "web", uuid: "u", order: null, startDelaySeconds: 0 }],
  steps: [{ key: "files", text: "convert", status: "begun", action: { kind: "files" } }],
};

async function place(t: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "vmferry-store-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return path.join(folder, "deployments");
}

test("a state is kept, listed, read and removed; only its user may read it", async (t) => {
  const folder = await place(t);
  const store = openDeploymentStore(folder);
  assert.deepEqual(await store.names(), []);
  const held = await store.hold("web");
  assert.equal(held.state, null);
  await held.save(state);
  assert.deepEqual(await store.names(), ["web"]);
  assert.deepEqual(await store.read("web"), state);
  if (process.platform !== "win32") assert.equal((await stat(path.join(folder, "web.json"))).mode & 0o077, 0);
  await held.remove();
  await held.release();
  assert.deepEqual(await readdir(folder), []);
});

test("what a killed run wrote in part is cleared away by the next one", async (t) => {
  const folder = await place(t);
  const store = openDeploymentStore(folder);
  const held = await store.hold("web");
  await held.save(state);
  await held.release();
  await writeFile(path.join(folder, "web.json.new"), '{"schema": "vmferry/dep');
  const again = await store.hold("web");
  assert.deepEqual(again.state, state);
  await again.release();
  assert.deepEqual(await readdir(folder), ["web.json"]);
});

test("one deployment has one hand on it, others are free", async (t) => {
  const store = openDeploymentStore(await place(t));
  const held = await store.hold("web");
  await assert.rejects(store.hold("web"), hasCode("io/busy"));
  const other = await store.hold("mail");
  await other.release();
  await held.release();
  await (await store.hold("web")).release();
});

test("names that lead elsewhere, and states that are none, are refused", async (t) => {
  const folder = await place(t);
  const store = openDeploymentStore(folder);
  for (const name of ["", "..", "../x", "a/b", "-x", ".x", "x".repeat(65), "a b", "ü"]) {
    await assert.rejects(store.hold(name), hasCode("deploy/bad-name"), name);
    await assert.rejects(store.read(name), hasCode("deploy/bad-name"), name);
  }
  await assert.rejects(store.read("none"), hasCode("deploy/no-such-deployment"));
  await (await store.hold("web")).release();
  const good = JSON.parse(renderState(state));
  const wrong: unknown[] = [null, [], 1, { ...good, schema: "x" }, { ...good, name: "../x" }, { ...good, steps: {} }];
  wrong.push(
    { ...good, status: "x" },
    { ...good, machines: [{}] },
    { ...good, steps: [{ ...good.steps[0], action: [] }] },
  );
  wrong.push({ ...good, steps: [{ ...good.steps[0], action: { kind: {} } }] });
  for (const value of wrong) {
    await writeFile(path.join(folder, "web.json"), JSON.stringify(value));
    await assert.rejects(store.read("web"), hasCode("deploy/bad-state"), JSON.stringify(value));
  }
  await writeFile(path.join(folder, "web.json"), '{"schema": ');
  await assert.rejects(store.hold("web"), hasCode("deploy/bad-state"));
  assert.throws(() => parseState("[]", "x"), hasCode("deploy/bad-state"));
  await rm(path.join(folder, "web.json"));
  await (await store.hold("web")).release();
});

test("the folder is that of the XDG specification; a relative one does not count", () => {
  assert.equal(deploymentsFolder({ XDG_STATE_HOME: "/s" }), path.join("/s", "vmferry", "deployments"));
  assert.match(deploymentsFolder({ XDG_STATE_HOME: "s" }), /\.local.state.vmferry.deployments$/);
});
