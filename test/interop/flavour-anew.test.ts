/** Packages that are written anew for VirtualBox, and really imported there. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";
import { targets } from "../../src/targets/targets.js";
import { startFerry } from "../support/ferry.js";
import { packageFixtures } from "../support/fixtures.js";
import { lacking } from "./peers.js";
import { scratch } from "./scratch.js";
import { startVirtualBox } from "./virtualbox.js";

const ferry = startFerry();
after(() => ferry.close());

/** Machines with every bus that VMware and VirtualBox share. */
const MACHINES = ["compose-disks", "vbox-nics-ovf10", "vbox-lsilogic-ovf10", "vbox-nvme-ovf10", "vbox-bios-ovf10"];

test("machines of VMware come as OVAs into VirtualBox, with their processors, memory, disks and cards", {
  skip: await lacking("VBoxManage"),
  timeout: 300_000,
}, async (t) => {
  const box = await startVirtualBox(t);
  const fixtures = await packageFixtures();
  for (const [i, name] of MACHINES.entries()) {
    const fixture = fixtures.find((one) => one.name === name);
    assert.ok(fixture, name);
    const folder = await scratch(t, "anew");
    const vmx = join(folder, "vmx");
    const ova = join(folder, `${name}.ova`);
    await ferry.convert(fixture.source, vmx, { to: "vmware", target: "vsphere-8" });
    const { plan } = await ferry.convert(vmx, ova, { to: "ova", flavour: "virtualbox", prove: true });
    const { diagnostics } = await ferry.validate(ova, { targets: [targets.get("virtualbox-7")] });
    assert.deepEqual(
      diagnostics.filter(({ severity }) => severity === "error").map(({ code }) => code),
      [],
      name,
    );
    const ran = await box.importAs(ova, `m${i}`, 1);
    assert.equal(ran.status, 0, `${name}: ${ran.stderr}`);
    assert.doesNotMatch(ran.stderr, /warning/i, name);
    const [machine] = plan.appliance?.machines ?? [];
    assert.ok(machine);
    const info = await box.machineInfo(`m${i}-0`);
    assert.equal(info.get("cpus"), String(machine.cpu.count), name);
    assert.equal(info.get("memory"), String(machine.memoryBytes / 2 ** 20), name);
    const media = [...info].filter(([key, value]) => /-\d+-\d+$/.test(key) && /\.vmdk$/i.test(value));
    assert.equal(media.length, machine.attachments.filter(({ device }) => device === "disk").length, name);
    const cards = [...info].filter(([key, value]) => /^nic\d+$/.test(key) && value !== "none");
    assert.equal(cards.length, machine.nics.length, name);
    const { virtualbox } = machine.guestOs;
    if (virtualbox !== null) assert.equal(info.get("ostype"), virtualbox, name);
  }
});
