import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../../test/support/fast-check.js";
import { type CraftedVma, craftVma, mendVmaSums } from "../../../test/support/vma.js";
import { FerryError } from "../../base/errors.js";
import { vma } from "../../disk/vma/format.js";
import { noResolver } from "../../io/resolver.js";
import { memorySource } from "../../io/sources/memory.js";
import { testContext } from "../../io/testing/context.js";
import { nodeHash } from "../../runtime/node/hash.js";
import { openVma, type VmaDisk } from "./open.js";

const CLUSTER = 65536;

function context(limits = {}) {
  return testContext({ runtime: { hash: nodeHash }, limits });
}

/** Bytes with blocks of zeros between others. */
function pattern(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let block = 0; block * 4096 < length; block++) {
    if ((block * 7 + seed) % 3 === 0) continue;
    bytes.fill(((block + seed) % 255) + 1, block * 4096, Math.min(length, (block + 1) * 4096));
  }
  return bytes;
}

const scsi = pattern(70 * CLUSTER + 5120, 1);
const sata = pattern(3 * CLUSTER, 2);
const small: CraftedVma = {
  configs: { "qemu-server.conf": "name: web\nmemory: 512\n", "qemu-server.fw": "[OPTIONS]\n" },
  devices: [
    { name: "drive-scsi0", bytes: scsi },
    { name: "drive-sata0", bytes: sata },
  ],
};

async function guestOf(disk: VmaDisk): Promise<Uint8Array> {
  const guest = new Uint8Array(disk.size);
  const runs = disk.runs({ offset: 0, length: disk.size });
  for (let i = 0; i < runs.length; i += 3) {
    const [offset = 0, at = 0, length = 0] = runs.subarray(i, i + 3);
    guest.set(await disk.source.read(at, length), offset);
  }
  return guest;
}

async function open(bytes: Uint8Array, limits = {}) {
  return openVma(memorySource(bytes, "x.vma"), context(limits));
}

function code(wanted: string): (error: unknown) => boolean {
  return (error) => error instanceof FerryError && error.code === wanted;
}

test("configurations and disks of an archive, whatever order its clusters come in", async () => {
  const orders = [undefined, shuffled(small)];
  for (const order of orders) {
    const { header, disks, damage, memory } = await open(
      craftVma({ ...small, ...(order === undefined ? {} : { order }) }),
    );
    assert.deepEqual(damage, []);
    assert.equal(memory, false);
    assert.deepEqual(
      header.configs.map(({ name, bytes }) => [name, new TextDecoder().decode(bytes)]),
      Object.entries(small.configs),
    );
    assert.equal(header.uuid.replaceAll("-", ""), "0123456789abcdef0123456789abcdef");
    assert.equal(header.madeAt, 1_700_000_000);
    assert.deepEqual(
      disks.map(({ name, size, notes }) => [name, size, notes]),
      [
        ["drive-scsi0", scsi.length, undefined],
        ["drive-sata0", sata.length, undefined],
      ],
    );
    assert.deepEqual(await guestOf(disks[0] as VmaDisk), scsi);
    assert.deepEqual(await guestOf(disks[1] as VmaDisk), sata);
  }
});

function shuffled({ devices }: CraftedVma): (readonly [number, number])[] {
  const all = devices.flatMap(({ bytes }, device) =>
    Array.from({ length: Math.ceil(bytes.length / CLUSTER) }, (_, cluster) => [device, cluster] as const),
  );
  return all
    .map((one, i) => [(i * 31) % all.length, one] as const)
    .sort(([a], [b]) => a - b)
    .map(([, one]) => one);
}

test("any range of a disk has the bytes of the whole", async () => {
  const { disks } = await open(craftVma({ ...small, order: shuffled(small) }));
  const disk = disks[0] as VmaDisk;
  const range = fc.tuple(fc.nat({ max: scsi.length }), fc.nat({ max: 3 * CLUSTER }));
  await fc.assert(
    fc.asyncProperty(range, async ([offset, wanted]) => {
      const length = Math.min(wanted, scsi.length - offset);
      const bytes = new Uint8Array(length);
      const runs = disk.runs({ offset, length });
      for (let i = 0; i < runs.length; i += 3) {
        const [guest = 0, at = 0, count = 0] = runs.subarray(i, i + 3);
        bytes.set(await disk.source.read(at, count), guest - offset);
      }
      assert.deepEqual(bytes, scsi.subarray(offset, offset + length));
    }),
    { numRuns: 100 },
  );
});

test("the memory of a machine that ran is no disk", async () => {
  const { disks, memory } = await open(
    craftVma({ ...small, devices: [...small.devices, { name: "vmstate", bytes: pattern(CLUSTER, 3) }] }),
  );
  assert.equal(memory, true);
  assert.equal(disks.length, 2);
});

test("as a disk it reads the same, with zeros where nothing is stored, up to a whole sector", async () => {
  const ctx = context();
  const { disks } = await open(craftVma(small));
  const disk = await vma.open({ chunks: disks[0] as VmaDisk }, noResolver, ctx);
  assert.deepEqual([disk.info.format, disk.info.size, disk.info.blockSize], ["vma", scsi.length, CLUSTER]);
  let end = 0;
  for await (const extent of disk.extents()) {
    assert.equal(extent.offset, end);
    end += extent.length;
  }
  assert.equal(end, scsi.length);
  await assert.rejects(vma.open({ bytes: memorySource(scsi, "x") }, noResolver, ctx), code("vma/no-archive"));
});

