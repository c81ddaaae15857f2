/** File systems of guests: what mke2fs made of a tree, and what debugfs reads in it, whatever the features. */
import assert from "node:assert/strict";
import { open, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { guestFacts } from "../../src/disk/guest/facts.js";
import { contentKind } from "../../src/disk/guest/signatures.js";
import { openRaw } from "../../src/disk/raw/read.js";
import { memorySource } from "../../src/io/sources/memory.js";
import { createContext, createRuntime } from "../../src/node.js";
import { memoryRegion, openExt } from "../support/guest-images.js";
import { contentOf, everyShape, writeTree } from "../support/guest-tree.js";
import { DEBIAN } from "../support/linux-trees.js";
import { LVM_START, lvmLabel } from "../support/lvm.js";
import { lacking, type PeerName, peerPath } from "./peers.js";
import { attempt, run } from "./run.js";
import { scratch } from "./scratch.js";

const skip = await lacking("mke2fs", "e2fsck", "debugfs");
const runtime = createRuntime({ workers: 0 });
after(() => runtime.close());
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

/** What other programs make, by what it is told as. Sizes in MiB. */
const CONTENTS: readonly (readonly [program: PeerName, kind: string, size: number, options: readonly string[]])[] = [
  ["mkfs.xfs", "xfs", 320, ["-q"]],
  ["mkfs.btrfs", "btrfs", 128, ["-q"]],
  ["mkfs.ntfs", "ntfs", 16, ["-q", "-F", "-f"]],
  ["mkfs.vfat", "fat", 16, []],
  ["mkfs.vfat", "fat", 64, ["-F", "32"]],
  ["mkswap", "swap", 8, []],
];
for (const [program, kind, mebibytes, options] of CONTENTS) {
  test(`${kind} of ${[program, ...options].join(" ")} is told by its signature`, {
    skip: await lacking(program),
  }, async (t) => {
    const image = join(await scratch(t, "guest"), "image");
    await writeFile(image, "");
    await truncate(image, mebibytes * 2 ** 20);
    await run(await peerPath(program), [...options, image], limit);
    const file = await open(image);
    const front = await file.read(Buffer.alloc(2 ** 20), 0, 2 ** 20, 0);
    await file.close();
    assert.equal(await contentKind(memoryRegion(new Uint8Array(front.buffer))), kind);
  });
}

test("a system on a logical volume is read where pvck sees the volume group", {
  skip: skip || (await lacking("pvck")),
  timeout: 60_000,
}, async (t) => {
  const folder = await scratch(t, "guest");
  await writeTree(join(folder, "tree"), DEBIAN);
  const image = join(folder, "image");
  await run(await peerPath("mke2fs"), ["-q", "-F", "-t", "ext4", "-d", join(folder, "tree"), image, "16M"], limit);
  const segment =
    'segment1 { start_extent = 0 extent_count = 256 type = "striped" stripe_count = 1 stripes = ["pv0", 3] }';
  const disk = new Uint8Array(64 * 2 ** 20);
  disk.set(lvmLabel(`root { segment_count = 1 ${segment} }`));
  disk.set(await readFile(image), LVM_START + 3 * 65_536);
  await writeFile(join(folder, "disk"), disk);
  // Its sums are left out, so that pvck complains; it shows what it reads all the same.
  const seen = await attempt(await peerPath("pvck"), ["--dump", "metadata", join(folder, "disk")], limit);
  assert.match(seen.stdout, /metadata text at 4608 .*vgname vg0 seqno 3/);
  const facts = await guestFacts(openRaw(memorySource(disk, "disk")), createContext(runtime));
  assert.deepEqual([facts.system, facts.sure, facts.root, facts.versionId], ["linux", "read", "vg0/root", "12"]);
  assert.deepEqual(
    facts.kernels.map(({ version }) => version),
    ["6.1.0-21-amd64", "6.1.0-9-amd64"],
  );
  assert.deepEqual([facts.deviceNames.length, facts.interfaces.length, facts.tools.length], [8, 3, 1]);
});
