import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, dirname, join, resolve } from "node:path";
import { type TestContext, test } from "node:test";
import { lacking, peerPath } from "./peers.js";
import { startQemuImg } from "./qemu.js";
import { attempt, type Ran, run } from "./run.js";
import { scratch } from "./scratch.js";
import { type Libvirt, startLibvirt } from "./servers.js";

const skip =
  (await lacking("libvirtd", "virtlogd", "virsh", "unshare", "qemu-system-x86_64", "qemu-img")) ||
  (process.getuid?.() === 0 ? false : "libvirtd of the system needs root");

const command = resolve("dist/bin/vmferry.js");
const kelp = resolve("test/fixtures/packages/compose-dir/kelp/kelp.vmdk");
const SECRET = "c0rrect-h0rse";

/** Two machines; the second one starts first, and the first one is told a password on a CD. */
const SPEC = `
appliance: 1
name: pair
startup: [{ machine: web, order: 2 }, { machine: db, order: 1, delay: 7 }]
networks: { LAN: The inside network }
machines:
  web:
    os: debian12
    memory: 64MiB
    firmware: bios
    drives: [${kelp}, { size: 16MiB }]
    nics: [{ network: LAN, model: e1000 }]
    transports: [iso]
    products:
      - name: Web
        properties:
          secret: { label: Secret, password: true }
  db:
    os: debian12
    memory: 64MiB
    firmware: bios
    drives: [${kelp}]
    nics: [{ network: LAN, model: e1000 }]
`;

interface World {
  readonly libvirt: Libvirt;
  readonly folder: string;
  ferry(...args: readonly string[]): Promise<Ran>;
}

async function deployedPair(t: TestContext): Promise<World> {
  const folder = await scratch(t, "drift");
  const images = join(folder, "images");
  await mkdir(images);
  const libvirt = await startLibvirt(t);
  await libvirt.virsh("pool-define-as", "default", "dir", "--target", images);
  await libvirt.virsh("pool-start", "default");
  await libvirt.startNetwork("lab");
  const spec = join(folder, "pair.yaml");
  await writeFile(spec, SPEC);
  const ova = join(folder, "pair.ova");
  await run(process.execPath, [command, "build", spec, ova, "--allow-external"]);
  const path = `${dirname(await peerPath("virsh"))}${delimiter}${process.env.PATH ?? ""}`;
  const [program, ...enter] = libvirt.inside;
  const env = { XDG_STATE_HOME: join(folder, "home"), PATH: path, SHOP: SECRET };
  const ferry = (...args: readonly string[]): Promise<Ran> =>
    attempt(program, [...enter, process.execPath, command, ...args], { env });
  const wishes = ["--map-network", "LAN=lab", "--emulate", "--yes", "--set", "secret=env:SHOP"];
  const deployed = await ferry("deploy", ova, "libvirt:///system", ...wishes);
  assert.equal(deployed.status, 0, deployed.stderr);
  return { libvirt, folder, ferry };
}

