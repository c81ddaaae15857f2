import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { SECTOR } from "../../src/base/bytes.js";
import { ExtVolume } from "../../src/disk/guest/ext/volume.js";
import { guestFacts } from "../../src/disk/guest/facts.js";
import type { Region } from "../../src/disk/guest/region.js";
import { openRaw } from "../../src/disk/raw/read.js";
import { memorySource } from "../../src/io/sources/memory.js";
import { gpt, guestDisk, mbr, PROTECTIVE } from "../support/guest.js";
import { GUEST_IMAGES, guestImage, memoryRegion } from "../support/guest-images.js";
import { everyShape } from "../support/guest-tree.js";
import { lvmLabel } from "../support/lvm.js";
import type { FuzzTarget } from "./target.js";

/** Of a file system the front is taken: the superblock, descriptors, inodes, and some of the blocks. */
const FRONT = 2 ** 18;
const paths = Object.keys(everyShape(1));

/** An ext file system. Whatever it is damaged in, it costs no more than an honest one. */
const ext: FuzzTarget = {
  name: "ext",
  seeds: () => Promise.all(GUEST_IMAGES.map(async (name) => (await guestImage(name)).slice(0, FRONT))),
  async run(bytes) {
    let asked = 0;
    const whole = memoryRegion(bytes);
    const counted: Region = {
      size: whole.size,
      read(offset, length) {
        asked += length;
        return whole.read(offset, length);
      },
    };
    const volume = await ExtVolume.open(counted);
    if (!(volume instanceof ExtVolume)) return;
    for (const path of paths) {
      const found = await volume.find(path);
      const content = await volume.read(path, 65_536);
      if (content !== null && content.length !== Math.min(found?.size ?? -1, 65_536)) {
        throw new Error(`${path} has two lengths`);
      }
      await volume.list(path);
    }
    if (asked > 65 * 2 ** 20) throw new Error(`${asked} bytes were asked for`);
  },
};

/** All that is told of a system: tables, LVM, file systems, settings. */
const guest: FuzzTarget = {
  name: "guest",
  async seeds() {
    const [image = new Uint8Array(0)] = await ext.seeds();
    const tables = gpt([{ type: "linux", first: 40, sectors: FRONT / SECTOR }], 2);
    const size = 40 * SECTOR + FRONT;
    const segment =
      'segment1 { start_extent = 0 extent_count = 4 type = "striped" stripe_count = 1 stripes = ["pv0", 0] }';
    const group = lvmLabel(`root { segment_count = 1 ${segment} }`, 65_536);
    const lvm = guestDisk(SECTOR + group.length + FRONT, {
      0: mbr([{ type: 0x8e, first: 1, sectors: 4000 }]),
      [SECTOR]: group,
      [SECTOR + group.length]: image,
    });
    const logical = guestDisk(size, {
      0: mbr([{ type: 5, first: 10, sectors: 4000 }]),
      [10 * SECTOR]: mbr([{ type: 0x83, first: 30, sectors: 4000 }]),
      [40 * SECTOR]: image,
    });
    const parted = guestDisk(size, {
      0: mbr([PROTECTIVE]),
      [SECTOR]: tables.header,
      [2 * SECTOR]: tables.table,
      [40 * SECTOR]: image,
    });
    return [...[parted, logical, lvm].map((disk) => disk.read(0, disk.size)), await settings()];
  },
  async run(bytes, ctx) {
    const disk = openRaw(memorySource(bytes, "fuzz.raw"));
    let looked = 0;
    const reads: typeof disk.reads = (range, signal) => {
      looked += range.length;
      return disk.reads(range, signal);
    };
    const facts = await guestFacts({ ...disk, reads }, ctx);
    if (looked > ctx.limits.guestBytes + 2 ** 21) throw new Error(`${looked} bytes were looked at`);
    if ((facts.system === "unknown") !== (facts.sure === "unknown")) throw new Error("facts that do not agree");
    if (JSON.stringify(facts).length > 2 ** 20) throw new Error("facts without an end");
  },
};

/** A small file system with settings of a Debian. */
async function settings(): Promise<Uint8Array> {
  return new Uint8Array(gunzipSync(await readFile("test/fixtures/guest/debian.img.gz")));
}

/** Parsers of what lies inside of guests' disks. */
export const guestTargets: readonly FuzzTarget[] = [ext, guest];
