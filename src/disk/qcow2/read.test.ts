import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { diskContext } from "../../../test/support/disks.js";
import { qcow2Bytes, qcow2Fixtures, qcow2Neighbours, qcow2Source } from "../../../test/support/qcow2.js";
import { MIB, viewOf } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import { createRegistry } from "../../base/registry.js";
import { noResolver } from "../../io/resolver.js";
import type { SourceRequest } from "../../io/source.js";
import { memorySource } from "../../io/sources/memory.js";
import { mergeExtents } from "../extents.js";
import type { DiskInfo, Extent, VirtualDisk } from "../model.js";
import { openChain } from "../open.js";
import { readGuest } from "../read.js";
import { checkReads, lawfulExtents } from "../testing/laws.js";
import { qcow2 } from "./format.js";
import { openQcow2, openQcow2Snapshot } from "./read.js";

async function open(name: string, ctx = diskContext()): Promise<VirtualDisk> {
  return openQcow2(await qcow2Source(name), qcow2Neighbours, ctx);
}

/** Opens an image after a change to its bytes. */
async function openChanged(
  name: string,
  change: (view: DataView, bytes: Uint8Array) => Uint8Array | undefined,
  ctx = diskContext(),
): Promise<VirtualDisk> {
  const bytes = await qcow2Bytes(name);
  return openQcow2(memorySource(change(viewOf(bytes), bytes) ?? bytes, name), noResolver, ctx);
}

async function codeOf(run: Promise<unknown>): Promise<string> {
  try {
    await run;
  } catch (error) {
    if (error instanceof FerryError) return error.code;
    throw error;
  }
  return "nothing was thrown";
}

async function sumOf(disk: VirtualDisk): Promise<string> {
  const bytes = await readGuest(disk, { offset: 0, length: disk.info.size }, diskContext());
  return createHash("sha256").update(bytes).digest("hex");
}

/** `kind from-to` in KiB. */
function words(extents: readonly Extent[]): string[] {
  return extents.map(({ kind, offset, length }) => `${kind} ${offset / 1024}-${(offset + length) / 1024}`);
}

async function kinds(disk: VirtualDisk, length: number): Promise<readonly string[]> {
  return words(await lawfulExtents(disk, { offset: 0, length }));
}

describe("QCOW2 images that qemu-img made", () => {
  it("read as qemu-img reads them", async () => {
    for (const { name, capacityBytes, guestSha256 } of await qcow2Fixtures()) {
      const formats = createRegistry<DiskInfo["format"], typeof qcow2>([qcow2]);
      const options = { formats, resolver: qcow2Neighbours, format: null };
      const disk = await openChain({ bytes: await qcow2Source(name) }, options, diskContext());
      assert.equal(disk.info.size, capacityBytes, name);
      await checkReads(disk, { offset: 1, length: capacityBytes - 2 });
      assert.equal(await sumOf(disk), guestSha256, name);
      await disk.close();
    }
  });

  it("tell zero clusters from data, whether they keep their place in the file or not", async () => {
    assert.deepEqual(await kinds(await open("zeros.qcow2"), 4 * MIB - MIB), [
      "data 0-128",
      "zero 128-256",
      "data 256-512",
      "zero 512-576",
      "data 576-1024",
      "zero 1024-3072",
    ]);
  });

  it("tell subclusters apart, and compressed clusters among them", async () => {
    const disk = await open("extended.qcow2");
    assert.deepEqual(await kinds(disk, 256 * 1024), [
      "zero 0-2",
      "data 2-4",
      "zero 4-6",
      "data 6-8",
      "zero 8-62",
      "data 62-68",
      "zero 68-128",
      "data 128-192",
      "zero 192-200",
      "data 200-202",
      "zero 202-256",
    ]);
    assert.equal(disk.info.blockSize, 2048);
    assert.equal(disk.units(), null);
  });

  it("list their snapshots, and are read as they are now", async () => {
    const { snapshots } = (await open("snapshots.qcow2")).info.properties;
    assert.ok(Array.isArray(snapshots));
    assert.deepEqual(
      snapshots.map(({ id, name, stateBytes }) => [id, name, stateBytes]),
      [
        ["1", 'before the "change"', 0],
        ["2", "second", 0],
      ],
    );
  });

  it("are refused in the state of a snapshot whose table lies outside of the file, and read in the others", async () => {
    const bytes = await qcow2Bytes("snapshots.qcow2");
    const view = viewOf(bytes);
    view.setUint32(Number(view.getBigUint64(64)) + 4, 2 ** 31);
    const source = memorySource(bytes, "snapshots.qcow2");
    const at = (snapshot: string): Promise<VirtualDisk> =>
      openQcow2Snapshot(source, snapshot, noResolver, diskContext());
    assert.equal(await codeOf(at("1")), "qcow2/bad-table");
    assert.equal(await codeOf(at("2")), "nothing was thrown");
  });

  it("leave to the backing file what they do not hold, and nothing that they say is zero", async () => {
    const disk = await open("overlay.qcow2");
    assert.deepEqual(disk.info.parent, { name: "base.qcow2", identity: null, format: "qcow2" });
    assert.equal(disk.info.properties.backingFormat, "qcow2");
    assert.deepEqual(await kinds(disk, 3 * MIB), [
      "absent 0-64",
      "data 64-128",
      "absent 128-256",
      "zero 256-320",
      "absent 320-3072",
    ]);
  });

  it("ask for an external data file by its name, and are refused without it", async () => {
    const asked: SourceRequest[] = [];
    const source = await qcow2Source("external.qcow2");
    const resolver = {
      async open(request: SourceRequest): Promise<null> {
        asked.push(request);
        return null;
      },
    };
    assert.equal(await codeOf(openQcow2(source, resolver, diskContext())), "qcow2/external-data");
    assert.deepEqual(asked, [{ purpose: "data", name: "external.data", identity: null }]);
    const disk = await open("external.qcow2");
    const [op] = await disk.reads({ offset: 0, length: 512 });
    assert.deepEqual([op?.source.label, op?.table[0]], ["external.data", 0]);
  });

  it("say how compressed clusters are packed, and that zstd ones cannot be carried", async () => {
    assert.deepEqual((await open("v2-compressed.qcow2")).units(), {
      codec: "deflate",
      wrapper: "raw",
      unitBytes: 4096,
    });
    assert.equal((await open("v2-compressed.qcow2")).info.variant, "compressed");
    assert.equal((await open("zstd.qcow2")).units(), null);
    assert.equal((await open("zeros.qcow2")).units(), null);
    assert.equal((await open("zeros.qcow2")).info.variant, "uncompressed");
  });

  it("yield the same extents for any part as for the whole", async () => {
    const disk = await open("extended.qcow2");
    const parts: Extent[] = [];
    for (let at = 0; at < disk.info.size; at += 12_345) {
      const range = { offset: at, length: Math.min(12_345, disk.info.size - at) };
      parts.push(...(await lawfulExtents(disk, range)));
      await checkReads(disk, range);
    }
    const merged: Extent[] = [];
    for await (const extent of mergeExtents(parts)) merged.push(extent);
    assert.deepEqual(merged, await lawfulExtents(disk));
  });
});

