/**
 * Guests that travel from platform to platform, and boot afterwards: each step is `vmferry convert` of what the step before it wrote. Four of
 * them boot by default; `VMFERRY_BOOTS=all` boots each bus and firmware, before travelling and after.
 */
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { noWishes } from "../../src/appliance/wish.js";
import { FerryError } from "../../src/base/errors.js";
import type { PlatformId } from "../../src/base/ids.js";
import { guestFacts } from "../../src/disk/guest/facts.js";
import { openRaw } from "../../src/disk/raw/read.js";
import { createContext, createRuntime } from "../../src/node.js";
import { platforms } from "../../src/platforms/platforms.js";
import { openFileSource } from "../../src/runtime/node/file-source.js";
import { CONTROLLERS, type ControllerName, packageGuest } from "../support/boot-guest/package.js";
import { type BootGuest, lackingParts, makeBootGuest } from "../support/boot-guest.js";
import { type Converted, startFerry } from "../support/ferry.js";
import { lacking, peerPath } from "./peers.js";
import { isDisk } from "./qemu.js";
import { BUSES, bootDisk, hear, lackingEfi } from "./qemu-boot.js";
import { attempt } from "./run.js";
import { scratch, temporaryFolder } from "./scratch.js";

const ferry = startFerry();
const guests = await temporaryFolder("guests");
after(async () => {
  await ferry.close();
  await guests.remove();
});

const programs = await lacking("qemu-system-x86_64", "mke2fs", "grub-mkimage", "sgdisk", "mkfs.vfat", "mmd", "mcopy");
const skip = {
  bios: programs || (await lackingParts()),
  efi: programs || (await lackingParts()) || (await lackingEfi()),
};
const isLong = process.env.VMFERRY_BOOTS === "all";
type Firmware = BootGuest["firmware"];

const made = new Map<Firmware, Promise<BootGuest>>();
/** The guest of a firmware, made once. */
function guestOf(firmware: Firmware): Promise<BootGuest> {
  const known = made.get(firmware) ?? makeBootGuest(join(guests.path, firmware), firmware);
  made.set(firmware, known);
  return known;
}

/** Where a guest goes before QEMU. A platform that is not written yet is left out, and the test says so. */
type Journey = readonly PlatformId[];
const AROUND: Journey = ["vmware", "hyperv", "xen", "virtualbox"];
/** What must be written, and read by its configuration: else a reader could break, and nobody would notice. */
const WRITTEN: Journey = ["vmware", "hyperv", "xen", "xenserver", "virtualbox", "libvirt", "proxmox", "qemu"];
const READ: Journey = ["vmware", "hyperv", "xen", "xenserver", "virtualbox", "libvirt", "proxmox"];

/** What boots by default. */
const FOUR: readonly (readonly [firmware: Firmware, controller: ControllerName, journey: Journey])[] = [
  ["bios", "ide", AROUND],
  ["efi", "nvme", AROUND],
  ["bios", "scsi", ["libvirt", "virtualbox", "xenserver", "proxmox", "vmware"]],
  ["efi", "sata", ["hyperv", "proxmox", "xenserver", "vmware", "libvirt"]],
];
const CONTROLLER_NAMES = Object.keys(CONTROLLERS) as ControllerName[];
const ALL = (["bios", "efi"] as const).flatMap((firmware) =>
  CONTROLLER_NAMES.map((controller) => [firmware, controller, AROUND] as const),
);

for (const [firmware, controller, journey] of isLong ? [...FOUR, ...ALL.slice(1)] : FOUR) {
  const title = `a guest on ${controller} boots by ${firmware} after ${journey.join(", ")}, and its data has arrived`;
  test(title, { skip: skip[firmware], timeout: 480_000 }, async (t) => {
    const folder = await scratch(t, "travel");
    const guest = await guestOf(firmware);
    let place = await packageGuest(ferry, guest, controller, join(folder, "package"));
    let last: PlatformId | null = null;
    let converted: Converted | null = null;
    for (const [i, to] of [...journey, "qemu" as const].entries()) {
      if (platforms.all.find(({ id }) => id === to)?.exportConfig === undefined) {
        assert.ok(!WRITTEN.includes(to), `${to} is not written`);
        t.diagnostic(`${to} is not written yet: left out`);
        continue;
      }
      const result = join(folder, `${i}-${to}`);
      const step = await travel({ place, from: last, to, result, firmware });
      if (step.alone) t.diagnostic(`${last} is not read yet: its disk alone went on to ${to}`);
      [place, last, converted] = [await sourceIn(result), to, step.converted];
    }
    const said = hear(
      await attempt(join(place, "run.sh"), ["--serial", "-no-reboot"], {
        env: { QEMU: await peerPath("qemu-system-x86_64"), QEMU_ACCEL: "tcg" },
        timeout: 200_000,
      }),
    );
    assert.equal(said.sha256, guest.sha256);
    assert.equal(said.firmware, firmware);
    assert.equal(said.disk, driverOf(converted));
    assert.notEqual(said.nic, "none");
  });
}

