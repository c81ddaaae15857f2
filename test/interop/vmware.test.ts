import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import type { Appliance, Machine } from "../../src/index.js";
import { startFerry } from "../support/ferry.js";
import { type PackageFixture, packageFixtures } from "../support/fixtures.js";
import { expectedDisks, holds } from "./expected.js";
import { lacking, peerPath } from "./peers.js";
import { startQemuImg } from "./qemu.js";
import { run } from "./run.js";
import { scratch } from "./scratch.js";

const ferry = startFerry();
after(() => ferry.close());
const skip = await lacking("virt-v2v", "qemu-img");
const fixtures = await packageFixtures();

/** virt-v2v waits most of its time. */
const AT_ONCE = 4;

/** What virt-v2v reads in a VMX file. */
interface Told {
  readonly name: string;
  readonly memoryBytes: number;
  readonly cpus: number;
  readonly firmware: string;
  /** Sorted: virt-v2v has an order of its own. */
  readonly disks: readonly string[];
  readonly nics: readonly { readonly network: string; readonly model: string }[];
}

/** `--print-source` in words of its own. */
function parseSource(text: string): Told {
  const line = (label: string): string => new RegExp(`^ *${label}: *(.*)$`, "m").exec(text)?.[1]?.trim() ?? "";
  const block = (label: string): string => new RegExp(`^${label}:\n((?:\t.*\n)*)`, "m").exec(text)?.[1] ?? "";
  return {
    name: line("source name"),
    memoryBytes: Number(line("memory").split(" ")[0]),
    cpus: Number(line("nr vCPUs")),
    firmware: line("firmware"),
    disks: [...block("disks").matchAll(/\[(.+)\]/g)].map(([, bus = ""]) => bus).sort(),
    nics: [...block("NICs").matchAll(/(?:Network|Bridge) "(.*)".* \[(.+)\]/g)].map(([, network = "", model = ""]) => ({
      network,
      model,
    })),
  };
}

/** What virt-v2v has to read: the machine as it was fitted to VMware. */
function meant(machine: Machine): Told {
  const buses = new Map(machine.controllers.map(({ id, bus }) => [id, bus]));
  return {
    name: machine.name,
    memoryBytes: machine.memoryBytes,
    cpus: machine.cpu.count,
    firmware: machine.firmware === "bios" ? "bios" : "uefi",
    disks: machine.attachments
      .filter(({ device }) => device === "disk")
      .map(({ controller }) => buses.get(controller ?? "") ?? "")
      .sort(),
    nics: machine.nics.map(({ network, model }) => ({
      network: network ?? "",
      model: model ?? "",
    })),
  };
}

/** The file that a VMX file puts at a drive's place. */
function fileAt(vmx: string, place: string): string | undefined {
  return new RegExp(`^${place}\\.fileName = "(.*)"$`, "m").exec(vmx)?.[1];
}

/** Converts a package and asks virt-v2v and qemu-img about every machine of the result. */
async function check({ name, source, facts }: PackageFixture, folder: string): Promise<void> {
  const { plan } = await ferry.convert(source, folder, { to: "vmware" });
  const fitted = plan.appliance as Appliance;
  const files = plan.files.filter((file) => file.name.endsWith(".vmx")).map((file) => file.name);
  assert.equal(files.length, facts.appliance?.machines.length);
  const qemu = await startQemuImg();
  const expected = new Map(expectedDisks(facts).map((disk) => [disk.id, disk]));
  for (const [i, machine] of fitted.machines.entries()) {
    const file = join(folder, files[i] ?? "");
    const env = { LIBGUESTFS_BACKEND: "direct" };
    const v2v = await run(await peerPath("virt-v2v"), ["-i", "vmx", file, "--print-source"], { env, timeout: 60_000 });
    assert.deepEqual(parseSource(v2v.stdout), meant(machine), name);
    const original = facts.appliance?.machines[i];
    assert.equal(machine.cpu.count, original?.cpu.count, name);
    assert.equal(machine.memoryBytes, original?.memoryBytes, name);
    const vmx = await readFile(file, "utf8");
    for (const { device, disk, controller, slot } of machine.attachments) {
      if (device !== "disk") continue;
      const on = machine.controllers.find(({ id }) => id === controller);
      const place = `${on?.bus}${on?.index}:${slot}`;
      const there = fileAt(vmx, place);
      const wanted = expected.get(disk ?? "");
      assert.ok(there !== undefined && wanted !== undefined, `${name}: ${place}`);
      assert.ok(holds(await qemu.guestBytes(join(folder, there)), wanted), `${name}: ${there} at ${place}`);
    }
  }
}

test("virt-v2v reads our VMX files as they are meant, and each disk is at its place", {
  skip,
  timeout: 300_000,
}, async (t) => {
  const folder = await scratch(t, "vmx");
  const waiting = [...fixtures];
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      await check(next, join(folder, next.name));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
});
