import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { deflateSync } from "node:zlib";
import { concatBytes, SECTOR, viewOf, writeU64 } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import { type ChoppedStream, choppedStream } from "../../io/testing/chopped.js";
import { type TestContext, testContext } from "../../io/testing/context.js";
import { serializeVmdkDescriptor } from "./descriptor.js";
import { GD_AT_END, type SparseHeader, serializeSparseHeader } from "./header.js";
import { openVmdkStream } from "./stream.js";

const GRAIN = 65_536;
const CAPACITY = 512 * GRAIN;

/** Streams by the layout of VMware Virtual Disk Format 5.0, "Stream-Optimized Compressed Sparse Extents". */
const HEADER: SparseHeader = {
  version: 3,
  flags: { redundantDirectory: false, zeroedGrains: false, compressed: true, markers: true },
  capacitySectors: CAPACITY / SECTOR,
  grainSectors: GRAIN / SECTOR,
  descriptorSector: 1,
  descriptorSectors: 2,
  tableEntries: 512,
  redundantDirectorySector: 0,
  directorySector: GD_AT_END,
  overheadSectors: 4,
  unclean: false,
};

function padded(bytes: Uint8Array, to: number = SECTOR): Uint8Array {
  const out = new Uint8Array(Math.ceil(bytes.length / to) * to);
  out.set(bytes);
  return out;
}

function marker(value: number, bytes: number, type: number): Uint8Array {
  const out = new Uint8Array(SECTOR);
  const view = viewOf(out);
  writeU64(view, 0, value, true);
  view.setUint32(8, bytes, true);
  view.setUint32(12, type, true);
  return out;
}

/** A grain full of one byte. */
function grain(index: number, fill: number = index + 1): Uint8Array {
  const data = deflateSync(new Uint8Array(GRAIN).fill(fill));
  return padded(concatBytes([marker((index * GRAIN) / SECTOR, data.length, 0).subarray(0, 12), data]));
}

function head(header: Partial<SparseHeader> = {}, parentCid = "ffffffff"): Uint8Array {
  const text = serializeVmdkDescriptor({
    createType: "streamOptimized",
    cid: "12345678",
    extents: [{ access: "RDONLY", sectors: CAPACITY / SECTOR, kind: "SPARSE", file: "x.vmdk", offset: 0 }],
    capacitySectors: CAPACITY / SECTOR,
    adapterType: "lsilogic",
  }).replace("parentCID=ffffffff", `parentCID=${parentCid}`);
  const descriptor = new Uint8Array(2 * SECTOR);
  descriptor.set(new TextEncoder().encode(text));
  const whole = { ...HEADER, ...header };
  const front = concatBytes([serializeSparseHeader(whole), descriptor]);
  const out = new Uint8Array(Math.max(front.length, Math.min(whole.overheadSectors, 64) * SECTOR));
  out.set(front);
  return out;
}

const FOOTER = concatBytes([marker(1, 0, 3), serializeSparseHeader({ ...HEADER, directorySector: 50 })]);
const TABLE = concatBytes([marker(4, 0, 1), new Uint8Array(4 * SECTOR)]);
const DIRECTORY = concatBytes([marker(1, 0, 2), new Uint8Array(SECTOR)]);
const END = marker(0, 0, 0);
const TAIL = [TABLE, DIRECTORY, FOOTER, END];

/** Guest offsets and lengths of the reads of a stream. */
async function readsOf(
  input: ChoppedStream | readonly Uint8Array[],
  ctx: TestContext = testContext(),
): Promise<readonly (readonly [number, number])[]> {
  const stream = await openVmdkStream("label" in input ? input : choppedStream(concatBytes(input)), ctx);
  const reads: [number, number][] = [];
  for await (const { outOffset, length } of stream.reads()) reads.push([outOffset / GRAIN, length / GRAIN]);
  return reads;
}

async function codeOf(parts: readonly Uint8Array[], ctx: TestContext = testContext()): Promise<string> {
  try {
    await readsOf(parts, ctx);
  } catch (error) {
    return error instanceof FerryError ? error.code : String(error);
  }
  return "none";
}

