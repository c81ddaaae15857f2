import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { concatBytes } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import { memorySource } from "../../io/sources/memory.js";
import { testContext } from "../../io/testing/context.js";
import { serializeTarHeader } from "../tar/header.js";
import { readXvaDisks, type XvaDisk } from "./chunks.js";

/** Archives by the layout that xapi's `ocaml/xapi/stream_vdi.ml` writes and reads; nothing here can make one. */
function archive(members: readonly (readonly [name: string, bytes: Uint8Array])[]): Uint8Array {
  const parts = members.flatMap(([name, bytes]) => [
    serializeTarHeader({ name, size: bytes.length, mtime: 0 }),
    bytes,
    new Uint8Array((512 - (bytes.length % 512)) % 512),
  ]);
  return concatBytes([...parts, new Uint8Array(1024)]);
}

const full = (fill: number, length = 1024): Uint8Array => new Uint8Array(length).fill(fill);
const sum = full(48, 16);

async function disksOf(members: readonly (readonly [string, Uint8Array])[]): Promise<readonly XvaDisk[]> {
  return readXvaDisks(memorySource(archive(members), "vm.xva"), testContext());
}

/** The runs of a disk as guest offset, first byte and length. */
async function contentOf(disk: XvaDisk, range = { offset: 0, length: disk.size }): Promise<readonly number[][]> {
  const runs = disk.runs(range);
  const content: number[][] = [];
  for (let i = 0; i < runs.length; i += 3) {
    const [offset, at, length] = [runs[i] as number, runs[i + 1] as number, runs[i + 2] as number];
    content.push([offset, (await disk.source.read(at, 1))[0] as number, length]);
  }
  return content;
}

describe("the disks of an XVA", () => {
  it("are numbered chunks whose gaps are zeros, as long as the first chunk of the archive", async () => {
    const [disk, other] = await disksOf([
      ["ova.xml", full(60, 100)],
      ["Ref:10/00000000", full(1)],
      ["Ref:10/00000000.xxhash", sum],
      ["Ref:10/00000003", full(2)],
      ["Ref:10/00000003.xxhash", sum],
      ["Ref:10/00000004", full(3, 100)],
      ["Ref:10/00000004.xxhash", sum],
      ["Ref:2/00000000", full(4, 100)],
      ["Ref:2/00000000.checksum", sum],
      ["Ref:2/00000002", full(5, 100)],
    ]);
    assert.ok(disk !== undefined && other !== undefined);
    assert.deepEqual([disk.name, disk.size, disk.sums], ["Ref:10", 4196, "xxh64"]);
    assert.deepEqual(await contentOf(disk), [
      [0, 1, 1024],
      [3072, 2, 1024],
      [4096, 3, 100],
    ]);
    assert.deepEqual(await contentOf(disk, { offset: 1000, length: 2100 }), [
      [1000, 1, 24],
      [3072, 2, 28],
    ]);
    assert.deepEqual([other.size, other.sums, other.chunks[5]], [1224, "sha1", -1]);
    assert.deepEqual(await contentOf(other), [
      [0, 4, 100],
      [1124, 5, 100],
    ]);
  });

  it("go on at the same place behind a member without bytes, which keeps a connection alive", async () => {
    const [disk] = await disksOf([
      ["Ref:4/00000000", full(1)],
      ["Ref:4/00000000.xxhash", sum],
      ["Ref:4/00000001", full(0, 0)],
      ["Ref:4/00000001.xxhash", sum],
      ["Ref:4/00000002", full(2)],
    ]);
    assert.deepEqual(await contentOf(disk ?? assert.fail()), [
      [0, 1, 1024],
      [1024, 2, 1024],
    ]);
  });

  const bad: Readonly<Record<string, readonly (readonly [string, Uint8Array])[]>> = {
    "numbers do not rise": [
      ["Ref:4/00000001", full(1)],
      ["Ref:4/00000001", full(1)],
    ],
    "sums stand elsewhere": [
      ["Ref:4/00000001", full(1)],
      ["Ref:4/00000000.xxhash", sum],
    ],
    "chunks do not stand together": [
      ["Ref:4/00000000", full(1)],
      ["Ref:5/00000000", full(1)],
      ["Ref:4/00000001", full(1)],
    ],
  };
  for (const [what, members] of Object.entries(bad)) {
    it(`are refused where ${what}`, async () => {
      await assert.rejects(disksOf(members), (error) => error instanceof FerryError && error.code === "xva/bad-chunk");
    });
  }
});
