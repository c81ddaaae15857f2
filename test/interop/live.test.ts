import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chmod, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
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

/** Two disks: one with a parent in another folder that has its very name, one that is a volume of a pool. */
const domainXml = (folder: string): string => `
<domain type='qemu'>
  <name>web server</name>
  <memory unit='MiB'>64</memory>
  <vcpu>2</vcpu>
  <os><type arch='x86_64'>hvm</type></os>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='${folder}/top/disk.qcow2'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <disk type='volume' device='disk'>
      <driver name='qemu' type='raw'/>
      <source pool='images' volume='data.raw'/>
      <target dev='vdb' bus='virtio'/>
    </disk>
    <disk type='file' device='cdrom'>
      <source file='${folder}/gone.iso' startupPolicy='optional'/>
      <target dev='sda' bus='sata'/>
    </disk>
    <interface type='network'><mac address='52:54:00:12:34:56'/><source network='lab'/><model type='virtio'/></interface>
    <graphics type='vnc' passwd='hunter2'/>
  </devices>
</domain>`;

interface World {
  readonly libvirt: Libvirt;
  readonly folder: string;
  readonly images: string;
  ferry(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ran>;
}

async function world(t: TestContext): Promise<World> {
  const folder = await scratch(t, "live");
  const images = join(folder, "images");
  for (const name of ["images", "top", "base"]) await mkdir(join(folder, name));
  const libvirt = await startLibvirt(t);
  await libvirt.virsh("pool-define-as", "images", "dir", "--target", images);
  await libvirt.virsh("pool-start", "images");
  await libvirt.startNetwork("lab");
  const base = join(folder, "base", "disk.qcow2");
  await run("qemu-img", ["convert", "-O", "qcow2", kelp, base]);
  await run("qemu-img", ["create", "-f", "qcow2", "-F", "qcow2", "-b", base, join(folder, "top", "disk.qcow2")]);
  await run("qemu-io", ["-c", "write -P 7 64k 64k", join(folder, "top", "disk.qcow2")]);
  await writeFile(join(images, "data.raw"), Buffer.concat([Buffer.alloc(65_536, 9), Buffer.alloc(1_048_576)]));
  await libvirt.virsh("pool-refresh", "images");
  await writeFile(join(folder, "web.xml"), domainXml(folder));
  await libvirt.virsh("define", join(folder, "web.xml"));
  const path = `${dirname(await peerPath("virsh"))}${delimiter}${process.env.PATH ?? ""}`;
  const [program, ...enter] = libvirt.inside;
  return {
    libvirt,
    folder,
    images,
    ferry: (args, env = {}) =>
      attempt(program, [...enter, process.execPath, command, ...args], {
        env: { XDG_STATE_HOME: join(folder, "home"), PATH: path, ...env },
      }),
  };
}

/** What the guest of `domainXml` reads of its disks. */
async function wanted({ folder, images }: World): Promise<readonly Buffer[]> {
  const qemu = await startQemuImg();
  const bytes = async (file: string): Promise<Buffer> => Buffer.from(await qemu.guestBytes(file));
  return [await bytes(join(folder, "top", "disk.qcow2")), await bytes(join(images, "data.raw"))];
}

async function assertDisks(folder: string, names: RegExp, expected: readonly Buffer[]): Promise<void> {
  const qemu = await startQemuImg();
  const files = (await readdir(folder)).filter((name) => names.test(name)).sort();
  assert.equal(files.length, expected.length, `${files}`);
  for (const [i, file] of files.entries()) {
    const bytes = Buffer.from(await qemu.guestBytes(join(folder, file)));
    const want = expected[i] ?? Buffer.alloc(0);
    assert.ok(bytes.subarray(0, want.length).equals(want), `${file} is what the machine has`);
    assert.ok(bytes.subarray(want.length).every((byte) => byte === 0));
  }
}

test("a machine of a libvirt is a source where it lies: chains, volumes of pools, and nothing while it runs", {
  skip,
  timeout: 120_000,
}, async (t) => {
  const here = await world(t);
  const { libvirt, folder, ferry } = here;
  const address = "libvirt:///system/web%20server";
  const seen = await ferry(["inspect", address, "--json"]);
  assert.equal(seen.status, 0, seen.stderr);
  const [machine] = JSON.parse(seen.stdout).appliance.machines;
  assert.deepEqual([machine.name, machine.cpu.count, machine.memoryBytes], ["web server", 2, 64 * 1_048_576]);

  const before = (await libvirt.virsh("dumpxml", "web server", "--inactive")).stdout;
  const done = await ferry(["convert", address, join(folder, "vm"), "--to", "vmware", "--prove"]);
  assert.equal(done.status, 0, done.stderr);
  await assertDisks(join(folder, "vm"), /\.vmdk$/, await wanted(here));
  assert.equal((await libvirt.virsh("dumpxml", "web server", "--inactive")).stdout, before);
  for (const { stdout, stderr } of [seen, done]) assert.ok(!`${stdout}${stderr}`.includes("hunter2"));
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.startsWith(".")),
    [],
  );

  const other = await ferry(["inspect", "libvirt:///system/mail"]);
  assert.equal(other.status, 3);
  assert.match(other.stderr, /error\[deploy\/no-machine\][\s\S]*web server/);
  await libvirt.virsh("start", "web server");
  const running = await ferry(["convert", address, join(folder, "vm2"), "--to", "vmware"]);
  assert.match(running.stderr, /error\[deploy\/running\][\s\S]*virsh shutdown/);
  await libvirt.virsh("managedsave", "web server");
  const saved = await ferry(["convert", address, join(folder, "vm2"), "--to", "vmware"]);
  assert.match(saved.stderr, /error\[deploy\/running\][\s\S]*managedsave-remove/);
  assert.ok(!(await readdir(folder)).includes("vm2"));
});

/** What a user's ssh does, without another host: the command that libvirt wants to run there runs here. */
const SSH = `#!/bin/sh
for word; do last=$word; done
exec sh -c "$last"
`;

test("by ssh its disks are fetched from their pools, chains too, and what is in no pool is said", {
  skip: skip || (existsSync("/usr/bin/virt-ssh-helper") ? false : "no virt-ssh-helper"),
  timeout: 120_000,
}, async (t) => {
  const here = await world(t);
  const { libvirt, folder, ferry } = here;
  const bin = join(folder, "bin");
  await mkdir(bin);
  await writeFile(join(bin, "ssh"), SSH);
  await chmod(join(bin, "ssh"), 0o755);
  const env = { PATH: `${bin}${delimiter}${dirname(await peerPath("virsh"))}${delimiter}${process.env.PATH ?? ""}` };
  const words = ["convert", "libvirt+ssh://root@far.example/system/web%20server", join(folder, "vm"), "--to", "vmware"];

  const lost = await ferry(words, env);
  assert.notEqual(lost.status, 0);
  assert.match(lost.stderr, /io\/not-found[\s\S]*top\/disk\.qcow2[\s\S]*pool-create-as/);
  for (const name of ["top", "base"]) {
    await libvirt.virsh("pool-define-as", name, "dir", "--target", join(folder, name));
    await libvirt.virsh("pool-start", name);
  }
  const done = await ferry(words, env);
  assert.equal(done.status, 0, done.stderr);
  await assertDisks(join(folder, "vm"), /\.vmdk$/, await wanted(here));
  assert.match(done.stderr, /fetch data\.raw: 1\.06 MiB/);
  assert.match(await readFile(join(folder, "vm", "REPORT.md"), "utf8"), /deploy\/fetched/);
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.startsWith(".")),
    [],
    "what was fetched is gone",
  );
});
