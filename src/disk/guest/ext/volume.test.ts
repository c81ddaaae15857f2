import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fc } from "../../../../test/support/fast-check.js";
import { GUEST_IMAGES, guestImage, memoryRegion, openExt } from "../../../../test/support/guest-images.js";
import { contentOf, everyShape } from "../../../../test/support/guest-tree.js";
import { viewOf } from "../../../base/bytes.js";
import type { Region } from "../region.js";
import { ExtVolume } from "./volume.js";

const NAMES = 60;
const MOST = 8 * 2 ** 20;
const tree = everyShape(NAMES);

for (const name of GUEST_IMAGES) {
  describe(name, () => {
    it("holds every file as it was given to mke2fs", async () => {
      const volume = await openExt(memoryRegion(await guestImage(name)));
      assert.equal(volume.superblock.kind, name.slice(0, 4));
      assert.equal(volume.superblock.label, name);
      for (const [path, entry] of Object.entries(tree)) {
        if (typeof entry === "object" && ("link" in entry || "folder" in entry)) continue;
        const expected = contentOf(entry);
        assert.deepEqual(await volume.find(`/${path}`), { type: "file", size: expected.length }, path);
        const bytes = await volume.read(path, MOST);
        assert.ok(bytes !== null && Buffer.from(bytes).equals(expected), path);
      }
    });

    it("reads the front of what is longer than wanted", async () => {
      const volume = await openExt(memoryRegion(await guestImage(name)));
      for (const path of ["shapes/hundred", "shapes/blocks", "shapes/far"]) {
        const bytes = await volume.read(path, 70);
        assert.deepEqual(bytes, contentOf(tree[path] ?? "").slice(0, 70));
      }
    });

    it("lists directories of one block, of many, and of none", async () => {
      const volume = await openExt(memoryRegion(await guestImage(name)));
      const many = await volume.list("many");
      assert.deepEqual(new Set(many), new Set(Array.from({ length: NAMES }, (_, i) => `file-number-${i}`)));
      assert.equal(many.length, NAMES);
      assert.deepEqual(await volume.list("/folders/small"), ["a"]);
      assert.deepEqual(await volume.list("folders/empty/"), []);
      assert.deepEqual(await volume.list("shapes/one"), []);
      assert.ok((await volume.list("/")).includes("lost+found"));
    });

    it("follows links that lead somewhere, and no others", async () => {
      const volume = await openExt(memoryRegion(await guestImage(name)));
      const text = async (path: string): Promise<string | null> => {
        const bytes = await volume.read(path, MOST);
        return bytes === null ? null : new TextDecoder().decode(bytes);
      };
      assert.equal(await text("links/fast"), "1");
      assert.equal(await text("links/chain"), "1");
      assert.equal(await text("links/above"), "1");
      assert.equal(await text("links/absolute"), "6".repeat(60));
      assert.equal(await text("links/slow"), "at the end of a long name");
      assert.equal(await text("links/folder/small/a"), "a");
      assert.match((await text("etc/os-release")) ?? "", /^ID=debian$/m);
      for (const nowhere of [
        "links/loop",
        "links/round",
        "links/nowhere",
        "shapes/one/more",
        "shapes",
        "none/at/all",
      ]) {
        assert.equal(await text(nowhere), null, nowhere);
      }
      assert.equal((await volume.find("links/folder"))?.type, "directory");
      assert.equal(await volume.find("links/loop"), null);
    });

    it("that is damaged anywhere is read or not, and never more than so much of it", async () => {
      const image = await guestImage(name);
      const view = viewOf(image);
      // Where the superblock, the descriptors and the inodes are, most of all: they lead to all the rest.
      const tables = view.getUint32(2048 + 8, true) * 1024;
      const places = fc.oneof(
        fc.nat(4096),
        fc.nat(160 * 256).map((at) => tables + at),
        fc.nat(image.length - 1),
      );
      const changes = fc.array(fc.record({ at: places, value: fc.nat(255) }), { minLength: 1, maxLength: 20 });
      await fc.assert(
        fc.asyncProperty(changes, async (made) => {
          const damaged = image.slice();
          for (const { at, value } of made) damaged[at] = value;
          let asked = 0;
          const whole = memoryRegion(damaged);
          const counted: Region = {
            size: whole.size,
            read(offset, length) {
              asked += length;
              return whole.read(offset, length);
            },
          };
          const volume = await ExtVolume.open(counted);
          if (!(volume instanceof ExtVolume)) return;
          for (const path of Object.keys(tree).slice(0, 30)) {
            const found = await volume.find(path);
            const bytes = await volume.read(path, 65_536);
            if (bytes !== null) assert.ok(found?.type === "file" && bytes.length <= 65_536);
            await volume.list(path);
          }
          assert.ok(asked <= 65 * 2 ** 20, `${asked}`);
        }),
        { numRuns: 60 },
      );
    });
  });
}

describe("a superblock", () => {
  const opened = async (change: (view: DataView) => void): Promise<ExtVolume | string | null> => {
    const image = await guestImage("ext4-1k");
    change(viewOf(image.subarray(1024)));
    return ExtVolume.open(memoryRegion(image));
  };

  it("with another magic number is none, and nothing is one that is cut off", async () => {
    assert.equal(await opened((view) => view.setUint16(0x38, 0xef54, true)), null);
    assert.equal(await ExtVolume.open(memoryRegion((await guestImage("ext4-1k")).slice(0, 2000))), null);
    assert.equal(await ExtVolume.open(memoryRegion(new Uint8Array(0))), null);
  });

  const refused: Readonly<Record<string, (view: DataView) => void>> = {
    "a feature that nobody knows": (view) => view.setUint32(0x60, 0x800000c2, true),
    compression: (view) => view.setUint32(0x60, view.getUint32(0x60, true) + 1, true),
    "blocks of 2^42 bytes": (view) => view.setUint32(0x18, 32, true),
    "no inodes in a group": (view) => view.setUint32(0x28, 0, true),
    "no blocks in a group": (view) => view.setUint32(0x20, 0, true),
    "inodes of no size": (view) => view.setUint16(0x58, 0, true),
    "descriptors of no size": (view) => view.setUint16(0xfe, 0, true),
    "more blocks than there are numbers": (view) => view.setUint32(0x150, 0xffffffff, true),
  };
  for (const [what, change] of Object.entries(refused)) {
    it(`with ${what} is refused with a reason`, async () => {
      assert.equal(typeof (await opened(change)), "string");
    });
  }

  it("of a file system that was not unmounted says that its journal holds more", async () => {
    const volume = await opened((view) => view.setUint32(0x60, view.getUint32(0x60, true) + 4, true));
    assert.ok(volume instanceof ExtVolume && volume.stale);
    assert.equal((await openExt(memoryRegion(await guestImage("ext4-1k")))).stale, false);
  });
});

it("links that lead to long ways through links are given up soon", async () => {
  const volume = await openExt(memoryRegion(await guestImage("ext4-1k")));
  const started = process.cpuUsage();
  assert.equal(await volume.find(`${"links/folder/".repeat(50)}x`), null);
  assert.equal(await volume.find(`${"folders/../".repeat(20_000)}shapes/none`), null);
  assert.ok(process.cpuUsage(started).user < 2e6);
});
