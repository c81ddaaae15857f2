import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import { memorySource } from "../../io/sources/memory.js";
import { testContext } from "../../io/testing/context.js";
import { readManifest } from "../manifest/read.js";
import type { PackageReader, PackageReference } from "../model.js";
import type { OpenPackageOptions } from "../reader.js";
import { serializeTarHeader, TAR_BLOCK } from "../tar/header.js";
import { openOva } from "./open.js";

const SHA1 = "da39a3ee5e6b4b0d3255bfef95601890afd80709";

function archive(files: Readonly<Record<string, string>>): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [name, body] of Object.entries(files)) {
    const bytes = new TextEncoder().encode(body);
    const room = new Uint8Array(Math.ceil(bytes.length / TAR_BLOCK) * TAR_BLOCK);
    room.set(bytes);
    parts.push(serializeTarHeader({ name, size: bytes.length, mtime: 0 }), room);
  }
  return concatBytes([...parts, new Uint8Array(2 * TAR_BLOCK)]);
}

async function open(files: Readonly<Record<string, string>>, options: Partial<OpenPackageOptions> = {}) {
  const ctx = testContext();
  const reader = await openOva(memorySource(archive(files), "dir/app.ova"), ctx, options);
  return { reader, ctx, roles: Object.fromEntries(reader.entries.map((entry) => [entry.name, entry.role])) };
}

async function text(reader: PackageReader, name: string): Promise<string> {
  const source = await reader.entry(name)?.open();
  assert.ok(source);
  return new TextDecoder().decode(await source.read(0, source.size));
}

function reference(href: string, rest: Partial<PackageReference> = {}): PackageReference {
  return { href, role: null, size: null, chunkSize: null, ...rest };
}

const plain = { "app.ovf": "<E/>", "app.mf": `SHA1(app.ovf)= ${SHA1}\n`, "app-disk1.vmdk": "disk", "app.cert": "c" };

test("tells the roles of members by their names", async () => {
  const { reader, roles } = await open({
    ...plain,
    "app.nvram": "n",
    "cd.iso": "i",
    "other.mf": "m",
    "d.vmdk.gz": "z",
  });
  assert.deepEqual(roles, {
    "app.ovf": "descriptor",
    "app.mf": "manifest",
    "app-disk1.vmdk": "disk",
    "app.cert": "certificate",
    "app.nvram": "nvram",
    "cd.iso": "iso",
    "other.mf": "file",
    "d.vmdk.gz": "disk",
  });
  assert.deepEqual([reader.kind, reader.name, reader.tar], ["ova", "app.ova", "ustar"]);
  assert.equal(reader.descriptor, reader.entry("app.ovf"));
  assert.deepEqual(
    (await reader.disks()).map((disk) => disk.name),
    ["app-disk1.vmdk", "d.vmdk.gz"],
  );
});

test("opens a member as a slice of the archive that a worker can reopen", async () => {
  const { reader } = await open(plain);
  const source = await reader.entry("app-disk1.vmdk")?.open();
  assert.equal(source?.label, "dir/app.ova!app-disk1.vmdk");
  assert.equal(source?.ref()?.kind, "slice");
  assert.equal(await text(reader, "./app-disk1.vmdk"), "disk");
});

test("reads the manifest, and says where one is not used because of its name", async () => {
  const { reader, ctx } = await open(plain);
  assert.equal((await readManifest(reader, ctx))?.entries[0]?.digest, SHA1);
  assert.deepEqual(ctx.codes(), []);
  const stray = await open({ "app.ovf": "<E/>", "old.mf": "" });
  assert.equal(await readManifest(stray.reader, stray.ctx), null);
  assert.deepEqual(stray.ctx.codes(), ["package/stray-manifest"]);
});

test("the descriptor's use of a file goes before its name, but not for the three special files", async () => {
  const references = async () => [
    reference("en.xml", { role: "strings" }),
    reference("app-disk1.vmdk", { role: "file" }),
    reference("app.mf", { role: "disk" }),
    reference("a%20b.bin", { role: "disk" }),
  ];
  const { roles, reader, ctx } = await open({ ...plain, "en.xml": "", "a b.bin": "" }, { references });
  assert.deepEqual(
    ["en.xml", "app-disk1.vmdk", "app.mf", "a b.bin"].map((name) => roles[name]),
    ["strings", "file", "manifest", "disk"],
  );
  assert.equal(reader.entry("a%20b.bin")?.name, "a b.bin");
  assert.deepEqual(ctx.codes(), []);
});

