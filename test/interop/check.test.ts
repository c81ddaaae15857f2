import assert from "node:assert/strict";
import { copyFile, open, readFile, truncate } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { viewOf } from "../../src/base/bytes.js";
import { qcow2 } from "../../src/disk/qcow2/format.js";
import { noResolver } from "../../src/io/resolver.js";
import { memorySource } from "../../src/io/sources/memory.js";
import { testContext } from "../../src/io/testing/context.js";
import { diskCheck } from "../../src/operations/disk/check.js";
import type { CheckResult } from "../../src/report/results.js";
import { lacking, peerPath } from "./peers.js";
import { prove } from "./proof.js";
import { attempt, run } from "./run.js";
import { scratch } from "./scratch.js";

const CLUSTER = 65_536;

/** What qemu-img check counts. */
interface PeerVerdict {
  readonly corruptions: number;
  readonly leaks: number;
  /** It gave up. */
  readonly refused: boolean;
}

async function peerCheck(file: string, format: string): Promise<PeerVerdict> {
  const args = ["check", "-f", format, "--output=json", file];
  const ran = await attempt(await peerPath("qemu-img"), args, { timeout: 60_000 });
  assert.ok(!ran.timedOut);
  if (ran.status !== 0 && ran.status !== 2 && ran.status !== 3) return { corruptions: 0, leaks: 0, refused: true };
  const { corruptions = 0, leaks = 0 } = JSON.parse(ran.stdout);
  return { corruptions, leaks, refused: false };
}

async function ourCheck(file: string): Promise<CheckResult> {
  const source = memorySource(new Uint8Array(await readFile(file)), file);
  return diskCheck({ name: file, source, resolver: noResolver, format: null }, { depth: "structure" }, testContext());
}

async function qemuImg(...args: readonly string[]): Promise<void> {
  await run(await peerPath("qemu-img"), args, { timeout: 60_000 });
}

async function makeRaw(t: TestContext, bytes: number): Promise<string> {
  const file = join(await scratch(t, "check"), "guest.raw");
  await run(process.execPath, ["test/fixtures/pattern.mjs", file, String(bytes), "77"]);
  return file;
}

/** Overwrites bytes of a file. */
async function poke(file: string, at: number, ...bytes: readonly number[]): Promise<void> {
  const handle = await open(file, "r+");
  try {
    await handle.write(Uint8Array.from(bytes), 0, bytes.length, at);
  } finally {
    await handle.close();
  }
}

test("qcow2: images of every kind that qemu-img makes are sound here as there, with snapshots and bitmaps too", {
  skip: await lacking("qemu-img", "qemu-io"),
  timeout: 300_000,
}, async (t) => {
  const raw = await makeRaw(t, 20 * 2 ** 20 + 3 * 512);
  const options = [
    ...["512", "4k", "64k", "2M"].map((size) => `cluster_size=${size}`),
    ...[1, 4, 8, 32, 64].map((bits) => `refcount_bits=${bits}`),
    ...["metadata", "falloc", "full"].map((how) => `preallocation=${how}`),
    "compat=0.10",
    "lazy_refcounts=on",
    "extended_l2=on",
  ];
  const image = `${raw}.qcow2`;
  for (const option of options) {
    for (const pack of option.includes("prealloc") ? [[]] : [[], ["-c"]]) {
      await qemuImg("convert", ...pack, "-f", "raw", "-O", "qcow2", "-o", option, raw, image);
      assert.deepEqual(await peerCheck(image, "qcow2"), { corruptions: 0, leaks: 0, refused: false });
      const { verdict, counts } = await ourCheck(image);
      assert.deepEqual([verdict, counts], ["sound", {}], `${option} ${pack}`);
      const variant = pack.length > 0 ? "compressed" : "uncompressed";
      prove({ format: "qcow2", variant, peer: "qemu-img", direction: "read", what: "check", cannot: null });
    }
  }
  await qemuImg("convert", "-f", "raw", "-O", "qcow2", raw, image);
  await qemuImg("snapshot", "-c", "one", image);
  await run(await peerPath("qemu-io"), ["-f", "qcow2", "-c", "write -P 7 0 200k", image], { timeout: 60_000 });
  await qemuImg("snapshot", "-c", "two", image);
  await run(await peerPath("qemu-io"), ["-f", "qcow2", "-c", "write -z 1M 1M", image], { timeout: 60_000 });
  await qemuImg("bitmap", "--add", "-f", "qcow2", image, "b0");
  await run(await peerPath("qemu-io"), ["-f", "qcow2", "-c", "write -P 9 3M 100k", image], { timeout: 60_000 });
  const { verdict, counts } = await ourCheck(image);
  assert.deepEqual([verdict, counts], ["sound", {}]);
});

