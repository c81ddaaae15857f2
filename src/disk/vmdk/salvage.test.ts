import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { deflateSync } from "node:zlib";
import { diskContext } from "../../../test/support/disks.js";
import { ownStream, type WrittenStream, writtenStreams } from "../../../test/support/streams-of-others.js";
import { alignUp, type ByteRange, isZero, SECTOR, viewOf } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import { memorySource } from "../../io/sources/memory.js";
import { diskFormats } from "../formats.js";
import { openLayer } from "../open.js";
import { readGuest } from "../read.js";
import { salvageDisk } from "../salvage.js";
import { vmdk } from "./format.js";
import { parseSparseHeader } from "./header.js";
import { streamMarkers } from "./markers.js";

const GRAIN = 65_536;
const nobody = { open: async () => null };

interface Salvaged {
  readonly guest: Uint8Array;
  readonly lost: readonly (ByteRange & { readonly certain: boolean })[];
  readonly lostBytes: number;
  readonly codes: readonly string[];
}

async function salvaged(bytes: Uint8Array): Promise<Salvaged> {
  const ctx = diskContext();
  const disk = await salvageDisk(vmdk, memorySource(bytes, "x.vmdk"), ctx);
  const guest = await readGuest(disk, { offset: 0, length: disk.info.size }, ctx);
  const data = ctx.findings.find(({ code }) => code === "disk/data-lost")?.data ?? { ranges: [], lostBytes: 0 };
  const lost = data.ranges as unknown as Salvaged["lost"];
  return { guest, lost, lostBytes: Number(data.lostBytes), codes: ctx.codes() };
}

async function guestOf(bytes: Uint8Array): Promise<Uint8Array> {
  const ctx = diskContext();
  const disk = await vmdk.open({ bytes: memorySource(bytes, "x.vmdk") }, nobody, ctx);
  return readGuest(disk, { offset: 0, length: disk.info.size }, ctx);
}

/** Outside of what is called lost all is as it was, and inside of it there are zeros. */
function assertHonest({ guest, lost, lostBytes }: Salvaged, original: Uint8Array, what: string): void {
  let at = 0;
  let sum = 0;
  for (const { offset, length } of [...lost, { offset: original.length, length: 0 }]) {
    assert.ok(offset >= at, what);
    assert.ok(
      Buffer.from(guest.subarray(at, offset)).equals(original.subarray(at, offset)),
      `${what}: ${at} to ${offset}`,
    );
    assert.ok(isZero(guest.subarray(offset, offset + length)), `${what}: zeros at ${offset}`);
    at = offset + length;
    sum += length;
  }
  assert.equal(lostBytes, sum, what);
}

/** Every place at which something begins or ends. */
async function boundaries(bytes: Uint8Array): Promise<readonly number[]> {
  const source = memorySource(bytes, "x.vmdk");
  const header = parseSparseHeader(bytes.subarray(0, SECTOR), "x.vmdk", 0);
  const places = new Set([bytes.length - 1]);
  for await (const marker of streamMarkers(source, header, diskContext())) {
    for (const place of [marker.at, "end" in marker ? marker.end : marker.at]) {
      for (const near of [place - 1, place, place + 1, place + 12, place + SECTOR]) {
        if (near > header.overheadSectors * SECTOR && near < bytes.length) places.add(near);
      }
    }
  }
  return [...places].sort((a, b) => a - b);
}

function changed(bytes: Uint8Array, change: (copy: Uint8Array) => void): Uint8Array {
  const copy = bytes.slice();
  change(copy);
  return copy;
}

/** Markers of the grains of a stream, in the order of the file. */
async function grainsOf(bytes: Uint8Array): Promise<readonly { at: number; guest: number; packedBytes: number }[]> {
  const header = parseSparseHeader(bytes.subarray(0, SECTOR), "x.vmdk", 0);
  const grains = [];
  for await (const marker of streamMarkers(memorySource(bytes, "x.vmdk"), header, diskContext())) {
    if (marker.kind === "grain") grains.push({ ...marker, guest: marker.guest * SECTOR });
  }
  return grains;
}

const streams = await writtenStreams();
const own: WrittenStream = await ownStream();
const ownGuest = await guestOf(own.bytes);