describe("a stream-optimized VMDK that comes once", () => {
  it("is read grain by grain, neighbours together up to 4 MiB", async () => {
    const grains = [...Array.from({ length: 70 }, (_, i) => i), 100, 101, 511];
    assert.deepEqual(await readsOf([head(), ...grains.map((i) => grain(i)), ...TAIL]), [
      [0, 64],
      [64, 6],
      [100, 2],
      [511, 1],
    ]);
  });

  it("takes grains in any order, each once", async () => {
    assert.deepEqual(await readsOf([head(), grain(9), grain(3), grain(4), ...TAIL]), [
      [9, 1],
      [3, 2],
    ]);
    assert.equal(await codeOf([head(), grain(3), grain(9), grain(3), ...TAIL]), "vmdk/bad-marker");
  });

  it("says what a file says", async () => {
    const stream = await openVmdkStream(choppedStream(concatBytes([head(), ...TAIL])), testContext());
    const { format, variant, size, blockSize, parent, identity } = stream.info;
    assert.deepEqual(
      [format, variant, size, blockSize, parent, identity],
      ["vmdk", "streamOptimized", CAPACITY, GRAIN, null, "12345678"],
    );
    assert.deepEqual(stream.units(), { codec: "deflate", wrapper: "zlib", unitBytes: GRAIN });
  });

  it("is cut off wherever it ends before its last marker", async () => {
    const whole = concatBytes([head(), grain(0), grain(7), ...TAIL]);
    for (let end = 0; end < whole.length - SECTOR; end += end < 600 ? 7 : 397) {
      assert.equal(await codeOf([whole.subarray(0, end)]), "disk/stream-cut-off", `${end} of ${whole.length} bytes`);
    }
  });

  it("ends with the error of the pipe, at whatever byte of the header that breaks", async () => {
    const whole = concatBytes([head(), grain(0), ...TAIL]);
    for (let failsAt = 0; failsAt < 4 * SECTOR + 20; failsAt++) {
      await assert.rejects(
        readsOf(choppedStream(whole, { failsAt, pieces: [11] })),
        /the stream broke/,
        String(failsAt),
      );
    }
  });

  it("is read to the end of its padding, so that whoever fills the pipe ends well", async () => {
    const input = choppedStream(concatBytes([head(), grain(0), ...TAIL, new Uint8Array(100_000)]), { pieces: [999] });
    assert.deepEqual(await readsOf(input), [[0, 1]]);
    assert.equal(input.taken, concatBytes([head(), grain(0), ...TAIL]).length + 100_000);
  });

  it("needs a footer where the header leaves the directory to it", async () => {
    assert.equal(await codeOf([head(), grain(0), TABLE, DIRECTORY, END]), "vmdk/no-footer");
    const other = serializeSparseHeader({ ...HEADER, capacitySectors: 128, directorySector: 50 });
    assert.equal(await codeOf([head(), grain(0), marker(1, 0, 3), other, END]), "vmdk/no-footer");
  });

  it("does without one where the header names a directory behind the grains, and needs the end all the same", async () => {
    const front = head({ directorySector: 40 });
    assert.deepEqual(await readsOf([front, grain(0), TABLE, DIRECTORY, END]), [[0, 1]]);
    assert.equal(await codeOf([front, grain(0), TABLE, DIRECTORY]), "disk/stream-cut-off");
  });

  const bad: readonly (readonly [string, Uint8Array, string])[] = [
    ["of an unknown type", marker(1, 0, 9), "vmdk/bad-marker"],
    ["of a footer of two sectors", marker(2, 0, 3), "vmdk/bad-marker"],
    ["of a table larger than all memory", marker(2 ** 40, 0, 1), "vmdk/bad-marker"],
    ["of an end that announces sectors", marker(5, 0, 0), "vmdk/bad-marker"],
    ["of a grain between two grains", marker(1, 100, 0), "vmdk/bad-marker"],
    ["of a grain past the end", marker(CAPACITY / SECTOR, 100, 0), "vmdk/bad-marker"],
    ["of a grain larger than any", marker(0, 2 ** 31, 0), "vmdk/bad-marker"],
  ];
  for (const [what, bytes, code] of bad) {
    it(`is refused at a marker ${what}`, async () => {
      assert.equal(await codeOf([head(), grain(1), bytes, ...TAIL]), code);
    });
  }

  it("is refused where nothing can be read in one pass", async () => {
    const plain = { ...HEADER.flags, compressed: false, markers: false };
    assert.equal(await codeOf([head({ flags: plain })]), "disk/not-streamable");
    assert.equal(await codeOf([head({ grainSectors: 16_384 })]), "disk/not-streamable");
    assert.equal(await codeOf([head({}, "11111111")]), "disk/not-streamable");
  });

  it("is refused where the header takes too much or contradicts itself", async () => {
    assert.equal(await codeOf([head({ descriptorSectors: 2 ** 30, overheadSectors: 2 ** 31 })]), "io/limit");
    assert.equal(await codeOf([head({ directorySector: 2 ** 21, overheadSectors: 2 ** 22 })]), "io/limit");
    assert.equal(await codeOf([head({ overheadSectors: 2 })]), "vmdk/bad-header");
    assert.equal(await codeOf([new Uint8Array(SECTOR)]), "vmdk/bad-header");
  });

  it("of which too many grains come for the memory allowed is refused", async () => {
    const ctx = testContext({ limits: { tableBytes: 8192 + 100 } });
    assert.deepEqual(await readsOf([head(), grain(0), ...TAIL], ctx), [[0, 1]]);
    const far = 65_536;
    const capacitySectors = (2 * far * GRAIN) / SECTOR;
    assert.equal(await codeOf([head({ capacitySectors }), grain(0), grain(far, 1), ...TAIL], ctx), "io/limit");
  });

  it("reports an unclean shutdown", async () => {
    const ctx = testContext();
    await readsOf([head({ unclean: true }), ...TAIL], ctx);
    assert.deepEqual(ctx.codes(), ["vmdk/unclean"]);
  });

  describe("whose tables stand in front, as QEMU and open-vmdk write it", () => {
    /** Directory at sector 4, one table at sector 5, grains from sector 16 on. */
    function front(entries: Readonly<Record<number, number>>, table = 5): Uint8Array {
      const bytes = head({ directorySector: 4, overheadSectors: 16 });
      const view = viewOf(bytes);
      view.setUint32(4 * SECTOR, table, true);
      for (const [i, sector] of Object.entries(entries)) view.setUint32(5 * SECTOR + 4 * Number(i), sector, true);
      return bytes;
    }

    it("ends where all grains have come, with zeros behind them or without", async () => {
      const parts = [front({ 0: 16, 7: 17 }), grain(0), grain(7)];
      assert.deepEqual(await readsOf(parts), [
        [0, 1],
        [7, 1],
      ]);
      assert.deepEqual(await readsOf([...parts, new Uint8Array(3 * SECTOR)]), [
        [0, 1],
        [7, 1],
      ]);
      assert.deepEqual(await readsOf([...parts, new Uint8Array(99)]), [
        [0, 1],
        [7, 1],
      ]);
    });

    it("is cut off where a grain is missing", async () => {
      const parts = [front({ 0: 16, 7: 17 }), grain(0)];
      assert.equal(await codeOf(parts), "disk/stream-cut-off");
      assert.equal(await codeOf([...parts, new Uint8Array(SECTOR)]), "disk/stream-cut-off");
    });

    it("is refused where a table lies elsewhere", async () => {
      assert.equal(await codeOf([front({}, 15), END]), "vmdk/bad-table");
      const directory = head({ directorySector: 15, overheadSectors: 16, capacitySectors: 2 ** 30 });
      assert.equal(await codeOf([directory, END]), "vmdk/bad-table");
    });

    it("is refused where tables share a place, which would be work without end", async () => {
      const bytes = head({ directorySector: 4, overheadSectors: 16, capacitySectors: (10 * CAPACITY) / SECTOR });
      for (let i = 0; i < 10; i++) viewOf(bytes).setUint32(4 * SECTOR + 4 * i, 5, true);
      assert.equal(await codeOf([bytes, END]), "vmdk/bad-table");
    });
  });
});