test("reports references that lead nowhere, outside, or to another size", async () => {
  const references = async () => [
    reference("gone.vmdk"),
    reference("http://example.org/a.vmdk"),
    reference("%2e%2e/x"),
    reference("app-disk1.vmdk", { size: 5 }),
  ];
  const { ctx } = await open(plain, { references });
  assert.deepEqual(ctx.codes(), [
    "package/missing-file",
    "package/outside-reference",
    "package/outside-reference",
    "package/size-differs",
  ]);
});

test("chunks are one entry, and each is found by its own name for the manifest", async () => {
  const files = { "a.ovf": "<E/>", "d.vmdk.000000000": "01234", "d.vmdk.000000001": "56789", "d.vmdk.000000002": "ab" };
  const { reader, roles } = await open(files);
  assert.deepEqual(roles, { "a.ovf": "descriptor", "d.vmdk": "disk" });
  assert.equal(reader.entry("d.vmdk")?.size, 12);
  assert.equal(await text(reader, "d.vmdk"), "0123456789ab");
  assert.equal(await text(reader, "d.vmdk.000000001"), "56789");

  const right = [reference("d.vmdk", { chunkSize: 5, size: 12 })];
  assert.deepEqual((await open(files, { references: async () => right })).ctx.codes(), []);
  const wrong = [reference("d.vmdk", { chunkSize: 6 })];
  assert.deepEqual((await open(files, { references: async () => wrong })).ctx.codes(), ["package/chunk-size"]);
  const own = [reference("d.vmdk.000000000")];
  assert.equal((await open(files, { references: async () => own })).reader.entry("d.vmdk"), undefined);
});

test("a chunk that is missing between others is a finding, and those behind it stay files of their own", async () => {
  const { reader, ctx } = await open({ "a.ovf": "<E/>", "d.000000000": "0", "d.000000001": "1", "d.000000003": "3" });
  assert.deepEqual(ctx.codes(), ["package/missing-chunk"]);
  assert.equal(reader.entry("d")?.size, 2);
  assert.equal(reader.entry("d.000000003")?.role, "file");
});

test("references are relative to the descriptor, wherever it lies", async () => {
  const references = async () => [reference("d/a.vmdk")];
  const { reader, ctx } = await open({ "x/app.ovf": "<E/>", "x/app.mf": "", "x/d/a.vmdk": "1" }, { references });
  assert.deepEqual(ctx.codes(), []);
  assert.equal(reader.entry("d/a.vmdk")?.name, "x/d/a.vmdk");
  assert.equal(reader.entries[1]?.role, "manifest");
});

test("an archive without a descriptor is no OVA, and of several descriptors the first counts", async () => {
  await assert.rejects(
    open({ "readme.txt": "x" }),
    (e) => e instanceof FerryError && e.code === "package/no-descriptor",
  );
  const { reader, ctx, roles } = await open({ "b.ovf": "1", "a.ovf": "2" });
  assert.equal(reader.descriptor?.name, "b.ovf");
  assert.equal(roles["a.ovf"], "file");
  assert.deepEqual(ctx.codes(), ["package/many-descriptors"]);
});

test("a member that is cut off is listed with onDamage report, and cannot be opened", async () => {
  const bytes = archive({ "app.ovf": "<E/>", "d.vmdk": "x".repeat(5000) }).subarray(0, 4000);
  const ctx = testContext();
  const reader = await openOva(memorySource(bytes, "a.ova"), ctx, { onDamage: "report" });
  assert.equal(reader.entry("d.vmdk")?.size, 5000);
  const cut = (e: unknown): boolean => e instanceof FerryError && e.code === "tar/cut-off";
  await assert.rejects(async () => reader.entry("d.vmdk")?.open(), cut);
});

test("images may name files beside them, parents only where allowed, and nothing outside", async () => {
  const files = { "app.ovf": "<E/>", "d/a.vmdk": "1", "d/a-flat.vmdk": "2", "base.vmdk": "3" };
  for (const parents of ["inside", "never"] as const) {
    const { reader } = await open(files, { parents });
    const from = await reader.entry("d/a.vmdk")?.open();
    assert.ok(from);
    const ask = (purpose: "extent" | "parent", name: string) =>
      reader.resolver.open({ purpose, name, identity: null }, from);
    assert.equal((await ask("extent", "a-flat.vmdk"))?.label, "dir/app.ova!d/a-flat.vmdk");
    assert.equal((await ask("parent", "a-flat.vmdk")) !== null, parents === "inside");
    for (const name of ["../base.vmdk", "/etc/passwd", "base.vmdk", "C:\\a"])
      assert.equal(await ask("extent", name), null);
  }
});
