import assert from "node:assert/strict";
import { stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { startCarrier } from "./carrier.js";
import { lacking, peerPath } from "./peers.js";
import { prove } from "./proof.js";
import { hashFile } from "./readings.js";
import { run } from "./run.js";
import { scratch } from "./scratch.js";
import { startVirtualBox } from "./virtualbox.js";

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const ODD = 21 * MIB + 3 * 512;
const VARIANTS = ["dynamic", "fixed"] as const;

async function qemuImg(...args: readonly string[]): Promise<string> {
  return (await run(await peerPath("qemu-img"), args, { timeout: 60_000 })).stdout;
}

/** A raw disk with text, noise and holes, which is no whole number of blocks or cylinders. */
async function makeRaw(t: TestContext, bytes: number): Promise<{ readonly raw: string; readonly sum: string }> {
  const raw = join(await scratch(t, "vhd"), "guest.raw");
  await run(process.execPath, ["test/fixtures/pattern.mjs", raw, String(bytes), "461"]);
  return { raw, sum: await hashFile(raw, bytes) };
}

/** Proves that qemu-img, told nothing but the format, sees a size to the byte, and what a raw disk holds. */
async function accept(raw: string, image: string, bytes: number): Promise<void> {
  const info = JSON.parse(await qemuImg("info", "-f", "vpc", "--output=json", image));
  assert.equal(info["virtual-size"], bytes);
  assert.match(await qemuImg("compare", "-f", "raw", "-F", "vpc", raw, image), /identical/);
}

test("vhd: qemu-img reads what is written, of any size to the byte, without being told how", {
  skip: await lacking("qemu-img"),
  timeout: 240_000,
}, async (t) => {
  const carrier = startCarrier(t);
  const { raw } = await makeRaw(t, ODD);
  for (const variant of VARIANTS) {
    const image = `${raw}.${variant}.vhd`;
    await carrier.convert(raw, image, "vhd", variant);
    await accept(raw, image, ODD);
  }
  const odd = join(await scratch(t, "odd"), "guest.raw");
  for (const size of [512, 2 * MIB, 2 * MIB + 512, 127 * GIB + 512, 2040 * GIB]) {
    await writeFile(odd, "first sector");
    await truncate(odd, size);
    for (const variant of VARIANTS) {
      const image = `${odd}.${variant}.vhd`;
      await carrier.convert(odd, image, "vhd", variant);
      await accept(odd, image, size);
      assert.ok((await stat(image)).blocks * 512 < 8 * MIB, "an empty disk takes little");
    }
  }
});

test("vhd: qemu-img can write on into what is written, and the result is read", {
  skip: await lacking("qemu-img", "qemu-io"),
  timeout: 120_000,
}, async (t) => {
  const carrier = startCarrier(t);
  const { raw } = await makeRaw(t, ODD);
  for (const variant of VARIANTS) {
    const image = `${raw}.${variant}.vhd`;
    await carrier.convert(raw, image, "vhd", variant);
    const write = ["-c", "write -q -P 65 7M 3M", "-c", "write -q -P 66 100k 5k"];
    await run(await peerPath("qemu-io"), ["-f", "vpc", ...write, image], { timeout: 30_000 });
    const theirs = `${raw}.${variant}.raw`;
    await qemuImg("convert", "-f", "vpc", "-O", "raw", image, theirs);
    assert.equal(await carrier.sum(image), await hashFile(theirs, ODD), variant);
    prove({ format: "vhd", variant, peer: "qemu-img", direction: "written", what: "written on", cannot: null });
  }
});

test("vhd: what qemu-img writes is read, with the size that it means", {
  skip: await lacking("qemu-img"),
  timeout: 120_000,
}, async (t) => {
  const carrier = startCarrier(t);
  const { raw } = await makeRaw(t, ODD);
  for (const variant of VARIANTS) {
    for (const force of ["on", "off"]) {
      const image = `${raw}.vhd`;
      await qemuImg("convert", "-f", "raw", "-O", "vpc", "-o", `subformat=${variant},force_size=${force}`, raw, image);
      const theirs = `${raw}.theirs`;
      await qemuImg("convert", "-f", "vpc", "-O", "raw", image, theirs);
      const { size } = await stat(theirs);
      assert.ok(force === "on" ? size === ODD : size > ODD, "qemu rounds up to cylinders");
      const info = await carrier.info(image);
      assert.deepEqual([info.variant, info.size], [variant, size]);
      assert.equal(await carrier.sum(image), await hashFile(theirs, size), `${variant} ${force}`);
    }
  }
});

test("vhd: VirtualBox reads what is written, and what it writes is read", {
  skip: await lacking("VBoxManage"),
  timeout: 240_000,
}, async (t) => {
  const carrier = startCarrier(t);
  const { manage } = await startVirtualBox(t);
  for (const bytes of [ODD, 600 * MIB + 512]) {
    const { raw, sum } = await makeRaw(t, bytes);
    for (const variant of VARIANTS) {
      const ours = `${raw}.ours.${variant}.vhd`;
      await carrier.convert(raw, ours, "vhd", variant);
      const back = `${raw}.${variant}.back.raw`;
      await manage("clonemedium", "disk", ours, back, "--format", "RAW");
      assert.equal((await stat(back)).size, bytes);
      assert.equal(await hashFile(back, bytes), sum, variant);
      const shown = (await manage("showmediuminfo", "disk", ours)).stdout;
      assert.match(shown, new RegExp(`Format variant: +${variant} default`));

      const made = `${raw}.made.${variant}.vhd`;
      const theirs = variant === "fixed" ? "Fixed" : "Standard";
      await manage("convertfromraw", raw, made, "--format", "VHD", "--variant", theirs);
      const info = await carrier.info(made);
      assert.deepEqual([info.variant, info.size], [variant, bytes]);
      assert.equal(await carrier.sum(made), sum, `VirtualBox's ${variant}`);
    }
  }
});

test("vhd: a differencing disk of VirtualBox is read over its parent as VirtualBox reads it", {
  skip: await lacking("VBoxManage"),
  timeout: 120_000,
}, async (t) => {
  const carrier = startCarrier(t);
  const { manage } = await startVirtualBox(t);
  const { raw } = await makeRaw(t, ODD);
  const base = `${raw}.base.vhd`;
  const child = `${raw}.child.vhd`;
  const grandchild = `${raw}.grandchild.vhd`;
  await manage("convertfromraw", raw, base, "--format", "VHD");
  await manage("createmedium", "disk", "--filename", child, "--diffparent", base, "--format", "VHD");
  await manage("mediumio", "--disk", child, "formatfat", "--quick");
  await manage("createmedium", "disk", "--filename", grandchild, "--diffparent", child, "--format", "VHD");
  for (const disk of [child, grandchild]) {
    const back = `${disk}.raw`;
    await manage("clonemedium", "disk", disk, back, "--format", "RAW");
    assert.equal((await carrier.info(disk)).size, ODD);
    assert.equal(await carrier.sum(disk), await hashFile(back, ODD));
  }
});
