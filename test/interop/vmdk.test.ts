/** VMDKs in both directions: what vmferry writes is read alike by three other programs, and what those write is read alike by vmferry. */
import assert from "node:assert/strict";
import { mkdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { compareDisks } from "../../src/disk/compare.js";
import { copyDisk } from "../../src/disk/copy.js";
import { shapeOf } from "../../src/disk/extents.js";
import { diskFormats } from "../../src/disk/formats.js";
import type { VirtualDisk } from "../../src/disk/model.js";
import { openChain } from "../../src/disk/open.js";
import { openRaw } from "../../src/disk/raw/read.js";
import type { SourceResolver } from "../../src/io/source.js";
import { testContext } from "../../src/io/testing/context.js";
import { openFolderSet } from "../../src/runtime/node/file-set.js";
import { openFileSource } from "../../src/runtime/node/file-source.js";
import { createNodeRuntime } from "../../src/runtime/node/runtime.js";
import { lacking, peerPath } from "./peers.js";
import { prove } from "./proof.js";
import { run } from "./run.js";
import { scratch } from "./scratch.js";
import { startVirtualBox } from "./virtualbox.js";

const runtime = createNodeRuntime({ worker: new URL("../../src/worker-node.js", import.meta.url), workers: 2 });
const ctx = testContext({ runtime });
const vmdk = diskFormats.get("vmdk");

/** Capacities: not a whole number of grains, a whole number, one sector, and more than one file of a split disk. */
const SIZES = {
  odd: 5 * 2 ** 20 + 7 * 512,
  even: 2 ** 23,
  tiny: 2 ** 17 + 512,
  wide: 2 ** 31 + 2 ** 20 + 5 * 512,
} as const;
/** As the table of proofs calls them. */
const NAMES: Readonly<Record<keyof typeof SIZES, string>> = {
  odd: "5 MiB + 7 sectors",
  even: "8 MiB",
  tiny: "128 KiB + 1 sector",
  wide: "2 GiB + 1 MiB + 5 sectors",
};
const LONE = new Set(["monolithicSparse", "streamOptimized"]);
const LIMIT = { timeout: 60_000 };
const noQemu = await lacking("qemu-img", "qemu-io");
const noVirtualBox = await lacking("VBoxManage");
const noOpenVmdk = await lacking("vmdk-convert");

async function pattern(folder: string, size: keyof typeof SIZES): Promise<string> {
  const file = join(folder, `${size}.raw`);
  const args = ["test/fixtures/pattern.mjs", file, String(SIZES[size]), String(900 + size.length)];
  await run(process.execPath, args, LIMIT);
  return file;
}

/** Writes a raw file as a variant into a folder of its own. Returns the path of the disk. */
async function written(raw: string, folder: string, variant: string): Promise<string> {
  const source = await openFileSource(raw, runtime.native);
  const disk = openRaw(source);
  const out = join(folder, variant);
  const files = await openFolderSet(out);
  const plan = await vmdk.plan?.(shapeOf(disk), { name: "disk.vmdk", variant }, ctx);
  assert.ok(plan !== undefined);
  await copyDisk(disk, [{ plan, files }], ctx);
  await files.commit();
  await source.close();
  return join(out, "disk.vmdk");
}

/** Opens the files beside a disk, parents too. */
function beside(folder: string): SourceResolver {
  return { open: async ({ name }) => (name === null ? null : openFileSource(join(folder, name), runtime.native)) };
}

/** Proves that vmferry reads a disk as the raw file says, and that it sees the same size. */
async function readsAlike(raw: string, folder: string, name: string): Promise<VirtualDisk> {
  const [expected, source] = [
    await openFileSource(raw, runtime.native),
    await openFileSource(join(folder, name), runtime.native),
  ];
  const how = { formats: diskFormats, resolver: beside(folder), format: null };
  const disk = await openChain({ bytes: source }, how, ctx);
  const found = await compareDisks(openRaw(expected), disk, ctx);
  assert.deepEqual(found, { firstDifference: null, sizes: [expected.size, expected.size] }, name);
  for (const open of [disk, source, expected]) await open.close();
  return disk;
}

const QEMU_OPTIONS = [
  ...vmdk.writes.map((variant) => `subformat=${variant}`),
  "subformat=monolithicSparse,zeroed_grain=on",
  "subformat=streamOptimized,adapter_type=lsilogic,hwversion=6",
];

/** VirtualBox's words for a variant, the create type that it writes, and the sizes; it splits what is larger than a part alone. */
const VBOX_VARIANTS = [
  ["Standard", "monolithicSparse", ["odd", "even", "wide"]],
  ["Fixed", "monolithicFlat", ["odd", "even"]],
  ["Standard,Split2G", "twoGbMaxExtentSparse", ["wide"]],
  ["Stream", "streamOptimized", ["odd", "even", "wide"]],
  ["Fixed,ESX", "vmfs", ["odd", "even"]],
] as const;

describe("VMDK and other programs", () => {
  after(() => runtime.close());

  for (const size of Object.keys(SIZES) as (keyof typeof SIZES)[]) {
    for (const variant of vmdk.writes) {
      test(`qemu-img accepts ${variant} (${size}) and reads the same`, { skip: noQemu }, async (t) => {
        const folder = await scratch(t);
        const raw = await pattern(folder, size);
        const disk = await written(raw, folder, variant);
        const qemu = await peerPath("qemu-img");
        const info = JSON.parse((await run(qemu, ["info", "--output=json", disk], LIMIT)).stdout);
        assert.equal(info["format-specific"].data["create-type"], variant);
        await run(qemu, ["check", "-f", "vmdk", disk], LIMIT);
        await run(qemu, ["compare", "-f", "raw", "-F", "vmdk", raw, disk], LIMIT);
      });
    }
  }

  for (const size of ["odd", "even", "tiny"] as const) {
    test(`VirtualBox reads every variant (${size}) byte for byte`, { skip: noVirtualBox }, async (t) => {
      const folder = await scratch(t);
      const raw = await pattern(folder, size);
      const { manage } = await startVirtualBox(t);
      const expected = await readFile(raw);
      for (const variant of vmdk.writes) {
        const disk = await written(raw, folder, variant);
        const out = join(folder, `${variant}.raw`);
        await manage("clonemedium", "disk", disk, out, "--format", "RAW");
        assert.ok((await readFile(out)).equals(expected), variant);
        assert.match((await manage("showmediuminfo", "disk", disk)).stdout, /^Storage format: VMDK$/m);
      }
    });

    test(`vmdk-convert reads what lies in one file (${size})`, { skip: noOpenVmdk }, async (t) => {
      const folder = await scratch(t);
      const raw = await pattern(folder, size);
      const expected = await readFile(raw);
      for (const variant of vmdk.writes.filter((name) => LONE.has(name))) {
        const out = join(folder, `${variant}.raw`);
        await run(await peerPath("vmdk-convert"), [await written(raw, folder, variant), out], LIMIT);
        // It knows the header's capacity alone, which counts whole grains.
        const got = await readFile(out);
        assert.ok(got.subarray(0, expected.length).equals(expected), variant);
        assert.ok(got.subarray(expected.length).every((byte) => byte === 0));
        assert.ok(got.length - expected.length < 65_536);
      }
    });
  }

  test("what qemu-img writes is read alike", { skip: noQemu }, async (t) => {
    const folder = await scratch(t);
    for (const size of ["odd", "tiny", "wide"] as const) {
      const raw = await pattern(folder, size);
      for (const [i, options] of QEMU_OPTIONS.entries()) {
        if (size === "wide" && options.includes("Flat")) continue; // they are not sparse where qemu-img writes them
        const out = join(folder, `${size}-${i}`);
        await mkdir(out);
        const args = ["convert", "-f", "raw", "-O", "vmdk", "-o", options, raw, join(out, "disk.vmdk")];
        await run(await peerPath("qemu-img"), args, LIMIT);
        await readsAlike(raw, out, "disk.vmdk");
      }
    }
  });

  test("a chain of qemu-img's deltas is read alike", { skip: noQemu }, async (t) => {
    const folder = await scratch(t);
    const [qemu, io] = [await peerPath("qemu-img"), await peerPath("qemu-io")];
    const raw = await pattern(folder, "even");
    const inside = { ...LIMIT, cwd: folder };
    await run(qemu, ["convert", "-f", "raw", "-O", "vmdk", raw, "base.vmdk"], inside);
    await run(qemu, ["create", "-f", "vmdk", "-b", "base.vmdk", "-F", "vmdk", "one.vmdk"], inside);
    await run(io, ["-f", "vmdk", "-c", "write -q -P 65 4000k 300k", "one.vmdk"], inside);
    await run(
      qemu,
      ["create", "-f", "vmdk", "-b", "one.vmdk", "-F", "vmdk", "-o", "zeroed_grain=on", "two.vmdk"],
      inside,
    );
    await run(io, ["-f", "vmdk", "-c", "write -q -P 66 100k 1k", "-c", "write -q -z 4096k 128k", "two.vmdk"], inside);
    await run(qemu, ["convert", "-f", "vmdk", "-O", "raw", "two.vmdk", "flat.raw"], inside);
    const disk = await readsAlike(join(folder, "flat.raw"), folder, "two.vmdk");
    assert.equal(disk.info.parent?.name, "one.vmdk", "what is shown is the disk that was named");
    const delta = { format: "vmdk", variant: "monolithicSparse", direction: "read" } as const;
    prove({ ...delta, peer: "qemu-img", what: "chain", cannot: null });
  });

  test("what VirtualBox writes is read alike", { skip: noVirtualBox }, async (t) => {
    const folder = await scratch(t);
    const { manage } = await startVirtualBox(t);
    for (const [words, createType, sizes] of VBOX_VARIANTS) {
      for (const size of sizes) {
        const raw = await pattern(folder, size);
        const out = join(folder, `${size}-${createType}`);
        await mkdir(out);
        await manage("convertfromraw", raw, join(out, "disk.vmdk"), "--format", "VMDK", "--variant", words);
        const disk = await readsAlike(raw, out, "disk.vmdk");
        assert.equal(disk.info.variant, createType, words);
        if (vmdk.writes.includes(createType)) continue;
        const about = { format: "vmdk", variant: createType, direction: "read" } as const;
        prove({ ...about, peer: "VBoxManage", what: NAMES[size], cannot: null });
      }
    }
  });

  test("a differencing disk of VirtualBox is read over its parent", { skip: noVirtualBox }, async (t) => {
    const folder = await scratch(t);
    const raw = await pattern(folder, "odd");
    const { manage } = await startVirtualBox(t);
    const [base, child] = [join(folder, "base.vmdk"), join(folder, "child.vmdk")];
    await manage("convertfromraw", raw, base, "--format", "VMDK");
    await manage("createmedium", "disk", "--filename", child, "--diffparent", base, "--format", "VMDK");
    const asked: (string | null)[] = [];
    const source = await openFileSource(child, runtime.native);
    const resolver: SourceResolver = {
      open: async ({ identity }) => {
        asked.push(identity);
        return openFileSource(base, runtime.native);
      },
    };
    const findings = testContext({ runtime });
    const disk = await openChain({ bytes: source }, { formats: diskFormats, resolver, format: null }, findings);
    const expected = await openFileSource(raw, runtime.native);
    assert.equal((await compareDisks(openRaw(expected), disk, ctx)).firstDifference, null);
    assert.equal(disk.info.size, expected.size);
    assert.match((await manage("showmediuminfo", "disk", base)).stdout, new RegExp(`^UUID: +${asked[0]}$`, "m"));
    assert.deepEqual(findings.codes(), []);
    const delta = { format: "vmdk", variant: "monolithicSparse", direction: "read" } as const;
    prove({ ...delta, peer: "VBoxManage", what: "chain", cannot: null });
    for (const open of [disk, source, expected]) await open.close();
  });

  test("what vmdk-convert writes is read alike", { skip: noOpenVmdk }, async (t) => {
    const folder = await scratch(t);
    for (const size of ["odd", "even", "tiny"] as const) {
      const raw = await pattern(folder, size);
      await run(await peerPath("vmdk-convert"), [raw, join(folder, `${size}.vmdk`)], LIMIT);
      await readsAlike(raw, folder, `${size}.vmdk`);
    }
  });

  test("a disk of 1 TiB with little in it is small in every variant that can be, and qemu-img reads it", {
    skip: noQemu,
  }, async (t) => {
    const folder = await scratch(t);
    const raw = join(folder, "large.raw");
    await run(process.execPath, ["test/fixtures/pattern.mjs", raw, String(2 ** 40), "77"], LIMIT);
    for (const variant of ["monolithicSparse", "streamOptimized", "monolithicFlat"]) {
      const disk = await written(raw, folder, variant);
      const { blocks } = await stat(variant === "monolithicFlat" ? disk.replace(/\.vmdk$/, "-flat.vmdk") : disk);
      assert.ok(blocks * 512 < 2 ** 20, `${variant} takes ${blocks * 512} bytes`);
      await run(await peerPath("qemu-img"), ["check", "-f", "vmdk", disk], LIMIT);
    }
  });
});
