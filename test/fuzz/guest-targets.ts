import { ExtVolume } from "../../src/disk/guest/ext/volume.js";
import type { Region } from "../../src/disk/guest/region.js";
import { GUEST_IMAGES, guestImage, memoryRegion } from "../support/guest-images.js";
import { everyShape } from "../support/guest-tree.js";
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

/** Parsers of what lies inside of guests' disks. */
export const guestTargets: readonly FuzzTarget[] = [ext];
