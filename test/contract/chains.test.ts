/** What holds for every format that is written over a parent. New ones are picked up from the registry. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { alignUp, SECTOR } from "../../src/base/bytes.js";
import { FerryError } from "../../src/base/errors.js";
import { copyDisk } from "../../src/disk/copy.js";
import { diskFormats } from "../../src/disk/formats.js";
import type { DiskFormat, Extent, VirtualDisk } from "../../src/disk/model.js";
import { type DiskLayer, openLayers } from "../../src/disk/open.js";
import { readGuest } from "../../src/disk/read.js";
import { stackDisk } from "../../src/disk/stack.js";
import { layerDisk } from "../../src/disk/testing/layers.js";
import { testContext } from "../../src/io/testing/context.js";
import { inlinePool } from "../../src/io/testing/inline-pool.js";
import { type MemoryFileSet, memoryFileSet } from "../../src/io/testing/memory-set.js";
import { planLayers } from "../../src/operations/convert/kept-chain.js";
import { zlibCodec } from "../../src/runtime/node/codec.js";
import { nodeHash } from "../../src/runtime/node/hash.js";
import { fc } from "../support/fast-check.js";

const codec = zlibCodec();
const context = (limits: object = {}) =>
  testContext({ runtime: { pool: inlinePool(codec), codec, hash: nodeHash }, limits });

const writable = diskFormats.all.filter((format) => format.overlays !== undefined);

/** Layers of one disk, a character a sector as `layerDisk` takes them, the topmost first. */
function chainOf(layers: readonly string[]): readonly [DiskLayer, ...DiskLayer[]] {
  const chain: DiskLayer[] = [];
  for (const [i, sectors] of [...layers].reverse().entries()) {
    const own = layerDisk(i === 0 ? sectors.replaceAll(".", "_") : sectors);
    const below = chain[0];
    chain.unshift({
      label: `layer${i}.raw`,
      own,
      whole: below === undefined ? own : stackDisk(own, below.whole),
    });
  }
  return chain as [DiskLayer, ...DiskLayer[]];
}

/** Writes a chain, and opens what was written. */
async function rewritten(
  format: DiskFormat,
  variant: string,
  chain: readonly [DiskLayer, ...DiskLayer[]],
): Promise<{ readonly back: readonly DiskLayer[]; readonly set: MemoryFileSet }> {
  const options = { name: `top${format.extensions[0]}`, format, variant, level: undefined, roundTo: SECTOR };
  const set = memoryFileSet();
  for (const { plan, source } of await planLayers(chain, options, context())) {
    await copyDisk(source, [{ plan, files: set }], context());
  }
  const ctx = context();
  const back = await openLayers(
    { bytes: set.source(options.name) },
    { formats: diskFormats, resolver: { open: async ({ name }) => set.source(name ?? "") }, format: null },
    ctx,
  );
  assert.deepEqual(ctx.codes(), [], "every child knows its parent");
  return { back, set };
}

async function guestOf(disk: VirtualDisk): Promise<Uint8Array> {
  return readGuest(disk, { offset: 0, length: disk.info.size }, context());
}

async function kindsOf(disk: VirtualDisk): Promise<readonly Extent[]> {
  const extents: Extent[] = [];
  for await (const extent of disk.extents()) extents.push(extent);
  return extents;
}

/** Layers whose runs are longer and shorter than clusters, and of different lengths. */
function layers(): fc.Arbitrary<readonly string[]> {
  const run = fc
    .tuple(
      fc.constantFrom(".", ".", "_", "\0", "A", "B"),
      fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(128, 256, 300)),
    )
    .map(([sector, count]) => sector.repeat(count));
  const layer = fc.array(run, { minLength: 1, maxLength: 9 }).map((runs) => runs.join(""));
  return fc.array(layer, { minLength: 2, maxLength: 4 });
}

