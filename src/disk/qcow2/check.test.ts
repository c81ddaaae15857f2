import assert from "node:assert/strict";
import { test } from "node:test";
import { diskFileBytes, diskFixtures } from "../../../test/support/fixtures.js";
import { qcow2Bytes, qcow2Fixtures } from "../../../test/support/qcow2.js";
import { readU64, viewOf, writeU64 } from "../../base/bytes.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import { noResolver } from "../../io/resolver.js";
import type { ByteSource } from "../../io/source.js";
import { memorySource } from "../../io/sources/memory.js";
import { testContext } from "../../io/testing/context.js";
import type { AmendPlan } from "../model.js";
import { qcow2 } from "./format.js";
import { parseQcow2Header } from "./header.js";
import { repairQcow2 } from "./repair.js";
import { offsetAt } from "./tables.js";

const CLUSTER = 65_536;
const COPIED = 2 ** 31;

async function findings(source: ByteSource): Promise<Diagnostic[]> {
  const found: Diagnostic[] = [];
  for await (const finding of qcow2.check?.(source, noResolver, testContext()) ?? []) found.push(finding);
  return found;
}

async function codesOf(bytes: Uint8Array): Promise<string[]> {
  const found = await findings(memorySource(bytes, "x.qcow2"));
  return [...new Set(found.map(({ code, severity }) => `${severity} ${code}`))].sort();
}

/** A small image of qemu-img's with clusters of 64 KiB and 16-bit counts, the places of its tables, and room behind it. */
async function plainImage(): Promise<{ bytes: Uint8Array; view: DataView; l1: number; l2: number; counts: number }> {
  const disk = (await diskFixtures()).find(({ files }) => files[0]?.name.startsWith("plain.qcow2"));
  const [file] = disk?.files ?? [];
  assert.ok(file !== undefined);
  const bytes = new Uint8Array(await diskFileBytes(file));
  const view = viewOf(bytes);
  const header = parseQcow2Header(bytes, "plain.qcow2");
  assert.equal(header.clusterBytes, CLUSTER);
  const table = readU64(view, header.refcountTableOffset, false);
  const l2 = offsetAt(view, header.l1Offset);
  return { bytes, view, l1: header.l1Offset, l2, counts: table };
}

/** Applies a plan to a copy. */
function amended(bytes: Uint8Array, plan: AmendPlan): Uint8Array {
  let end = plan.fileBytes ?? bytes.length;
  for (const { at, bytes: patch } of plan.patches) end = Math.max(end, at + patch.length);
  const copy = new Uint8Array(end);
  copy.set(bytes);
  for (const { at, bytes: patch } of plan.patches) copy.set(patch, at);
  return copy;
}

/** Offset in the file of the first L2 entry that names a plain cluster, and of the next one. */
function dataEntries(view: DataView, l2: number): [number, number] {
  const found: number[] = [];
  for (let at = l2; at < l2 + CLUSTER && found.length < 2; at += 8) if (view.getUint32(at) >= COPIED) found.push(at);
  assert.equal(found.length, 2);
  return found as [number, number];
}

test("every image that qemu-img made is sound, whatever its features", async () => {
  for (const { name } of await qcow2Fixtures()) {
    assert.deepEqual(await codesOf(await qcow2Bytes(name)), [], name);
  }
  for (const disk of await diskFixtures()) {
    const [file] = disk.files;
    if (disk.format !== "qcow2" || file === undefined) continue;
    assert.deepEqual(await codesOf(await diskFileBytes(file)), [], file.name);
  }
});

type Damage = (image: Awaited<ReturnType<typeof plainImage>>) => void;

