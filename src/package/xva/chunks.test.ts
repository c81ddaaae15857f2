import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FerryError } from "../../base/errors.js";
import { memorySource } from "../../io/sources/memory.js";
import { testContext } from "../../io/testing/context.js";
import { nodeHash } from "../../runtime/node/hash.js";
import { isXva, readXvaDisks, type XvaDisk } from "./chunks.js";
import { xvaBytes } from "./testing/archive.js";

const full = (fill: number, length = 1024): Uint8Array => new Uint8Array(length).fill(fill);
const sum = full(48, 16);

async function disksOf(members: readonly (readonly [string, Uint8Array])[]): Promise<readonly XvaDisk[]> {
  const ctx = testContext({ runtime: { hash: nodeHash } });
  return (await readXvaDisks(memorySource(xvaBytes(members), "vm.xva"), ctx)).disks;
}

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof FerryError && error.code === code;
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
      await assert.rejects(disksOf(members), hasCode("xva/bad-chunk"));
    });
  }

  it("are as many as the limits allow", async () => {
    const bytes = xvaBytes([
      ["Ref:4/00000000", full(1)],
      ["Ref:4/00000001", full(1)],
      ["Ref:5/00000000", full(1)],
    ]);
    for (const limits of [{ chunks: 2 }, { tableBytes: 96 }, { members: 1 }]) {
      const ctx = testContext({ limits });
      await assert.rejects(readXvaDisks(memorySource(bytes, "vm.xva"), ctx), hasCode("io/limit"));
    }
    const { disks } = await readXvaDisks(memorySource(bytes, "vm.xva"), testContext({ limits: { members: 2 } }));
    assert.equal(disks.length, 2);
  });

  it("are refused where the archive is cut off", async () => {
    const bytes = xvaBytes([["Ref:4/00000000", full(1)]]);
    for (const length of [700, 1500]) {
      await assert.rejects(
        readXvaDisks(memorySource(bytes.subarray(0, length), "vm.xva"), testContext()),
        hasCode("xva/bad-chunk"),
      );
    }
  });
});

describe("an XVA", () => {
  it("is told by its first member", async () => {
    const told = (name: string): Promise<boolean> => isXva(memorySource(xvaBytes([[name, full(1)]]), "vm.xva"));
    assert.deepEqual([await told("ova.xml"), await told("ova.xmla"), await told("vm.ovf")], [true, false, false]);
    assert.equal(await isXva(memorySource(full(0, 100), "vm.xva")), false);
  });
});

describe("the sums of an XVA's chunks", () => {
  const text = (value: string): Uint8Array => new TextEncoder().encode(value);
  // XXH64 and SHA-1 of 1024 bytes of 01, made in Python by the specification and by hashlib.
  const right = { xxhash: "80FD103205DB55C9", checksum: "376f19001dc171e2eb9c56962ca32478caaa7e39" };

  async function findings(members: readonly (readonly [string, Uint8Array])[]): Promise<readonly string[]> {
    const found: string[] = [];
    const [disk] = await disksOf(members);
    for await (const { code, location } of disk?.check?.() ?? assert.fail("nothing to check")) {
      found.push(location?.at === "bytes" ? `${code} at ${location.offset}` : code);
    }
    return found;
  }

  for (const [kind, digits] of Object.entries(right)) {
    it(`are held against the bytes, in digits of either case (.${kind})`, async () => {
      const good = await findings([
        ["Ref:4/00000000", full(1)],
        [`Ref:4/00000000.${kind}`, text(digits.toUpperCase())],
        ["Ref:4/00000007", full(1)],
        [`Ref:4/00000007.${kind}`, text(digits.toLowerCase())],
      ]);
      assert.deepEqual(good, []);
      const bad = await findings([
        ["Ref:4/00000000", full(2)],
        [`Ref:4/00000000.${kind}`, text(digits)],
        ["Ref:4/00000007", full(1)],
        [`Ref:4/00000007.${kind}`, text(digits)],
      ]);
      assert.deepEqual(bad, ["xva/bad-sum at 512"]);
    });
  }

  it("are missed where some chunks have none, and nothing is checked where none has one", async () => {
    const found = await findings([
      ["Ref:4/00000000", full(1)],
      ["Ref:4/00000000.xxhash", text(right.xxhash)],
      ["Ref:4/00000001", full(1)],
    ]);
    assert.deepEqual(found, ["xva/no-sum"]);
    const [disk] = await disksOf([["Ref:4/00000000", full(1)]]);
    assert.equal(disk?.check, undefined);
  });

  it("are not made of chunks larger than a limit", async () => {
    const bytes = xvaBytes([
      ["Ref:4/00000000", full(1)],
      ["Ref:4/00000000.xxhash", text(right.xxhash)],
    ]);
    const ctx = testContext({ limits: { unitBytes: 1023 } });
    const [disk] = (await readXvaDisks(memorySource(bytes, "vm.xva"), ctx)).disks;
    const all = disk?.check?.()[Symbol.asyncIterator]() ?? assert.fail();
    await assert.rejects(all.next(), hasCode("io/limit"));
  });
});
