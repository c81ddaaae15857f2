/**
 * Chains of formats that are read over a parent and not written so: two to four layers of random units, put together by hand by the layouts
 * in each format's NOTES.md, read as a reference in memory. Those that are written are held so in test/contract/chains.test.ts.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MIB, SECTOR } from "../../src/base/bytes.js";
import { NIL_GUID } from "../../src/base/guid.js";
import { diskFormats } from "../../src/disk/formats.js";
import { openLayers } from "../../src/disk/open.js";
import { readGuest } from "../../src/disk/read.js";
import { checkReads, lawfulExtents } from "../../src/disk/testing/laws.js";
import { BLOCK_FREE, BLOCK_ZERO } from "../../src/disk/vdi/blocks.js";
import { serializeVdiHeader } from "../../src/disk/vdi/header.js";
import { SparseBytes, sparseSource } from "../../src/io/testing/sparse-bytes.js";
import { diskContext } from "../support/disks.js";
import { fc } from "../support/fast-check.js";
import { CRAFTED, craftVhdx } from "../support/vhdx.js";
import { craftSparse, descriptorText, GRAIN, PLACES, wordsOf } from "../support/vmdk.js";

/** A unit of a layer: nothing, zeros, its own bytes, or bytes in some of its sectors. */
type Unit =
  | { readonly kind: "absent" | "zero" | "data" }
  | { readonly kind: "part"; readonly from: number; readonly sectors: number };

/** A format in which layers are put together. */
interface Craft {
  readonly id: "vmdk" | "vdi" | "vhdx";
  readonly unitBytes: number;
  /** Whether a layer may hold sectors of a unit. */
  readonly parts: boolean;
  readonly mostUnits: number;
  /** The file of layer `layer`, 0 the lowest. */
  file(layer: number, units: readonly Unit[], size: number): SparseBytes;
}

const PATTERN = new Uint8Array(2 * MIB).map((_, i) => (i * 7 + Math.floor(i / 509) * 3) % 256);

/** The bytes of a unit of a layer: no two are alike. */
function content(layer: number, unit: number, length: number): Uint8Array {
  const start = (1 + layer * 71 + unit * 1013) % MIB;
  return PATTERN.subarray(start, start + length);
}

const idOf = (layer: number): string => `0000000${layer}-1111-4222-8333-444455556666`;
/** Data lies in a file in the reverse order of the guest's. */
const stored = (units: readonly Unit[]): readonly number[] =>
  units.flatMap(({ kind }, i) => (kind === "data" || kind === "part" ? [i] : [])).reverse();

const CRAFTS: readonly Craft[] = [
  {
    id: "vmdk",
    unitBytes: GRAIN,
    parts: false,
    mostUnits: 9,
    file(layer, units, size): SparseBytes {
      const extent = `RW ${size / SECTOR} SPARSE "layer${layer}.vmdk"`;
      const parent = layer === 0 ? [] : ["parentCID=12345678", `parentFileNameHint="layer${layer - 1}.vmdk"`];
      const places = stored(units);
      const grains: Record<number, number> = {};
      for (const [i, { kind }] of units.entries()) if (kind === "zero") grains[i] = 1;
      for (const [i, unit] of places.entries()) grains[unit] = PLACES.grains + i * (GRAIN / SECTOR);
      const flags = { redundantDirectory: true, zeroedGrains: true, compressed: false, markers: false };
      const file = craftSparse({
        header: { version: 2, flags, capacitySectors: size / SECTOR },
        descriptor: descriptorText([extent], parent),
        grains,
      });
      for (const [i, unit] of places.entries()) {
        file.write(PLACES.grains * SECTOR + i * GRAIN, content(layer, unit, GRAIN));
      }
      return file;
    },
  },
  {
    id: "vdi",
    unitBytes: 4096,
    parts: false,
    mostUnits: 40,
    file(layer, units, size): SparseBytes {
      const link = layer === 0 ? NIL_GUID : idOf(layer - 1);
      const file = new SparseBytes();
      const dataAt = MIB;
      const header = { comment: "", mapAt: 512, dataAt, size, blockBytes: 4096, extraBytes: 0, allocated: 0 } as const;
      const ids = { create: idOf(layer), modify: idOf(layer), link, parentModify: link };
      const variant = layer === 0 ? "dynamic" : "differencing";
      file.write(0, serializeVdiHeader({ ...header, variant, blocks: units.length, ids }));
      const places = stored(units);
      const entry = ({ kind }: Unit, unit: number): number =>
        kind === "absent" ? BLOCK_FREE : kind === "zero" ? BLOCK_ZERO : places.indexOf(unit);
      file.write(512, wordsOf(units.map(entry)));
      for (const [i, unit] of places.entries()) file.write(dataAt + i * 4096, content(layer, unit, 4096));
      return file;
    },
  },
  {
    id: "vhdx",
    unitBytes: MIB,
    parts: true,
    mostUnits: 3,
    file(layer, units, size): SparseBytes {
      const places = stored(units);
      const data = 5;
      const states = { absent: 0, zero: 2, data: 6, part: 7 } as const;
      const parts = units.some(({ kind }) => kind === "part");
      const file = craftVhdx({
        diskBytes: size,
        blockBytes: MIB,
        ...(layer === 0
          ? {}
          : { parent: { parent_linkage: `{${CRAFTED.dataWriteId}}`, relative_path: `.\\layer${layer - 1}.vhdx` } }),
        entries: [
          ...units.map(({ kind }, index) => {
            const mib = kind === "data" || kind === "part" ? data + places.indexOf(index) : 0;
            return { index, state: states[kind], mib };
          }),
          // Behind the 4096 blocks of the first chunk: the sector bitmap.
          ...(parts ? [{ index: 4096, state: 6, mib: 4 }] : []),
        ],
      });
      for (const [i, unit] of places.entries()) file.write((data + i) * MIB, content(layer, unit, MIB));
      const bitmap = new Uint8Array((units.length * MIB) / SECTOR / 8);
      for (const [i, unit] of units.entries()) {
        if (unit.kind !== "part") continue;
        for (let sector = unit.from; sector < unit.from + unit.sectors; sector++) {
          const bit = (i * MIB) / SECTOR + sector;
          bitmap[Math.floor(bit / 8)] = (bitmap[Math.floor(bit / 8)] as number) | (1 << (bit % 8));
        }
      }
      if (parts) file.write(4 * MIB, bitmap);
      return file;
    },
  },
];

