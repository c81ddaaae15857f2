import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";
import { startFerry } from "../support/ferry.js";
import { type PackageFixture, packageFixtures } from "../support/fixtures.js";
import { expectedDisks, MissingDisks } from "./expected.js";
import { lacking } from "./peers.js";
import { startQemuImg } from "./qemu.js";
import { withDisksAs } from "./repack.js";
import type { Ran } from "./run.js";
import { scratch } from "./scratch.js";
import { startVirtualBox, type VirtualBox } from "./virtualbox.js";

const ferry = startFerry();
after(() => ferry.close());
const skip = await lacking("VBoxManage", "qemu-img");
const fixtures = await packageFixtures();
const MAKERS = [...new Set(fixtures.map(({ facts }) => facts.made.program))];

/** The firmware as VirtualBox calls it. Of other makers' packages it reads no EFI: `vmw:Config` says nothing to it. */
function firmwareOf(maker: string, firmware: string): RegExp {
  return maker === "VBoxManage" && firmware !== "bios" ? /^EFI/ : /^BIOS$/;
}

/** Settings that a package decides, without names, places and identifiers that every import chooses anew. */
const DECIDED =
  /^(memory|cpus|firmware|chipset|ostype|boot\d|nic\d|nictype\d|macaddress\d|storagecontroller(name|type)\d|(?!.*-ImageUUID-).+-\d+-\d+)$/;

/** The machine as VirtualBox made it of a package; where a medium hangs is kept, what its file is called is not. */
function decided(info: ReadonlyMap<string, string>): Record<string, string> {
  const kept = [...info].filter(([key]) => DECIDED.test(key));
  return Object.fromEntries(kept.map(([key, value]) => [key, /^\/.*\.\w+$/.test(value) ? "a file" : value]));
}

/** The disks of a machine that lie in files. */
function mediaOf(info: ReadonlyMap<string, string>): readonly string[] {
  return [...info].flatMap(([key, value]) => (/-\d+-\d+$/.test(key) && value.endsWith(".vmdk") ? [value] : []));
}

function refusal(ran: Ran): string {
  return (/error: (?!Appliance)(.*)/.exec(ran.stderr)?.[1] ?? ran.stderr).replace(/'[^']*'/g, "'...'");
}

/** What VirtualBox made of our OVA is what it makes of the original where it takes that, and what the package's facts say. */
async function compareMachines(
  box: VirtualBox,
  fixture: PackageFixture,
  original: "imported" | "refused" | "not given",
): Promise<void> {
  const { name, facts } = fixture;
  const qemu = await startQemuImg();
  const missing = new MissingDisks(expectedDisks(facts).filter(({ file }) => file !== null));
  for (const [i, machine] of (facts.appliance?.machines ?? []).entries()) {
    const info = await box.machineInfo(`${name}-ours-${i}`);
    assert.equal(info.get("cpus"), String(machine.cpu.count), name);
    assert.equal(info.get("memory"), String(machine.memoryBytes / 2 ** 20), name);
    assert.match(info.get("firmware") ?? "", firmwareOf(facts.made.program, machine.firmware), name);
    for (const medium of mediaOf(info)) missing.take(await qemu.guestBytes(medium), `${name}: ${medium}`);
    if (original === "imported") {
      const first = decided(await box.machineInfo(`${name}-original-${i}`));
      const ours = decided(info);
      // Cards whose package names no address get one of VirtualBox's choice.
      for (const [n, nic] of machine.nics.entries()) {
        if (nic.mac !== null) continue;
        delete first[`macaddress${n + 1}`];
        delete ours[`macaddress${n + 1}`];
      }
      assert.deepEqual(ours, first, name);
    }
  }
  missing.assertNone();
}

for (const maker of MAKERS) {
  test(`VirtualBox makes the same machines of our OVAs as of the packages by ${maker}`, {
    skip,
    timeout: 300_000,
  }, async (t) => {
    const box = await startVirtualBox(t);
    let imported = 0;
    for (const fixture of fixtures.filter(({ facts }) => facts.made.program === maker)) {
      const { name, source, facts } = fixture;
      const ova = join(await scratch(t, "ova"), `${name}.ova`);
      await ferry.convert(source, ova, { to: "ova" });
      const machines = facts.appliance?.machines.length ?? 0;
      const given = facts.package.kind === "directory" ? join(source, facts.descriptor?.name ?? "") : source;
      const original = await box.importAs(given, `${name}-original`, machines);
      const ours = await box.importAs(ova, `${name}-ours`, machines);
      if (ours.status === 0) {
        imported++;
        await compareMachines(box, fixture, original.status === 0 ? "imported" : "refused");
      } else {
        // What VirtualBox cannot take of another program's package it cannot take of ours, for no other reason.
        assert.notEqual(original.status, 0, `${name}: ${ours.stderr}`);
        assert.equal(refusal(ours), refusal(original), name);
      }
    }
    assert.ok(imported > 0);
  });
}

/** Packages of every maker and version, each with its disks turned into another format before. */
const REPACKED = [
  ["vbox-bios-ovf20", "vhdx"],
  ["vbox-efi-ovf09", "raw"],
  ["compose-sha256", "qcow2"],
  ["mkova-hw7", "vdi"],
] as const;

test("VirtualBox imports OVAs whose disks were packed here, and reads in them what their makers read", {
  skip,
  timeout: 120_000,
}, async (t) => {
  const box = await startVirtualBox(t);
  for (const [name, format] of REPACKED) {
    const fixture = fixtures.find((candidate) => candidate.name === name);
    assert.ok(fixture);
    const folder = await scratch(t, "repacked");
    const descriptor = await withDisksAs(ferry, fixture, format, join(folder, "package"));
    const ova = join(folder, `${name}.ova`);
    await ferry.convert(descriptor, ova, { to: "ova" });
    const imported = await box.importAs(ova, `${name}-ours`, 1);
    assert.equal(imported.status, 0, `${name}: ${imported.stderr}`);
    await compareMachines(box, fixture, "not given");
  }
});
