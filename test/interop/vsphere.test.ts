import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { startFerry } from "../support/ferry.js";
import { type PackageFacts, packageFixtures } from "../support/fixtures.js";
import { expectedDisks, MissingDisks } from "./expected.js";
import { lacking } from "./peers.js";
import { startQemuImg } from "./qemu.js";
import { withDisksAs } from "./repack.js";
import type { Ran } from "./run.js";
import { scratch } from "./scratch.js";
import { type Simulator, startSimulator } from "./servers.js";

const ferry = startFerry();
after(() => ferry.close());
const skip = await lacking("govc", "vcsim");
const skipExport = await lacking("govc", "vcsim-export", "qemu-img");
const fixtures = await packageFixtures();

/** Packages that the simulator of govmomi 0.24 understands: of one machine, with devices that it knows. All others it refuses. */
const UNDERSTOOD = [
  "compose-dir",
  "compose-pax",
  "compose-properties",
  "compose-sha1",
  "compose-sha256",
  "compose-sha512",
  "compose-signed",
  "compose-silent",
  "govc-export",
  "mkova-hw13",
  "mkova-hw15",
  "mkova-hw20",
  "mkova-hw7",
];

interface Told {
  readonly cpus: number;
  readonly memoryMib: number;
  readonly disksKib: readonly number[];
}

/** What the inventory says of a machine. */
async function machineInfo({ govc }: Simulator, name: string): Promise<Told> {
  const machine: {
    readonly VirtualMachines: readonly { Config: { Hardware: { NumCPU: number; MemoryMB: number } } }[];
  } = JSON.parse((await govc("vm.info", "-json", name)).stdout);
  const disks: { readonly Devices: readonly { CapacityInKB: number }[] } = JSON.parse(
    (await govc("device.info", "-json", "-vm", name, "disk-*")).stdout,
  );
  const hardware = machine.VirtualMachines[0]?.Config.Hardware;
  assert.ok(hardware);
  return {
    cpus: hardware.NumCPU,
    memoryMib: hardware.MemoryMB,
    disksKib: disks.Devices.map((disk) => disk.CapacityInKB),
  };
}

function factsOf({ appliance }: PackageFacts): Told {
  const machine = appliance?.machines[0];
  assert.ok(appliance && machine);
  return {
    cpus: machine.cpu.count,
    memoryMib: machine.memoryBytes / 2 ** 20,
    disksKib: appliance.disks.map((disk) => disk.capacityBytes / 1024),
  };
}

/** Why an import was refused, without what changes from call to call. */
function refusal({ stderr }: Ran): string {
  return stderr.trim().replace(/127\.0\.0\.1:\d+/g, "");
}

test("the vCenter simulator imports our OVAs and folders where it knows the devices, and shows processors, memory and disks", {
  skip,
  timeout: 300_000,
}, async (t) => {
  const simulator = await startSimulator(t);
  const imported: string[] = [];
  for (const { name, source, facts } of fixtures) {
    const folder = await scratch(t, "package");
    const ova = join(folder, `${name}.ova`);
    await ferry.convert(source, ova, { to: "ova" });
    const ours = await simulator.tryGovc("import.ova", "-name", `${name}-ova`, ova);
    if (ours.status === 0) {
      imported.push(name);
      assert.deepEqual(await machineInfo(simulator, `${name}-ova`), factsOf(facts), name);
      const unpacked = join(folder, "folder");
      await ferry.convert(source, unpacked, { to: "ovf" });
      await simulator.govc("import.ovf", "-name", `${name}-ovf`, join(unpacked, facts.descriptor?.name ?? ""));
      assert.deepEqual(await machineInfo(simulator, `${name}-ovf`), factsOf(facts), name);
    } else if (facts.package.kind === "ova") {
      const original = await simulator.tryGovc("import.ova", "-name", `${name}-original`, source);
      assert.equal(refusal(ours), refusal(original), name);
    }
  }
  assert.deepEqual(imported, UNDERSTOOD);
});

test("disks of our OVAs arrive whole in a datastore, carried and packed ones", {
  skip: skipExport,
  timeout: 180_000,
}, async (t) => {
  const { govc } = await startSimulator(t, "vcsim-export");
  const qemu = await startQemuImg();
  const fixture = fixtures.find(({ name }) => name === "mkova-hw7");
  assert.ok(fixture);
  const folder = await scratch(t, "package");
  const repacked = await withDisksAs(ferry, fixture, "vhdx", join(folder, "package"));
  for (const [name, source] of [
    ["carried", fixture.source],
    ["packed", repacked],
  ] as const) {
    const ova = join(folder, `${name}.ova`);
    await ferry.convert(source, ova, { to: "ova" });
    await govc("import.ova", "-name", name, ova);
    const exported = await scratch(t, "exported");
    await govc("export.ovf", "-vm", name, exported);
    const missing = new MissingDisks(expectedDisks(fixture.facts));
    for (const file of (await readdir(join(exported, name))).filter((entry) => entry.endsWith(".vmdk"))) {
      missing.take(await qemu.guestBytes(join(exported, name, file)), `${name}: ${file}`);
    }
    missing.assertNone();
  }
});
