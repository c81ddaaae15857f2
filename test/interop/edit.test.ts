/** Packages that vmferry edited, as VirtualBox and the vCenter simulator take them. */
import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, it } from "node:test";
import { run } from "../../src/cli/program.js";
import { captureStreams } from "../support/streams.js";
import { lacking, peerPath } from "./peers.js";
import { run as runProgram } from "./run.js";
import { scratch } from "./scratch.js";
import { startSimulator } from "./servers.js";
import { startVirtualBox } from "./virtualbox.js";

const noVirtualBox = await lacking("VBoxManage", "qemu-img");
const noSimulator = await lacking("govc", "vcsim", "qemu-img");
const fixture = (name: string): string => resolve("test/fixtures/packages", name);

async function vmferry(...words: readonly string[]): Promise<void> {
  const streams = captureStreams();
  const exitCode = await run([...words, "--workers", "0"], streams, new AbortController().signal);
  assert.equal(exitCode, 0, `${words.join(" ")}: ${streams.out()}${streams.err()}`);
}

describe("a package that vmferry edited", () => {
  it("is the machine for VirtualBox that its options say, with VirtualBox's own settings in it and without", {
    skip: noVirtualBox,
  }, async (t) => {
    const folder = await scratch(t);
    const box = await startVirtualBox(t);
    const data = join(folder, "data.qcow2");
    await runProgram(await peerPath("qemu-img"), ["create", "-q", "-f", "qcow2", data, "100M"], { timeout: 30_000 });
    const hardware = ["--cpus", "3", "--memory", "768MiB"];

    // Written by VirtualBox: its settings repeat processors, memory and name.
    const own = join(folder, "own.ova");
    await vmferry(
      "edit",
      fixture("vbox-bios-ovf20/harbour.ova"),
      own,
      ...hardware,
      "--firmware",
      "efi",
      "--os",
      "debian12",
      "--name",
      "edited",
    );
    assert.equal((await box.importAs(own, "own", 1)).status, 0);
    const first = await box.machineInfo("own-0");
    assert.deepEqual([first.get("cpus"), first.get("memory"), first.get("firmware")], ["3", "768", "EFI"]);

    assert.match((await box.manage("import", "-n", own)).stdout, /Suggested VM name "edited"/);

    const cards = join(folder, "cards.ova");
    await vmferry("edit", own, cards, "--add-nic", "NAT,model=e1000,mac=08:00:27:00:00:0a");
    assert.equal((await box.importAs(cards, "cards", 1)).status, 0);
    const more = await box.machineInfo("cards-0");
    const before = [...first].filter(([key, value]) => /^nic\d+$/.test(key) && value !== "none").length;
    const after = [...more].filter(([key, value]) => /^nic\d+$/.test(key) && value !== "none").length;
    assert.equal(after, before + 1);
    assert.ok([...more.values()].includes("08002700000A"), "the address is the one that was given");
    const fewer = join(folder, "fewer.ova");
    await vmferry("edit", cards, fewer, "--remove-nic", String(after));
    assert.equal((await box.importAs(fewer, "fewer", 1)).status, 0);
    const left = [...(await box.machineInfo("fewer-0"))].filter(
      ([key, value]) => /^nic\d+$/.test(key) && value !== "none",
    );
    assert.equal(left.length, before);

    // Written by open-vmdk: items alone.
    const other = join(folder, "other.ova");
    await vmferry(
      "edit",
      fixture("compose-sha256/kelp.ova"),
      other,
      ...hardware,
      "--name",
      "edited",
      "--add-nic",
      "DMZ,model=e1000",
      "--add-disk",
      data,
      "--eula",
      resolve("LICENSE"),
      "--annotation",
      "Edited by a test",
    );
    assert.equal((await box.importAs(other, "other", 1)).status, 0);
    const second = await box.machineInfo("other-0");
    assert.deepEqual([second.get("cpus"), second.get("memory")], ["3", "768"]);
    assert.notEqual(second.get("nic2") ?? "none", "none");
    const disks = [...second.values()].filter((value) => value.startsWith(box.machines) && /\.vmdk$/i.test(value));
    assert.equal(disks.length, 2, disks.join());
    const said = await box.manage("import", "-n", other);
    assert.match(said.stdout, /Edited by a test/);
    const licence = await box.manage("import", "-n", other, "--vsys", "0", "--eula", "show");
    assert.match(licence.stdout, /MIT License/);
  });

  it("is the machine for the vCenter simulator that its options say, edited in place", {
    skip: noSimulator,
  }, async (t) => {
    const folder = await scratch(t);
    const { govc } = await startSimulator(t);
    const data = join(folder, "data.qcow2");
    await runProgram(await peerPath("qemu-img"), ["create", "-q", "-f", "qcow2", data, "100M"], { timeout: 30_000 });
    const ova = join(folder, "kelp.ova");
    cpSync(fixture("compose-sha256/kelp.ova"), ova);
    await vmferry("edit", ova, "--in-place", "--cpus", "3", "--memory", "768MiB");
    await vmferry("edit", ova, "--in-place", "--add-disk", data, "--name", "edited");
    await govc("import.ova", "-name", "edited", ova);
    const { VirtualMachines: machines } = JSON.parse((await govc("vm.info", "-json", "edited")).stdout) as {
      readonly VirtualMachines: readonly { Config: { Hardware: { NumCPU: number; MemoryMB: number } } }[];
    };
    const hardware = machines[0]?.Config.Hardware;
    assert.deepEqual([hardware?.NumCPU, hardware?.MemoryMB], [3, 768]);
    const { Devices: disks } = JSON.parse((await govc("device.info", "-json", "-vm", "edited", "disk-*")).stdout) as {
      readonly Devices: readonly { readonly CapacityInKB: number }[];
    };
    assert.deepEqual(
      disks.map(({ CapacityInKB }) => CapacityInKB / 1024).sort((a, b) => a - b),
      [8, 100],
    );
  });
});
