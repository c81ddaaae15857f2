import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { deployIt, EMPTY, inventory, SECRET, SPEC, skip, type World, world } from "./deploy-world.js";
import { lacking } from "./peers.js";
import { startQemuImg } from "./qemu.js";
import { attempt } from "./run.js";

const without = skip || (await lacking("qemu-io"));

/** Random points at which an upgrade is killed: twenty in the long run. */
const POINTS = process.env.VMFERRY_LONG === "1" ? 20 : 2;
/** Where points lie, as a part of a whole run: few of them where no run can be over, since it may be faster than the first one. */
const SPAN = POINTS === 20 ? 0.85 : 0.5;

/** The package's next version: other system disks, more memory. */
function nextSpec(system: string): string {
  return SPEC.replaceAll("kelp/kelp.vmdk", system).replaceAll("memory: 64MiB", "memory: 96MiB");
}

/** Writes into a volume as a guest would. */
async function write(volume: string, pattern: number): Promise<void> {
  const ran = await attempt("qemu-io", ["-f", "qcow2", "-c", `write -P ${pattern} 1M 64k`, volume], {});
  assert.equal(ran.status, 0, ran.stderr);
}

/** Files of the disks of a machine, as its domain names them. */
async function disksOf({ libvirt }: World, name: string): Promise<readonly string[]> {
  const xml = (await libvirt.virsh("dumpxml", name, "--inactive")).stdout;
  return [...xml.matchAll(/<disk type='file' device='disk'>[\s\S]*?<source file='([^']+)'/g)].map(
    ([, file = ""]) => file,
  );
}

async function memoryOf({ libvirt }: World, name: string): Promise<string> {
  return /<memory unit='KiB'>(\d+)</.exec((await libvirt.virsh("dumpxml", name)).stdout)?.[1] ?? "";
}

test("an upgrade gives machines new system disks, keeps data and answers, can be undone, and settled", {
  skip: without,
  timeout: 300_000,
}, async (t) => {
  const here = await world(t);
  const { ferry, images, libvirt } = here;
  const qemu = await startQemuImg();
  const bytes = async (file: string): Promise<Buffer> => Buffer.from(await qemu.guestBytes(file));
  const system = join(images, "..", "system-2.raw");
  await writeFile(system, Buffer.alloc(4 * 1024 * 1024, "second "));
  const next = await here.build("pair-2", nextSpec(system));
  const words = deployIt(here).map((word, i, all) =>
    all[i - 1] === "--map-network" || word === "--map-network" ? null : word,
  );
  const deploy = words.filter((word): word is string => word !== null);
  const deployed = await ferry([...deploy, "--make-network", "LAN"]);
  assert.equal(deployed.status, 0, deployed.stderr);
  assert.deepEqual((await inventory(here)).networks, ["lab", "pair-LAN"]);
  const [first = "", data = ""] = await disksOf(here, "pair-web");
  const former = await bytes(first);
  await write(data, 0x5a);
  const filled = await bytes(data);
  const before = await inventory(here);
  const started = await ferry(["deployment", "start", "pair"]);
  assert.equal(started.status, 0, started.stderr);

  const upgrade = ["deployment", "upgrade", "pair", next, "--yes", "--timeout", "1"];
  const dry = await ferry([...upgrade, "--dry-run", "--json"]);
  assert.equal(dry.status, 0, dry.stderr);
  const plan = JSON.parse(dry.stdout);
  assert.deepEqual([plan.status, plan.kept.length], ["planned", 1]);
  const upgraded = await ferry([...upgrade, "--json"]);
  assert.equal(upgraded.status, 0, upgraded.stderr);
  assert.equal(JSON.parse(upgraded.stdout).status, "upgraded");
  const order = ["shut pair-web down", "shut pair-db down", "start pair-db", "start pair-web"];
  const places = order.map((line) => upgraded.stderr.indexOf(line));
  assert.deepEqual(
    places,
    [...places].sort((a, b) => a - b),
    upgraded.stderr,
  );
  const [second = "", kept = ""] = await disksOf(here, "pair-web");
  assert.equal(kept, data, "the data disk is the same volume");
  assert.notEqual(second, first);
  assert.equal(await memoryOf(here, "pair-web"), String(96 * 1024));
  assert.equal((await libvirt.virsh("domstate", "pair-web")).stdout.trim(), "running");
  await ferry(["deployment", "stop", "pair", "--force"]);
  assert.ok((await bytes(second)).equals(await readFile(system)));
  assert.ok((await bytes(data)).equals(filled));
  const xml = (await libvirt.virsh("dumpxml", "pair-web")).stdout;
  const cd = /device='cdrom'>[\s\S]*?<source file='([^']+)'/.exec(xml)?.[1] ?? "";
  assert.ok((await readFile(cd)).includes(SECRET), "the answers of the deployment count again");

  const again = await ferry(upgrade);
  assert.match(again.stderr, /deploy\/unsettled/);
  const undone = await ferry(["deployment", "upgrade", "pair", "--undo"]);
  assert.equal(undone.status, 0, undone.stderr);
  assert.deepEqual(await disksOf(here, "pair-web"), [first, data]);
  // They ran before the upgrade, and so they do after it was taken back.
  assert.equal((await libvirt.virsh("domstate", "pair-web")).stdout.trim(), "running");
  await ferry(["deployment", "stop", "pair", "--force"]);
  assert.ok((await bytes(first)).equals(former));
  assert.ok((await bytes(data)).equals(filled));
  assert.deepEqual(await inventory(here), before, "everything is as it was before the upgrade");

  const once = await ferry(upgrade);
  assert.equal(once.status, 0, once.stderr);
  const settled = await ferry(["deployment", "upgrade", "pair", "--settle"]);
  assert.equal(settled.status, 0, settled.stderr);
  const { volumes } = await inventory(here);
  assert.ok(!(volumes as string[]).some((name) => first.endsWith(`/${name}`)), `${volumes}: the former disk is gone`);
  const third = await ferry([...upgrade, "--keep-disk", "nothing"]);
  assert.match(third.stderr, /deploy\/no-such-disk/);
  const status = await ferry(["deployment", "status", "pair"]);
  assert.match(status.stdout, /pair-2\.ova/);

  const more = await ferry(upgrade);
  assert.equal(more.status, 0, more.stderr);
  const destroyed = await ferry(["deployment", "destroy", "pair", "--yes"]);
  assert.equal(destroyed.status, 0, destroyed.stderr);
  assert.deepEqual(await inventory(here), EMPTY, "an upgrade that is not settled goes with the rest");
});

