import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { diskFileBytes, diskFixtures } from "../../../test/support/fixtures.js";
import { craftSparse, descriptorText, PLACES, walkStream, wordsOf } from "../../../test/support/vmdk.js";
import { SECTOR, viewOf, writeU64 } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import { noResolver } from "../../io/resolver.js";
import type { SourceResolver } from "../../io/source.js";
import { memorySource } from "../../io/sources/memory.js";
import { testContext } from "../../io/testing/context.js";
import type { AmendPlan } from "../model.js";
import { vmdk } from "./format.js";
import { repairVmdk } from "./repair.js";

async function codesOf(bytes: Uint8Array, resolver: SourceResolver = noResolver): Promise<string[]> {
  const seen = new Set<string>();
  const source = memorySource(bytes, "x.vmdk");
  for await (const { code, severity } of vmdk.check?.(source, resolver, testContext()) ?? [])
    seen.add(`${severity} ${code}`);
  return [...seen].sort();
}

function amended(bytes: Uint8Array, plan: AmendPlan): Uint8Array {
  const copy = bytes.slice();
  for (const { at, bytes: patch } of plan.patches) copy.set(patch, at);
  return copy;
}

const { tables, redundantTables, directory, grains } = PLACES;

/** Two grains, in both copies of the tables. */
function sparseBytes(): Uint8Array {
  const file = craftSparse({ grains: { 0: grains, 600: grains + 128 } });
  return new Uint8Array(file.read(0, file.size));
}

async function fixture(name: string): Promise<{ bytes: Uint8Array; resolver: SourceResolver }> {
  const disk = (await diskFixtures()).find(({ files }) => files[0]?.name === name);
  assert.ok(disk !== undefined, name);
  const files = new Map<string, Uint8Array>();
  for (const file of disk.files) files.set(file.name, new Uint8Array(await diskFileBytes(file)));
  return {
    bytes: files.get(name) as Uint8Array,
    resolver: {
      open: async (request) => {
        const found = files.get(request.name ?? "");
        return found === undefined ? null : memorySource(found, request.name ?? "");
      },
    },
  };
}

test("every VMDK that another program made is sound", async () => {
  let checked = 0;
  for (const disk of await diskFixtures()) {
    const name = disk.files[0]?.name ?? "";
    if (disk.format !== "vmdk") continue;
    const { bytes, resolver } = await fixture(name);
    assert.deepEqual(await codesOf(bytes, resolver), [], name);
    checked++;
  }
  assert.ok(checked >= 5);
});

const SPARSE: Readonly<Record<string, readonly [(bytes: Uint8Array) => void, readonly string[]]>> = {
  "no damage": [() => {}, []],
  "a table past the end": [(b) => b.set(wordsOf([2 ** 31]), directory * SECTOR), ["error vmdk/bad-table"]],
  "a grain past the end": [(b) => b.set(wordsOf([2 ** 31]), tables * SECTOR), ["error vmdk/bad-grain"]],
  "two grains in one place": [(b) => b.set(wordsOf([grains]), tables * SECTOR + 4), ["error vmdk/overlap"]],
  "a grain over the descriptor": [(b) => b.set(wordsOf([1]), tables * SECTOR + 4), ["error vmdk/overlap"]],
  "copies that differ": [
    (b) => b.set(wordsOf([grains + 256]), redundantTables * SECTOR + 8),
    ["warning vmdk/redundant-tables"],
  ],
  "a damaged copy": [(b) => b.set(wordsOf([2 ** 31]), redundantTables * SECTOR), ["warning vmdk/redundant-tables"]],
  "an unclean end": [(b) => b.set([1], 72), ["warning vmdk/unclean"]],
  "a directory past the end": [(b) => writeU64(viewOf(b), 56, 2 ** 31, true), ["error vmdk/bad-table"]],
  "another version": [(b) => b.set([9], 4), ["error vmdk/bad-header"]],
};

for (const [name, [damage, codes]] of Object.entries(SPARSE)) {
  test(`a check of a sparse disk finds ${name}`, async () => {
    const bytes = sparseBytes();
    damage(bytes);
    assert.deepEqual(await codesOf(bytes), codes);
  });
}

for (const name of ["a table past the end", "a grain past the end", "a damaged copy", "an unclean end"]) {
  test(`a repair of a sparse disk mends ${name}, and gives the bytes that were there before`, async () => {
    const bytes = sparseBytes();
    SPARSE[name]?.[0](bytes);
    const plan = await repairVmdk(memorySource(bytes, "x.vmdk"), testContext());
    assert.ok(plan.mended.length > 0);
    assert.deepEqual(plan.left, []);
    assert.deepEqual(amended(bytes, plan), sparseBytes());
  });
}

