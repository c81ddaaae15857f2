import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { viewOf } from "../../src/base/bytes.js";
import type { DiskFormat } from "../../src/disk/model.js";
import { vdi } from "../../src/disk/vdi/format.js";
import { vhd } from "../../src/disk/vhd/format.js";
import { vhdx } from "../../src/disk/vhdx/format.js";
import { vmdk } from "../../src/disk/vmdk/format.js";
import type { SparseBytes } from "../../src/io/testing/sparse-bytes.js";
import { checked, damage, fixture, repaired } from "../support/damage.js";
import { diskFixtures } from "../support/fixtures.js";
import { lacking, peerPath } from "./peers.js";
import { prove } from "./proof.js";
import { attempt, run } from "./run.js";
import { scratch } from "./scratch.js";
import { startVirtualBox } from "./virtualbox.js";

const word = (file: SparseBytes, at: number): number => viewOf(file.read(at, 4)).getUint32(0, true);

async function wantedSum(id: string): Promise<string | undefined> {
  return (await diskFixtures()).find((disk) => disk.id === id)?.guestSha256;
}

async function sumOf(path: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
}

/** Images of qemu-img and VirtualBox with one thing wrong that has one right answer. */
const MENDED: readonly [id: string, format: DiskFormat, what: string, change: (file: SparseBytes) => void][] = [
  ["vdi-dynamic", vdi, "count", (file) => damage(file, 388, 0)],
  ["vhd-dynamic", vhd, "footer", (file) => damage(file, file.size - 450, 1)],
  ["vhd-vbox-dynamic", vhd, "no-footer", (file) => file.truncate(file.size - 512)],
  ["vhd-dynamic", vhd, "header", (file) => damage(file, 512 + 36, 1)],
  ["vhdx-torn", vhdx, "log", () => {}],
  ["vhdx-dynamic", vhdx, "copy", (file) => damage(file, 0x10000 + 8, 0x77)],
];

test("check: qemu-img and VirtualBox read what was mended, and find nothing in it", {
  skip: await lacking("qemu-img", "VBoxManage"),
  timeout: 240_000,
}, async (t) => {
  const folder = await scratch(t, "mended");
  const qemuImg = await peerPath("qemu-img");
  const { manage } = await startVirtualBox(t);
  for (const [id, format, what, change] of MENDED) {
    const file = await fixture(id);
    change(file);
    const { file: mended, left } = await repaired(format, file);
    assert.deepEqual(left, [], what);
    const path = join(folder, `${id}-${what}${format.extensions[0]}`);
    await writeFile(path, mended.read(0, mended.size));
    const driver = format === vhd ? "driver=vpc,force_size_calc=current_size" : `driver=${format.id}`;
    const options = `${driver},file.driver=file,file.filename=${path}`;
    if (format !== vhd) {
      const said = await run(qemuImg, ["check", "--image-opts", options], { timeout: 60_000 });
      assert.match(said.stdout, /No errors/, what);
    }
    const raw = `${path}.qemu.raw`;
    await run(qemuImg, ["convert", "--image-opts", options, "-O", "raw", raw], { timeout: 60_000 });
    assert.equal(await sumOf(raw), await wantedSum(id), `${what} by qemu-img`);
    const about = { format: format.id, variant: "dynamic", direction: "alike", what: "mended", cannot: null } as const;
    prove({ ...about, peer: "qemu-img" });
    // VirtualBox takes no VHDX of qemu-img, damaged or not: the regions in it are not marked as required.
    if (format === vhdx) continue;
    const cloned = `${path}.vbox.raw`;
    await manage("clonemedium", "disk", path, cloned, "--format", "RAW");
    assert.equal(await sumOf(cloned), await wantedSum(id), `${what} by VirtualBox`);
    prove({ ...about, peer: "VBoxManage" });
    await manage("closemedium", "disk", path);
    await manage("closemedium", "disk", cloned);
  }
});

/** Images that qemu-img judges: what it finds wrong we find wrong. */
const JUDGED: readonly [id: string, format: DiskFormat, what: string, change: (file: SparseBytes) => void][] = [
  ["vdi-dynamic", vdi, "nothing", () => {}],
  ["vdi-static", vdi, "nothing", () => {}],
  ["vhdx-dynamic", vhdx, "nothing", () => {}],
  ["vdi-dynamic", vdi, "count", (file) => damage(file, 388, 1)],
  ["vdi-dynamic", vdi, "shared", (file) => damage(file, word(file, 340), new Uint8Array(8))],
  ["vdi-dynamic", vdi, "bounds", (file) => damage(file, word(file, 340), 0x100000)],
  ["vhdx-dynamic", vhdx, "region tables", (file) => [0x30000, 0x40000].map((at) => damage(file, at + 100, 1))],
  ["vhdx-dynamic", vhdx, "headers", (file) => [0x10000, 0x20000].map((at) => damage(file, at + 100, 1))],
];

