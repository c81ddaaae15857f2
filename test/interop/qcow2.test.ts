import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { open, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { type TestContext, test } from "node:test";
import { copyDisk } from "../../src/disk/copy.js";
import { shapeOf } from "../../src/disk/extents.js";
import { diskFormats } from "../../src/disk/formats.js";
import { openRaw } from "../../src/disk/raw/read.js";
import { zlibCodec } from "../../src/runtime/node/codec.js";
import { openSingleFileSet } from "../../src/runtime/node/file-set.js";
import { openFileSource } from "../../src/runtime/node/file-source.js";
import { createKernelEnv } from "../../src/runtime/node/kernel-env.js";
import { createContext, createNodeRuntime } from "../../src/runtime/node/runtime.js";
import { qcow2Fixtures } from "../support/qcow2.js";
import { withPlainZstd } from "../support/zstd.js";
import { startCarrier } from "./carrier.js";
import { lacking, peerPath } from "./peers.js";
import { prove } from "./proof.js";
import { run } from "./run.js";
import { scratch } from "./scratch.js";

const SECTOR = 512;
const UNIT = 65_536;

/** Runs qemu-img, which must succeed; returns what it says. */
async function qemuImg(...args: readonly string[]): Promise<string> {
  return (await run(await peerPath("qemu-img"), args, { timeout: 60_000 })).stdout;
}

/** A raw disk with text, noise and holes, ending in a sector of its own. */
async function makeRaw(t: TestContext, bytes: number): Promise<string> {
  const file = join(await scratch(t, "qcow2"), "guest.raw");
  await run(process.execPath, ["test/fixtures/pattern.mjs", file, String(bytes), "431"]);
  return file;
}

async function sumOfFile(file: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(file))
    .digest("hex");
}

/** Proves that an image is without errors and leaks, and holds what a raw disk holds. */
async function accept(raw: string, image: string): Promise<void> {
  assert.match(await qemuImg("check", "-f", "qcow2", image), /No errors were found/);
  assert.match(await qemuImg("compare", "-f", "raw", "-F", "qcow2", raw, image), /identical/);
}

test("qcow2: images of every kind that qemu-img makes are read as it reads them", {
  skip: await lacking("qemu-img"),
  timeout: 300_000,
}, async (t) => {
  const raw = await makeRaw(t, 70 * 2 ** 20 + 3 * SECTOR);
  const sum = await sumOfFile(raw);
  const carrier = startCarrier(t);
  const options = [
    ...["512", "1k", "4k", "64k", "1M", "2M"].map((size) => `cluster_size=${size}`),
    ...[1, 2, 4, 8, 32, 64].map((bits) => `refcount_bits=${bits}`),
    ...["metadata", "falloc", "full"].map((how) => `preallocation=${how}`),
    "compat=0.10",
    "lazy_refcounts=on",
    "extended_l2=on",
    "extended_l2=on,cluster_size=2M",
    ...["512", "64k", "2M"].map((size) => `compression_type=zstd,cluster_size=${size}`),
  ];
  for (const option of options) {
    for (const compressed of option.includes("prealloc") ? [false] : [false, true]) {
      const image = `${raw}.qcow2`;
      const pack = compressed ? ["-c"] : [];
      await qemuImg("convert", ...pack, "-f", "raw", "-O", "qcow2", "-o", option, raw, image);
      const { variant } = await carrier.info(image);
      assert.equal(variant, compressed ? "compressed" : "uncompressed", option);
      assert.equal(await carrier.sum(image), sum, `${option} ${variant}`);
      const what = option.split(/[=,]/)[0] === "compression_type" ? "zstd" : "every cluster size and option";
      prove({ format: "qcow2", variant, peer: "qemu-img", direction: "read", what, cannot: null });
    }
  }
});

test("qcow2: the committed images, made afresh, are read as qemu-img reads them", {
  skip: await lacking("qemu-img", "qemu-io"),
  timeout: 120_000,
}, async (t) => {
  const folder = await scratch(t, "qcow2-fresh");
  const made = await run("test/fixtures/qcow2/make.sh", [folder], { timeout: 60_000 });
  const facts = JSON.parse(made.stdout);
  assert.deepEqual(facts, await qcow2Fixtures());
  const carrier = startCarrier(t);
  await run(
    "gunzip",
    (await qcow2Files(folder)).map((name) => join(folder, name)),
  );
  for (const { name, guestSha256 } of facts) {
    assert.equal(await carrier.sum(join(folder, name)), guestSha256, name);
  }
});

async function qcow2Files(folder: string): Promise<readonly string[]> {
  return (await run("ls", [folder])).stdout.trim().split("\n");
}

test("qcow2: what is written passes qemu-img check and compares equal, from one sector to two terabytes", {
  skip: await lacking("qemu-img"),
  timeout: 300_000,
}, async (t) => {
  const carrier = startCarrier(t);
  const raw = await makeRaw(t, 9 * 2 ** 20 + SECTOR);
  const small = join(await scratch(t, "small"), "guest.raw");
  const sizes = [0, SECTOR, UNIT, UNIT + SECTOR, 512 * 2 ** 20, 512 * 2 ** 20 + SECTOR, 2 * 2 ** 40 + SECTOR];
  for (const variant of ["uncompressed", "compressed"]) {
    const image = `${raw}.${variant}.qcow2`;
    await carrier.convert(raw, image, "qcow2", variant);
    await accept(raw, image);
    for (const size of sizes) {
      await writeFile(small, size === 0 ? "" : "first sector");
      await truncate(small, size);
      if (size > SECTOR)
        await run("dd", [`of=${small}`, `seek=${size - 4}`, "bs=1", "conv=notrunc"], { input: "last" });
      await carrier.convert(small, image, "qcow2", variant);
      await accept(small, image);
      const info = JSON.parse(await qemuImg("info", "--output=json", image));
      assert.equal(info["virtual-size"], size);
      assert.ok((await stat(image)).blocks * 512 < 8 * 2 ** 20, "an empty disk stays small");
    }
  }
});

