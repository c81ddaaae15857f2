import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { startCarrier } from "./carrier.js";
import { lacking, peerPath } from "./peers.js";
import { run } from "./run.js";
import { scratch } from "./scratch.js";
import { startVirtualBox } from "./virtualbox.js";

const MIB = 2 ** 20;

/** A raw disk with text, noise and holes, which is no whole number of blocks. */
async function makeRaw(t: TestContext): Promise<{ readonly raw: string; readonly sum: string }> {
  const raw = join(await scratch(t, "vdi"), "guest.raw");
  await run(process.execPath, ["test/fixtures/pattern.mjs", raw, String(21 * MIB + 3 * 512), "441"]);
  return { raw, sum: await sumOfFile(raw) };
}

async function sumOfFile(file: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(file))
    .digest("hex");
}

test("vdi: VirtualBox reads what is written, and what it writes is read", {
  skip: await lacking("VBoxManage"),
  timeout: 240_000,
}, async (t) => {
  const { raw, sum } = await makeRaw(t);
  const carrier = startCarrier(t);
  const { manage } = await startVirtualBox(t);
  for (const [variant, theirs] of [
    ["dynamic", "Standard"],
    ["static", "Fixed"],
  ] as const) {
    const ours = `${raw}.ours.${variant}.vdi`;
    await carrier.convert(raw, ours, "vdi", variant);
    const back = `${raw}.${variant}.back.raw`;
    await manage("clonemedium", "disk", ours, back, "--format", "RAW");
    assert.equal(await sumOfFile(back), sum, variant);
    const { identity } = await carrier.info(ours);
    const shown = (await manage("showmediuminfo", "disk", ours)).stdout;
    assert.match(shown, new RegExp(`UUID: +${identity}`));
    assert.match(shown, new RegExp(`Format variant: +${variant === "static" ? "fixed" : "dynamic"} default`));

    const made = `${raw}.made.${variant}.vdi`;
    await manage("convertfromraw", raw, made, "--format", "VDI", "--variant", theirs);
    assert.equal((await carrier.info(made)).variant, variant);
    assert.equal(await carrier.sum(made), sum, `VirtualBox's ${variant}`);
  }
});

test("vdi: a differencing image of VirtualBox names its parent", {
  skip: await lacking("VBoxManage"),
  timeout: 120_000,
}, async (t) => {
  const { raw } = await makeRaw(t);
  const folder = await scratch(t, "vdi-child");
  const { manage } = await startVirtualBox(t);
  const base = join(folder, "base.vdi");
  const child = join(folder, "child.vdi");
  await manage("convertfromraw", raw, base, "--format", "VDI");
  const shown = (await manage("showmediuminfo", "disk", base)).stdout;
  await manage("createmedium", "disk", "--filename", child, "--diffparent", base, "--format", "VDI");
  const parent = /^UUID: +(\S+)/m.exec(shown)?.[1];
  assert.ok(parent !== undefined);
  const carrier = startCarrier(t);
  await assert.rejects(carrier.info(child), { code: "disk/parent-missing" });
  await assert.rejects(carrier.info(child), new RegExp(parent));
});

test("vdi: qemu-img reads what is written, of any size, and what it writes is read", {
  skip: await lacking("qemu-img"),
  timeout: 240_000,
}, async (t) => {
  const { raw, sum } = await makeRaw(t);
  const carrier = startCarrier(t);
  const qemuImg = await peerPath("qemu-img");
  const accept = async (from: string, image: string): Promise<void> => {
    const compared = await run(qemuImg, ["compare", "-f", "raw", "-F", "vdi", from, image], { timeout: 60_000 });
    assert.match(compared.stdout, /identical/);
    assert.match((await run(qemuImg, ["check", "-f", "vdi", image], { timeout: 60_000 })).stdout, /No errors/);
  };
  for (const variant of ["dynamic", "static"]) {
    const image = `${raw}.${variant}.vdi`;
    await carrier.convert(raw, image, "vdi", variant);
    await accept(raw, image);
    await run(qemuImg, [
      "convert",
      "-f",
      "raw",
      "-O",
      "vdi",
      "-o",
      `static=${variant === "static" ? "on" : "off"}`,
      raw,
      image,
    ]);
    assert.equal(await carrier.sum(image), sum, `qemu-img's ${variant}`);
  }
  const odd = join(await scratch(t, "odd"), "guest.raw");
  for (const size of [512, MIB, MIB + 512, 2 * 2 ** 40 + 512]) {
    await writeFile(odd, "first sector");
    await truncate(odd, size);
    await carrier.convert(odd, `${odd}.vdi`, "vdi", "dynamic");
    await accept(odd, `${odd}.vdi`);
    assert.ok((await stat(`${odd}.vdi`)).blocks * 512 < 12 * MIB, "an empty disk stays small");
  }
});
