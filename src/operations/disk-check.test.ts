import assert from "node:assert/strict";
import { test } from "node:test";
import { diskFileBytes, diskFixtures } from "../../test/support/fixtures.js";
import { qcow2Neighbours, qcow2Source } from "../../test/support/qcow2.js";
import { noResolver } from "../io/resolver.js";
import type { SourceResolver } from "../io/source.js";
import { memorySource } from "../io/sources/memory.js";
import { testContext } from "../io/testing/context.js";
import type { DiskSource } from "./disk.js";
import { diskCheck } from "./disk-check.js";
import { diskMap } from "./disk-map.js";

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
  const result = await diskCheck({ name: "a.raw", source, resolver: noResolver, format: null }, testContext());
  assert.equal(result.verdict, "unchecked");
  assert.deepEqual(result.counts, { "disk/not-checked": 1 });
});

test("a chain is checked file by file, and a parent that is not allowed is said to be unchecked", async () => {
  const whole = await diskCheck(await backed(qcow2Neighbours), testContext());
  assert.equal(whole.parents.length, 1);
  assert.equal(whole.counts["disk/parent-not-checked"], undefined);
  const alone = await diskCheck(await backed(noResolver), testContext());
  assert.deepEqual(alone.parents, []);
  assert.equal(alone.counts["disk/parent-not-checked"], 1);
});

test("images that name each other in a circle end at the limit of chains", async () => {
  const circle: SourceResolver = { open: () => qcow2Source("overlay.qcow2") };
  await assert.rejects(diskCheck(await backed(circle), testContext({ limits: { chainDepth: 5 } })), {
    code: "io/limit",
  });
});

test("an image that cannot be opened is damaged, also where its format has no check", async () => {
  const [vhd] = await filesOf("dynamic.vhd");
  assert.ok(vhd !== undefined);
  const source = memorySource(vhd.bytes.slice(0, 1024), "cut.vhd");
  const result = await diskCheck({ name: "cut.vhd", source, resolver: noResolver, format: "vhd" }, testContext());
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
