import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
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
const skip = await lacking("qemu-system-x86_64", "qemu-img");
const fixtures = await packageFixtures();

/** A machine that QEMU has put together, and not started. */
interface Told {
  readonly name: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  /** File names of disks and images, in the order of the drives; `null`: an empty drive. */
  readonly media: readonly (string | null)[];
}

const QUESTIONS = ["query-name", "query-cpus-fast", "query-memory-size-summary", "query-block"] as const;

/** Runs a script so that QEMU waits before its first instruction, and asks what it has made. */
async function ask(script: string): Promise<Told> {
  const commands = ["qmp_capabilities", ...QUESTIONS, "quit"].map((execute) => JSON.stringify({ execute }));
  const { stdout } = await run(script, ["-S", "-display", "none", "-qmp", "stdio"], {
    env: { QEMU: await peerPath("qemu-system-x86_64"), QEMU_ACCEL: "tcg" },
    input: commands.join("\n"),
    timeout: 60_000,
  });
  const answers = stdout.split("\n").filter((line) => line.startsWith('{"return"'));
  const [, name, cpus, memory, blocks] = answers.map((line) => JSON.parse(line).return);
  return {
    name: name.name,
    cpus: cpus.length,
    memoryBytes: memory["base-memory"],
    media: blocks
      .filter((block: { device: string }) => !block.device.startsWith("pflash"))
      .map((block: { inserted?: { file: string } }) => block.inserted?.file ?? null),
  };
}

async function checkMachine(folder: string, script: string, machine: Machine, fixture: PackageFixture): Promise<void> {
  const { facts } = fixture;
  const told = await ask(join(folder, script));
  assert.equal(told.name, machine.name);
  assert.equal(told.cpus, machine.cpu.count, machine.name);
  assert.equal(told.memoryBytes, machine.memoryBytes, machine.name);
  const qemu = await startQemuImg();
  const expected = new Map(expectedDisks(facts).map((disk) => [disk.id, disk]));
  const full = machine.attachments.filter(({ disk, file }) => disk !== null || file !== null);
  const media = told.media.filter((file) => file !== null);
  assert.equal(told.media.length, machine.attachments.length, machine.name);
  assert.equal(media.length, full.length, machine.name);
  for (const [i, { disk, file }] of full.entries()) {
    const medium = join(folder, basename(media[i] ?? ""));
    const wanted = expected.get(disk ?? "");
    if (wanted !== undefined) assert.ok(holds(await qemu.guestBytes(medium), wanted), `${machine.name}: ${medium}`);
    else assert.ok(file !== null);
  }
}

test("QEMU puts every machine together as its script means it, with each disk at its place", {
  skip,
  timeout: 300_000,
}, async (t) => {
  const folder = await scratch(t, "scripts");
  for (const fixture of fixtures) {
    const result = join(folder, fixture.name);
    const { plan } = await ferry.convert(fixture.source, result, { to: "qemu" });
    const { machines } = plan.appliance as Appliance;
    const scripts = plan.files.map((file) => file.name).filter((name) => name.endsWith(".sh"));
    assert.equal(scripts.length, machines.length);
    for (const [i, machine] of machines.entries()) await checkMachine(result, scripts[i] ?? "", machine, fixture);
    const left = (await readdir(result)).filter((name) => !plan.files.some((file) => file.name === name));
    // EFI keeps its variables beside the disks.
    assert.ok(left.every((name) => name.endsWith("-efi-vars.fd")));
  }
});