const HEADER_SIZE = craftVma(small).readUInt32BE(56);
const SECOND = HEADER_SIZE + 512 + 4096 * craftVma(small).readUInt16BE(HEADER_SIZE + 6);

/** Codes that the check of the first disk finds after a change. */
async function found(change: (bytes: Buffer) => Buffer, limits = {}): Promise<string[]> {
  const { disks } = await open(change(craftVma(small)), limits);
  const codes: string[] = [];
  for await (const finding of (disks[0] as VmaDisk).check?.() ?? []) codes.push(finding.code);
  return codes;
}

test("each kind of damage is a finding with its place, and what can be read is read", async () => {
  const set = (at: number, value: number) => (bytes: Buffer) => {
    bytes[at] = value;
    return bytes;
  };
  assert.deepEqual(await found((bytes) => bytes), []);
  assert.deepEqual(await found(set(30, 1)), ["vma/bad-sum"], "a turned bit of the header");
  assert.deepEqual(await found(set(HEADER_SIZE + 42, 1)), ["vma/bad-sum"], "a turned bit of an extent's header");
  assert.deepEqual(await found(set(SECOND, 0)), ["vma/cut-off", "vma/missing-clusters"], "no extent");
  assert.deepEqual(await found(set(SECOND + 8, 0)), ["vma/cut-off", "vma/missing-clusters"], "another archive's");
  assert.deepEqual(await found((b) => b.subarray(0, SECOND)), ["vma/missing-clusters"], "whole extents are missing");
  assert.deepEqual(await found((b) => b.subarray(0, SECOND + 100)), ["vma/cut-off", "vma/missing-clusters"]);
  assert.deepEqual(await found((b) => b.subarray(0, SECOND + 600)), ["vma/cut-off", "vma/missing-clusters"]);
  const mended = (change: (bytes: Buffer) => void) => (bytes: Buffer) => {
    change(bytes);
    return mendVmaSums(bytes, [HEADER_SIZE, SECOND]);
  };
  const number = (i: number, value: number) => mended((b) => void b.writeUInt32BE(value, HEADER_SIZE + 44 + 8 * i));
  assert.deepEqual(await found(number(1, 0)), ["vma/bad-extent", "vma/missing-clusters"], "a cluster twice");
  assert.deepEqual(
    await found(number(1, 9999)),
    ["vma/bad-extent", "vma/missing-clusters"],
    "a cluster behind the end",
  );
  const device = mended((b) => void b.writeUInt8(7, HEADER_SIZE + 43));
  assert.deepEqual(await found(device), ["vma/bad-extent", "vma/missing-clusters"], "a cluster of no device");
  const tooMany = mended((b) => void b.writeUInt16BE(945, HEADER_SIZE + 6));
  assert.deepEqual(await found(tooMany), ["vma/cut-off", "vma/missing-clusters"], "more blocks than an extent has");
  const few = mended((b) => void b.writeUInt16BE(3, HEADER_SIZE + 6));
  assert.deepEqual(
    await found(few),
    ["vma/bad-extent", "vma/cut-off", "vma/missing-clusters"],
    "fewer blocks than stand there",
  );
});

test("headers that cannot be one are refused", async () => {
  const refused = (change: (bytes: Buffer) => void, wanted: string): Promise<void> => {
    const bytes = craftVma(small);
    change(bytes);
    return assert.rejects(open(mendVmaSums(bytes)), code(wanted));
  };
  await assert.rejects(open(craftVma(small).subarray(0, 12287)), code("vma/bad-header"));
  await assert.rejects(open(new Uint8Array(20000)), code("vma/bad-header"));
  await assert.rejects(open(craftVma(small).subarray(0, HEADER_SIZE - 1)), code("vma/bad-header"));
  await refused((b) => void b.writeUInt32BE(2, 4), "vma/version");
  await refused((b) => void b.writeUInt32BE(0, 48), "vma/bad-header");
  await refused((b) => void b.writeUInt32BE(2 ** 31, 52), "vma/bad-header");
  await refused((b) => void b.writeUInt32BE(9_999_999, 2044), "vma/bad-header");
  await refused((b) => b.copy(b, 4096 + 64, 4096 + 32, 4096 + 64), "vma/bad-header");
  await refused((b) => void b.writeBigUInt64BE(2n ** 52n, 4096 + 40), "vma/bad-header");
  const names = craftVma({ ...small, devices: [{ name: "../x", bytes: sata }] });
  await assert.rejects(open(names), code("vma/bad-header"));
  await assert.rejects(open(craftVma(small), { descriptorBytes: 12_000 }), code("io/limit"));
  await assert.rejects(open(craftVma(small), { tableBytes: 1000 }), code("io/limit"));
});

test("a disk that claims to be huge costs nothing", async () => {
  const bytes = craftVma(small);
  bytes.writeBigUInt64BE(2n ** 48n, 4096 + 40);
  const { disks } = await open(mendVmaSums(bytes), { tableBytes: 2 ** 17 });
  assert.equal(disks[0]?.size, 2 ** 48);
  assert.equal(disks[0]?.notes?.[0]?.code, "vma/missing-clusters");
});