test("check: what qemu-img calls damaged we call damaged, and what it calls sound we call sound", {
  skip: await lacking("qemu-img"),
  timeout: 120_000,
}, async (t) => {
  const folder = await scratch(t, "judged");
  const qemuImg = await peerPath("qemu-img");
  for (const [id, format, what, change] of JUDGED) {
    const file = await fixture(id);
    change(file);
    const path = join(folder, `judged${format.extensions[0]}`);
    await writeFile(path, file.read(0, file.size));
    const said = await attempt(qemuImg, ["check", "-f", format.id, path], { timeout: 60_000 });
    const ours = (await checked(format, file)).some((finding) => finding.startsWith("error"));
    assert.equal(ours, said.status !== 0, `${id}, ${what}: ${said.stdout}${said.stderr}`);
    prove({ format: format.id, variant: "dynamic", peer: "qemu-img", direction: "alike", what: "check", cannot: null });
  }
});

/** The table that the first entry of a directory names, as bytes of the file; the redundant one by the field at 48, the other by 56. */
const tableOf = (file: SparseBytes, field: 48 | 56): number => 512 * word(file, 512 * word(file, field));

/** The first entry of a table that names a grain. */
function firstGrain(file: SparseBytes, table: number): number {
  let at = table;
  while (word(file, at) < 2) at += 4;
  return at;
}

/** Writes an entry into both tables, so many entries behind the first one that names a grain. */
function nameGrain(file: SparseBytes, behind: number, sector: number): void {
  for (const table of [tableOf(file, 48), tableOf(file, 56)])
    damage(file, firstGrain(file, table) + 4 * behind, sector);
}

const PAST_END = 0x7fffff;
const half = (file: SparseBytes): void => file.truncate(512 * Math.floor(file.size / 1024));

/** Damaged VMDKs: whether qemu-img finds an error, and whether we do. It looks at the places of grains alone, and at one set of tables. */
const VMDKS: readonly [
  id: "vmdk-sparse" | "vmdk-stream" | "vmdk-zeroed",
  what: string,
  change: (file: SparseBytes) => unknown,
  theirs: boolean,
  ours: boolean,
][] = [
  ["vmdk-sparse", "nothing", () => {}, false, false],
  ["vmdk-zeroed", "nothing", () => {}, false, false],
  ["vmdk-stream", "nothing", () => {}, false, false],
  ["vmdk-sparse", "a grain past the end", (file) => nameGrain(file, 0, PAST_END), true, true],
  [
    "vmdk-sparse",
    "a grain past the end by the first tables alone",
    (file) => damage(file, firstGrain(file, tableOf(file, 56)), PAST_END),
    true,
    true,
  ],
  [
    "vmdk-sparse",
    "a grain past the end by the redundant tables alone",
    (file) => damage(file, firstGrain(file, tableOf(file, 48)), PAST_END),
    false,
    false,
  ],
  ["vmdk-sparse", "cut off in half", half, true, true],
  ["vmdk-stream", "cut off in half", half, true, true],
  [
    "vmdk-stream",
    "a grain past the end",
    (file) => damage(file, firstGrain(file, tableOf(file, 56)), PAST_END),
    true,
    true,
  ],
  [
    "vmdk-sparse",
    "tables past the end",
    (file) => [48, 56].map((field) => damage(file, 512 * word(file, field), PAST_END)),
    false,
    true,
  ],
  ["vmdk-sparse", "a grain in the header", (file) => nameGrain(file, 0, 2), false, true],
  [
    "vmdk-sparse",
    "a grain of two places",
    (file) => nameGrain(file, 1, word(file, firstGrain(file, tableOf(file, 56)))),
    false,
    true,
  ],
  [
    "vmdk-stream",
    "a grain's marker",
    (file) => damage(file, 512 * word(file, firstGrain(file, tableOf(file, 56))), 0x1234),
    false,
    true,
  ],
];

test("check: a VMDK in which qemu-img finds an error is damaged, and so are others in which it looks at less", {
  skip: await lacking("qemu-img"),
  timeout: 120_000,
}, async (t) => {
  const path = join(await scratch(t, "judged"), "judged.vmdk");
  const qemuImg = await peerPath("qemu-img");
  for (const [id, what, change, theirs, ours] of VMDKS) {
    const file = await fixture(id);
    change(file);
    await writeFile(path, file.read(0, file.size));
    const said = await attempt(qemuImg, ["check", "-f", "vmdk", path], { timeout: 60_000 });
    const found = await checked(vmdk, file);
    const errors = found.some((finding) => finding.startsWith("error"));
    assert.deepEqual([said.status !== 0, errors], [theirs, ours], `${id}, ${what}: ${said.stderr}, ${found}`);
    const variant = id === "vmdk-stream" ? "streamOptimized" : "monolithicSparse";
    const about = { format: "vmdk", variant, peer: "qemu-img", direction: "alike" } as const;
    if (theirs === ours) prove({ ...about, what: "check", cannot: null });
    else prove({ ...about, what: `check of ${what}`, cannot: "not looked at" });
  }
});
