import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { deployIt, EMPTY, inventory, SECRET, skip, world } from "./deploy-world.js";
import { startQemuImg } from "./qemu.js";

test("a package of two machines is deployed to libvirt, started in order, stopped and removed without a trace", {
  skip,
  timeout: 300_000,
}, async (t) => {
  const here = await world(t);
  const { libvirt, images, ferry } = here;

  const unmapped = await ferry(["deploy", here.ova, "libvirt:///system", "--yes"]);
  assert.equal(unmapped.status, 3);
  assert.match(unmapped.stderr, /error\[deploy\/blocked\].*\n.*deploy\/no-network/s);
  const dry = await ferry(deployIt(here, "--dry-run", "--json"));
  assert.equal(dry.status, 0, dry.stderr);
  assert.equal(JSON.parse(dry.stdout).status, "planned");
  assert.deepEqual(await inventory(here), EMPTY, "plans and refusals leave nothing");

  const deployed = await ferry(deployIt(here));
  assert.equal(deployed.status, 0, deployed.stderr);
  const domains = (await inventory(here)).domains as string[][];
  assert.deepEqual(
    domains.map(([name, state]) => [name, state]),
    [
      ["pair-db", "shut off"],
      ["pair-web", "shut off"],
    ],
  );
  assert.ok(domains.every(([, , xml]) => xml?.includes("network='lab'")));
  const qemu = await startQemuImg();
  const kelp = Buffer.from(await qemu.guestBytes(resolve("test/fixtures/packages/compose-dir/kelp/kelp.vmdk")));
  const isos = (await readdir(images)).filter((file) => file.endsWith(".iso"));
  assert.equal(isos.length, 1, `${await readdir(images)}: one machine asks, one gets an answer`);
  const cd = await readFile(join(images, isos[0] ?? ""));
  for (const name of (await readdir(images)).filter((file) => file.endsWith(".qcow2"))) {
    const bytes = Buffer.from(await qemu.guestBytes(join(images, name)));
    assert.ok(bytes.equals(kelp) || bytes.every((byte) => byte === 0), `${name} is what the package holds`);
  }
  assert.match(cd.toString("latin1"), /oe:id="web"/);
  assert.match(cd.toString("latin1"), /oe:key="hostname" oe:value="shop"/);
  assert.ok(cd.includes(SECRET));
  assert.match(domains[1]?.[2] ?? "", /device='cdrom'>[\s\S]*?\.iso'/);
  for (const said of [dry, deployed]) assert.ok(!`${said.stdout}${said.stderr}`.includes(SECRET));
  assert.ok(!(await readFile(join(here.home, "vmferry/deployments/pair.json"), "utf8")).includes(SECRET));
  assert.deepEqual((await readdir(images)).length, 4);

  const again = await ferry(deployIt(here));
  assert.equal(again.status, 0, "what is there is not deployed twice");
  const other = await ferry(deployIt(here, "--autostart"));
  assert.match(other.stderr, /deploy\/other-work/);
  const second = await ferry(deployIt(here, "--name", "twin"));
  assert.equal(second.status, 0, second.stderr);
  const list = JSON.parse((await ferry(["deployment", "list", "--json"])).stdout);
  assert.deepEqual(
    list.deployments.map(({ name }: { name: string }) => name),
    ["pair", "twin"],
  );

  const started = await ferry(["deployment", "start", "pair"]);
  assert.equal(started.status, 0, started.stderr);
  assert.ok(started.stderr.indexOf("start pair-db") < started.stderr.indexOf("start pair-web"), started.stderr);
  const status = JSON.parse((await ferry(["deployment", "status", "pair", "--json"])).stdout);
  assert.deepEqual(
    status.deployments[0].machines.map(({ id, state }: Record<string, string>) => [id, state]),
    [
      ["db", "running"],
      ["web", "running"],
    ],
  );
  const impatient = await ferry(["deployment", "stop", "pair", "--timeout", "1"]);
  assert.match(impatient.stderr, /deploy\/still-running/, "there is no system that would listen");
  const stopped = await ferry(["deployment", "stop", "pair", "--force", "--json"]);
  assert.equal(stopped.status, 0, stopped.stderr);
  assert.equal((await libvirt.virsh("list", "--name")).stdout.trim(), "");

  await ferry(["deployment", "start", "twin"]);
  for (const name of ["pair", "twin"]) {
    const destroyed = await ferry(["deployment", "destroy", name, "--yes"]);
    assert.equal(destroyed.status, 0, destroyed.stderr);
  }
  assert.deepEqual(await inventory(here), EMPTY);
});

test("a deployment that fails on the way leaves what others have, and nothing else", {
  skip,
  timeout: 120_000,
}, async (t) => {
  const here = await world(t);
  const { libvirt, images, ferry } = here;
  await libvirt.virsh("vol-create-as", "default", "pair-web-disk2.qcow2", "512");
  const taken = await ferry(deployIt(here));
  assert.equal(taken.status, 3);
  assert.match(taken.stderr, /deploy\/taken/);
  assert.deepEqual(await readdir(images), ["pair-web-disk2.qcow2"]);
  await libvirt.virsh("vol-delete", "--pool", "default", "pair-web-disk2.qcow2");

  // libvirt sees a new file when it looks anew: here after the first upload.
  const file = join(images, "pair-web-disk2.qcow2");
  await writeFile(file, "of somebody else");
  const failed = await ferry(deployIt(here));
  assert.equal(failed.status, 3, failed.stdout);
  assert.match(failed.stderr, /upload pair-web-disk1[\s\S]*undo: upload pair-web-disk1[\s\S]*deploy\/taken/);
  assert.equal(await readFile(file, "utf8"), "of somebody else");
  assert.deepEqual(await inventory(here), { ...EMPTY, volumes: ["pair-web-disk2.qcow2"] });
});

/** Each point is two deployments and a removal: twenty in the long run (`VMFERRY_LONG=1`). */
const POINTS = process.env.VMFERRY_LONG === "1" ? 20 : 2;
/** Where points lie, as a part of a whole run: few of them where no run can be over, since it may be faster than the first one. */
const SPAN = POINTS === 20 ? 0.9 : 0.5;

test("killed at points all over and run again, a deployment ends in the same state, and destroy leaves nothing", {
  skip,
  timeout: 580_000,
}, async (t) => {
  const here = await world(t);
  const { ferry } = here;
  const words = deployIt(here, "--start");
  const began = Date.now();
  assert.equal((await ferry(words)).status, 0);
  const whole = Date.now() - began;
  const wanted = await inventory(here);
  assert.equal((await ferry(["deployment", "destroy", "pair", "--yes"])).status, 0);
  assert.deepEqual(await inventory(here), EMPTY);
  let killed = 0;
  for (let i = 0; i < POINTS; i++) {
    const limit = Math.round(whole * (0.1 + (SPAN * (i + Math.random())) / POINTS));
    const first = await ferry(words, limit);
    if (first.status !== 0) killed++;
    const second = await ferry(words);
    assert.equal(second.status, 0, `killed after ${limit} ms of ${whole}: ${second.stderr}`);
    assert.deepEqual(await inventory(here), wanted, `killed after ${limit} ms of ${whole}`);
    const destroyed = await ferry(
      ["deployment", "destroy", "pair", "--yes"],
      i % 2 === 0 ? Math.round(whole / 3) : undefined,
    );
    if (destroyed.status !== 0) {
      const rest = await ferry(["deployment", "destroy", "pair", "--yes"]);
      // One that was killed behind its last change left nothing to be destroyed.
      assert.ok(rest.status === 0 || /no-such-deployment/.test(rest.stderr), rest.stderr);
    }
    assert.deepEqual(await inventory(here), EMPTY, `after ${limit} ms`);
  }
  assert.ok(killed >= 0.75 * POINTS, `${killed} of ${POINTS} runs were killed`);
});
