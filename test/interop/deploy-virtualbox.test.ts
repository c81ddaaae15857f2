/** Deployments to VirtualBox as its users make them, with the real VBoxManage. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startQemuImg } from "./qemu.js";
import { attempt } from "./run.js";
import { temporaryFolder } from "./scratch.js";
import { deployIt, EMPTY, inventory, SECRET, skip, world } from "./virtualbox-world.js";

test("a package of two machines is deployed to VirtualBox as it was meant, and removed without a trace", {
  skip,
  timeout: 300_000,
}, async (t) => {
  const here = await world(t);
  const { box, ferry, home } = here;

  const unmapped = await ferry(["deploy", here.ova, "virtualbox:", "--yes", "--set", "secret=env:SHOP"]);
  assert.equal(unmapped.status, 3);
  assert.match(unmapped.stderr, /error\[deploy\/blocked\].*\n.*deploy\/no-network/s);
  const dry = await ferry(deployIt(here, "--dry-run", "--json"));
  assert.equal(dry.status, 0, dry.stderr);
  assert.equal(JSON.parse(dry.stdout).status, "planned");
  await mkdir(join(box.machines, "pair-db"));
  const taken = await ferry(deployIt(here));
  assert.match(taken.stderr, /error\[deploy\/blocked\].*\n.*deploy\/taken/s);
  await rm(join(box.machines, "pair-db"), { recursive: true });
  assert.deepEqual(await inventory(here), EMPTY, "plans and refusals leave nothing");

  const deployed = await ferry(deployIt(here, "--folder", "/lab/web", "--autostart"));
  assert.equal(deployed.status, 0, deployed.stderr);
  const { machines, files, media } = await inventory(here);
  const group = { groups: "/lab/web", ostype: "Debian 12 Bookworm (64-bit)", memory: "64", cpus: "1" };
  const common = { ...group, VMState: "poweroff", "autostart-enabled": "on", nic1: "intnet", intnet1: "inside" };
  assert.deepEqual(machines, [
    {
      name: "pair-db",
      firmware: "BIOS",
      ...common,
      nictype1: "82540EM",
      "SATA-0-0": "/lab/web/pair-db/pair-db-disk1.vdi",
    },
    {
      ...{ name: "pair-web", firmware: "EFI64", ...common, nictype1: "82540EM", nic2: "nat", nictype2: "82540EM" },
      "SATA-0-0": "/lab/web/pair-web/pair-web-disk1.vdi",
      "SATA-1-0": "/lab/web/pair-web/pair-web-disk2.vdi",
      "SATA-2-0": "/lab/web/pair-web/pair-ovf-env-web.iso",
    },
  ]);
  assert.equal(media, 4);
  assert.deepEqual((files as string[]).filter((file) => file.endsWith(".vdi")).length, 3);
  const qemu = await startQemuImg();
  const folder = join(box.machines, "lab", "web");
  const kelp = Buffer.from(await qemu.guestBytes(resolve("test/fixtures/packages/compose-dir/kelp/kelp.vmdk")));
  for (const file of ["pair-db/pair-db-disk1.vdi", "pair-web/pair-web-disk1.vdi"]) {
    assert.ok(kelp.equals(Buffer.from(await qemu.guestBytes(join(folder, file)))), file);
  }
  const empty = Buffer.from(await qemu.guestBytes(join(folder, "pair-web/pair-web-disk2.vdi")));
  assert.ok(empty.length === 16 * 2 ** 20 && empty.every((byte) => byte === 0));

  const cd = await readFile(join(folder, "pair-web/pair-ovf-env-web.iso"));
  const told = cd.toString("latin1");
  assert.match(told, /oe:id="web"/);
  for (const [key, value] of Object.entries({ hostname: "shop", port: "80", debug: "false", mode: "fast" })) {
    assert.match(told, new RegExp(`oe:key="${key}" oe:value="${value}"`, "i"));
  }
  assert.ok(cd.includes(SECRET));
  for (const said of [dry, deployed]) assert.ok(!`${said.stdout}${said.stderr}`.includes(SECRET));
  assert.ok(!(await readFile(join(home, "vmferry/deployments/pair.json"), "utf8")).includes(SECRET));

  const status = JSON.parse((await ferry(["deployment", "status", "pair", "--json"])).stdout);
  assert.deepEqual(
    status.deployments[0].machines.map(({ id, state }: Record<string, string>) => [id, state]),
    [
      ["db", "poweroff"],
      ["web", "poweroff"],
    ],
  );

  // Snapshots and what VirtualBox writes go with the machine. What somebody else put there does not.
  await box.manage("snapshot", "pair-web", "take", "first");
  const foreign = join(folder, "pair-web", "thesis.txt");
  await writeFile(foreign, "years of work");
  const refused = await ferry(["deployment", "destroy", "pair", "--yes"]);
  assert.equal(refused.status, 3);
  assert.match(refused.stderr, /deploy\/left-behind\].*thesis\.txt/);
  assert.equal(await readFile(foreign, "utf8"), "years of work");
  await rm(foreign);
  const destroyed = await ferry(["deployment", "destroy", "pair", "--yes"]);
  assert.equal(destroyed.status, 0, destroyed.stderr);
  assert.deepEqual(await inventory(here), EMPTY);

  // No machine can be started here.
  const started = await ferry(deployIt(here, "--start"));
  assert.equal(started.status, 3, started.stdout);
  const order = /undo: register the machine pair-db[\s\S]*error\[deploy\/refused\][\s\S]*hint: .*kernel module/;
  assert.match(started.stderr, order);
  assert.deepEqual(await inventory(here), EMPTY, "what was made is taken back");
});

/** A file system of some bytes that goes when the test ends; `null`: none can be made. */
async function smallFolder(t: TestContext, bytes: number): Promise<string | null> {
  const folder = await temporaryFolder("small");
  t.after(async () => {
    await attempt("umount", ["-l", folder.path], {});
    await folder.remove();
  });
  const mounted = await attempt("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "none", folder.path], {});
  return mounted.status === 0 ? folder.path : null;
}

test("where the folder of machines is full, that is said beforehand, and what is made before it fills up is taken back", {
  skip,
  timeout: 120_000,
}, async (t) => {
  const folder = process.getuid?.() === 0 ? await smallFolder(t, 40 * 2 ** 20) : null;
  if (folder === null) return t.skip("no file system can be mounted");
  const here = await world(t);
  const filler = join(folder, "filler");
  await writeFile(filler, Buffer.alloc(30 * 2 ** 20));
  const refused = await here.ferry(deployIt(here, "--storage", folder));
  assert.match(refused.stderr, /deploy\/blocked[\s\S]*deploy\/no-space/);
  await rm(filler);
  const run = here.ferry(deployIt(here, "--storage", folder));
  const made = join(here.home, "vmferry", "deployments", "pair.files");
  for (let i = 0; i < 1000 && !existsSync(made); i++) await sleep(10);
  await writeFile(filler, Buffer.alloc(33 * 2 ** 20));
  const failed = await run;
  assert.match(failed.stderr, /undo: put pair-[\s\S]*error\[io\/no-space\]/);
  assert.deepEqual(await readdir(folder), ["filler"]);
  assert.deepEqual(await inventory(here), EMPTY);
});

/** Each point is two deployments and a removal: twenty in the long run (`VMFERRY_LONG=1`). */
const POINTS = process.env.VMFERRY_LONG === "1" ? 20 : 1;
/** How often a point is tried anew where the run was faster than the one that was measured. */
const TRIES = 4;

test("killed at points all over and run again, a deployment ends in the same state, and destroy leaves nothing", {
  skip,
  timeout: POINTS > 1 ? 3_000_000 : 580_000,
}, async (t) => {
  const here = await world(t);
  const { ferry } = here;
  const words = deployIt(here, "--folder", "/lab", "--autostart");
  const began = Date.now();
  const first = await ferry(words);
  assert.equal(first.status, 0, first.stderr);
  let whole = Date.now() - began;
  const wanted = await inventory(here);
  assert.equal((await ferry(["deployment", "destroy", "pair", "--yes"])).status, 0);
  assert.deepEqual(await inventory(here), EMPTY);
  for (let i = 0; i < POINTS; i++) {
    let limit = 0;
    for (let tries = TRIES; ; tries--) {
      limit = Math.round(whole * (0.1 + (0.9 * (i + Math.random())) / POINTS));
      const start = Date.now();
      if ((await ferry(words, limit)).status !== 0) break;
      assert.ok(tries > 0, `no run of ${TRIES} was cut off`);
      whole = Date.now() - start;
      assert.equal((await ferry(["deployment", "destroy", "pair", "--yes"])).status, 0);
    }
    // Its service may go, too.
    if (i % 4 === 3) await here.box.killService();
    const second = await ferry(words);
    assert.equal(second.status, 0, `killed after ${limit} ms of ${whole}: ${second.stderr}`);
    assert.deepEqual(await inventory(here), wanted, `killed after ${limit} ms of ${whole}`);
    const half = i % 2 === 0 ? Math.round(whole * Math.random()) : undefined;
    if ((await ferry(["deployment", "destroy", "pair", "--yes"], half)).status !== 0) {
      const rest = await ferry(["deployment", "destroy", "pair", "--yes"]);
      // One that was killed behind its last change left nothing to be destroyed.
      assert.ok(rest.status === 0 || /no-such-deployment/.test(rest.stderr), rest.stderr);
    }
    assert.deepEqual(await inventory(here), EMPTY, `after ${limit} ms`);
  }
  t.diagnostic(`${POINTS} runs were killed, of ${whole} ms each`);
});