test("a repair leaves what has no one right answer: copies that differ and are both whole", async () => {
  const bytes = sparseBytes();
  SPARSE["copies that differ"]?.[0](bytes);
  const plan = await repairVmdk(memorySource(bytes, "x.vmdk"), testContext());
  assert.deepEqual([plan.patches, plan.mended.length, plan.left.length], [[], 0, 1]);
});

test("a check of a stream finds damaged markers, grains, tables, ends and what follows them", async () => {
  const { bytes: good } = await fixture("stream.vmdk");
  const parts = walkStream(good);
  const grain = parts.find(({ part }) => part === "grain");
  assert.ok(grain !== undefined);
  const damaged = async (change: (bytes: Uint8Array) => Uint8Array | undefined): Promise<string[]> => {
    const bytes = good.slice();
    return codesOf(change(bytes) ?? bytes);
  };
  const set =
    (at: number, ...values: number[]) =>
    (bytes: Uint8Array): undefined =>
      void bytes.set(values, at);
  assert.deepEqual(await damaged(set(grain.at, 1)), ["error vmdk/bad-marker"]);
  assert.ok((await damaged(set(grain.at + 12, 0xff))).includes("error vmdk/bad-grain"));
  assert.ok((await damaged(set(grain.at + 8, 0xff, 0xff, 0xff, 0x7f))).includes("error vmdk/bad-grain"));
  const after = await damaged((bytes) => Uint8Array.from([...bytes, ...new Array(SECTOR).fill(7)]));
  assert.ok(after.includes("warning vmdk/after-end"));
});

/** The first disk of an archive of VirtualBox's: a stream whose footer names its directory. */
async function streamWithFooter(): Promise<Uint8Array> {
  const archive = await readFile("test/fixtures/packages/vbox-efi-ovf20/lantern.ova");
  const at = archive.indexOf("KDMV");
  // The size of a member stands at byte 124 of its header, in octal.
  const size = Number.parseInt(archive.toString("latin1", at - 512 + 124, at - 512 + 135), 8);
  return new Uint8Array(archive.subarray(at, at + size));
}

test("a grain that no table names is found", async () => {
  const bytes = await streamWithFooter();
  assert.deepEqual(await codesOf(bytes), []);
  const parts = walkStream(bytes);
  const table = parts.find(({ part }) => part === "table");
  const grain = parts.find(({ part }) => part === "grain");
  assert.ok(table !== undefined && grain !== undefined);
  const view = viewOf(bytes);
  for (let at = table.at + SECTOR; at < table.at + 5 * SECTOR; at += 4) {
    if (view.getUint32(at, true) * SECTOR === grain.at) view.setUint32(at, 0, true);
  }
  assert.deepEqual(await codesOf(bytes), ["warning vmdk/unnamed-grains"]);
});

test("a stream that lost its footer is found, and a repair takes the directory from the markers", async () => {
  const whole = await streamWithFooter();
  const footer = walkStream(whole).find(({ part }) => part === "footer");
  assert.ok(footer !== undefined);
  const bytes = whole.slice(0, footer.at);
  assert.deepEqual(await codesOf(bytes), ["error vmdk/bad-marker", "error vmdk/no-footer"]);
  const plan = await repairVmdk(memorySource(bytes, "x.vmdk"), testContext());
  assert.deepEqual(
    plan.mended.map(({ code }) => code),
    ["vmdk/no-footer"],
  );
  assert.deepEqual(await codesOf(amended(bytes, plan)), []);
});

test("a descriptor's extents are looked for and measured", async () => {
  const text = (line: string): Uint8Array => new TextEncoder().encode(descriptorText([line]));
  assert.deepEqual(await codesOf(text('RW 8 FLAT "gone.vmdk" 0')), ["error vmdk/extent-missing"]);
  const short: SourceResolver = { open: async () => memorySource(new Uint8Array(512), "short.vmdk") };
  assert.deepEqual(await codesOf(text('RW 8 FLAT "short.vmdk" 0'), short), ["error vmdk/short-extent"]);
  const named = new TextDecoder().decode(text('RW 1 FLAT "short.vmdk" 0')).replace("CID=12345678", "CID=none");
  assert.deepEqual(await codesOf(new TextEncoder().encode(named), short), ["warning vmdk/bad-cid"]);
});

test("a check takes no more memory than the limit of tables", async () => {
  const tight = testContext({ limits: { tableBytes: 4 } });
  const found: string[] = [];
  try {
    for await (const { code } of vmdk.check?.(memorySource(sparseBytes(), "x.vmdk"), noResolver, tight) ?? [])
      found.push(code);
  } catch (error) {
    assert.ok(error instanceof FerryError);
    found.push(error.code);
  }
  assert.deepEqual(found, ["io/limit"]);
});
