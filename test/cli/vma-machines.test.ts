/** Backups of Proxmox VE as the command names them. Archives are crafted from the format's documentation: see test/support/vma.ts. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import * as zlib from "node:zlib";
import { run } from "../../src/cli/program.js";
import { captureStreams } from "../support/streams.js";
import { craftVma } from "../support/vma.js";

const root = mkdtempSync(join(tmpdir(), "vmferry-vma-"));
after(() => rmSync(root, { recursive: true }));

const disk = Buffer.alloc(3 * 65536 + 4096);
for (let i = 0; i < disk.length; i += 8192) disk.fill((i % 250) + 1, i, i + 512);
const variables = Buffer.alloc(528 * 1024, 0x55);
const conf = [
  "#a%3A note",
  "bios: ovmf",
  "boot: order=scsi0;ide2",
  "cores: 2",
  "efidisk0: local-lvm:vm-100-disk-0,efitype=4m,pre-enrolled-keys=1,size=4M",
  "ide2: local:iso/debian.iso,media=cdrom,size=600M",
  "memory: 1024",
  "name: web",
  "net0: virtio=BC:24:11:00:00:01,bridge=vmbr0,tag=12",
  "ostype: l26",
  `scsi0: local-lvm:vm-100-disk-1,size=${disk.length / 1024}K`,
  "scsi1: local-lvm:vm-100-disk-2,backup=0,size=8G",
  "scsihw: virtio-scsi-single",
  "#qmdump#map:efidisk0:drive-efidisk0:local-lvm:raw:",
  "#qmdump#map:scsi0:drive-scsi0:local-lvm:raw:",
].join("\n");
const archive = craftVma({
  configs: { "qemu-server.conf": `${conf}\n`, "qemu-server.fw": "[OPTIONS]\nenable: 1\n" },
  devices: [
    { name: "drive-efidisk0", bytes: variables },
    { name: "drive-scsi0", bytes: disk },
  ],
});
const plain = join(root, "vzdump-qemu-100.vma");
writeFileSync(plain, archive);

async function vmferry(
  ...argv: string[]
): Promise<{ readonly exitCode: number; readonly out: string; readonly err: string }> {
  const streams = captureStreams();
  const exitCode = await run(argv, streams, new AbortController().signal);
  return { exitCode, out: streams.out(), err: streams.err() };
}

test("a backup is inspected as a machine with its disks; what it left out and what stays behind are findings", async () => {
  const { exitCode, out, err } = await vmferry("inspect", plain, "--json", "--quiet");
  assert.equal(exitCode, 0, err);
  const result = JSON.parse(out);
  assert.deepEqual([result.package.kind, result.descriptor.producer], ["vma", "Proxmox VE"]);
  const [machine] = result.appliance.machines;
  assert.deepEqual([machine.name, machine.firmware], ["web", "efi-secure"]);
  assert.deepEqual(
    result.appliance.disks.map((d: { file: string; format: string; capacityBytes: number }) => [
      d.file,
      d.format,
      d.capacityBytes,
    ]),
    [["drive-scsi0", "vma", disk.length]],
  );
  assert.deepEqual(result.diagnostics.map((d: { code: string }) => d.code).sort(), [
    "vma/left-behind",
    "vma/not-in-backup",
    "vma/not-in-backup",
  ]);
});

test("a backup is converted with the bytes of its disks, plain and packed with gzip or Zstandard", async () => {
  const { zstdCompressSync } = zlib as { zstdCompressSync?: (bytes: Uint8Array) => Buffer };
  const packed: [string, Buffer][] = [
    ["plain.vma", archive],
    ["packed.vma.gz", zlib.gzipSync(archive)],
  ];
  if (zstdCompressSync !== undefined) packed.push(["packed.vma.zst", zstdCompressSync(archive)]);
  for (const [name, bytes] of packed) {
    const file = join(root, name);
    writeFileSync(file, bytes);
    const to = join(root, `${name}-out`);
    const { exitCode, err } = await vmferry("convert", file, to, "--to", "qemu", "--quiet");
    assert.equal(exitCode, 0, err);
    const raw = join(root, `${name}.raw`);
    const again = await vmferry("disk", "convert", join(to, "web-disk1.qcow2"), raw, "--quiet");
    assert.equal(again.exitCode, 0, again.err);
    assert.deepEqual(readFileSync(raw), disk, name);
  }
});

test("disks of a backup are named as members are, and looked at by themselves", async () => {
  const to = join(root, "one.raw");
  const converted = await vmferry("disk", "convert", `${plain}!drive-scsi0`, to, "--quiet");
  assert.equal(converted.exitCode, 0, converted.err);
  assert.deepEqual(readFileSync(to), disk);
  const sound = await vmferry("disk", "check", `${plain}!drive-scsi0`, "--json", "--quiet");
  assert.deepEqual([sound.exitCode, JSON.parse(sound.out).verdict], [0, "sound"]);
  const which = await vmferry("disk", "info", plain, "--quiet");
  assert.notEqual(which.exitCode, 0);
  assert.match(which.err, /drive-efidisk0.*drive-scsi0/);
  const damaged = join(root, "damaged.vma");
  writeFileSync(damaged, archive.subarray(0, archive.length - 4096));
  const check = await vmferry("disk", "check", `${damaged}!drive-scsi0`, "--json", "--quiet");
  assert.equal(check.exitCode, 1);
  assert.deepEqual(Object.keys(JSON.parse(check.out).counts), ["vma/cut-off", "vma/missing-clusters"]);
  const half = await vmferry("convert", damaged, join(root, "damaged-out"), "--to", "qemu", "--quiet");
  assert.equal(half.exitCode, 1, "a disk of which a part is missing is never a success");
});

test("backups packed with LZO, and those without a machine, get one clear answer", async () => {
  const lzo = join(root, "old.vma.lzo");
  writeFileSync(lzo, Buffer.from([0x89, 0x4c, 0x5a, 0x4f, 0x00, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0]));
  const packed = await vmferry("inspect", lzo, "--quiet");
  assert.notEqual(packed.exitCode, 0);
  assert.match(packed.err, /lzop -d/);
  const empty = join(root, "empty.vma");
  writeFileSync(empty, craftVma({ configs: {}, devices: [{ name: "drive-scsi0", bytes: disk }] }));
  const { exitCode, err } = await vmferry("inspect", empty, "--json", "--quiet");
  assert.notEqual(exitCode, 0);
  assert.match(err, /vma\/no-config/);
});
