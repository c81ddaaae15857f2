import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { diskContext } from "../../../test/support/disks.js";
import { diskFileBytes, diskFixtures } from "../../../test/support/fixtures.js";
import { diskFile } from "../../../test/support/packages.js";
import { qcow2Bytes, qcow2Neighbours, qcow2Source } from "../../../test/support/qcow2.js";
import { diskFormats } from "../../disk/formats.js";
import type { ImageShape } from "../../disk/testing/images.js";
import { noResolver } from "../../io/resolver.js";
import type { SourceResolver } from "../../io/source.js";
import { memorySource } from "../../io/sources/memory.js";
import { testContext } from "../../io/testing/context.js";
import { openFileSource } from "../../runtime/node/file-source.js";
import { createNodeRuntime } from "../../runtime/node/runtime.js";
import { type DiskCheckOptions, diskCheck } from "./check.js";
import type { DiskSource } from "./disk.js";
import { diskMap } from "./map.js";

const loopRuntime = createNodeRuntime({ worker: new URL("../../worker-node.js", import.meta.url), workers: 0 });
after(() => loopRuntime.close());

async function backed(resolver: SourceResolver): Promise<DiskSource> {
  return { name: "overlay.qcow2", source: await qcow2Source("overlay.qcow2"), resolver, format: null };
}

async function filesOf(name: string): Promise<readonly { name: string; bytes: Uint8Array }[]> {
  const disk = (await diskFixtures()).find(({ files }) => files[0]?.name.startsWith(name));
  assert.ok(disk !== undefined, name);
  return Promise.all(disk.files.map(async (file) => ({ name: file.name, bytes: await diskFileBytes(file) })));
}

test("a raw disk is not called sound: there is nothing in it to check", async () => {
  const source = memorySource(new Uint8Array(1024), "a.raw");
  const result = await diskCheck(
    { name: "a.raw", source, resolver: noResolver, format: null },
    { depth: "structure" },
    testContext(),
  );
  assert.equal(result.verdict, "unchecked");
  assert.deepEqual(result.counts, { "disk/not-checked": 1 });
});

test("a chain is checked file by file, and a parent that is not allowed is said to be unchecked", async () => {
  const whole = await diskCheck(await backed(qcow2Neighbours), { depth: "structure" }, testContext());
  assert.equal(whole.parents.length, 1);
  assert.equal(whole.counts["disk/parent-not-checked"], undefined);
  const alone = await diskCheck(await backed(noResolver), { depth: "structure" }, testContext());
  assert.deepEqual(alone.parents, []);
  assert.equal(alone.counts["disk/parent-not-checked"], 1);
});

test("images that name each other in a circle end at the limit of chains", async () => {
  const circle: SourceResolver = { open: () => qcow2Source("overlay.qcow2") };
  await assert.rejects(
    diskCheck(await backed(circle), { depth: "structure" }, testContext({ limits: { chainDepth: 5 } })),
    {
      code: "io/limit",
    },
  );
});

test("an image that is its own ancestor is told by its place, before the limit of chains", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "vmferry-loop-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, "overlay.qcow2");
  await writeFile(file, await qcow2Bytes("overlay.qcow2"));
  const { native } = loopRuntime;
  const source = await openFileSource(file, native);
  t.after(() => source.close());
  const circle: SourceResolver = { open: () => openFileSource(file, native) };
  await assert.rejects(
    diskCheck({ name: file, source, resolver: circle, format: null }, { depth: "structure" }, testContext()),
    { code: "disk/chain-loop" },
  );
});

test("a deep check finds grains that cannot be unpacked, which their tables do not tell", async () => {
  const shape: ImageShape = { sectors: 40_000, runs: [{ sector: 0, sectors: 40_000, content: "text" }] };
  for (const [format, variant] of [
    ["vmdk", "streamOptimized"],
    ["qcow2", "compressed"],
  ] as const) {
    const bytes = await diskFile(format, variant, shape);
    const name = `x.${format}`;
    const verdictOf = async (depth: DiskCheckOptions["depth"]): Promise<readonly [string, Record<string, number>]> => {
      const source = memorySource(bytes, name);
      const disk = { name, source, resolver: noResolver, format: null };
      const { verdict, counts } = await diskCheck(disk, { depth }, diskContext());
      return [verdict, counts];
    };
    assert.deepEqual(await verdictOf("deep"), ["sound", {}]);
    const image = await diskFormats.get(format).open({ bytes: memorySource(bytes, name) }, noResolver, diskContext());
    for (const guest of [0, 3, 100]) {
      const [op] = await image.reads({ offset: guest * 65_536, length: 65_536 });
      // The Huffman codes of the deflate stream, behind every header of it.
      bytes.fill(0xff, (op?.table[0] ?? 0) + 24, (op?.table[0] ?? 0) + 40);
    }
    assert.deepEqual(await verdictOf("structure"), ["sound", {}], format);
    // Two of the three lie in one stretch of 4 MiB.
    assert.deepEqual(await verdictOf("deep"), ["damaged", { "io/codec-failed": 2 }], format);
  }
});

test("an image that cannot be opened is damaged, also where its format has no check", async () => {
  const [vhd] = await filesOf("dynamic.vhd");
  assert.ok(vhd !== undefined);
  const source = memorySource(vhd.bytes.slice(0, 1024), "cut.vhd");
  const result = await diskCheck(
    { name: "cut.vhd", source, resolver: noResolver, format: "vhd" },
    { depth: "structure" },
    testContext(),
  );
  assert.equal(result.verdict, "damaged");
  assert.equal(result.variant, null);
});

test("a map of one file shows what its parent holds as absent; of the chain, as the guest reads it", async () => {
  const kinds = async (scope: "file" | "chain"): Promise<Set<string>> => {
    const map = await diskMap(await backed(qcow2Neighbours), { scope }, testContext());
    const seen = new Set<string>();
    let end = 0;
    for await (const { offset, length, kind } of map.extents()) {
      assert.equal(offset, end);
      end += length;
      seen.add(kind);
    }
    assert.equal(end, map.info.size);
    await map.close();
    return seen;
  };
  assert.ok((await kinds("file")).has("absent"));
  assert.ok(!(await kinds("chain")).has("absent"));
});

test("a format that does not describe its layout says so", async () => {
  const source = memorySource(new Uint8Array(1024), "a.raw");
  const map = await diskMap(
    { name: "a.raw", source, resolver: noResolver, format: null },
    { scope: "file" },
    testContext(),
  );
  assert.throws(() => map.layout(), { code: "disk/no-layout" });
});
