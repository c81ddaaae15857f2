/** A guest whose initial RAM disk has few drivers goes on a bus that it has one for, and starts there; elsewhere it does not find its root. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";
import { noWishes, type Wishes } from "../../src/appliance/wish.js";
import { packageGuest } from "../support/boot-guest/package.js";
import { type BootGuest, lackingParts, makeBootGuest } from "../support/boot-guest.js";
import { startFerry } from "../support/ferry.js";
import { lacking, peerPath } from "./peers.js";
import { hear, type Said } from "./qemu-boot.js";
import { attempt } from "./run.js";
import { scratch, temporaryFolder } from "./scratch.js";

const ferry = startFerry();
const guests = await temporaryFolder("few-drivers");
after(async () => {
  await ferry.close();
  await guests.remove();
});
const skip = (await lacking("qemu-system-x86_64", "mke2fs", "grub-mkimage")) || (await lackingParts());

let made: Promise<BootGuest> | null = null;
/** A guest that drives IDE and AHCI when it starts, and nothing else. */
function guestOfAta(): Promise<BootGuest> {
  made ??= makeBootGuest(guests.path, "bios", ["ata_piix", "ahci"]);
  return made;
}

/** Takes a package of the guest on SCSI to libvirt, starts what libvirt has with QEMU, and hears what the guest says. */
async function toLibvirt(
  folder: string,
  wishes: Wishes,
): Promise<{ readonly said: Said; readonly codes: readonly string[] }> {
  const source = await packageGuest(ferry, await guestOfAta(), "scsi", join(folder, "package"));
  const there = join(folder, "libvirt");
  const { plan } = await ferry.convert(source, there, { to: "libvirt", wishes, exportOptions: { folder: there } });
  const script = join(folder, "qemu");
  // What a domain says is obeyed: it is another machine's configuration now.
  const buses = new Map(
    (plan.appliance?.machines ?? []).flatMap(({ attachments, controllers }) =>
      attachments.flatMap(({ disk, controller }) => {
        const bus = controllers.find(({ id }) => id === controller)?.bus;
        return disk === null || bus === undefined ? [] : [["*", bus] as const];
      }),
    ),
  );
  await ferry.convert(there, script, { to: "qemu", wishes: { ...noWishes, buses } });
  const said = hear(
    await attempt(join(script, "run.sh"), ["--serial", "-no-reboot"], {
      env: { QEMU: await peerPath("qemu-system-x86_64"), QEMU_ACCEL: "tcg" },
      timeout: 200_000,
    }),
  );
  return { said, codes: plan.losses.map(({ code }) => code) };
}

test("a guest with drivers of IDE and AHCI alone starts on AHCI, and that is said", {
  skip,
  timeout: 400_000,
}, async (t) => {
  const { sha256 } = await guestOfAta();
  const { said, codes } = await toLibvirt(await scratch(t, "chosen"), noWishes);
  assert.deepEqual([said.sha256, said.disk], [sha256, "ahci"]);
  assert.deepEqual([codes.includes("fit/bus-by-guest"), codes.includes("guest/driver-missing")], [true, false]);
});

/** The guest waits for its root, so each of these takes a while: one of them by default. */
const elsewhere = process.env.VMFERRY_BOOTS === "all" ? (["scsi", "virtio-blk"] as const) : (["virtio-blk"] as const);
for (const bus of elsewhere) {
  test(`the same guest does not find its root where ${bus} is wanted, and that is said before`, {
    skip,
    timeout: 400_000,
  }, async (t) => {
    const wishes: Wishes = { ...noWishes, buses: new Map([["*", bus]]) };
    const { said, codes } = await toLibvirt(await scratch(t, bus), wishes);
    assert.equal(said.sha256, "none");
    assert.deepEqual([codes.includes("fit/bus-by-guest"), codes.includes("guest/driver-missing")], [false, true]);
  });
}
