import assert from "node:assert/strict";
import { cp, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Context } from "../../src/io/context.js";
import type { FileSet } from "../../src/io/file-set.js";
import { testContext } from "../../src/io/testing/context.js";
import type { CarryPlan } from "../../src/operations/carry.js";
import { planPack } from "../../src/operations/pack.js";
import { planUnpack } from "../../src/operations/unpack.js";
import { openFolder } from "../../src/package/folder/open.js";
import type { PackageReader } from "../../src/package/model.js";
import { openOva } from "../../src/package/ova/open.js";
import { ovfReferences } from "../../src/platforms/ovf/references.js";
import { openFolderSet, openSingleFileSet } from "../../src/runtime/node/file-set.js";
import { openFileSource } from "../../src/runtime/node/file-source.js";
import { openFolderAccess } from "../../src/runtime/node/folder.js";
import { nodeHash } from "../../src/runtime/node/hash.js";
import { NO_NATIVE } from "../../src/runtime/node/native.js";
import { packageFixtures } from "../support/fixtures.js";
import { lacking, peerPath } from "./peers.js";
import { run } from "./run.js";
import { scratch } from "./scratch.js";
import { startVirtualBox } from "./virtualbox.js";

const native = NO_NATIVE;

function context(): Context {
  return testContext({ runtime: { hash: nodeHash, pool: { size: 0, run: () => assert.fail("no pool") } } });
}

async function withPackage<T>(path: string, use: (reader: PackageReader) => Promise<T>): Promise<T> {
  const ctx = context();
  const references = ovfReferences(ctx);
  if ((await stat(path)).isDirectory())
    return use(await openFolder(openFolderAccess(path, native), ctx, { references }));
  const source = await openFileSource(path, native);
  try {
    return await use(await openOva(source, ctx, { references }));
  } finally {
    await source.close();
  }
}

async function execute(plan: CarryPlan, to: FileSet, integrity: boolean): Promise<void> {
  await plan.execute(to, { integrity }, context());
  await to.commit();
}

async function pack(folder: string, ova: string, how: { integrity: boolean }): Promise<void> {
  await withPackage(folder, async (reader) => {
    const plan = planPack(reader, { name: basename(ova), modified: new Date(), manifest: "add" });
    await execute(plan, await openSingleFileSet(ova), how.integrity);
  });
}

async function unpack(ova: string, folder: string): Promise<void> {
  await withPackage(ova, async (reader) => execute(planUnpack(reader), await openFolderSet(folder), true));
}

/** One by VirtualBox for every version of OVF, one with a name outside ASCII. */
const NAMES = ["vbox-bios-ovf09", "vbox-efi-ovf10", "vbox-nvme-ovf20", "vbox-names-ovf20"];

async function fixtures(): Promise<readonly { readonly name: string; readonly source: string }[]> {
  const found = (await packageFixtures()).filter(({ name }) => NAMES.includes(name));
  assert.equal(found.length, NAMES.length);
  return found;
}

test("VirtualBox imports what is unpacked into a folder and packed again, and checks the manifest that was added", {
  skip: await lacking("VBoxManage"),
  timeout: 300_000,
}, async (t: TestContext) => {
  for (const { name, source } of await fixtures()) {
    const box = await startVirtualBox(t);
    const folder = join(await scratch(t, "unpacked"), "package");
    await unpack(source, folder);
    const descriptor = (await readdir(folder)).find((file) => file.endsWith(".ovf"));
    const fromFolder = await box.importAs(join(folder, descriptor ?? ""), name, 1);
    assert.equal(fromFolder.status, 0, `${name}, folder: ${fromFolder.stderr}`);

    const bare = join(await scratch(t, "bare"), "package");
    await cp(folder, bare, { recursive: true, filter: (file) => !file.endsWith(".mf") });
    for (const from of [folder, bare]) {
      const again = await startVirtualBox(t);
      const ova = join(await scratch(t, "packed"), "packed.ova");
      await pack(from, ova, { integrity: true });
      const imported = await again.importAs(ova, name, 1);
      assert.equal(imported.status, 0, `${name}, packed: ${imported.stderr}`);
    }
  }
});

test("VirtualBox refuses a packed file that its manifest does not agree with: so it does read the manifest", {
  skip: await lacking("VBoxManage"),
  timeout: 120_000,
}, async (t: TestContext) => {
  const [fixture] = await fixtures();
  assert.ok(fixture);
  const folder = join(await scratch(t, "altered"), "package");
  await unpack(fixture.source, folder);
  const descriptor = join(folder, (await readdir(folder)).find((file) => file.endsWith(".ovf")) ?? "");
  await writeFile(descriptor, `${await readFile(descriptor, "utf8")}\n`);
  const ova = join(await scratch(t, "packed"), "packed.ova");
  await pack(folder, ova, { integrity: false });
  const imported = await (await startVirtualBox(t)).importAs(ova, "altered", 1);
  assert.notEqual(imported.status, 0);
  assert.match(imported.stderr, /digest/i);
});

test("tar unpacks what is packed here to the same files", {
  skip: await lacking("tar"),
  timeout: 60_000,
}, async (t: TestContext) => {
  for (const { name, source } of await fixtures()) {
    const folder = join(await scratch(t, "unpacked"), "package");
    await unpack(source, folder);
    const ova = join(await scratch(t, "packed"), "packed.ova");
    await pack(folder, ova, { integrity: true });
    const out = await scratch(t, "tar");
    await run(await peerPath("tar"), ["xf", ova, "-C", out], { timeout: 30_000 });
    const names = await readdir(folder);
    assert.deepEqual((await readdir(out)).sort(), names.sort(), name);
    for (const file of names) assert.ok((await readFile(join(out, file))).equals(await readFile(join(folder, file))));
  }
});
