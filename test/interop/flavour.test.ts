/** Packages of one producer, made for the importer of another, and really imported there. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";
import type { FlavourId } from "../../src/platforms/ovf/flavours.js";
import { startFerry } from "../support/ferry.js";
import { type PackageFixture, packageFixtures } from "../support/fixtures.js";
import { lacking, peerPath } from "./peers.js";
import { attempt } from "./run.js";
import { scratch } from "./scratch.js";
import { startSimulator } from "./servers.js";
import { startVirtualBox } from "./virtualbox.js";

const ferry = startFerry();
after(() => ferry.close());
const fixtures = await packageFixtures();

async function made(fixture: PackageFixture, flavour: FlavourId, folder: string): Promise<string> {
  const ova = join(folder, `${fixture.name}.ova`);
  await ferry.convert(fixture.source, ova, { to: "ova", flavour, prove: true });
  return ova;
}

test("every package of open-vmdk and govc is imported by VirtualBox after --flavour virtualbox", {
  skip: await lacking("VBoxManage"),
  timeout: 600_000,
}, async (t) => {
  const box = await startVirtualBox(t);
  const folder = await scratch(t, "flavour");
  const others = fixtures.filter(({ name }) => /^(?:compose|mkova|govc)-/.test(name));
  assert.ok(others.length >= 15, `${others.length} packages`);
  for (const [i, fixture] of others.entries()) {
    const ova = await made(fixture, "virtualbox", folder);
    const machines = fixture.facts.appliance?.machines ?? [];
    const ran = await box.importAs(ova, `m${i}`, machines.length);
    assert.equal(ran.status, 0, `${fixture.name}: ${ran.stderr}`);
    assert.doesNotMatch(ran.stderr, /warning/i, fixture.name);
    for (const [n, machine] of machines.entries()) {
      const info = await box.machineInfo(`m${i}-${n}`);
      assert.equal(info.get("cpus"), String(machine.cpu.count), fixture.name);
      assert.equal(info.get("memory"), String(machine.memoryBytes / 2 ** 20), fixture.name);
      assert.equal(info.get("firmware")?.toLowerCase(), /^efi/.test(machine.firmware) ? "efi64" : "bios", fixture.name);
      const media = [...info].filter(([key, value]) => /-\d+-\d+$/.test(key) && /\.vmdk$/i.test(value));
      const disks = machine.attachments.filter(({ device }) => device === "disk");
      assert.equal(media.length, disks.length, `${fixture.name}: ${JSON.stringify([...info])}`);
    }
  }
});

const V2V = { LIBGUESTFS_BACKEND: "direct", LIBGUESTFS_BACKEND_SETTINGS: "force_tcg" };
/** The simulator of govmomi 0.24 knows neither SATA nor NVMe nor SAS, and ends where a package has several machines. */
const UNKNOWN_THERE = /unsupported resource type: 20\b|unknown SCSI controller type 'lsilogicsas'/;

test("every package of VirtualBox is read by virt-v2v after --flavour vsphere, and imported by the vCenter simulator where that knows its devices", {
  skip: await lacking("govc", "vcsim", "virt-v2v"),
  timeout: 600_000,
}, async (t) => {
  const simulator = await startSimulator(t);
  const program = await peerPath("virt-v2v");
  const folder = await scratch(t, "flavour");
  const imported: string[] = [];
  for (const fixture of fixtures.filter(({ name }) => name.startsWith("vbox-"))) {
    const ova = await made(fixture, "vsphere", folder);
    const machines = fixture.facts.appliance?.machines ?? [];
    const [machine, another] = machines;
    // virt-v2v reads packages of one machine, too.
    if (machine === undefined || another !== undefined) continue;
    const ran = await simulator.tryGovc("import.ova", "-name", fixture.name, ova);
    if (ran.status === 0) imported.push(fixture.name);
    else assert.match(ran.stderr, UNKNOWN_THERE, `${fixture.name}: ${ran.stderr}`);
    const told = await attempt(program, ["-i", "ova", ova, "--print-source"], { env: V2V, timeout: 60_000 });
    assert.equal(told.status, 0, `${fixture.name}: ${told.stderr}`);
    assert.match(told.stdout, new RegExp(`nr vCPUs: ${machine.cpu.count}\\b`), fixture.name);
    assert.match(told.stdout, new RegExp(`memory: ${machine.memoryBytes}\\b`), fixture.name);
  }
  t.diagnostic(`imported by the simulator: ${imported.join(" ")}`);
  assert.ok(imported.length >= 3, imported.join(" "));
});