/** What a guest reads of the layers from the lowest up. */
function reference(craft: Craft, layers: readonly (readonly Unit[])[], size: number): Uint8Array {
  const guest = new Uint8Array((layers[0]?.length ?? 0) * craft.unitBytes);
  for (const [layer, units] of layers.entries()) {
    for (const [i, unit] of units.entries()) {
      const at = i * craft.unitBytes;
      const own = content(layer, i, craft.unitBytes);
      if (unit.kind === "zero") guest.fill(0, at, at + craft.unitBytes);
      if (unit.kind === "data") guest.set(own, at);
      if (unit.kind === "part") {
        const [from, end] = [unit.from * SECTOR, (unit.from + unit.sectors) * SECTOR];
        guest.set(own.subarray(from, end), at + from);
      }
    }
  }
  return guest.subarray(0, size);
}

/** Layers of one size, the lowest first, and how many sectors of the last unit the disk has. */
function chains(craft: Craft): fc.Arbitrary<{ readonly layers: readonly (readonly Unit[])[]; readonly last: number }> {
  const perUnit = craft.unitBytes / SECTOR;
  const whole = fc.constantFrom("absent", "absent", "zero", "data").map((kind): Unit => ({ kind }) as Unit);
  const part = fc
    .record({ from: fc.integer({ min: 0, max: perUnit - 1 }), sectors: fc.integer({ min: 1, max: 300 }) })
    .map(({ from, sectors }): Unit => ({ kind: "part", from, sectors: Math.min(sectors, perUnit - from) }));
  return fc
    .tuple(
      fc.integer({ min: 1, max: craft.mostUnits }),
      fc.integer({ min: 2, max: 4 }),
      fc.integer({ min: 1, max: perUnit }),
    )
    .chain(([count, depth, last]) => {
      const base = fc.array(whole, { minLength: count, maxLength: count });
      const child = fc.array(craft.parts ? fc.oneof(whole, part) : whole, { minLength: count, maxLength: count });
      const children = fc.array(child, { minLength: depth - 1, maxLength: depth - 1 });
      return fc.tuple(base, children).map(([lowest, above]) => ({ layers: [lowest, ...above], last }));
    });
}

describe("a chain of layers put together by hand", () => {
  it("is of every format that has chains and is not written over a parent", () => {
    const read = diskFormats.all.filter(
      (format) => format.overlays === undefined && !["raw", "xva", "vma"].includes(format.id),
    );
    assert.deepEqual(read.map(({ id }) => id).sort(), CRAFTS.map(({ id }) => id).sort());
  });

  for (const craft of CRAFTS) {
    it(`reads in each of its layers as a reference in memory: ${craft.id}`, async () => {
      await fc.assert(
        fc.asyncProperty(chains(craft), fc.nat(), async ({ layers, last }, somewhere) => {
          const size = ((layers[0]?.length ?? 0) - 1) * craft.unitBytes + last * SECTOR;
          const files = layers.map((units, i) => sparseSource(craft.file(i, units, size), `layer${i}.${craft.id}`));
          const ctx = diskContext();
          const opened = await openLayers(
            { bytes: files.at(-1) ?? assert.fail() },
            {
              formats: diskFormats,
              format: null,
              resolver: {
                // VirtualBox names no file, and an id alone.
                open: async ({ name, identity }) =>
                  files[name === null ? Number(identity?.charAt(7)) : Number(/\d/.exec(name)?.[0])] ?? null,
              },
            },
            ctx,
          );
          assert.deepEqual(ctx.codes(), [], "every child knows its parent");
          assert.equal(opened.length, layers.length);
          for (const [below, { whole }] of opened.entries()) {
            const wanted = reference(craft, layers.slice(0, layers.length - below), size);
            await lawfulExtents(whole);
            await checkReads(whole, { offset: 0, length: size });
            assert.ok(Buffer.from(await readGuest(whole, { offset: 0, length: size }, ctx)).equals(wanted));
            const offset = somewhere % size;
            const length = Math.min(size - offset, 1 + (somewhere % 70_000));
            const piece = await readGuest(whole, { offset, length }, ctx);
            assert.ok(Buffer.from(piece).equals(wanted.subarray(offset, offset + length)), `${offset} ${length}`);
          }
        }),
        { numRuns: 25 },
      );
    });
  }
});