for (const format of writable) {
  for (const variant of format.overlays ?? []) {
    describe(`a chain written as ${format.id} ${variant}`, () => {
      it("reads in each of its layers as the chain that it was made from", async () => {
        await fc.assert(
          fc.asyncProperty(layers(), async (made) => {
            // Formats whose layers have one size take disks that grew and none that shrank.
            const sectors = format.overlaySize === "parent" ? made.toSorted((a, b) => b.length - a.length) : made;
            const chain = chainOf(sectors);
            const { back } = await rewritten(format, variant, chain);
            assert.equal(back.length, chain.length);
            const least = format.overlaySize === "parent" ? (sectors[0] ?? "").length * SECTOR : 0;
            for (const [i, { whole }] of chain.entries()) {
              const size = alignUp(Math.max(whole.info.size, least), format.limits.sizeMultiple);
              const written = (back[i] as DiskLayer).whole;
              assert.equal(written.info.size, size);
              const wanted = new Uint8Array(size);
              wanted.set(await guestOf(whole));
              assert.equal(Buffer.compare(await guestOf(written), wanted), 0, `layer ${i}`);
            }
          }),
          { numRuns: 20 },
        );
      });

      it("holds in a layer only what differs, and hides the parent with zeros", async () => {
        const unit = 128;
        const parts = { same: ".", changed: "A", hidden: "_" } as const;
        const top = Object.values(parts)
          .map((sector) => sector.repeat(unit))
          .join("");
        const { back } = await rewritten(format, variant, chainOf([top, "B".repeat(3 * unit)]));
        const own = await kindsOf((back[0] as DiskLayer).own);
        assert.deepEqual(own[0], { offset: 0, length: unit * SECTOR, kind: "absent" });
        assert.ok(own.slice(1).every(({ kind }) => kind !== "absent"));
        const guest = await guestOf((back[0] as DiskLayer).whole);
        const firsts = [0, 1, 2].map((i) => guest[i * unit * SECTOR]);
        assert.deepEqual(firsts, ["B".charCodeAt(0), "A".charCodeAt(0), 0]);
      });

      it("says nothing in a layer of zeros that its parent reads as well", async () => {
        const { back } = await rewritten(format, variant, chainOf(["_".repeat(1000), "_".repeat(700)]));
        assert.deepEqual(await kindsOf((back[0] as DiskLayer).own), [
          { offset: 0, length: 1000 * SECTOR, kind: "absent" },
        ]);
      });

      it("is the same to the byte where the same chain is written twice", async () => {
        const chain = chainOf(["..A_".repeat(100), "BC".repeat(200)]);
        const [first, second] = [await rewritten(format, variant, chain), await rewritten(format, variant, chain)];
        for (const [name, bytes] of first.set.files) {
          const again = second.set.files.get(name);
          assert.equal(
            Buffer.compare(bytes.read(0, bytes.size), again?.read(0, again.size) ?? Buffer.alloc(0)),
            0,
            name,
          );
        }
      });

      it("is refused where a layer is so scattered that its runs take more than the limit", async () => {
        const [, base] = chainOf(["A", "B"]);
        const top = layerDisk("A.".repeat(3000));
        await assert.rejects(
          format.plan?.(
            { info: { ...top.info }, extents: () => top.extents() },
            { name: "top", parent: { name: "base", identity: base?.own.info.identity ?? "0-0-0-0-0" } },
            context({ tableBytes: 16 }),
          ) ?? Promise.resolve(),
          (error) => error instanceof FerryError && error.code === "io/limit",
        );
      });
    });
  }
}

describe("a format whose layers have one size", () => {
  for (const format of writable.filter(({ overlaySize }) => overlaySize === "parent")) {
    it(`refuses a chain whose topmost layer is smaller than a parent: ${format.id}`, async () => {
      const options = { name: "top", format, variant: undefined, level: undefined, roundTo: SECTOR };
      await assert.rejects(
        planLayers(chainOf(["A", "BB"]), options, context()),
        (error) => error instanceof FerryError && error.code === "disk/cannot-keep-chain",
      );
    });
  }
});

describe("a format that is not written over a parent", () => {
  for (const format of diskFormats.all.filter((known) => known.overlays === undefined)) {
    it(`refuses to keep a chain: ${format.id}`, async () => {
      const options = { name: "top", format, variant: undefined, level: undefined, roundTo: SECTOR };
      await assert.rejects(
        planLayers(chainOf(["A", "B"]), options, context()),
        (error) => error instanceof FerryError && error.code === "disk/cannot-keep-chain",
      );
    });
  }
});