test("qcow2: compressed clusters that look back 32 KiB are read by qemu-img, packed here or carried over", {
  skip: await lacking("qemu-img"),
  timeout: 120_000,
}, async (t) => {
  const carrier = startCarrier(t);
  const raw = join(await scratch(t, "window"), "guest.raw");
  // 16 KiB of noise four times in each cluster: only a window of more than 16 KiB finds the repetition.
  const noise = Buffer.alloc(16_384);
  for (let i = 0, state = 7; i < noise.length; i++) {
    state = (state * 48_271) % 0x7fffffff;
    noise[i] = state % 256;
  }
  await writeFile(raw, Buffer.concat(Array.from({ length: 64 }, () => noise)));
  for (const [from, make] of [
    ["packed here", async () => raw],
    [
      "carried",
      async () => {
        await qemuImg("convert", "-f", "raw", "-O", "vmdk", "-o", "subformat=streamOptimized", raw, `${raw}.vmdk`);
        return `${raw}.vmdk`;
      },
    ],
  ] as const) {
    const image = `${raw}.qcow2`;
    await carrier.convert(await make(), image, "qcow2", "compressed");
    assert.ok((await stat(image)).size < 12 * UNIT, `${from}: the repetition was found`);
    await accept(raw, image);
  }
});

test("qcow2: units are carried to stream-optimized VMDK and back, incompressible ones among them", {
  skip: await lacking("qemu-img"),
  timeout: 120_000,
}, async (t) => {
  const carrier = startCarrier(t);
  const raw = await makeRaw(t, 40 * 2 ** 20 + 5 * SECTOR);
  const packed = `${raw}.c.qcow2`;
  await qemuImg("convert", "-c", "-f", "raw", "-O", "qcow2", raw, packed);
  for (const first of [packed, raw]) {
    await carrier.convert(first, `${raw}.vmdk`, "vmdk", "streamOptimized");
    assert.match(await qemuImg("check", `${raw}.vmdk`), /No errors/);
    assert.equal(await carrier.sum(`${raw}.vmdk`), await sumOfFile(raw));
    assert.match(await qemuImg("compare", "-f", "raw", "-F", "vmdk", raw, `${raw}.vmdk`), /identical/);
    await carrier.convert(`${raw}.vmdk`, `${raw}.qcow2`, "qcow2", "compressed");
    await accept(raw, `${raw}.qcow2`);
    await carrier.convert(`${raw}.qcow2`, `${raw}.2.qcow2`, "qcow2", "compressed");
    await accept(raw, `${raw}.2.qcow2`);
  }
});

test("qcow2: Zstandard clusters are read by qemu-img, packed by Node.js where it can, and as plain blocks", {
  skip: await lacking("qemu-img"),
  timeout: 120_000,
}, async (t) => {
  const carrier = startCarrier(t);
  const raw = await makeRaw(t, 40 * 2 ** 20 + 5 * SECTOR);
  // Repeated bytes, which plain blocks shorten too: whole clusters and parts of them.
  const repeated = await open(raw, "r+");
  for (const at of [3 * UNIT, 7 * UNIT + 20_000, 90 * UNIT])
    await repeated.write(Buffer.alloc(3 * UNIT, at % 251), 0, 3 * UNIT, at);
  await repeated.close();
  const ownCodec = zlibCodec();
  const codecs = ownCodec.zstdInto === undefined ? [] : [ownCodec];
  if (codecs.length === 0) t.diagnostic("this Node.js has no Zstandard encoder (22.15 has): plain blocks alone");
  for (const codec of [...codecs, withPlainZstd(ownCodec)]) {
    const files = createNodeRuntime({ worker: new URL("../../src/worker-node.js", import.meta.url), workers: 0 });
    const kernelEnv = createKernelEnv({ codec, portable: codec, stopped: () => false, advance: () => {} });
    const ctx = createContext({
      ...files,
      codec,
      pool: { size: 0, run: async (kernel, job) => kernel.run(job, kernelEnv) },
    });
    const source = await openFileSource(raw, files.native);
    const image = `${raw}.zstd.qcow2`;
    const disk = openRaw(source);
    const options = { name: basename(image), variant: "compressed", compression: "zstd" } as const;
    const plan = await diskFormats.get("qcow2").plan?.(shapeOf(disk), options, ctx);
    const set = await openSingleFileSet(image, { force: true });
    await copyDisk(disk, [{ plan: plan ?? assert.fail(), files: set }], ctx);
    await set.commit();
    kernelEnv.close();
    await source.close();
    await files.close();
    await accept(raw, image);
    const info = JSON.parse(await qemuImg("info", "--output=json", image));
    assert.equal(info["format-specific"].data["compression-type"], "zstd");
    assert.equal((await carrier.info(image)).variant, "compressed");
    assert.equal(await carrier.sum(image), await sumOfFile(raw));
  }
});
