import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { peerPath } from "./peers.js";
import { startQemuImg } from "./qemu.js";
import { run } from "./run.js";
import { scratch } from "./scratch.js";
import { startVirtualBox, type VirtualBox } from "./virtualbox.js";

/** SHA-256 of a disk's guest content as another program reads it, cut to a capacity. */
export type ReadGuest = (disk: string, capacityBytes: number) => Promise<string>;

/** Readers that turn a disk into a raw image in a folder of the test and hash that. */
export interface Readers {
  readonly VBoxManage: ReadGuest;
  readonly "vmdk-convert": ReadGuest;
  readonly "qemu-img": ReadGuest;
}

/** Readers for one test. Each program is looked for when it is first asked. */
export async function guestReaders(t: TestContext): Promise<Readers> {
  const folder = await scratch(t, "readings");
  let count = 0;
  let box: Promise<VirtualBox> | undefined;
  const through = async (capacity: number, make: (raw: string) => Promise<unknown>): Promise<string> => {
    const raw = join(folder, `${count++}.raw`);
    await make(raw);
    const sum = await hashFile(raw, capacity);
    await rm(raw);
    return sum;
  };
  return {
    VBoxManage: async (disk, capacity) => {
      box ??= startVirtualBox(t);
      const { manage } = await box;
      return through(capacity, (raw) => manage("clonemedium", "disk", disk, raw, "--format", "RAW"));
    },
    "vmdk-convert": async (disk, capacity) => {
      const program = await peerPath("vmdk-convert");
      return through(capacity, (raw) => run(program, [disk, raw], { timeout: 60_000 }));
    },
    "qemu-img": async (disk, capacity) => {
      const qemu = await startQemuImg();
      return through(capacity, (raw) => qemu.toRaw(disk, raw));
    },
  };
}

/** SHA-256 of the first bytes of a file. Throws where it is shorter, or where anything but zeros follows. */
export async function hashFile(path: string, length: number): Promise<string> {
  const hash = createHash("sha256");
  let seen = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    const kept = Math.max(0, Math.min(chunk.length, length - seen));
    hash.update(chunk.subarray(0, kept));
    if (chunk.subarray(kept).some((byte) => byte !== 0)) throw new Error(`${path} holds data behind byte ${length}`);
    seen += chunk.length;
  }
  if (seen < length) throw new Error(`${path} holds ${seen} bytes of ${length}`);
  return hash.digest("hex");
}