/** What the next step reads: the folder, or the archive that lies in it. */
async function sourceIn(result: string): Promise<string> {
  const archive = (await readdir(result)).find((name) => /\.(?:xva|vma)$/i.test(name));
  return archive === undefined ? result : join(result, archive);
}

interface Step {
  readonly place: string;
  /** Who wrote it; `null`: it is the package. */
  readonly from: PlatformId | null;
  readonly to: PlatformId;
  readonly result: string;
  readonly firmware: Firmware;
}

/** One step: by the configuration of the one before, or by its disk alone where that is not read yet. */
async function travel({ place, from, to, result, firmware }: Step): Promise<{ converted: Converted; alone: boolean }> {
  const target = { to, ...(to === "libvirt" ? { exportOptions: { folder: result } } : {}) };
  try {
    return { converted: await ferry.convert(place, result, target), alone: false };
  } catch (error) {
    const isUnread =
      error instanceof FerryError && /^package\/(?:unknown-kind|unreadable-kind|no-descriptor)$/.test(error.code);
    if (!isUnread || from === null || READ.includes(from)) throw error;
  }
  const disk = /\.(?:xva|vma)$/i.test(place) ? undefined : (await readdir(place)).find(isDisk);
  assert.ok(disk !== undefined, `${place} holds no disk`);
  const wishes = { ...noWishes, firmware, memoryBytes: 512 * 2 ** 20 };
  return {
    converted: await ferry.convert(join(place, disk), result, { ...target, disks: "taken", wishes }),
    alone: true,
  };
}

/** The driver that Linux takes for the boot disk of a machine that was written for QEMU. */
function driverOf(converted: Converted | null): string {
  const [machine] = converted?.plan.appliance?.machines ?? [];
  const disk = machine?.attachments.find(({ device }) => device === "disk");
  const controller = machine?.controllers.find(({ id }) => id === disk?.controller);
  const { bus = "none", model = null } = controller ?? {};
  return DRIVERS[bus === "scsi" ? `scsi ${model}` : bus] ?? `a driver of ${bus} ${model}`;
}

const DRIVERS: Readonly<Record<string, string>> = {
  ide: "ata_piix",
  sata: "ahci",
  nvme: "nvme",
  "virtio-blk": "virtio_blk",
  "virtio-scsi": "virtio_scsi",
  "scsi mptsas1068": "mptsas",
  "scsi pvscsi": "vmw_pvscsi",
  "scsi lsi53c895a": "sym53c8xx",
};

for (const firmware of ["bios", "efi"] as const) {
  test(`what a look at the ${firmware} guest's disk tells is what it was made of`, {
    skip: skip[firmware],
    timeout: 120_000,
  }, async (t) => {
    const guest = await guestOf(firmware);
    const runtime = createRuntime({ workers: 0 });
    t.after(() => runtime.close());
    const source = await openFileSource(guest.disk, runtime.native);
    t.after(() => source.close());
    const facts = await guestFacts(openRaw(source), createContext(runtime));
    assert.deepEqual([facts.system, facts.sure, facts.id], ["linux", "read", "vmferry-guest"]);
    assert.equal(facts.boot.firmware, firmware);
    assert.equal(facts.root, firmware === "efi" ? "partition 2" : "partition 1");
    assert.equal(facts.kernels.length, 1);
    assert.ok(facts.kernels[0]?.initramfs?.startsWith("/boot/initrd.img-"));
    assert.deepEqual([facts.deviceNames, facts.notRead], [[], []]);
  });
  for (const [bus, { driver, biosOnly }] of isLong ? Object.entries(BUSES) : []) {
    if (biosOnly === true && firmware === "efi") continue;
    test(`the ${firmware} guest boots from ${bus} as it was made`, {
      skip: skip[firmware],
      timeout: 240_000,
    }, async (t) => {
      const guest = await guestOf(firmware);
      const said = await bootDisk(guest.disk, { bus, firmware, folder: await scratch(t, "boots") });
      assert.deepEqual(said, { sha256: guest.sha256, disk: driver, nic: "e1000", firmware });
    });
  }
}
