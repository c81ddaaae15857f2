import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { after, test } from "node:test";
import { alignUp } from "../../src/base/bytes.js";
import { diskFormats } from "../../src/defaults.js";
import { startFerry } from "../support/ferry.js";
import { diskFixtures, placeDisk } from "../support/fixtures.js";
import { lacking } from "./peers.js";
import { startQemuImg } from "./qemu.js";
import { guestReaders } from "./readings.js";
import { scratch } from "./scratch.js";
import { startVirtualBox } from "./virtualbox.js";

const ferry = startFerry();
after(() => ferry.close());
// Asked before any test is there: nothing is awaited between tests, or the hook above could come too early.
const lacksQemu = await lacking("qemu-img");
const lacksVirtualBox = await lacking("VBoxManage");

/** The header of a sparse VMDK counts whole grains, and qemu-img believes it; the true size is in the descriptor. */
const VMDK_GRAIN = 65_536;
const fixtures = await diskFixtures();
const readable = new Set<string>(diskFormats.all.map(({ id }) => id));
const variants = diskFormats.all.flatMap((format) =>
  format.plan === undefined ? [] : format.writes.map((variant) => ({ format, variant })),
);

/** Disks that are not hashed but compared, where they hold little: reading them whole takes long. */
const LARGE = 2 ** 30;

for (const disk of fixtures.filter(({ format }) => readable.has(format))) {
  test(`qemu-img reads ${disk.id} as its maker reads it, converted to every format and variant`, {
    skip: lacksQemu,
    timeout: 240_000,
  }, async (t) => {
    const qemu = await startQemuImg();
    const readers = await guestReaders(t);
    const original = await placeDisk(disk, await scratch(t, "disk"));
    for (const { format, variant } of variants) {
      const written = join(await scratch(t, "written"), `written${format.extensions[0]}`);
      await ferry.convertDisk(original, written, { format: format.id, variant });
      await qemu.check(written);
      if (disk.capacityBytes < LARGE) {
        const sum = await readers["qemu-img"](written, disk.capacityBytes);
        assert.equal(sum, disk.guestSha256, `${format.id} ${variant}`);
      } else {
        await qemu.same(original, written);
      }
      const whole = format.id === "vmdk" && !variant.endsWith("Flat") ? VMDK_GRAIN : format.limits.sizeMultiple;
      assert.equal(await qemu.capacity(written), alignUp(disk.capacityBytes, whole), `${format.id} ${variant}`);
    }
  });
}

/** Of what we write. VMDK has a test of its own; it knows neither VHDX nor newer QCOW2 well enough to be asked. */
const VIRTUALBOX_READS = [".vhd", ".vdi"];

test("VirtualBox reads every variant of VHD and VDI that is written, with no byte more than the disk has", {
  skip: lacksVirtualBox,
  timeout: 240_000,
}, async (t) => {
  const { manage } = await startVirtualBox(t);
  const disk = fixtures.find(({ id }) => id === "vmdk-stream");
  assert.ok(disk);
  const original = await placeDisk(disk, await scratch(t, "disk"));
  for (const { format, variant } of variants) {
    const folder = await scratch(t, "written");
    const written = join(folder, `${variant}${format.extensions[0]}`);
    if (!VIRTUALBOX_READS.includes(extname(written))) continue;
    await ferry.convertDisk(original, written, { format: format.id, variant });
    const raw = join(folder, "read.raw");
    await manage("clonemedium", "disk", written, raw, "--format", "RAW");
    const guest = await readFile(raw);
    assert.equal(guest.length, disk.capacityBytes, `${format.id} ${variant}`);
    assert.equal(createHash("sha256").update(guest).digest("hex"), disk.guestSha256, `${format.id} ${variant}`);
  }
});
