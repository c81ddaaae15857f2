/** Machines that boot: the demo's appliance on every bus, through the start script and through libvirt. */
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { descriptor, makeAppliance } from "../../scripts/demo/appliance.js";
import { BANNER } from "../../scripts/demo/boot-sector.js";
import { startFerry } from "../support/ferry.js";
import { lacking, peerPath } from "./peers.js";
import { attempt } from "./run.js";
import { scratch } from "./scratch.js";
import { startLibvirt } from "./servers.js";

const ferry = startFerry();
after(() => ferry.close());
const skip = await lacking("qemu-system-x86_64");
const skipLibvirt =
  (await lacking("libvirtd", "virtlogd", "virsh", "unshare", "qemu-system-x86_64")) ||
  (process.getuid?.() === 0 ? false : "libvirtd of the system needs root");

/** Controllers as OVF writes them: the resource type, and the subtype where one is needed. */
const CONTROLLERS = {
  ide: [5, ""],
  "scsi lsilogic": [6, "lsilogic"],
  "scsi lsilogicsas": [6, "lsilogicsas"],
  "scsi pvscsi": [6, "VirtualSCSI"],
  sata: [20, "vmware.sata.ahci"],
  nvme: [20, "vmware.nvme.controller"],
} as const;
type ControllerName = keyof typeof CONTROLLERS;

/** The demo's appliance with its disk on a controller. Returns its descriptor, and the sum that the machine prints. */
async function bootable(folder: string, controller: ControllerName): Promise<{ source: string; sum: string }> {
  await mkdir(folder, { recursive: true });
  const { disk, sum } = makeAppliance(folder);
  await ferry.convertDisk(disk, join(folder, "disk.vmdk"), { variant: "streamOptimized" });
  const [type, subtype] = CONTROLLERS[controller];
  const item = `${subtype === "" ? "" : `<rasd:ResourceSubType>${subtype}</rasd:ResourceSubType>\n        `}<rasd:ResourceType>${type}</rasd:ResourceType>`;
  const text = descriptor("disk.vmdk").replace("<rasd:ResourceType>5</rasd:ResourceType>", item);
  const source = join(folder, "ferry.ovf");
  await writeFile(source, text);
  return { source, sum };
}

/** What the machine says: its banner, and the sum of its disk's first MiB. */
function said(output: string): string | undefined {
  return new RegExp(`${BANNER}[^\\r\\n]*`).exec(output)?.[0];
}

for (const controller of Object.keys(CONTROLLERS) as ControllerName[]) {
  test(`the start script boots a machine from ${controller}`, { skip, timeout: 120_000 }, async (t) => {
    const folder = await scratch(t, "boots");
    const { source, sum } = await bootable(join(folder, "package"), controller);
    const result = join(folder, "result");
    await ferry.convert(source, result, { to: "qemu" });
    const options = ["-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-no-reboot"];
    const ran = await attempt(join(result, "run.sh"), ["--serial", ...options], {
      env: { QEMU: await peerPath("qemu-system-x86_64"), QEMU_ACCEL: "tcg" },
      timeout: 60_000,
    });
    assert.ok(said(ran.stdout)?.endsWith(sum), `${ran.stdout}${ran.stderr}`);
  });
}

test("libvirtd boots a machine from its own disk", { skip: skipLibvirt, timeout: 180_000 }, async (t) => {
  const folder = await scratch(t, "boots");
  const { source, sum } = await bootable(join(folder, "package"), "sata");
  const result = join(folder, "result");
  const options = { folder: result, type: "qemu" };
  await ferry.convert(source, result, { to: "libvirt", exportOptions: options });
  const libvirt = await startLibvirt(t);
  await libvirt.startNetwork("default");
  await libvirt.virsh("define", join(result, "ferry.xml"));
  // Nobody keeps what a machine says while nobody listens.
  await libvirt.virsh("start", "ferry", "--paused");
  const terminal = (await libvirt.virsh("ttyconsole", "ferry")).stdout.trim();
  const listening = attempt("grep", ["--text", "--max-count=1", BANNER, terminal], { timeout: 60_000 });
  await libvirt.virsh("resume", "ferry");
  const heard = await listening;
  assert.ok(said(heard.stdout)?.endsWith(sum), heard.stdout);
});