describe("a stream-optimized VMDK that is salvaged", () => {
  for (const { by, bytes } of streams) {
    it(`of ${by} reads as it was where it is whole, and nothing is lost`, async () => {
      const result = await salvaged(bytes);
      assert.deepEqual(result.codes, []);
      assert.ok(Buffer.from(result.guest).equals(await guestOf(bytes)));
    });

    it(`of ${by} names all that is lost, wherever it is cut off`, async () => {
      const original = await guestOf(bytes);
      for (const end of await boundaries(bytes)) {
        assertHonest(await salvaged(bytes.subarray(0, end)), original, `${end} of ${bytes.length} bytes`);
      }
    });

    it(`of ${by} names all that is lost where 4 KiB of it are zeros, noise, or those of another place`, async () => {
      const original = await guestOf(bytes);
      const { overheadSectors } = parseSparseHeader(bytes.subarray(0, SECTOR), "x.vmdk", 0);
      const step = Math.max(4096, alignUp((bytes.length - overheadSectors * SECTOR) / 16, SECTOR));
      for (let at = overheadSectors * SECTOR; at < bytes.length; at += step) {
        const noise = Uint8Array.from({ length: 4096 }, (_, i) => (i * 7919 + at) % 251);
        const parts = [
          new Uint8Array(4096),
          noise,
          bytes.slice(overheadSectors * SECTOR, overheadSectors * SECTOR + 4096),
        ];
        for (const [i, part] of parts.entries()) {
          const damaged = changed(bytes, (copy) => copy.set(part.subarray(0, Math.min(4096, copy.length - at)), at));
          assertHonest(await salvaged(damaged), original, `${i} at ${at} of ${bytes.length}`);
        }
      }
    });
  }

  it("loses no grain that is whole: of a stream that is cut off all grains before the cut are there", async () => {
    for (const { at, guest } of await grainsOf(own.bytes)) {
      const { guest: bytes, lost } = await salvaged(own.bytes.subarray(0, at));
      assert.ok(Buffer.from(bytes.subarray(0, guest)).equals(ownGuest.subarray(0, guest)));
      const first = lost[0]?.offset ?? 0;
      assert.ok(first <= guest && isZero(ownGuest.subarray(first, guest)), `${first} for ${guest}`);
      assert.equal((lost.at(-1)?.offset ?? 0) + (lost.at(-1)?.length ?? 0), ownGuest.length);
    }
  });

  it("loses one grain for certain where one is damaged, and says which sectors those are", async () => {
    for (const { at, guest, packedBytes } of await grainsOf(own.bytes)) {
      // The last bytes of a zlib stream are its sum.
      const damaged = changed(own.bytes, (copy) => {
        copy[at + 12 + packedBytes - 1] = (copy[at + 12 + packedBytes - 1] as number) ^ 1;
      });
      const { lost } = await salvaged(damaged);
      assert.deepEqual(lost, [{ offset: guest, length: Math.min(GRAIN, ownGuest.length - guest), certain: true }]);
    }
  });

  it("goes on behind a marker that is gone, and knows from the tables what stood there", async () => {
    const [, second, third] = await grainsOf(own.bytes);
    assert.ok(second !== undefined && third !== undefined);
    const damaged = changed(own.bytes, (copy) => copy.fill(0, second.at, second.at + SECTOR));
    const { lost } = await salvaged(damaged);
    assert.deepEqual(lost, [{ offset: second.guest, length: GRAIN, certain: true }]);
  });

  it("does not believe the length in a marker: the next grain is found all the same", async () => {
    const [first] = await grainsOf(own.bytes);
    assert.ok(first !== undefined);
    const damaged = changed(own.bytes, (copy) => viewOf(copy).setUint32(first.at + 8, first.packedBytes + 3000, true));
    assertHonest(await salvaged(damaged), ownGuest, "longer");
    const shorter = changed(own.bytes, (copy) => viewOf(copy).setUint32(first.at + 8, 20, true));
    const { lost } = await salvaged(shorter);
    assert.deepEqual(lost, [{ offset: first.guest, length: GRAIN, certain: true }]);
  });

  it("gives up a grain whose marker and table say different places, and both places", async () => {
    const grains = await grainsOf(own.bytes);
    const { at, guest } = grains[3] as (typeof grains)[number];
    const other = 24 * 1024 * 1024;
    assert.ok(isZero(ownGuest.subarray(other, other + GRAIN)));
    const damaged = changed(own.bytes, (copy) => viewOf(copy).setUint32(at, other / SECTOR, true));
    const result = await salvaged(damaged);
    assertHonest(result, ownGuest, "moved");
    assert.ok(result.lost.some(({ offset, length }) => offset <= guest && guest < offset + length));
    assert.ok(result.lost.some(({ offset, length }) => offset <= other && other < offset + length));
  });

  it("takes neither of two grains for one place", async () => {
    const grains = await grainsOf(own.bytes);
    const [first, second] = grains as [(typeof grains)[number], (typeof grains)[number]];
    const twice = changed(own.bytes, (copy) => viewOf(copy).setUint32(second.at, first.guest / SECTOR, true));
    assertHonest(await salvaged(twice), ownGuest, "twice");
  });

  it("does not take zeros for its end: a file that was given its size before its bytes came", async () => {
    for (const { by, bytes } of streams) {
      const original = await guestOf(bytes);
      const half = changed(bytes, (copy) => copy.fill(0, Math.floor(copy.length / 2)));
      assertHonest(await salvaged(half), original, by);
    }
  });

  it("makes nothing of a grain that unpacks to more than a grain", async () => {
    const [first, second] = await grainsOf(own.bytes);
    assert.ok(first !== undefined && second !== undefined);
    const bomb = deflateSync(new Uint8Array(4 * GRAIN));
    const damaged = changed(own.bytes, (copy) => {
      copy.fill(0, first.at + 12, second.at);
      copy.set(bomb, first.at + 12);
      viewOf(copy).setUint32(first.at + 8, bomb.length, true);
    });
    const { lost } = await salvaged(damaged);
    assert.deepEqual(lost, [{ offset: first.guest, length: GRAIN, certain: true }]);
  });

  it("is refused where there is nothing to find grains by: another variant, another format", async () => {
    const plain = changed(own.bytes, (copy) => viewOf(copy).setUint32(8, 1, true));
    const code = (error: unknown): boolean => error instanceof FerryError && error.code === "disk/cannot-salvage";
    await assert.rejects(salvageDisk(vmdk, memorySource(plain, "x"), diskContext()), code);
    const how = { formats: diskFormats, resolver: nobody, format: "raw", damaged: "salvage" } as const;
    await assert.rejects(openLayer({ bytes: memorySource(plain, "x") }, how, diskContext()), code);
  });
});
