/** Every disk that somebody else made is read as its maker reads it, and carried into every variant that is written. */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { toHex } from "../../src/base/bytes.js";
import { compareDisks } from "../../src/disk/compare.js";
import { copyDisk } from "../../src/disk/copy.js";
import { shapeOf } from "../../src/disk/extents.js";
import { diskFormats } from "../../src/disk/formats.js";
import { hashDisk } from "../../src/disk/hash.js";
import type { VirtualDisk } from "../../src/disk/model.js";
import { openChain } from "../../src/disk/open.js";
import { checkReads, lawfulExtents } from "../../src/disk/testing/laws.js";
import type { ByteSource, SourceResolver } from "../../src/io/source.js";
import { memorySource } from "../../src/io/sources/memory.js";
import { type TestContext, testContext } from "../../src/io/testing/context.js";
import { memoryFileSet } from "../../src/io/testing/memory-set.js";
import { openPackage } from "../../src/operations/open.js";
import { openPath } from "../../src/runtime/node/input.js";
import { createNodeRuntime } from "../../src/runtime/node/runtime.js";
import { diskContext } from "../support/disks.js";
import { type DiskFixture, diskFileBytes, diskFixtures, packageFixtures } from "../support/fixtures.js";

/** A resolver over the files of a fixture alone. */
async function filesOf(disk: DiskFixture): Promise<{ readonly top: ByteSource; readonly resolver: SourceResolver }> {
  const files = new Map<string, Uint8Array>();
  for (const file of disk.files) files.set(file.name, await diskFileBytes(file));
  const source = (name: string): ByteSource | null => {
    const bytes = files.get(name);
    return bytes === undefined ? null : memorySource(bytes, name);
  };
  const top = source(disk.files[0]?.name ?? "");
  assert.ok(top !== null);
  return { top, resolver: { open: async ({ name }) => source(name ?? "") } };
}

async function openFixture(disk: DiskFixture, ctx: TestContext): Promise<VirtualDisk> {
  const { top, resolver } = await filesOf(disk);
  return openChain({ bytes: top }, { formats: diskFormats, resolver, format: null }, ctx);
}

async function sha256(disk: VirtualDisk, size: number, ctx: TestContext): Promise<string> {
  const cut = { ...disk, info: { ...disk.info, size } };
  return toHex(await hashDisk(cut, "sha256", ctx));
}

const packages = (await packageFixtures()).filter(({ facts }) => facts.disks.length > 0);

for (const fixture of await diskFixtures()) {
  const skip = diskFormats.find(fixture.format) === undefined ? `no format reads ${fixture.format}` : false;
  const maker = fixture.readBy ?? "qemu-img";
  describe(`${fixture.id} of ${maker}`, { skip }, () => {
    it(`has the capacity and the content that ${maker} reads`, async () => {
      const ctx = diskContext();
      const disk = await openFixture(fixture, ctx);
      assert.equal(disk.info.format, fixture.format);
      assert.equal(disk.info.variant, fixture.variant);
      assert.equal(disk.info.size, fixture.capacityBytes);
      assert.equal(await sha256(disk, fixture.capacityBytes, ctx), fixture.guestSha256);
      assert.deepEqual(ctx.codes(), fixture.findings ?? []);
    });

    it("keeps the laws of disks", async () => {
      const disk = await openFixture(fixture, diskContext());
      await lawfulExtents(disk);
      const { size } = disk.info;
      for (let i = 0; i < 16; i++) {
        const offset = Math.floor((size * i) / 17);
        await checkReads(disk, { offset, length: Math.min(size - offset, 1 + i * 30_011) });
      }
    });

    for (const format of diskFormats.all) {
      for (const variant of format.writes) {
        it(`becomes ${format.id} ${variant} with the same content`, async () => {
          const ctx = diskContext();
          const from = await openFixture(fixture, ctx);
          const name = `out${format.extensions[0]}`;
          const plan = await format.plan?.(shapeOf(from), { name, variant }, ctx);
          assert.ok(plan !== undefined);
          const set = memoryFileSet();
          await copyDisk(from, [{ plan, files: set }], ctx);
          const back = await format.open({ bytes: set.source(name) }, set.resolver, ctx);
          assert.equal((await compareDisks(from, back, ctx)).firstDifference, null);
        });
      }
    }
  });
}

describe("disks inside of packages", () => {
  // Members of files are opened by threads.
  const runtime = createNodeRuntime({ worker: new URL("../../src/worker-node.js", import.meta.url), workers: 1 });
  after(() => runtime.close());

  for (const { name, source, facts } of packages) {
    it(`${name}: read where they lie, as their maker reads them`, async () => {
      const ctx = testContext({ runtime });
      const input = await openPath(source, runtime.native);
      const { reader } = await openPackage(input, { onDamage: "report" }, ctx);
      for (const told of facts.disks) {
        const member = await reader.entry(told.file)?.open();
        assert.ok(member !== undefined, told.file);
        const how = { formats: diskFormats, resolver: reader.resolver, format: null };
        const disk = await openChain({ bytes: member }, how, ctx);
        assert.equal(await sha256(disk, told.capacityBytes, ctx), told.guestSha256, told.file);
        await lawfulExtents(disk);
        await checkReads(disk, { offset: 0, length: disk.info.size });
        await disk.close();
        await member.close();
      }
      await reader.close();
      await input.close();
    });
  }
});
