import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { FolderAccess } from "./folder.js";
import { folderResolver, mappedResolver, noResolver } from "./resolver.js";
import type { ByteSource, SourceRequest, SourceResolver } from "./source.js";
import { memorySource } from "./sources/memory.js";

const file = (label: string): ByteSource => memorySource(new Uint8Array(1), label);
const asking = (name: string | null, identity: string | null = null): SourceRequest => ({
  purpose: "parent",
  name,
  identity,
});
/** Finds every name in one folder. */
const folder = (label: string): SourceResolver => ({ open: async ({ name }) => file(`${label}/${name}`) });

async function labelOf(resolver: SourceResolver, request: SourceRequest, from: ByteSource): Promise<string | null> {
  return (await resolver.open(request, from))?.label ?? null;
}

describe("a resolver that is told where files are", () => {
  const mapped = { open: async () => file("there/base"), beside: folder("there") };
  const resolver = mappedResolver(
    new Map([
      ["/vms/base.qcow2", mapped],
      ["ABCD-12", mapped],
    ]),
    folder("here"),
  );
  const top = file("top");

  it("answers names and ids that it was told, and leaves all else to the other one", async () => {
    assert.equal(await labelOf(resolver, asking("/vms/base.qcow2"), top), "there/base");
    assert.equal(await labelOf(resolver, asking("x", "abcd-12"), top), "there/base");
    assert.equal(await labelOf(resolver, asking(null, "ABCD-12"), top), "there/base");
    assert.equal(await labelOf(resolver, asking("/VMS/base.qcow2"), top), "here//VMS/base.qcow2");
    assert.equal(await labelOf(mappedResolver(new Map(), noResolver), asking(null), top), null);
  });

  it("looks for what a mapped file names beside that file, and for what that names as well", async () => {
    const base = (await resolver.open(asking("/vms/base.qcow2"), top)) ?? assert.fail();
    const below = (await resolver.open(asking("below"), base)) ?? assert.fail();
    assert.equal(below.label, "there/below");
    assert.equal(await labelOf(resolver, asking("lowest"), below), "there/lowest");
    assert.equal(await labelOf(resolver, asking("below"), top), "here/below");
  });
});

const present = new Set(["disk-flat.vmdk", "base.qcow2", "data", "..."]);
const opened: string[] = [];
const access: FolderAccess = {
  label: "folder",
  list: async () => [...present],
  size: async (name) => (present.has(name) ? 1 : null),
  open: async (name) => {
    opened.push(name);
    return memorySource(new Uint8Array(1), name);
  },
};
const image = file("disk.vmdk");

function ask(
  external: "allowed" | "refused",
  purpose: SourceRequest["purpose"],
  name: string | null,
): Promise<string | null> {
  const request: SourceRequest = { purpose, name, identity: null };
  return folderResolver(access, { external })
    .open(request, image)
    .then((source) => source?.label ?? null);
}

describe("a resolver of a folder", () => {
  it("opens extents beside the image whether others are allowed or not", async () => {
    for (const external of ["allowed", "refused"] as const) {
      assert.equal(await ask(external, "extent", "disk-flat.vmdk"), "disk-flat.vmdk");
    }
  });

  it("opens parents and data files only where they are allowed", async () => {
    for (const purpose of ["parent", "data"] as const) {
      assert.equal(await ask("refused", purpose, "base.qcow2"), null);
      assert.equal(await ask("allowed", purpose, "base.qcow2"), "base.qcow2");
    }
  });

  it("takes a name that starts with the folder itself", async () => {
    assert.equal(await ask("refused", "extent", "./data"), "data");
    assert.equal(await ask("refused", "extent", ".\\data"), "data");
    assert.equal(await ask("refused", "extent", "..."), "...");
  });

  it("follows no path, and asks the folder for none", async () => {
    opened.length = 0;
    const paths = [
      "../data",
      "..",
      ".",
      "",
      "./",
      "/data",
      "sub/data",
      "sub\\data",
      "C:data",
      "c:\\data",
      "data\0",
      "././data",
    ];
    for (const name of paths) assert.equal(await ask("allowed", "extent", name), null, JSON.stringify(name));
    assert.deepEqual(opened, []);
  });

  it("has nothing where no name is known or no file is there", async () => {
    assert.equal(await ask("allowed", "parent", null), null);
    assert.equal(await ask("allowed", "parent", "gone.qcow2"), null);
  });
});

it("a disk that must stand alone gets nothing", async () => {
  assert.equal(await noResolver.open({ purpose: "extent", name: "data", identity: null }, image), null);
});
