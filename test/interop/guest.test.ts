/** File systems of guests: what mke2fs made of a tree, and what debugfs reads in it, whatever the features. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { memoryRegion, openExt } from "../support/guest-images.js";
import { contentOf, everyShape, writeTree } from "../support/guest-tree.js";
import { lacking, peerPath } from "./peers.js";
import { attempt, run } from "./run.js";
import { scratch } from "./scratch.js";

const skip = await lacking("mke2fs", "e2fsck", "debugfs");
const limit = { timeout: 60_000 };
/** Names in the large directory: a hash tree of many blocks. Each takes a block, so that there are fewer where blocks are large. */
const NAMES = 1200;
const FEW = 200;

/** Options of mke2fs, by what is tried, with the size in MiB. */
const VARIANTS: Readonly<Record<string, readonly [size: number, options: readonly string[]]>> = {
  "ext4 as it is by default": [24, ["-t", "ext4"]],
  "ext4 of blocks of 1 KiB": [24, ["-t", "ext4", "-b", "1024"]],
  "ext4 of blocks of 2 KiB and inodes of 128 bytes": [
    24,
    ["-t", "ext4", "-b", "2048", "-I", "128", "-O", "^metadata_csum"],
  ],
  "ext4 of blocks of 64 KiB": [100, ["-t", "ext4", "-b", "65536"]],
  "ext4 without 64-bit numbers": [24, ["-t", "ext4", "-O", "^64bit,^metadata_csum"]],
  "ext4 with contents in inodes": [24, ["-t", "ext4", "-O", "inline_data", "-I", "1024"]],
  "ext4 with descriptors in meta groups": [
    600,
    ["-t", "ext4", "-b", "1024", "-g", "1024", "-O", "meta_bg,^resize_inode"],
  ],
  "ext4 with copies of the superblock in two groups": [
    100,
    ["-t", "ext4", "-b", "1024", "-g", "1024", "-O", "meta_bg,sparse_super2,^resize_inode"],
  ],
  "ext4 with clusters": [48, ["-t", "ext4", "-O", "bigalloc", "-C", "16384"]],
  "ext4 without flexible groups": [100, ["-t", "ext4", "-b", "1024", "-g", "8192", "-O", "^flex_bg"]],
  "ext4 without extents": [24, ["-t", "ext4", "-O", "^extents,^64bit"]],
  ext3: [24, ["-t", "ext3"]],
  "ext3 of blocks of 1 KiB": [24, ["-t", "ext3", "-b", "1024"]],
  ext2: [24, ["-t", "ext2"]],
  "ext2 of blocks of 1 KiB without types of files": [24, ["-t", "ext2", "-b", "1024", "-O", "^filetype,^dir_index"]],
  "ext2 of revision 0": [24, ["-t", "ext2", "-b", "1024", "-r", "0"]],
};

for (const [what, [mebibytes, options]] of Object.entries(VARIANTS)) {
  test(`${what}: every file and name is read as debugfs reads it`, { skip, timeout: 180_000 }, async (t) => {
    const folder = await scratch(t, "guest");
    const names = what.includes("64 KiB") || what.includes("clusters") ? FEW : NAMES;
    const tree = everyShape(names);
    await writeTree(join(folder, "tree"), tree);
    const image = join(folder, "image");
    const make = ["-q", "-F", "-N", "4000", "-d", join(folder, "tree"), ...options, image, `${mebibytes}M`];
    await run(await peerPath("mke2fs"), make, limit);
    // Hash trees for large directories. 1: something was changed; another status would be a fault of the image.
    const checked = await attempt(await peerPath("e2fsck"), ["-fyD", image], limit);
    assert.ok(checked.status === 0 || checked.status === 1, checked.stdout);

    const volume = await openExt(memoryRegion(await readFile(image)));
    const dumps: string[] = [];
    for (const [path, entry] of Object.entries(tree)) {
      if (typeof entry === "object" && ("link" in entry || "folder" in entry)) continue;
      const expected = contentOf(entry);
      const bytes = await volume.read(path, 8 * 2 ** 20);
      assert.ok(bytes !== null && Buffer.from(bytes).equals(expected), path);
      if (!path.startsWith("many/")) dumps.push(`dump /${path} ${join(folder, `dump-${dumps.length}`)}`);
    }
    await writeFile(join(folder, "commands"), `${dumps.join("\n")}\n`);
    await run(await peerPath("debugfs"), ["-f", join(folder, "commands"), image], limit);
    for (const [i, command] of dumps.entries()) {
      const path = command.split(" ")[1] ?? "";
      const [theirs, ours] = [await readFile(join(folder, `dump-${i}`)), await volume.read(path, 8 * 2 ** 20)];
      // Of a content that lies in its inode debugfs writes the whole field, which is longer.
      assert.ok(ours !== null && theirs.length >= ours.length && theirs.subarray(0, ours.length).equals(ours), path);
    }
    const listed = await run(await peerPath("debugfs"), ["-R", "ls -p /many", image], limit);
    const told = listed.stdout.split("\n").flatMap((line) => line.split("/")[5] ?? []);
    const wanted = told.filter((name) => name !== "" && name !== "." && name !== "..");
    assert.equal(wanted.length, names);
    assert.deepEqual(new Set(await volume.list("many")), new Set(wanted));
  });
}
