/** Where a disk holds data and where zeros, as qemu-img sees it and as `vmferry disk map` does. */
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type TestContext, test } from "node:test";
import type { DiskFormatId } from "../../src/base/ids.js";
import { diskFormats } from "../../src/disk/formats.js";
import { startCarrier } from "./carrier.js";
import { lacking, peerPath } from "./peers.js";
import { type Proof, prove } from "./proof.js";
import { imageOptions, QEMU_WRITES, qemuDriver } from "./qemu.js";
import { run } from "./run.js";
import { scratch } from "./scratch.js";

const MIB = 2 ** 20;
const SIZE = 73 * MIB + 7 * 512;
const LIMIT = { timeout: 60_000 };
const WHAT = "map";

/** A stretch of a map. */
interface Stretch {
  readonly start: number;
  readonly length: number;
  readonly zero: boolean;
}

/** Neighbours of one kind become one. */
function merged(stretches: readonly Stretch[]): readonly Stretch[] {
  const all: Stretch[] = [];
  for (const { start, length, zero } of stretches) {
    const last = all.at(-1);
    if (last?.zero === zero) all[all.length - 1] = { ...last, length: last.length + length };
    else all.push({ start, length, zero });
  }
  return all;
}

async function theirMap(image: string): Promise<readonly Stretch[]> {
  const { stdout } = await run(
    await peerPath("qemu-img"),
    ["map", "--output=json", "--image-opts", imageOptions(image)],
    LIMIT,
  );
  return merged(JSON.parse(stdout));
}

async function ourMap(image: string, ...options: readonly string[]): Promise<readonly Stretch[]> {
  const args = [resolve("dist/bin/vmferry.js"), "disk", "map", image, "--json", "--quiet", ...options];
  const { extents } = JSON.parse((await run(process.execPath, args, LIMIT)).stdout);
  return merged(
    extents.map((one: { offset: number; length: number; kind: string }) => ({
      start: one.offset,
      length: one.length,
      zero: one.kind !== "data",
    })),
  );
}

async function makeRaw(t: TestContext): Promise<string> {
  const raw = join(await scratch(t, "map"), "guest.raw");
  await run(process.execPath, ["test/fixtures/pattern.mjs", raw, String(SIZE), "471"], LIMIT);
  return raw;
}

/** Its driver for VHDX answers no question for holes: a whole disk is data to it. */
const knowsNoHoles = (format: DiskFormatId): boolean => format === "vhdx";

async function compare(image: string, about: Pick<Proof, "format" | "variant" | "direction">): Promise<void> {
  const [theirs, ours] = [await theirMap(image), await ourMap(image)];
  if (knowsNoHoles(about.format)) {
    assert.deepEqual(theirs, [{ start: 0, length: SIZE, zero: false }]);
    prove({ ...about, peer: "qemu-img", what: WHAT, cannot: "knows no holes" });
    return;
  }
  // Of a sparse VMDK it knows the header's capacity alone, which counts whole grains.
  const end = (all: readonly Stretch[]): readonly Stretch[] =>
    all.map((one) => ({ ...one, length: Math.min(one.length, SIZE - one.start) })).filter(({ length }) => length > 0);
  assert.deepEqual(ours, end(theirs), `${about.variant} ${about.direction}`);
  assert.ok(ours.some(({ zero }) => zero) && ours.some(({ zero }) => !zero));
  prove({ ...about, peer: "qemu-img", what: WHAT, cannot: null });
}

for (const format of diskFormats.all.filter(({ plan, id }) => plan !== undefined && id !== "raw")) {
  test(`map: ${format.id} holds data and zeros where qemu-img says so, written by either`, {
    skip: await lacking("qemu-img"),
    timeout: 240_000,
  }, async (t) => {
    const raw = await makeRaw(t);
    const carrier = startCarrier(t);
    const qemuImg = await peerPath("qemu-img");
    for (const variant of format.writes) {
      const folder = join(raw, "..", variant);
      await mkdir(folder);
      const image = join(folder, `disk${format.extensions[0]}`);
      await carrier.convert(raw, image, format.id, variant);
      await compare(image, { format: format.id, variant, direction: "written" });
    }
    for (const [variant, options] of QEMU_WRITES[format.id] ?? []) {
      const folder = join(raw, "..", `theirs-${variant}`);
      await mkdir(folder);
      const image = join(folder, `disk${format.extensions[0]}`);
      await run(qemuImg, ["convert", "-f", "raw", "-O", qemuDriver(image), ...options, raw, image], LIMIT);
      await compare(image, { format: format.id, variant, direction: "read" });
    }
  });
}

test("map: chains of qemu-img's, zeros over data and a disk that grew among them, are mapped as it maps them", {
  skip: await lacking("qemu-img", "qemu-io"),
  timeout: 120_000,
}, async (t) => {
  const raw = await makeRaw(t);
  const [qemuImg, qemuIo] = [await peerPath("qemu-img"), await peerPath("qemu-io")];
  for (const [format, variant, options] of [
    ["qcow2", "uncompressed", []],
    ["vmdk", "monolithicSparse", ["-o", "zeroed_grain=on"]],
  ] as const) {
    const inside = { ...LIMIT, cwd: await scratch(t, "chain") };
    const [base, middle, top] = ["base", "middle", "top"].map((name) => `${name}.${format}`) as [
      string,
      string,
      string,
    ];
    await run(qemuImg, ["convert", "-f", "raw", "-O", format, raw, base], inside);
    for (const [child, parent] of [
      [middle, base],
      [top, middle],
    ] as const) {
      await run(qemuImg, ["create", "-q", "-f", format, "-b", parent, "-F", format, ...options, child], inside);
      const writes = ["write -q -P 65 3M 100k", "write -q -z 36M 1M", `write -q -P 66 ${child.length}M 300k`];
      await run(qemuIo, ["-f", format, ...writes.flatMap((write) => ["-c", write]), child], inside);
    }
    const image = join(inside.cwd, top);
    const end = (await theirMap(image)).at(-1);
    assert.deepEqual(await ourMap(image, "--allow-external"), await theirMap(image), format);
    assert.ok((end?.start ?? 0) + (end?.length ?? 0) >= SIZE);
    prove({ format, variant, peer: "qemu-img", direction: "read", what: "map of a chain", cannot: null });
  }
});
