/** A package is the same package as an archive and as a folder: every fixture in both, and what both refuse. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { after, describe, it } from "node:test";
import type { CarryPlan } from "../../src/operations/carry.js";
import { openPackage } from "../../src/operations/open.js";
import { planPack } from "../../src/operations/pack.js";
import { planUnpack } from "../../src/operations/unpack.js";
import type { PackageReader } from "../../src/package/model.js";
import type { InspectResult } from "../../src/report/results.js";
import { openFolderSet, openSingleFileSet } from "../../src/runtime/node/file-set.js";
import { openPath } from "../../src/runtime/node/input.js";
import { createContext } from "../../src/runtime/node/runtime.js";
import { hasCode } from "../support/errors.js";
import { packageFixtures } from "../support/fixtures.js";
import { descriptorOf, type PackageFiles, packageOf } from "../support/packages.js";
import { Workshop } from "../support/workshop.js";

const shop = new Workshop();
after(() => shop.close());

async function opened<T>(source: string, use: (reader: PackageReader) => Promise<T>): Promise<T> {
  const input = await openPath(source, shop.runtime.native);
  try {
    const { reader } = await openPackage(input, {}, createContext(shop.runtime));
    return await use(reader);
  } finally {
    await input.close();
  }
}

/** The same package in the other form. */
function turned(source: string): Promise<string> {
  return opened(source, async (reader) => {
    const toArchive = reader.kind === "directory";
    const destination = shop.fresh(toArchive ? ".ova" : "");
    const pack = { name: basename(destination), modified: new Date(0), manifest: "keep" } as const;
    const plan: CarryPlan = toArchive ? planPack(reader, pack) : planUnpack(reader);
    const to = await (toArchive ? openSingleFileSet : openFolderSet)(destination);
    await plan.execute(to, { integrity: false }, createContext(shop.runtime));
    await to.commit();
    return destination;
  });
}

/** What has to be the same. Members come in the archive's order, or sorted. */
function facts({ package: container, ...told }: InspectResult): object {
  const members = [...container.members].sort((a, b) => (a.name < b.name ? -1 : 1));
  // What is said of the archive as such, no folder can have.
  const findings = told.diagnostics.filter(({ code }) => !code.startsWith("tar/"));
  const diagnostics = findings.map(({ code, severity, message }) => ({ code, severity, message }));
  return { ...told, members, diagnostics };
}

for (const { name, source } of await packageFixtures()) {
  it(`${name} has the same facts as an archive and as a folder, and its files the same bytes`, async () => {
    const other = await turned(source);
    assert.deepEqual(facts(await shop.inspect(other)), facts(await shop.inspect(source)));
    await opened(source, (one) =>
      opened(other, async (two) => {
        assert.deepEqual([one.kind, two.kind].sort(), ["directory", "ova"]);
        for (const entry of one.entries) {
          const [a, b] = [await entry.open(), await (two.entry(entry.name) ?? assert.fail(entry.name)).open()];
          assert.deepEqual(await a.read(0, a.size), await b.read(0, b.size), entry.name);
          await a.close();
          await b.close();
        }
        assert.deepEqual(
          one.referenced.map((entry) => entry.name),
          two.referenced.map((entry) => entry.name),
        );
      }),
    );
  });
}

describe("as an archive and as a folder", () => {
  const forms: readonly (readonly [string, (files: PackageFiles) => string])[] = [
    ["archive", (files) => shop.archive(files)],
    ["folder", (files) => shop.folder(files)],
  ];
  const disk = new Uint8Array(readFileSync("test/fixtures/disks/stream.vmdk"));
  for (const [form, put] of forms) {
    const withPackage = <T>(
      hrefs: readonly string[],
      files: PackageFiles,
      use: (reader: PackageReader) => Promise<T>,
    ): Promise<T> => opened(put(packageOf(descriptorOf(hrefs.map((href) => ({ href, use: "disk" }))), files)), use);

    it(`a file is found by its name, by what the descriptor calls it, and by neither case nor parts of it (${form})`, async () => {
      await withPackage(["./a%20disk.vmdk"], { "a disk.vmdk": disk }, async (reader) => {
        for (const name of ["a disk.vmdk", "./a disk.vmdk", "a%20disk.vmdk", "./a%20disk.vmdk"]) {
          assert.equal(reader.entry(name)?.name, "a disk.vmdk", name);
        }
        for (const name of ["A DISK.VMDK", "disk.vmdk", "", ".", "..", "../a disk.vmdk", "/a disk.vmdk"]) {
          assert.equal(reader.entry(name), undefined, name);
        }
      });
    });

    it(`an image may name extents inside of the package and nothing outside of it (${form})`, async () => {
      await withPackage(["disk.vmdk", "extent.vmdk"], { "disk.vmdk": disk, "extent.vmdk": disk }, async (reader) => {
        const from = await (reader.entry("disk.vmdk") ?? assert.fail()).open();
        const ask = (name: string) => reader.resolver.open({ purpose: "extent", name, identity: null }, from);
        const inside = await ask("extent.vmdk");
        assert.equal(inside?.size, disk.length);
        await inside?.close();
        for (const name of ["../box.ovf", "/etc/passwd", "gone.vmdk", "C:\\x.vmdk", "..", ""]) {
          assert.equal(await ask(name), null, name);
        }
        await from.close();
      });
    });

    it(`two readers of one member do not disturb each other, and a part of it is read without the rest (${form})`, async () => {
      await withPackage(["disk.vmdk"], { "disk.vmdk": disk }, async (reader) => {
        const entry = reader.entry("disk.vmdk") ?? assert.fail();
        const [one, two] = [await entry.open(), await entry.open()];
        const [a, b] = await Promise.all([one.read(0, 5000), two.read(3000, 5000)]);
        assert.deepEqual([a, b], [disk.slice(0, 5000), disk.slice(3000, 8000)]);
        await one.close();
        assert.deepEqual(await two.read(10, 10), disk.slice(10, 20));
        await assert.rejects(two.read(disk.length - 5, 6), hasCode("io/out-of-bounds"));
        await two.close();
      });
    });
  }
});
