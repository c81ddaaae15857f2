import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hasCode } from "../../test/support/errors.js";
import { diskFileBytes, diskFixtures } from "../../test/support/fixtures.js";
import type { ByteSource } from "../io/source.js";
import { memorySource } from "../io/sources/memory.js";
import { diskFormats } from "./formats.js";
import { formatByContent, formatByName, probeWindow, tellFormat } from "./probe.js";

/** The first file of a fixture under another name. */
async function window(id: string, name: string): Promise<Awaited<ReturnType<typeof probeWindow>>> {
  const fixture = (await diskFixtures()).find((disk) => disk.id === id);
  assert.ok(fixture?.files[0] !== undefined);
  return probeWindow(memorySource(new Uint8Array(await diskFileBytes(fixture.files[0])), name));
}

describe("the window of a source", () => {
  it("of a small file is one reading, of an empty one none that fails", async () => {
    const reads: [number, number][] = [];
    const bytes = new Uint8Array(5000).fill(7);
    const counted = (size: number): ByteSource => {
      const source = memorySource(bytes.subarray(0, size), "x");
      return {
        ...source,
        read: (offset, length, signal) => {
          reads.push([offset, length]);
          return source.read(offset, length, signal);
        },
      };
    };
    const { head, tail } = await probeWindow(counted(5000));
    assert.deepEqual([head.length, tail.length, reads], [5000, 4096, [[0, 5000]]]);
    const empty = await probeWindow(counted(0));
    assert.deepEqual([empty.size, empty.head.length, empty.tail.length], [0, 0, 0]);
  });

  it("of a large file is its first 64 KiB and its last 4 KiB", async () => {
    const bytes = new Uint8Array(200_000).map((_, i) => i % 253);
    const { head, tail, size } = await probeWindow(memorySource(bytes, "x"));
    assert.equal(size, 200_000);
    assert.deepEqual(head, bytes.subarray(0, 65_536));
    assert.deepEqual(tail, bytes.subarray(200_000 - 4096));
  });
});

describe("a format", () => {
  it("is told by content for every fixture, whatever letters its name has", async () => {
    for (const { id, format } of await diskFixtures()) {
      assert.equal(formatByContent(await window(id, "nameless"), diskFormats)?.id, format, id);
      assert.equal(tellFormat(await window(id, "NAMELESS"), diskFormats).id, format, id);
    }
  });

  it("is named by an extension in any case, or by none", () => {
    assert.equal(formatByName("Disk.VHDX", diskFormats)?.id, "vhdx");
    assert.equal(formatByName("disk.vhd", diskFormats)?.id, "vhd");
    assert.equal(formatByName("disk.img", diskFormats)?.id, "raw");
    assert.equal(formatByName("vmdk", diskFormats), null);
  });

  it("is not guessed where name and content disagree", async () => {
    for (const name of ["disk.qcow2", "disk.raw", "disk.img"]) {
      const stream = await window("vmdk-stream", name);
      assert.throws(() => tellFormat(stream, diskFormats), hasCode("disk/name-disagrees"));
    }
  });

  it("is raw only where the name says so and no signature is found", async () => {
    const bytes = new Uint8Array(8192);
    assert.equal(tellFormat(await probeWindow(memorySource(bytes, "disk.img")), diskFormats).id, "raw");
    const nameless = await probeWindow(memorySource(bytes, "disk"));
    assert.throws(() => tellFormat(nameless, diskFormats), hasCode("disk/unknown-format"));
    const wrong = await probeWindow(memorySource(bytes, "disk.vmdk"));
    assert.throws(() => tellFormat(wrong, diskFormats), hasCode("disk/unknown-format"));
  });
});
