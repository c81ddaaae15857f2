/** `vmferry deploy` to libvirt with guests that boot: each says its own answers, read from the CD with its OVF environment, on its serial console. */
import assert from "node:assert/strict";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, dirname, join, resolve } from "node:path";
import { test } from "node:test";
import { HAS } from "../support/boot-guest/init.js";
import { PAIR } from "../support/boot-guest/pair.js";
import { lackingParts, makeBootGuest } from "../support/boot-guest.js";
import { lacking, peerPath } from "./peers.js";
import { attempt, type Ran, run } from "./run.js";
import { scratch } from "./scratch.js";
import { startLibvirt } from "./servers.js";

const skip =
  (await lacking("libvirtd", "virtlogd", "virsh", "unshare", "qemu-system-x86_64", "grub-mkimage", "mke2fs")) ||
  (await lackingParts()) ||
  (process.getuid?.() === 0 ? false : "libvirtd of the system needs root");
const PASSWORD = "battery staple";

test("a package of two guests with questions, a licence and an order boots on libvirt, each with its own answers", {
  skip,
  timeout: 300_000,
}, async (t) => {
  const folder = await scratch(t, "deploy-boot");
  const [images, home, ova] = [join(folder, "images"), join(folder, "home"), join(folder, "pair.ova")];
  await mkdir(images);
  const libvirt = await startLibvirt(t);
  await libvirt.virsh("pool-define-as", "default", "dir", "--target", images);
  await libvirt.virsh("pool-start", "default");
  await libvirt.startNetwork("lab");
  await makeBootGuest(folder, "bios", null, "environment");
  await writeFile(join(folder, "pair.yaml"), PAIR);
  const command = resolve("dist/bin/vmferry.js");
  await run(process.execPath, [command, "build", join(folder, "pair.yaml"), ova, "--quiet"]);
  const path = `${dirname(await peerPath("virsh"))}${delimiter}${process.env.PATH ?? ""}`;
  const [program, ...enter] = libvirt.inside;
  const ferry = (...args: readonly string[]): Promise<Ran> =>
    attempt(program, [...enter, process.execPath, command, ...args], {
      env: { XDG_STATE_HOME: home, PATH: path, VMFERRY_TEST_PASSWORD: PASSWORD },
    });
  const words = [
    ...["deploy", ova, "libvirt:///system", "--map-network", "*=lab", "--emulate", "--yes"],
    ...["--set", "hostname=www", "--set", "port=8080", "--set", "secure=true", "--set", "mode=large"],
    ...["--set", "password=env:VMFERRY_TEST_PASSWORD"],
  ];
  const unread = await ferry(...words);
  assert.notEqual(unread.status, 0);
  assert.match(unread.stderr, /licen[cs]e/i);
  const deployed = await ferry(...words, "--accept-eulas");
  assert.equal(deployed.status, 0, deployed.stderr);

  // Each is told of the other one, too (DSP0243 11.1: Entity), as `vmferry env` reads it.
  for (const [machine, other, key, value] of [
    ["web", "db", "name", 'a "b" & c'],
    ["db", "web", "port", "8080"],
  ] as const) {
    const root = join(folder, `inside-${machine}`);
    for (const place of ["sys/class/block/sr0", "dev"]) await mkdir(join(root, place), { recursive: true });
    await copyFile(join(images, `pair-ovf-env-${machine}.iso`), join(root, "dev/sr0"));
    const told = JSON.parse((await run(process.execPath, [command, "env", "--root", root, "--json"])).stdout);
    assert.deepEqual([told.kind, told.id, told.entities.length, told.entities[0].id], ["volume", machine, 1, other]);
    assert.equal(told.entities[0].properties.find((one: { key: string }) => one.key === key).value, value);
    const missing = await attempt(process.execPath, [command, "env", "--root", root, "--get", key]);
    assert.match(missing.stderr, /^error\[env\/no-property\]/m, "what another machine is told is not its own");
  }

  // The console of what is deployed is a terminal; that it is written down, too, changes nothing for the guest.
  for (const name of ["pair-web", "pair-db"]) {
    const { stdout } = await libvirt.virsh("dumpxml", name, "--inactive");
    const file = join(folder, `${name}.xml`);
    const log = `<log file='${join(images, name)}.log' append='on'/>`;
    await writeFile(
      file,
      stdout.replace(/<serial type='pty'>/, `$&${log}`).replace(/<console type='pty'>/, `$&${log}`),
    );
    await libvirt.virsh("define", file);
  }
  const began = Date.now();
  const started = await ferry("deployment", "start", "pair");
  assert.equal(started.status, 0, started.stderr);
  assert.ok(started.stderr.indexOf("start pair-db") < started.stderr.indexOf("start pair-web"), started.stderr);
  assert.ok(Date.now() - began >= 2000, "web starts two seconds after db");

  const said = async (name: string): Promise<readonly string[]> =>
    (await readFile(`${join(images, name)}.log`, "utf8").catch(() => ""))
      .split(/\r?\n/)
      .flatMap((line) => (line.startsWith(`${HAS} `) ? [line.slice(HAS.length + 1)] : []));
  for (const end = Date.now() + 120_000; ; ) {
    const both = await Promise.all(["pair-web", "pair-db"].map(said));
    if (both.every((lines) => lines.includes("end"))) break;
    assert.ok(Date.now() < end, `the guests do not come up: ${JSON.stringify(both)}`);
    await new Promise((done) => setTimeout(done, 300));
  }
  assert.deepEqual((await said("pair-web")).slice(0, 7).toSorted(), [
    "address=10.9.8.1",
    "hostname=www",
    "mode=large",
    "neighbour=10.9.8.2",
    `password=${PASSWORD}`,
    "port=8080",
    "secure=true",
  ]);
  assert.deepEqual((await said("pair-web")).slice(7), ["reached=10.9.8.2", "end"]);
  assert.deepEqual(await said("pair-db"), ["name=a &quot;b&quot; &amp; c", "address=10.9.8.2", "end"]);
  for (const { stdout, stderr } of [deployed, started]) assert.ok(!`${stdout}${stderr}`.includes(PASSWORD));
  const stopped = await ferry("deployment", "stop", "pair", "--timeout", "60");
  assert.equal(stopped.status, 0, stopped.stderr);
  assert.ok((await said("pair-web")).includes("off"), "the guest heard the power button");
  assert.equal((await ferry("deployment", "destroy", "pair", "--yes")).status, 0);
});