test("killed at points all over, an upgrade goes on, or goes back as a whole", {
  skip: without,
  timeout: 580_000,
}, async (t) => {
  const here = await world(t);
  const { ferry, images } = here;
  const system = join(images, "..", "system-2.raw");
  await writeFile(system, Buffer.alloc(4 * 1024 * 1024, "second "));
  const next = await here.build("pair-2", nextSpec(system));
  assert.equal((await ferry(deployIt(here))).status, 0);
  const [, data = ""] = await disksOf(here, "pair-web");
  await write(data, 0x77);
  const before = await inventory(here);
  const upgrade = ["deployment", "upgrade", "pair", next, "--yes"];
  const began = Date.now();
  assert.equal((await ferry(upgrade)).status, 0);
  const whole = Date.now() - began;
  const after = await inventory(here);
  assert.equal((await ferry(["deployment", "upgrade", "pair", "--undo"])).status, 0);
  assert.deepEqual(await inventory(here), before);
  let killed = 0;
  for (let i = 0; i < POINTS; i++) {
    const limit = Math.round(whole * (0.15 + (SPAN * (i + Math.random())) / POINTS));
    if ((await ferry(upgrade, limit)).status !== 0) killed++;
    if (i % 2 === 0) {
      const second = await ferry(upgrade);
      assert.ok(second.status === 0 || /deploy\/unsettled/.test(second.stderr), second.stderr);
      assert.deepEqual(await inventory(here), after, `killed after ${limit} ms of ${whole}`);
    }
    const undone = await ferry(["deployment", "upgrade", "pair", "--undo"]);
    // One that was killed before it wrote anything down is no upgrade.
    assert.ok(undone.status === 0 || /has no upgrade/.test(undone.stderr), undone.stderr);
    assert.deepEqual(await inventory(here), before, `undone after ${limit} ms of ${whole}`);
  }
  assert.ok(killed >= 0.6 * POINTS, `${killed} of ${POINTS} runs were killed`);
  assert.equal((await ferry(["deployment", "destroy", "pair", "--yes"])).status, 0);
  assert.deepEqual(await inventory(here), EMPTY);
});