test("qcow2: damaged on purpose, it is damaged here where qemu-img finds corruption; what we repair, qemu-img finds clean and equal", {
  skip: await lacking("qemu-img"),
  timeout: 300_000,
}, async (t) => {
  const raw = await makeRaw(t, 6 * 2 ** 20);
  const good = `${raw}.good.qcow2`;
  await qemuImg("convert", "-f", "raw", "-O", "qcow2", raw, good);
  const view = viewOf(new Uint8Array(await readFile(good)));
  const place = (at: number): number => (view.getUint32(at) % 2 ** 24) * 2 ** 32 + view.getUint32(at + 4);
  const l1 = place(40);
  const l2 = place(l1);
  const block = place(place(48));
  let entry = l2;
  while (view.getUint32(entry) < 2 ** 31) entry += 8;
  const image = `${raw}.bad.qcow2`;
  const cases: readonly [string, () => Promise<void>, "mended" | "left"][] = [
    ["counts of a data cluster lost", () => poke(image, block + 2 * (place(entry) / CLUSTER), 0, 0), "mended"],
    ["a count too high", () => poke(image, block + 2 * (place(entry) / CLUSTER), 0, 9), "mended"],
    ["an L2 entry lost: a leak", () => poke(image, entry, 0, 0, 0, 0, 0, 0, 0, 0), "mended"],
    ["the copied flag of the L1 table lost", () => poke(image, l1, 0), "mended"],
    ["the copied flag of an L2 entry lost", () => poke(image, entry, 0), "mended"],
    ["no refcount block", () => poke(image, place(48), 0, 0, 0, 0, 0, 0, 0, 0), "mended"],
    ["a refcount block past the end", () => poke(image, place(48) + 2, 1), "mended"],
    ["dirty", () => poke(image, 79, 1), "mended"],
    ["an L2 table past the end", () => poke(image, l1 + 2, 1), "left"],
    ["a reserved bit in the L1 table", () => poke(image, l1 + 7, 2), "left"],
    ["a reserved bit in an L2 entry", () => poke(image, entry + 7, 2), "left"],
    ["a data cluster past the end", () => poke(image, entry + 2, 1), "left"],
    ["a data cluster across clusters", () => poke(image, entry + 6, 2), "left"],
    ["data in the refcount table", () => poke(image, entry + 2, 0, 0, 0, 1, 0, 0), "left"],
  ];
  for (const [name, damage, outcome] of cases) {
    await copyFile(good, image);
    await damage();
    const before = `${image}.raw`;
    const readable = outcome === "mended";
    if (readable) await qemuImg("convert", "-f", "qcow2", "-O", "raw", image, before);
    const peer = await peerCheck(image, "qcow2");
    const ours = await ourCheck(image);
    // qemu-img counts every flag that disagrees with a stored count among the corruptions; where that only costs room or time, we warn.
    const harmless = Object.keys(ours.counts).every((code) => code === "qcow2/copied-flag" || code === "qcow2/leak");
    const damaged = harmless ? false : peer.corruptions > 0 || peer.refused;
    assert.equal(ours.verdict, damaged ? "damaged" : "sound", name);
    // What lies behind a damaged pointer counts as a leak for one and not for the other.
    if (outcome === "mended") assert.equal((ours.counts["qcow2/leak"] ?? 0) > 0, peer.leaks > 0, name);
    const source = memorySource(new Uint8Array(await readFile(image)), image);
    const plan = await qcow2.amend?.(source, { change: "repair" }, testContext());
    assert.equal((plan?.patches.length ?? 0) > 0, readable, name);
    if (!readable) continue;
    for (const patch of plan?.patches ?? []) await poke(image, patch.at, ...patch.bytes);
    if (plan?.fileBytes) await truncate(image, plan.fileBytes);
    assert.deepEqual(await peerCheck(image, "qcow2"), { corruptions: 0, leaks: 0, refused: false }, name);
    await qemuImg("compare", "-f", "raw", "-F", "qcow2", before, image);
  }
  const about = { format: "qcow2", variant: "uncompressed", peer: "qemu-img", direction: "alike" } as const;
  for (const what of ["check", "mended"]) prove({ ...about, what, cannot: null });
});

test("qcow2: leaks of a write that was killed are the ones that qemu-img counts, and a repair frees them", {
  skip: await lacking("qemu-img", "qemu-io"),
  timeout: 120_000,
}, async (t) => {
  const image = join(await scratch(t, "check"), "lazy.qcow2");
  await qemuImg("create", "-f", "qcow2", "-o", "lazy_refcounts=on", image, "64M");
  // The process ends between a write and the counts that belong to it.
  await attempt(await peerPath("qemu-io"), ["-f", "qcow2", "-c", "write -P 3 0 3M", "-c", "abort", image], {
    timeout: 60_000,
  });
  const ours = await ourCheck(image);
  assert.equal(ours.counts["qcow2/dirty"], 1);
  assert.equal(ours.verdict, "damaged");
  const source = memorySource(new Uint8Array(await readFile(image)), image);
  const plan = await qcow2.amend?.(source, { change: "repair" }, testContext());
  for (const patch of plan?.patches ?? []) await poke(image, patch.at, ...patch.bytes);
  if (plan?.fileBytes) await truncate(image, plan.fileBytes);
  assert.deepEqual(await peerCheck(image, "qcow2"), { corruptions: 0, leaks: 0, refused: false });
  const shown = await run(await peerPath("qemu-io"), ["-f", "qcow2", "-c", "read -P 3 0 3M", image], {
    timeout: 60_000,
  });
  assert.doesNotMatch(shown.stdout, /Pattern verification failed/);
});
