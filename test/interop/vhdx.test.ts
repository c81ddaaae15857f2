import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { appendFile, copyFile, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { craftVhdx } from "../support/vhdx.js";
import { startCarrier } from "./carrier.js";
import { lacksLibyal, readWithLibyal } from "./libyal.js";
import { lacking, peerPath } from "./peers.js";
import { prove } from "./proof.js";
import { hashFile } from "./readings.js";
import { attempt, run } from "./run.js";
import { scratch } from "./scratch.js";
import { startVirtualBox } from "./virtualbox.js";

const MIB = 2 ** 20;
const VARIANTS = ["dynamic", "fixed"] as const;

async function qemuImg(...args: readonly string[]): Promise<string> {
  return (await run(await peerPath("qemu-img"), args, { timeout: 60_000 })).stdout;
}

/** A raw disk with text, noise and holes, which is no whole number of blocks. */
async function makeRaw(t: TestContext, bytes: number): Promise<{ readonly raw: string; readonly sum: string }> {
  const raw = join(await scratch(t, "vhdx"), "guest.raw");
  await run(process.execPath, ["test/fixtures/pattern.mjs", raw, String(bytes), "451"]);
  return { raw, sum: await hashFile(raw, bytes) };
}

/** Proves that an image is without errors, has a size, and holds what a raw disk holds. */
async function accept(raw: string, image: string, bytes: number): Promise<void> {
  assert.match(await qemuImg("check", "-f", "vhdx", image), /No errors were found/);
  const info = JSON.parse(await qemuImg("info", "-f", "vhdx", "--output=json", image));
  assert.equal(info["virtual-size"], bytes);
  assert.match(await qemuImg("compare", "-f", "raw", "-F", "vhdx", raw, image), /identical/);
}

test("vhdx: qemu-img checks and reads what is written, of any size", {
  skip: await lacking("qemu-img"),
  timeout: 240_000,
}, async (t) => {
  const carrier = startCarrier(t);
  const sized = 21 * MIB + 3 * 512;
  const { raw } = await makeRaw(t, sized);
  for (const variant of VARIANTS) {
    const image = `${raw}.${variant}.vhdx`;
    await carrier.convert(raw, image, "vhdx", variant);
    await accept(raw, image, sized);
  }
  const odd = join(await scratch(t, "odd"), "guest.raw");
  for (const size of [512, MIB, MIB + 512, 4096 * MIB + 512]) {
    await writeFile(odd, "first sector");
    await truncate(odd, size);
    await carrier.convert(odd, `${odd}.vhdx`, "vhdx", "dynamic");
    await accept(odd, `${odd}.vhdx`, size);
  }
});

test("vhdx: a disk of terabytes is small, checked and read at both ends by qemu", {
  skip: await lacking("qemu-img", "qemu-io"),
  timeout: 120_000,
}, async (t) => {
  const carrier = startCarrier(t);
  const raw = join(await scratch(t, "terabytes"), "guest.raw");
  const image = `${raw}.vhdx`;
  for (const bytes of [2 * 2 ** 40 + 512, 15 * 2 ** 40]) {
    await writeFile(raw, new Uint8Array(512).fill(65));
    await truncate(raw, bytes - 512);
    await appendFile(raw, new Uint8Array(512).fill(66));
    await carrier.convert(raw, image, "vhdx", "dynamic");
    assert.ok((await stat(image)).size < 50 * MIB);
    assert.match(await qemuImg("check", "-f", "vhdx", image), /No errors were found/);
    // Comparing would take minutes: qemu's driver does not know holes.
    const reads = [`read -P 65 0 512`, `read -P 66 ${bytes - 512} 512`, `read -P 0 ${bytes / 2} 1M`];
    const args = ["-r", "-f", "vhdx", ...reads.flatMap((read) => ["-c", read]), image];
    const said = await run(await peerPath("qemu-io"), args, { timeout: 30_000 });
    assert.doesNotMatch(said.stdout + said.stderr, /verification failed/);
    assert.match(said.stdout, /read 1048576\/1048576 bytes/);
  }
});

test("vhdx: qemu-img can write on into what is written, and the result is read", {
  skip: await lacking("qemu-img", "qemu-io"),
  timeout: 120_000,
}, async (t) => {
  const carrier = startCarrier(t);
  const { raw } = await makeRaw(t, 21 * MIB + 3 * 512);
  for (const variant of VARIANTS) {
    const image = `${raw}.${variant}.vhdx`;
    await carrier.convert(raw, image, "vhdx", variant);
    const write = ["-c", "write -q -P 65 7M 3M", "-c", "write -q -P 66 100k 5k"];
    await run(await peerPath("qemu-io"), ["-f", "vhdx", ...write, image], { timeout: 30_000 });
    const theirs = `${raw}.${variant}.raw`;
    await qemuImg("convert", "-f", "vhdx", "-O", "raw", image, theirs);
    assert.equal(await carrier.sum(image), await hashFile(theirs, 21 * MIB + 3 * 512));
    prove({ format: "vhdx", variant, peer: "qemu-img", direction: "written", what: "written on", cannot: null });
  }
});

test("vhdx: what qemu-img writes is read, with blocks of any size", {
  skip: await lacking("qemu-img"),
  timeout: 240_000,
}, async (t) => {
  const carrier = startCarrier(t);
  const { raw, sum } = await makeRaw(t, 21 * MIB + 3 * 512);
  for (const options of [
    "subformat=fixed",
    ...[1, 2, 8, 32, 256].map((mib) => `block_size=${mib}M`),
    "block_size=1M,block_state_zero=off",
    "block_size=1M,log_size=4M",
  ]) {
    const image = `${raw}.vhdx`;
    await qemuImg("convert", "-f", "raw", "-O", "vhdx", "-o", options, raw, image);
    const variant = options === "subformat=fixed" ? "fixed" : "dynamic";
    assert.equal((await carrier.info(image)).variant, variant);
    assert.equal(await carrier.sum(image), sum, options);
    prove({ format: "vhdx", variant, peer: "qemu-img", direction: "read", what: "blocks of any size", cannot: null });
  }
});

test("vhdx: a log is applied as qemu-img applies it", {
  skip: await lacking("qemu-img"),
  timeout: 120_000,
}, async (t) => {
  const carrier = startCarrier(t);
  const { raw, sum } = await makeRaw(t, 9 * MIB);
  const image = `${raw}.vhdx`;
  await qemuImg("convert", "-f", "raw", "-O", "vhdx", "-o", "block_size=1M", raw, image);
  await run(process.execPath, ["test/fixtures/disks/tear-vhdx.mjs", image], { timeout: 30_000 });
  const before = createHash("sha256")
    .update(await readFile(image))
    .digest("hex");
  assert.equal((await carrier.info(image)).properties.logPending, true);
  assert.equal(await carrier.sum(image), sum);
  assert.equal(
    createHash("sha256")
      .update(await readFile(image))
      .digest("hex"),
    before,
    "the file is left alone",
  );
  const repaired = `${raw}.repaired.vhdx`;
  await copyFile(image, repaired);
  await qemuImg("check", "-q", "-r", "all", repaired);
  await qemuImg("convert", "-f", "vhdx", "-O", "raw", repaired, `${raw}.back`);
  assert.equal(await hashFile(`${raw}.back`, 9 * MIB), sum);
  prove({ format: "vhdx", variant: "dynamic", peer: "qemu-img", direction: "alike", what: "a log", cannot: null });
});

test("vhdx: VirtualBox reads what is written", {
  skip: await lacking("VBoxManage"),
  timeout: 240_000,
}, async (t) => {
  const carrier = startCarrier(t);
  const { manage } = await startVirtualBox(t);
  for (const bytes of [21 * MIB + 3 * 512, 600 * MIB + 512]) {
    const { raw, sum } = await makeRaw(t, bytes);
    for (const variant of VARIANTS) {
      const image = `${raw}.${variant}.vhdx`;
      await carrier.convert(raw, image, "vhdx", variant);
      const back = `${raw}.${variant}.back.raw`;
      await manage("clonemedium", "disk", image, back, "--format", "RAW");
      assert.equal((await stat(back)).size, bytes);
      assert.equal(await hashFile(back, bytes), sum, variant);
    }
  }
});

/** Nothing at hand writes sectors of 4 KiB: a file put together by the layout in MS-VHDX, two of its five blocks there. */
async function craftLargeSectors(folder: string): Promise<{ readonly image: string; readonly raw: string }> {
  const [image, raw] = [join(folder, "crafted.vhdx"), join(folder, "guest.raw")];
  const first = new Uint8Array(MIB).map((_, i) => (i * 7 + Math.floor(i / 251)) % 256);
  const fourth = new Uint8Array(MIB).fill(66);
  const entries = [
    { index: 0, state: 6, mib: 4 },
    { index: 3, state: 6, mib: 5 },
  ];
  const file = craftVhdx({ diskBytes: 5 * MIB, blockBytes: MIB, sector: 4096, entries });
  file.write(4 * MIB, first);
  file.write(5 * MIB, fourth);
  await writeFile(image, file.read(0, file.size));
  await writeFile(raw, Buffer.concat([first, Buffer.alloc(2 * MIB), fourth, Buffer.alloc(MIB)]));
  return { image, raw };
}

test("vhdx: sectors of 4 KiB are kept, and libvhdi and VirtualBox read them alike; qemu-img refuses them", {
  skip: (await lacking("qemu-img", "VBoxManage")) || (await lacksLibyal()),
  timeout: 240_000,
}, async (t) => {
  const carrier = startCarrier(t);
  const { manage } = await startVirtualBox(t);
  const folder = await scratch(t, "vhdx-4k");
  const { image: crafted, raw } = await craftLargeSectors(folder);
  const sum = await hashFile(raw, 5 * MIB);
  assert.equal(await carrier.sum(crafted), sum);
  const images: [string, (typeof VARIANTS)[number], "alike" | "written"][] = [[crafted, "dynamic", "alike"]];
  for (const variant of VARIANTS) {
    const image = join(folder, `${variant}.vhdx`);
    await carrier.convert(crafted, image, "vhdx", variant);
    images.push([image, variant, "written"]);
  }
  for (const [image, variant, direction] of images) {
    const about = { format: "vhdx", variant, direction, what: "sectors of 4 KiB" } as const;
    assert.equal((await carrier.info(image)).logicalSectorSize, 4096);
    assert.deepEqual(await readWithLibyal(image, [[0, 5 * MIB]]), { size: 5 * MIB, sums: [sum] });
    prove({ ...about, peer: "libvhdi", cannot: null });
    const back = `${image}.raw`;
    await manage("clonemedium", "disk", image, back, "--format", "RAW");
    assert.equal(await hashFile(back, 5 * MIB), sum);
    prove({ ...about, peer: "VBoxManage", cannot: null });
    const asked = await attempt(await peerPath("qemu-img"), ["info", "-f", "vhdx", image], { timeout: 60_000 });
    assert.match(asked.stderr, /not supported/);
    prove({ ...about, peer: "qemu-img", cannot: "refused" });
  }
});
