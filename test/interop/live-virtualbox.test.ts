/** Machines of a VirtualBox as sources, with the real VBoxManage. */
import assert from "node:assert/strict";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, dirname, join, resolve } from "node:path";
import { test } from "node:test";
import { lacking, peerPath } from "./peers.js";
import { startQemuImg } from "./qemu.js";
import { attempt, type Ran, run } from "./run.js";
import { scratch } from "./scratch.js";
import { startVirtualBox } from "./virtualbox.js";

const skip = await lacking("VBoxManage", "qemu-img");
const command = resolve("dist/bin/vmferry.js");
const kelp = resolve("test/fixtures/packages/compose-dir/kelp/kelp.vmdk");
const SECRET = "c0rrect-h0rse";

const SPEC = `
appliance: 1
name: pair
startup: [{ machine: web, order: 2 }, { machine: db, order: 1, delay: 3 }]
networks: { LAN: The inside network }
machines:
  web:
    os: debian12
    memory: 64MiB
    drives: [${kelp}]
    nics: [{ network: LAN, model: e1000 }]
    transports: [iso]
    products: [{ name: Web, properties: { secret: { label: Secret, password: true } } }]
  db: { os: debian12, memory: 64MiB, drives: [${kelp}], nics: [{ network: LAN, model: e1000 }] }
`;

test("machines of VirtualBox are sources with their snapshots' disks in any folder; deployments drift and become packages", {
  skip,
  timeout: 180_000,
}, async (t) => {
  const box = await startVirtualBox(t);
  const folder = await scratch(t, "live-vbox");
  const path = `${dirname(await peerPath("VBoxManage"))}${delimiter}${process.env.PATH ?? ""}`;
  const env = { VBOX_USER_HOME: box.home, XDG_STATE_HOME: join(folder, "home"), PATH: path, SHOP: SECRET };
  const ferry = (...args: readonly string[]): Promise<Ran> =>
    attempt(process.execPath, [command, ...args], { env, cwd: folder });
  const qemu = await startQemuImg();
  const want = Buffer.from(await qemu.guestBytes(kelp));
  const isKelp = async (file: string): Promise<boolean> => Buffer.from(await qemu.guestBytes(file)).equals(want);

  // A disk in another folder than the machine, with a snapshot of it.
  const far = join(folder, "far");
  await mkdir(far);
  await box.manage("clonemedium", "disk", kelp, join(far, "disk.vdi"), "--format", "VDI");
  await box.manage(
    "createvm",
    "--name",
    "lone wolf",
    "--ostype",
    "Debian_64",
    "--register",
    "--basefolder",
    box.machines,
  );
  await box.manage("modifyvm", "lone wolf", "--memory", "96");
  await box.manage("storagectl", "lone wolf", "--name", "SATA", "--add", "sata");
  const at = ["--storagectl", "SATA", "--port", "0", "--device", "0", "--type", "hdd"];
  await box.manage("storageattach", "lone wolf", ...at, "--medium", join(far, "disk.vdi"));
  await box.manage("snapshot", "lone wolf", "take", "before");
  const alone = await ferry("convert", "virtualbox:lone wolf", "kvm", "--to", "qemu", "--prove", "--json");
  assert.equal(alone.status, 0, alone.stderr);
  const [disk = ""] = (await readdir(join(folder, "kvm"))).filter((name) => /\.(?:qcow2|img|raw)$/.test(name));
  assert.ok(await isKelp(join(folder, "kvm", disk)));
  const lost = await ferry("inspect", "virtualbox:nobody");
  assert.match(lost.stderr, /error\[deploy\/no-machine\][\s\S]*lone wolf/);
  assert.match((await ferry("inspect", "virtualbox:--help")).stderr, /error\[deploy\/no-machine\]/);

  await box.manage("setproperty", "machinefolder", box.machines);
  await writeFile(join(folder, "pair.yaml"), SPEC);
  await run(process.execPath, [command, "build", "pair.yaml", "pair.ova", "--allow-external"], { cwd: folder });
  const wishes = ["--map-network", "LAN=intnet:lab", "--yes", "--set", "secret=env:SHOP"];
  const deployed = await ferry("deploy", "pair.ova", "virtualbox:", ...wishes);
  assert.equal(deployed.status, 0, deployed.stderr);

  const drift = async (): Promise<{ status: number | null; texts: string[] }> => {
    const ran = await ferry("deployment", "drift", "pair", "--json");
    return { status: ran.status, texts: JSON.parse(ran.stdout).changes.map(({ text }: { text: string }) => text) };
  };
  assert.deepEqual(await drift(), { status: 0, texts: [] });
  await box.manage("guestproperty", "set", "pair-web", "/my/token", "hunter2");
  await box.manage("setextradata", "pair-web", "GUI/Position", "1,2");
  assert.deepEqual(await drift(), { status: 0, texts: [] }, "what guests and windows say is no hardware");
  await box.manage("modifyvm", "pair-web", "--memory", "128", "--cpus", "2", "--nic2", "nat");
  const changed = await drift();
  assert.equal(changed.status, 1);
  for (const words of [/pair-web: memory 64 MiB -> 128 MiB/, /processors 1 -> 2/, /network card 1 added/]) {
    assert.match(changed.texts.join("\n"), words);
  }
  await ferry("deployment", "drift", "pair", "--accept");
  const state = await readFile(join(folder, "home/vmferry/deployments/pair.json"), "utf8");
  assert.ok(!state.includes("hunter2"), "what is kept holds no values of properties");

  const exported = await ferry("deployment", "export", "pair", "again.ova", "--json");
  assert.equal(exported.status, 0, exported.stderr);
  assert.ok(!(await readFile(join(folder, "again.ova"))).includes(SECRET));
  const { appliance } = JSON.parse((await ferry("inspect", "again.ova", "--json")).stdout);
  assert.deepEqual(
    appliance.startup.map(({ machine, startDelaySeconds }: Record<string, unknown>) => [machine, startDelaySeconds]),
    [
      ["db", 3],
      ["web", 0],
    ],
  );
  await run("tar", ["-xf", "again.ova"], { cwd: folder });
  assert.equal(appliance.disks.length, 2);
  for (const { file } of appliance.disks) assert.ok(await isKelp(join(folder, file)), file);
});
