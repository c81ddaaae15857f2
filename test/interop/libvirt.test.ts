import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import type { Appliance } from "../../src/index.js";
import { startFerry } from "../support/ferry.js";
import { type PackageFixture, packageFixtures } from "../support/fixtures.js";
import { expectedDisks, holds } from "./expected.js";
import { lacking, peerPath } from "./peers.js";
import { startQemuImg } from "./qemu.js";
import { run } from "./run.js";
import { scratch } from "./scratch.js";
import { type Libvirt, startLibvirt } from "./servers.js";

const ferry = startFerry();
after(() => ferry.close());
const skipSchema = await lacking("virt-xml-validate");
const skip =
  (await lacking("libvirtd", "virtlogd", "virsh", "unshare", "qemu-system-x86_64", "qemu-img")) ||
  (process.getuid?.() === 0 ? false : "libvirtd of the system needs root");
const fixtures = await packageFixtures();

/** Machines that are started: every bus, firmware and number of cards once. All are defined. */
const STARTED = [
  "compose-disks",
  "compose-efi",
  "compose-silent",
  "mkova-hw7",
  "mkova-hw13",
  "vbox-bios-ovf10",
  "vbox-efi-ovf20",
  "vbox-iso-ovf20",
  "vbox-lsilogic-ovf10",
  "vbox-names-ovf20",
  "vbox-nics-ovf10",
  "vbox-nvme-ovf20",
  "vbox-pair-ovf10",
  "vbox-virtioscsi-ovf10",
];

interface Domains {
  readonly folder: string;
  readonly fitted: Appliance;
  readonly files: readonly string[];
}

/** Converts a package to domains that any host can run. */
async function domainsOf({ source }: PackageFixture, folder: string): Promise<Domains> {
  const exportOptions = { folder, type: "qemu" };
  const { plan } = await ferry.convert(source, folder, { to: "libvirt", exportOptions });
  const files = plan.files.map((file) => file.name).filter((name) => name.endsWith(".xml"));
  return { folder, fitted: plan.appliance as Appliance, files };
}

interface DomainDisk {
  readonly device: string;
  readonly target: string;
  readonly source: string | null;
  readonly address: string;
}

/** The drives of a domain's XML, in its order. */
function disksOf(xml: string): readonly DomainDisk[] {
  return [...xml.matchAll(/<disk type=.file. device=.(\w+)[\s\S]*?<\/disk>/g)].map(([element, device = ""]) => {
    const attribute = (tag: string, name: string): string | null =>
      new RegExp(`<${tag} [^>]*\\b${name}=['"]([^'"]*)['"]`).exec(element)?.[1] ?? null;
    const address = ["controller", "bus", "target", "unit"].map((name) => attribute("address", name) ?? "-").join(":");
    return { device, target: attribute("target", "dev") ?? "", source: attribute("source", "file"), address };
  });
}

/** Defines a domain, and compares what libvirt then says of it with what was meant. Returns its name. */
async function define({ folder, fitted, files }: Domains, i: number, { virsh }: Libvirt, fixture: PackageFixture) {
  const [machine, file] = [fitted.machines[i], join(folder, files[i] ?? "")];
  assert.ok(machine);
  await virsh("define", file);
  const { name } = machine;
  const kept = (await virsh("dumpxml", name)).stdout;
  assert.equal(/<vcpu [^>]*>(\d+)</.exec(kept)?.[1], String(machine.cpu.count), name);
  assert.equal(/<memory unit='KiB'>(\d+)</.exec(kept)?.[1], String(machine.memoryBytes / 1024), name);
  assert.equal(/<os firmware='efi'>/.test(kept), machine.firmware !== "bios", name);
  assert.equal(/<feature enabled='yes' name='secure-boot'\/>/.test(kept), machine.firmware === "efi-secure", name);
  const macs = [...kept.matchAll(/<mac address='([^']*)'/g)].map(([, mac]) => mac);
  assert.equal(macs.length, machine.nics.length, name);
  for (const [n, nic] of machine.nics.entries()) if (nic.mac !== null) assert.equal(macs[n], nic.mac, name);

  // libvirt sorts drives by their names: a drive that is written keeps its name, its place and its file.
  const written = disksOf(await readFile(file, "utf8"));
  const byTarget = (a: DomainDisk, b: DomainDisk): number => (a.target < b.target ? -1 : 1);
  assert.deepEqual([...disksOf(kept)].sort(byTarget), [...written].sort(byTarget), name);
  assert.equal(written.length, machine.attachments.length, name);
  const qemu = await startQemuImg();
  const expected = new Map(expectedDisks(fixture.facts).map((disk) => [disk.id, disk]));
  for (const [n, { device, disk }] of machine.attachments.entries()) {
    assert.equal(written[n]?.device, device);
    const wanted = expected.get(disk ?? "");
    if (wanted !== undefined) assert.ok(holds(await qemu.guestBytes(written[n]?.source ?? ""), wanted), name);
  }
  return name;
}

test("every domain is valid by libvirt's own schema", { skip: skipSchema, timeout: 120_000 }, async (t) => {
  const folder = await scratch(t, "domains");
  for (const fixture of fixtures) {
    const { files } = await domainsOf(fixture, join(folder, fixture.name));
    assert.equal(files.length, fixture.facts.appliance?.machines.length);
    for (const file of files) {
      await run(await peerPath("virt-xml-validate"), [join(folder, fixture.name, file), "domain"], { timeout: 30_000 });
    }
  }
});

test("libvirtd defines every domain as it is meant, with each disk at its place, and starts them", {
  skip,
  timeout: 400_000,
}, async (t) => {
  const folder = await scratch(t, "domains");
  const libvirt = await startLibvirt(t);
  await libvirt.startNetwork("default");
  for (const fixture of fixtures) {
    const domains = await domainsOf(fixture, join(folder, fixture.name));
    for (const i of domains.fitted.machines.keys()) {
      const name = await define(domains, i, libvirt, fixture);
      if (STARTED.includes(fixture.name)) {
        await libvirt.virsh("start", name);
        assert.match((await libvirt.virsh("domstate", name)).stdout, /^running/, name);
        await libvirt.virsh("destroy", name);
      }
      await libvirt.virsh("undefine", name, "--nvram");
    }
  }
});
