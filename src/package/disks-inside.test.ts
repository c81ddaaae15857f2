import assert from "node:assert/strict";
import { test } from "node:test";
import type { ChunkSet } from "../io/source.js";
import { memorySource } from "../io/sources/memory.js";
import { testContext } from "../io/testing/context.js";
import { archiveReader } from "./disks-inside.js";

const bytes = Uint8Array.from({ length: 300 }, (_, i) => (i % 250) + 1);

/** 100 bytes at 0, nothing up to 400, 50 bytes at the end. */
const disk: ChunkSet & { readonly name: string } = {
  name: "Ref:4",
  label: "vm.xva!Ref:4",
  source: memorySource(bytes, "vm.xva"),
  size: 450,
  runs({ offset, length }) {
    const runs = [
      [0, 20, 100],
      [400, 200, 50],
    ].flatMap(([at = 0, from = 0, count = 0]) => {
      const start = Math.max(at, offset);
      const end = Math.min(at + count, offset + length);
      return end > start ? [start, from + start - at, end - start] : [];
    });
    return Float64Array.from(runs);
  },
};

const expected = new Uint8Array(450);
expected.set(bytes.subarray(20, 120), 0);
expected.set(bytes.subarray(200, 250), 400);

test("an archive with disks inside is a package of its configurations and of disks as guests see them", async () => {
  const config = new TextEncoder().encode("<value/>");
  const reader = archiveReader({
    kind: "xva",
    source: memorySource(bytes, "path/vm.xva"),
    name: "vm.xva",
    configs: [{ name: "ova.xml", bytes: config }],
    format: "xva",
    disks: [disk, { ...disk, name: "ova.xml" }],
    tar: "ustar",
  });
  assert.deepEqual(
    reader.entries.map(({ name, size, role }) => [name, size, role]),
    [
      ["ova.xml", 8, "descriptor"],
      ["Ref:4", 450, "disk"],
    ],
  );
  assert.equal(reader.descriptor?.name, "ova.xml");
  const source = (await reader.entry("Ref:4")?.open()) ?? assert.fail();
  assert.deepEqual(await source.read(0, 450), expected);
  assert.deepEqual(await source.read(90, 320), expected.subarray(90, 410));
  const parts: number[] = [];
  for await (const part of source.stream({ offset: 99, length: 303 })) parts.push(...part);
  assert.deepEqual(Uint8Array.from(parts), expected.subarray(99, 402));
  await assert.rejects(source.read(440, 11), { code: "io/out-of-bounds" });
  const [inside] = await reader.disks();
  assert.deepEqual([inside?.name, inside?.format], ["Ref:4", "xva"]);
  assert.ok("chunks" in ((await inside?.open()) ?? assert.fail()));
  assert.equal(testContext().codes().length, 0);
});