test("a deployment becomes a package again, with no password of it, and what somebody changed on the platform is told in words", {
  skip,
  timeout: 120_000,
}, async (t) => {
  const here = await deployedPair(t);
  const { libvirt, folder, ferry } = here;
  await exportIt(here);
  const drift = async (
    ...more: readonly string[]
  ): Promise<{ status: number | null; texts: string[]; gone: string[] }> => {
    const ran = await ferry("deployment", "drift", "pair", "--json", ...more);
    const { changes, gone } = JSON.parse(ran.stdout);
    const texts = changes.map(({ text }: { text: string }) => text);
    return { status: ran.status, texts, gone: gone.map(({ key }: { key: string }) => key) };
  };
  const same = { status: 0, texts: [], gone: [] };
  assert.deepEqual(await drift(), same);
  await libvirt.virsh("start", "pair-web");
  assert.deepEqual(await drift(), same, "power is no drift");
  await libvirt.virsh("destroy", "pair-web");
  assert.deepEqual(await drift(), same);

  await libvirt.virsh("setmaxmem", "pair-web", "128M", "--config");
  await libvirt.virsh("setmem", "pair-web", "128M", "--config");
  await libvirt.virsh("setvcpus", "pair-web", "3", "--config", "--maximum");
  await libvirt.virsh("setvcpus", "pair-web", "3", "--config");
  await libvirt.virsh("attach-interface", "pair-db", "network", "lab", "--model", "e1000", "--config");
  const disk = join(folder, "more.raw");
  await writeFile(disk, new Uint8Array(1_048_576));
  await libvirt.virsh("attach-disk", "pair-db", disk, "vdb", "--config");
  const changed = await drift();
  assert.equal(changed.status, 1);
  const told = changed.texts.join("\n");
  for (const words of [
    /pair-web: memory 64 MiB -> 128 MiB/,
    /pair-web: processors 1 -> 3/,
    /pair-db: network card 1 added: .*lab/,
    /disk vdb added/,
  ]) {
    assert.match(told, words);
  }
  const words = await ferry("deployment", "drift", "pair");
  assert.equal(words.status, 1);
  assert.match(words.stdout, /pair-web: memory 64 MiB -> 128 MiB/);

  const accepted = await drift("--accept");
  assert.deepEqual([accepted.status, accepted.texts], [0, changed.texts]);
  assert.deepEqual(await drift(), same);
  await libvirt.virsh("vol-delete", "--pool", "default", "pair-web-disk2.qcow2");
  await libvirt.virsh("undefine", "pair-db");
  assert.deepEqual(await drift(), {
    status: 1,
    texts: ["machine pair-db removed: 1 processor, memory 64 MiB"],
    gone: ["volume:pair-web-disk2.qcow2"],
  });

  // A state of a version that kept nothing.
  const file = join(folder, "home/vmferry/deployments/pair.json");
  const { kept: _, ...old } = JSON.parse(await readFile(file, "utf8"));
  await writeFile(file, JSON.stringify(old));
  const unknown = await ferry("deployment", "drift", "pair");
  assert.equal(unknown.status, 3);
  assert.match(unknown.stderr, /error\[deploy\/nothing-kept\][\s\S]*--accept/);
});

/** Names and order of the old package, disks, and none of the answers. */
async function exportIt({ libvirt, folder, ferry }: World): Promise<void> {
  const ova = join(folder, "again.ova");
  await libvirt.virsh("start", "pair-db");
  const running = await ferry("deployment", "export", "pair", ova);
  assert.match(running.stderr, /error\[deploy\/running\]/);
  await libvirt.virsh("destroy", "pair-db");
  const exported = await ferry("deployment", "export", "pair", ova, "--prove", "--json");
  assert.equal(exported.status, 0, exported.stderr);
  assert.match(exported.stdout, /deploy\/environment-left/);
  assert.ok(!(await readFile(ova)).includes(SECRET));

  const { appliance } = JSON.parse((await ferry("inspect", ova, "--json")).stdout);
  assert.deepEqual(appliance.machines.map(({ id, name }: { id: string; name: string }) => [id, name]).sort(), [
    ["db", "db"],
    ["web", "web"],
  ]);
  assert.deepEqual(appliance.startup, [
    { machine: "db", order: 1, startDelaySeconds: 7 },
    { machine: "web", order: 2, startDelaySeconds: 0 },
  ]);
  await run("tar", ["-xf", ova, "-C", folder]);
  const qemu = await startQemuImg();
  const want = Buffer.from(await qemu.guestBytes(kelp));
  const sums = [];
  for (const { file } of appliance.disks) {
    const bytes = Buffer.from(await qemu.guestBytes(join(folder, file)));
    sums.push(bytes.equals(want) ? "kelp" : bytes.every((byte) => byte === 0) ? "zeros" : "other");
  }
  assert.deepEqual(sums.sort(), ["kelp", "kelp", "zeros"]);

  const carried = await ferry("convert", "libvirt:///system/pair-web", join(folder, "web"), "--to", "qemu", "--json");
  assert.equal(carried.status, 0, carried.stderr);
  assert.match(carried.stdout, /deploy\/environment-carried/);
  const moved = await ferry("deployment", "export", "pair", join(folder, "hv"), "--to", "hyperv", "--dry-run");
  assert.equal(moved.status, 0, moved.stderr);
}
