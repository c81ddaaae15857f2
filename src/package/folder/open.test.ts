import assert from "node:assert/strict";
import { test } from "node:test";
import { FerryError } from "../../base/errors.js";
import type { FolderAccess } from "../../io/folder.js";
import { memorySource } from "../../io/sources/memory.js";
import { testContext } from "../../io/testing/context.js";
import type { PackageReference } from "../model.js";
import { type OpenFolderOptions, openFolder } from "./open.js";

function folderOf(files: Readonly<Record<string, string>>): FolderAccess {
  const bytes = (name: string): Uint8Array => new TextEncoder().encode(files[name]);
  return {
    label: "path/to/app",
    list: async () =>
      Object.keys(files)
        .filter((name) => !name.includes("/"))
        .sort(),
    size: async (name) => (name in files ? bytes(name).length : null),
    open: async (name) => memorySource(bytes(name), `path/to/app/${name}`),
  };
}

async function open(
  files: Readonly<Record<string, string>>,
  hrefs?: readonly string[],
  more?: Partial<OpenFolderOptions>,
) {
  const ctx = testContext();
  const references = async (): Promise<readonly PackageReference[]> =>
    (hrefs ?? []).map((href) => ({ href, role: null, size: null, chunkSize: null }));
  const reader = await openFolder(folderOf(files), ctx, { ...(hrefs === undefined ? {} : { references }), ...more });
  return { reader, codes: ctx.codes(), names: reader.entries.map((entry) => entry.name) };
}

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof FerryError && error.code === code;
}

const files = {
  "app.ovf": "<E/>",
  "app.mf": "m",
  "app.cert": "c",
  "z.vmdk": "zz",
  "sub/a b.vmdk": "ab",
  "other.mf": "o",
  "notes.txt": "n",
  "big.raw.000000000": "123",
  "big.raw.000000001": "4",
};

test("holds the descriptor, its manifest and certificate, and what it refers to; nothing else", async () => {
  const { reader, names, codes } = await open(files, ["z.vmdk", "./sub/a%20b.vmdk", "big.raw"]);
  assert.deepEqual(names, ["app.cert", "app.mf", "app.ovf", "big.raw", "sub/a b.vmdk", "z.vmdk"]);
  assert.deepEqual(codes, []);
  assert.deepEqual(
    reader.referenced.map((entry) => entry.name),
    ["z.vmdk", "sub/a b.vmdk", "big.raw"],
  );
  assert.deepEqual([reader.kind, reader.name, reader.tar, reader.size], ["directory", "app", null, 14]);
  assert.equal(reader.descriptor?.name, "app.ovf");
  assert.equal((await reader.entry("big.raw")?.open())?.size, 4);
});

test("without references the disks are unknown, and only the three special files are entries", async () => {
  assert.deepEqual((await open(files)).names, ["app.cert", "app.mf", "app.ovf"]);
});

test("references that leave the folder are findings and open nothing", async () => {
  const { names, codes } = await open({ "app.ovf": "", "x.vmdk": "" }, [
    "../x.vmdk",
    "/etc/passwd",
    "%2e%2e/x",
    "gone",
  ]);
  assert.deepEqual(names, ["app.ovf"]);
  assert.deepEqual(codes, [
    "package/outside-reference",
    "package/outside-reference",
    "package/outside-reference",
    "package/missing-file",
  ]);
});

test("a folder with no descriptor or several is refused unless one is named", async () => {
  await assert.rejects(open({ "a.txt": "" }), hasCode("package/no-descriptor"));
  await assert.rejects(open({ "a.ovf": "", "b.ovf": "" }), hasCode("package/many-descriptors"));
  await assert.rejects(open({ "a.ovf": "" }, [], { descriptor: "b.ovf" }), hasCode("package/no-descriptor"));
  const { reader } = await open({ "a.ovf": "", "b.ovf": "", "b.mf": "", "a.mf": "" }, [], { descriptor: "b.ovf" });
  assert.deepEqual([reader.descriptor?.name, reader.entry("b.mf")?.role], ["b.ovf", "manifest"]);
});

test("images may name files beside them in their own folder, never above the package", async () => {
  const { reader } = await open({ "app.ovf": "", "sub/d.vmdk": "1", "sub/d-flat.vmdk": "2" }, [
    "sub/d.vmdk",
    "sub/d-flat.vmdk",
  ]);
  const from = await reader.entry("sub/d.vmdk")?.open();
  assert.ok(from);
  const ask = (name: string) => reader.resolver.open({ purpose: "extent", name, identity: null }, from);
  assert.equal((await ask("d-flat.vmdk"))?.label, "path/to/app/sub/d-flat.vmdk");
  for (const name of ["../app.ovf", "../../x", "/etc/passwd"]) assert.equal(await ask(name), null);
});
