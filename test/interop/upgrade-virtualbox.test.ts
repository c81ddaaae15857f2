/** Deployments to VirtualBox that are upgraded, with the real VBoxManage. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { lacking } from "./peers.js";
import { startQemuImg } from "./qemu.js";
import { attempt } from "./run.js";
import { deployIt, EMPTY, inventory, SECRET, SPEC, skip, type World, world } from "./virtualbox-world.js";

const without = skip || (await lacking("qemu-io"));

/** Random points at which an upgrade is killed: twenty in the long run. */
const POINTS = process.env.VMFERRY_LONG === "1" ? 20 : 1;

/** The package's next version: other system disks, more memory. */
function nextSpec(system: string): string {
  return SPEC.replaceAll("kelp/kelp.vmdk", system).replaceAll("memory: 64MiB", "memory: 96MiB");
}

/** Writes into a disk as a guest would. */
async function write(disk: string, pattern: number): Promise<void> {
  const ran = await attempt("qemu-io", ["-f", "vdi", "-c", `write -P ${pattern} 1M 64k`, disk], {});
  assert.equal(ran.status, 0, ran.stderr);
}

/** Facts of web that stay or change, and the files in its drives. */
async function web({ box }: World): Promise<Record<string, string>> {
  const info = await box.machineInfo("pair-web");
  const keys = ["memory", "macaddress1", "autostart-enabled", "SATA-0-0", "SATA-1-0", "SATA-2-0"];
  return Object.fromEntries(keys.map((key) => [key, (info.get(key) ?? "").replace(/^.*\//, "")]));
}

test("an upgrade gives machines new system disks, keeps data, addresses and answers, can be undone, cut off, and settled", {
  skip: without,
  timeout: POINTS > 1 ? 3_000_000 : 580_000,
}, async (t) => {
  const here = await world(t);
  const { ferry, box } = here;
  const qemu = await startQemuImg();
  const system = join(box.machines, "..", "system-2.raw");
  await writeFile(system, Buffer.alloc(4 * 1024 * 1024, "second "));
  const next = await here.build("pair-2", nextSpec(system));
  const deployed = await ferry(deployIt(here, "--autostart"));
  assert.equal(deployed.status, 0, deployed.stderr);
  const folder = join(box.machines, "pair-web");
  const data = join(folder, "pair-web-disk2.vdi");
  await write(data, 0x5a);
  const filled = Buffer.from(await qemu.guestBytes(data));
  const first = await web(here);
  assert.match(first.macaddress1 ?? "", /^080027[0-9A-F]{6}$/);

  const upgrade = ["deployment", "upgrade", "pair", next, "--yes", "--accept-eulas"];
  const undo = ["deployment", "upgrade", "pair", "--undo"];
  await box.manage("snapshot", "pair-web", "take", "first");
  const refused = await ferry(upgrade);
  assert.match(refused.stderr, /deploy\/blocked[\s\S]*has snapshots/);
  await box.manage("snapshot", "pair-web", "delete", "first");
  // The data disk is the image that it was before the snapshot.
  assert.deepEqual(await web(here), first);
  const before = await inventory(here);

  const began = Date.now();
  const upgraded = await ferry(upgrade);
  const whole = Date.now() - began;
  assert.equal(upgraded.status, 0, upgraded.stderr);
  const second = await web(here);
  assert.deepEqual(second, {
    ...first,
    memory: "96",
    "SATA-0-0": "pair-system-2.g2.vdi",
    "SATA-2-0": "pair.g2-ovf-env-web.iso",
  });
  assert.ok(
    (await readFile(system)).equals(Buffer.from(await qemu.guestBytes(join(folder, second["SATA-0-0"] ?? "")))),
  );
  assert.ok(filled.equals(Buffer.from(await qemu.guestBytes(data))));
  assert.ok((await readFile(join(folder, second["SATA-2-0"] ?? ""))).includes(SECRET), "the answers count again");
  const after = await inventory(here);
  const undone = await ferry(undo);
  assert.equal(undone.status, 0, undone.stderr);
  assert.deepEqual([await inventory(here), await web(here)], [before, first]);

  let killed = 0;
  for (let i = 0; i < POINTS; i++) {
    const limit = Math.round(whole * (0.15 + (0.85 * (i + Math.random())) / POINTS));
    if ((await ferry(upgrade, limit)).status !== 0) killed++;
    if (i % 2 === 0) {
      const again = await ferry(upgrade);
      assert.ok(again.status === 0 || /deploy\/unsettled/.test(again.stderr), again.stderr);
      assert.deepEqual(await inventory(here), after, `killed after ${limit} ms of ${whole}`);
      if (i === POINTS - 1) break;
    }
    const back = await ferry(undo);
    // One that was killed before it wrote anything down is no upgrade.
    assert.ok(back.status === 0 || /has no upgrade/.test(back.stderr), back.stderr);
    assert.deepEqual(await inventory(here), before, `undone after ${limit} ms of ${whole}`);
  }
  t.diagnostic(`${killed} of ${POINTS} runs were killed, of ${whole} ms each`);
  // One alone may have been faster than the one that was measured.
  assert.ok(POINTS === 1 || killed >= 0.6 * POINTS, `${killed} of ${POINTS} runs were killed`);
  if (POINTS % 2 === 0) assert.equal((await ferry(upgrade)).status, 0);
  const settled = await ferry(["deployment", "upgrade", "pair", "--settle"]);
  assert.equal(settled.status, 0, settled.stderr);
  const { files } = await inventory(here);
  assert.ok(
    !(files as string[]).some((file) => /disk1\.vdi$|pair-ovf-env/.test(file)),
    `${files}: former disks are gone`,
  );
  assert.ok(filled.equals(Buffer.from(await qemu.guestBytes(data))));
  assert.deepEqual(await web(here), second);
  const destroyed = await ferry(["deployment", "destroy", "pair", "--yes"]);
  assert.equal(destroyed.status, 0, destroyed.stderr);
  assert.deepEqual(await inventory(here), EMPTY);
});