const DAMAGES: Readonly<Record<string, readonly [Damage, readonly string[]]>> = {
  "an L2 table past the end": [
    ({ view, l1 }) => writeU64(view, l1, 2 ** 40, false),
    ["error qcow2/bad-table", "warning qcow2/leak"],
  ],
  "a reserved bit in an L1 entry": [
    ({ bytes, l1 }) => bytes.set([(bytes[l1 + 7] as number) + 2], l1 + 7),
    ["error qcow2/reserved-bits"],
  ],
  "a reserved bit in an L2 entry": [
    ({ bytes, view, l2 }) => bytes.set([2], dataEntries(view, l2)[0] + 7),
    ["error qcow2/reserved-bits"],
  ],
  "a cluster past the end": [
    ({ view, l2 }) => writeU64(view, dataEntries(view, l2)[0], 2 ** 40, false),
    ["error qcow2/bad-cluster", "warning qcow2/leak"],
  ],
  "a cluster across clusters": [
    ({ view, l2 }) => {
      const [at] = dataEntries(view, l2);
      view.setUint32(at + 4, view.getUint32(at + 4) + 512);
    },
    ["error qcow2/bad-cluster", "warning qcow2/leak"],
  ],
  "data in the header's cluster's neighbour, the refcount table": [
    ({ view, l2 }) => view.setUint32(dataEntries(view, l2)[0] + 4, CLUSTER),
    ["error qcow2/copied-flag", "error qcow2/overlap", "error qcow2/refcount-low", "warning qcow2/leak"],
  ],
  "two guest clusters in one": [
    ({ view, l2 }) => {
      const [first, second] = dataEntries(view, l2);
      view.setUint32(second + 4, view.getUint32(first + 4));
    },
    ["error qcow2/copied-flag", "error qcow2/refcount-low", "warning qcow2/leak", "warning qcow2/shared-cluster"],
  ],
  "a lost reference count": [({ view, counts }) => view.setUint16(counts + 6, 0), ["error qcow2/refcount-low"]],
  "a leaked cluster": [
    ({ view, l2 }) => {
      const [at] = dataEntries(view, l2);
      view.setUint32(at, 0);
      view.setUint32(at + 4, 0);
    },
    ["warning qcow2/leak"],
  ],
  "a copied flag that is missing": [
    ({ view, l1 }) => view.setUint32(l1, view.getUint32(l1) - COPIED),
    ["warning qcow2/copied-flag"],
  ],
  "refcount blocks past the end": [
    ({ view }) => writeU64(view, CLUSTER, 2 ** 40, false),
    ["error qcow2/bad-refcounts"],
  ],
  "no refcount block at all": [({ view }) => writeU64(view, CLUSTER, 0, false), ["error qcow2/refcount-low"]],
  "a refcount table entry with reserved bits": [
    ({ bytes }) => bytes.set([1], CLUSTER + 7),
    ["error qcow2/reserved-bits"],
  ],
  "an L1 table across clusters": [
    ({ view }) => writeU64(view, 40, 512, false),
    ["error qcow2/bad-table", "warning qcow2/leak"],
  ],
  "marks for dirty and corrupt": [({ bytes }) => bytes.set([3], 79), ["error qcow2/corrupt", "warning qcow2/dirty"]],
  "a backing file's name outside of the first cluster": [
    ({ view }) => {
      writeU64(view, 8, CLUSTER - 2, false);
      view.setUint32(16, 10);
    },
    ["error qcow2/bad-header"],
  ],
  "snapshots that are not there": [({ view }) => view.setUint32(60, 70_000), ["error qcow2/bad-snapshots"]],
  "a header of another version": [({ view }) => view.setUint32(4, 9), ["error qcow2/bad-header"]],
};

for (const [name, [damage, codes]] of Object.entries(DAMAGES)) {
  test(`a check finds ${name}`, async () => {
    const image = await plainImage();
    damage(image);
    assert.deepEqual(await codesOf(image.bytes), codes);
  });
}

test("bitmaps whose directory lies elsewhere are found, and do not make the image damaged", async () => {
  const { bytes, view } = await plainImage();
  bytes.set([1], 95);
  const at = view.getUint32(100);
  view.setUint32(at, 0x23852875);
  view.setUint32(at + 4, 24);
  view.setUint32(at + 8, 1);
  writeU64(view, at + 16, 64, false);
  writeU64(view, at + 24, 512, false);
  assert.deepEqual(await codesOf(bytes), ["warning qcow2/bad-bitmaps"]);
});

const MENDABLE = [
  "a lost reference count",
  "a leaked cluster",
  "two guest clusters in one",
  "a copied flag that is missing",
  "refcount blocks past the end",
  "no refcount block at all",
  "marks for dirty and corrupt",
] as const;

for (const name of MENDABLE) {
  test(`a repair mends ${name}, and the check is content afterwards`, async () => {
    const image = await plainImage();
    DAMAGES[name]?.[0](image);
    const plan = await repairQcow2(memorySource(image.bytes, "x.qcow2"), testContext());
    assert.ok(plan.mended.length > 0);
    const after = await codesOf(amended(image.bytes, plan));
    assert.deepEqual(after, name.startsWith("two guest") ? ["warning qcow2/shared-cluster"] : []);
  });
}

test("a repair changes nothing where a pointer is damaged: what looks free may be what it meant", async () => {
  for (const name of ["an L2 table past the end", "a cluster past the end", "a reserved bit in an L1 entry"]) {
    const image = await plainImage();
    DAMAGES[name]?.[0](image);
    const plan = await repairQcow2(memorySource(image.bytes, "x.qcow2"), testContext());
    assert.deepEqual([plan.patches, plan.mended], [[], []], name);
    assert.ok(plan.left.some(({ severity }) => severity === "error"));
  }
});

test("a sound image needs no repair, and memory is bounded by the limit of tables", async () => {
  const { bytes } = await plainImage();
  const plan = await repairQcow2(memorySource(bytes, "x.qcow2"), testContext());
  assert.deepEqual(plan, { patches: [], fileBytes: null, mended: [], left: [] });
  const tight = testContext({ limits: { tableBytes: 16 } });
  await assert.rejects(
    repairQcow2(memorySource(bytes, "x.qcow2"), tight),
    (error) => error instanceof FerryError && error.code === "io/limit",
  );
});

test("counts of every width are stored as they are read", async () => {
  const { readCount, writeCount } = await import("./stored-counts.js");
  for (const bits of [1, 2, 4, 8, 16, 32, 64]) {
    const view = viewOf(new Uint8Array(64));
    const most = Math.min(2 ** bits - 1, 2 ** 40);
    writeCount(view, bits, 3, most);
    writeCount(view, bits, 2, 1);
    assert.deepEqual(
      [1, 2, 3, 4].map((i) => readCount(view, bits, i)),
      [0, 1, most, 0],
      `${bits} bits`,
    );
    writeCount(view, bits, 3, 0);
    assert.deepEqual(
      [2, 3].map((i) => readCount(view, bits, i)),
      [1, 0],
    );
  }
});
