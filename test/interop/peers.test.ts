import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { test } from "node:test";
import { findPeer, lacking, PEER_NAMES } from "./peers.js";
import { attempt, run } from "./run.js";
import { startLibvirt, startSimulator } from "./servers.js";
import { startVirtualBox } from "./virtualbox.js";

test("at least one peer runs here, and those that are not here are named", async () => {
  const peers = await Promise.all(PEER_NAMES.map(async (name) => ({ name, peer: await findPeer(name) })));
  for (const { name, peer } of peers) if (typeof peer === "string") assert.ok(peer.startsWith(name), peer);
  assert.ok(peers.some(({ peer }) => typeof peer !== "string"));
});

test("a program that does not end is killed with its children at its limit", async () => {
  const started = Date.now();
  const ran = await attempt("sh", ["-c", "sleep 60 & sleep 60"], { timeout: 300 });
  assert.equal(ran.timedOut, true);
  assert.ok(Date.now() - started < 10_000);
});

test("a program that fails is reported with what it said", async () => {
  await assert.rejects(run("sh", ["-c", "echo no such luck >&2; exit 3"]), /status 3\s*no such luck/);
});

test("each test has a VirtualBox of its own, which ends with it", { skip: await lacking("VBoxManage") }, async (t) => {
  const homes: string[] = [];
  await t.test("two settings folders know nothing of each other", async (inner) => {
    const [one, two] = [await startVirtualBox(inner), await startVirtualBox(inner)];
    homes.push(one.home, two.home);
    await one.manage("createvm", "--name", "only", "--register", "--basefolder", one.machines);
    assert.match((await one.manage("list", "vms")).stdout, /"only"/);
    assert.equal((await two.manage("list", "vms")).stdout, "");
    assert.equal((await one.machineInfo("only")).get("name"), "only");
  });
  for (const home of homes) await assert.rejects(readdir(home), { code: "ENOENT" });
});

test("a simulator answers on the loopback", { skip: await lacking("govc", "vcsim") }, async (t) => {
  const { govc } = await startSimulator(t);
  assert.match((await govc("about")).stdout, /vCenter/);
});

test("a libvirt of the test's own knows no machine", {
  skip: await lacking("libvirtd", "virtlogd", "virsh", "unshare"),
}, async (t) => {
  const { virsh } = await startLibvirt(t);
  assert.equal((await virsh("list", "--all", "--name")).stdout.trim(), "");
});
