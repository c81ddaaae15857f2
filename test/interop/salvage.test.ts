/** Streams of other programs that were cut off or damaged, salvaged, and read by qemu-img: whatever is not called lost is as it was. */
import assert from "node:assert/strict";
import { readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { startFerry } from "../support/ferry.js";
import { lacking, type PeerName, peerPath } from "./peers.js";
import { attempt } from "./run.js";
import { scratch } from "./scratch.js";
import { startVirtualBox } from "./virtualbox.js";

const LIMIT = 120_000;
const CAPACITY = 64 * 2 ** 20;
const CUTS = process.env.VMFERRY_LONG === "1" ? 40 : 16;
const ferry = startFerry();
after(() => ferry.close());

async function peer(name: PeerName, args: readonly string[], home: string): Promise<void> {
  const ran = await attempt(await peerPath(name), args, { timeout: LIMIT, env: { VBOX_USER_HOME: home } });
  assert.equal(ran.status, 0, `${name} ${args.join(" ")}: ${ran.stderr}`);
}

/** A guest's disk with text and noise in some of its grains. */
function guest(): Buffer {
  const bytes = Buffer.alloc(CAPACITY);
  const noise = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, i) => (i * i * 31 + (i % 977)) % 256));
  for (const at of [0, 5_000_000, 33_554_000, 60_000_000]) noise.copy(bytes, at);
  for (const at of [2_000_000, 20_000_000, 50_000_000]) bytes.fill("all work and no play ", at, at + 700_000);
  return bytes;
}

const makers = {
  "qemu-img": (raw: string, to: string, home: string): Promise<void> =>
    peer("qemu-img", ["convert", "-O", "vmdk", "-o", "subformat=streamOptimized", raw, to], home),
  VBoxManage: (raw: string, to: string, home: string): Promise<void> =>
    peer("VBoxManage", ["convertfromraw", raw, to, "--format", "VMDK", "--variant", "Stream"], home),
  "vmdk-convert": (raw: string, to: string, home: string): Promise<void> => peer("vmdk-convert", [raw, to], home),
};

/** Numbers that look random and are the same in every run. */
function* numbers(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (state * 48271) % 0x7fffffff;
    yield state / 0x7fffffff;
  }
}

for (const maker of ["qemu-img", "VBoxManage", "vmdk-convert"] as const) {
  const skip = await lacking(maker, "qemu-img");
  test(`a stream of ${maker} that is cut off at ${CUTS} places, or damaged there, is saved as far as it is whole, and qemu-img reads it`, {
    skip,
    timeout: 5 * LIMIT,
  }, async (t) => {
    const folder = await scratch(t);
    const at = (name: string): string => join(folder, name);
    const was = guest();
    await writeFile(at("disk.raw"), was);
    await makers[maker](at("disk.raw"), at("whole.vmdk"), folder);
    const whole = await readFile(at("whole.vmdk"));
    const random = numbers(4711);
    for (let i = 0; i < CUTS; i++) {
      const place = 65_536 + Math.floor(random.next().value * (whole.length - 65_536));
      await rm(at("saved.vmdk"), { force: true });
      await writeFile(at("broken.vmdk"), whole);
      const cut = i % 2 === 0;
      if (cut) await truncate(at("broken.vmdk"), place);
      else {
        const damaged = Buffer.from(whole);
        damaged.fill(0x5a, place, Math.min(whole.length, place + 5_000));
        await writeFile(at("broken.vmdk"), damaged);
      }
      const { findings } = await ferry.convertDisk(at("broken.vmdk"), at("saved.vmdk"), {
        variant: "streamOptimized",
        damaged: "salvage",
      });
      await peer("qemu-img", ["convert", "-O", "raw", at("saved.vmdk"), at("saved.raw")], folder);
      const lost = findings.find(({ code }) => code === "disk/data-lost")?.data?.ranges;
      assertKept(await readFile(at("saved.raw")), was, lost, `${cut ? "cut" : "damaged"} at ${place}`);
    }
  });
}

const withBox = await lacking("VBoxManage", "qemu-img");
test("an OVA of VirtualBox that is cut off at ten places in its disk is saved, VirtualBox imports it, and reads what is not lost as it was", {
  skip: withBox,
  timeout: 5 * LIMIT,
}, async (t) => {
  const box = await startVirtualBox(t);
  const folder = await scratch(t);
  const at = (name: string): string => join(folder, name);
  const was = guest();
  await writeFile(at("disk.raw"), was);
  await box.manage("createvm", "--name", "kelp", "--ostype", "Debian_64", "--register", "--basefolder", box.machines);
  await box.manage("storagectl", "kelp", "--name", "SATA", "--add", "sata");
  await box.manage("convertfromraw", at("disk.raw"), at("kelp.vdi"));
  const disk = ["--type", "hdd", "--medium", at("kelp.vdi")];
  await box.manage("storageattach", "kelp", "--storagectl", "SATA", "--port", "0", "--device", "0", ...disk);
  await box.manage("export", "kelp", "--ovf10", "--options", "manifest", "-o", at("whole.ova"));
  const whole = await readFile(at("whole.ova"));
  const start = whole.indexOf("KDMV");
  for (let i = 1; i <= 10; i++) {
    const end = start + 66_000 + Math.floor(((whole.length - start - 66_000) * i) / 11);
    await writeFile(at("cut.ova"), whole.subarray(0, end));
    await rm(at("saved.ova"), { force: true });
    const { left } = await ferry.fix(at("cut.ova"), at("saved.ova"), { damaged: "salvage" });
    const name = `saved${i}`;
    const { status, stderr } = await box.importAs(at("saved.ova"), name, 1);
    assert.equal(status, 0, stderr);
    const medium = (await box.machineInfo(`${name}-0`)).get("SATA-0-0") ?? "";
    await rm(at("back.raw"), { force: true });
    await box.manage("clonemedium", "disk", medium, at("back.raw"), "--format", "RAW");
    const lost = left.find(({ code }) => code === "disk/data-lost")?.data?.ranges;
    assertKept(await readFile(at("back.raw")), was, lost, `cut at ${end} of ${whole.length}`);
    await box.manage("closemedium", "disk", at("back.raw"));
  }
});

/** Fails where something that is in none of the lost ranges is not as it was. */
function assertKept(is: Buffer, was: Buffer, lost: unknown, what: string): void {
  assert.equal(is.length, was.length);
  let from = 0;
  const ranges = (lost ?? []) as readonly { offset: number; length: number }[];
  for (const { offset, length } of [...ranges, { offset: CAPACITY, length: 0 }]) {
    assert.ok(is.subarray(from, offset).equals(was.subarray(from, offset)), `${what}: ${from}`);
    from = offset + length;
  }
}