describe("QCOW2 images that are not as they should be", () => {
  it("report that they are dirty, and corrupt, and are read", async () => {
    const ctx = diskContext();
    const disk = await openChanged(
      "zeros.qcow2",
      (view) => {
        view.setBigUint64(72, 3n);
        return undefined;
      },
      ctx,
    );
    assert.deepEqual(ctx.codes(), ["qcow2/dirty", "qcow2/corrupt"]);
    assert.deepEqual([disk.info.properties.dirty, disk.info.properties.corrupt], [true, true]);
  });

  const refused: readonly [string, string, (view: DataView, bytes: Uint8Array) => Uint8Array | undefined][] = [
    [
      "encryption",
      "qcow2/encrypted",
      (view) => {
        view.setUint32(32, 1);
        return undefined;
      },
    ],
    [
      "an L1 table that is too small for the disk",
      "qcow2/bad-header",
      (view) => {
        view.setBigUint64(24, 2n ** 40n);
        return undefined;
      },
    ],
    [
      "an L1 table past the end of the file",
      "qcow2/bad-table",
      (view) => {
        view.setBigUint64(40, 2n ** 40n);
        return undefined;
      },
    ],
    [
      "an L1 table across clusters",
      "qcow2/bad-table",
      (view) => {
        view.setBigUint64(40, view.getBigUint64(40) + 8n);
        return undefined;
      },
    ],
    [
      "an L1 table of a gigabyte",
      "io/limit",
      (view) => {
        view.setUint32(20, 9);
        view.setBigUint64(24, 2n ** 42n);
        view.setUint32(36, 0x7fffffff);
        return undefined;
      },
    ],
    [
      "more snapshots than anyone makes",
      "qcow2/bad-snapshots",
      (view) => {
        view.setUint32(60, 0x7fffffff);
        return undefined;
      },
    ],
    [
      "snapshots past the end of the file",
      "qcow2/bad-snapshots",
      (view) => {
        view.setUint32(60, 1);
        view.setBigUint64(64, 2n ** 45n);
        return undefined;
      },
    ],
    [
      "an L2 table past the end of the file",
      "qcow2/bad-table",
      (view) => {
        view.setBigUint64(Number(view.getBigUint64(40)), 2n ** 63n + 2n ** 45n);
        return undefined;
      },
    ],
    ["a file that ends in the header", "qcow2/bad-header", (_, bytes) => bytes.slice(0, 100)],
    [
      "a file that ends in the L1 table",
      "qcow2/bad-table",
      (view, bytes) => bytes.slice(0, Number(view.getBigUint64(40)) + 4),
    ],
  ];
  for (const [what, code, change] of refused) {
    it(`refuse ${what}`, async () => {
      assert.equal(await codeOf(openChanged("zeros.qcow2", change)), code);
    });
  }

  it("refuse a cluster that lies outside of the file, plain or compressed, when it is read", async () => {
    for (const name of ["zeros.qcow2", "v2-compressed.qcow2"]) {
      const disk = await openChanged(name, (view, bytes) => {
        const l2At = Number(view.getBigUint64(Number(view.getBigUint64(40))) % 2n ** 56n);
        // Bits of the offset that are far behind the end of the file, in both kinds of entries.
        view.setUint8(l2At + 2, 0x40);
        return bytes;
      });
      assert.equal(await codeOf(readGuest(disk, { offset: 0, length: 512 }, diskContext())), "qcow2/bad-cluster", name);
    }
  });

  it("refuse a file that was cut off in its data, when that is read", async () => {
    const disk = await openChanged("snapshots.qcow2", (_, bytes) => bytes.slice(0, bytes.length - 4096));
    assert.equal(await codeOf(sumOf(disk)), "qcow2/bad-cluster");
  });

  it("refuse a backing file name outside of the first cluster", async () => {
    const change = (view: DataView): undefined => view.setBigUint64(8, 65_530n) as undefined;
    assert.equal(await codeOf(openChanged("overlay.qcow2", change)), "qcow2/bad-header");
  });
});
