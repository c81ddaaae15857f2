import assert from "node:assert/strict";
import { test } from "node:test";
import { diskContext } from "../../../test/support/disks.js";
import {
  CRAFTED,
  type CraftedLogEntry,
  type CraftedVhdx,
  craftVhdx,
  entryBytes,
  logEntryBytes,
} from "../../../test/support/vhdx.js";
import { MIB, viewOf } from "../../base/bytes.js";
import { guidBytes } from "../../base/guid.js";
import { type SparseBytes, sparseSource } from "../../io/testing/sparse-bytes.js";
import { readGuest } from "../read.js";
import { checkReads, lawfulExtents } from "../testing/laws.js";
import { serializeHeader } from "./header.js";
import { openVhdx } from "./read.js";

/** Nothing in its table: whatever it holds, the log brings. */
const DIRTY: CraftedVhdx = { diskBytes: 4 * MIB, blockBytes: MIB, entries: [], logId: CRAFTED.logId };

const open = (file: SparseBytes, ctx = diskContext()) => openVhdx(sparseSource(file, "disk.vhdx"), ctx);

/** 4 KiB of the block table, in which the first blocks lie at some MiB. */
function table(...mibs: readonly number[]): Uint8Array {
  const sector = new Uint8Array(4096);
  for (const [i, mib] of mibs.entries()) sector.set(entryBytes(mib === 0 ? 0 : 6, mib), 8 * i);
  return sector;
}

function fileWith(entries: readonly (readonly [at: number, entry: CraftedLogEntry])[], shape = DIRTY): SparseBytes {
  const file = craftVhdx(shape);
  for (let mib = 4; mib < 8; mib++) file.write(mib * MIB, new Uint8Array(MIB).fill(mib));
  for (const [at, entry] of entries) writeToLog(file, at, logEntryBytes(entry));
  return file;
}

/** The log is a ring. */
function writeToLog(file: SparseBytes, at: number, bytes: Uint8Array): void {
  const first = Math.min(bytes.length, CRAFTED.logBytes - at);
  file.write(CRAFTED.logAt + at, bytes.subarray(0, first));
  file.write(CRAFTED.logAt, bytes.subarray(first));
}

/** The first byte of each of the four blocks. */
async function firstBytes(file: SparseBytes): Promise<readonly (number | undefined)[]> {
  const disk = await open(file);
  await checkReads(disk, { offset: 0, length: 4 * MIB });
  const guest = await readGuest(disk, { offset: 0, length: 4 * MIB }, diskContext());
  return [0, 1, 2, 3].map((block) => guest[block * MIB]);
}

const BAT = CRAFTED.batAt;

test("a table that is only in the log is applied, and said to be", async () => {
  const file = fileWith([[0, { sequence: 5, tail: 0, changes: [{ at: BAT, data: table(5, 0, 6) }] }]]);
  const ctx = diskContext();
  const disk = await open(file, ctx);
  assert.deepEqual(ctx.codes(), ["vhdx/log-replayed"]);
  assert.equal(disk.info.properties.logPending, true);
  assert.deepEqual(await firstBytes(file), [5, 0, 6, 0]);
});

test("without a log id the log is old news", async () => {
  const { logId: _, ...clean } = DIRTY;
  const file = fileWith([[0, { sequence: 5, tail: 0, changes: [{ at: BAT, data: table(5) }] }]], clean);
  assert.deepEqual(await firstBytes(file), [0, 0, 0, 0]);
});

test("entries are applied in order, from the tail of the last one on", async () => {
  const file = fileWith([
    [0, { sequence: 5, tail: 0, changes: [{ at: BAT, data: table(7, 7, 7, 7) }] }],
    [8192, { sequence: 6, tail: 8192, changes: [{ at: BAT, data: table(5, 0, 6) }] }],
    [16_384, { sequence: 7, tail: 8192, changes: [{ at: BAT + 4096, zeros: 4096 }] }],
  ]);
  const ctx = diskContext();
  await open(file, ctx);
  assert.deepEqual(ctx.findings[0]?.data, { entries: 2, changes: 2 });
  assert.deepEqual(await firstBytes(file), [5, 0, 6, 0]);
});

test("a later entry wins over an earlier one, and zeros over data", async () => {
  const file = fileWith([
    [
      0,
      {
        sequence: 5,
        tail: 0,
        changes: [
          { at: BAT, data: table(5, 5, 5, 5) },
          { at: BAT, data: table(4, 0, 6) },
          { at: 4 * MIB, zeros: 8192 },
        ],
      },
    ],
  ]);
  assert.deepEqual(await firstBytes(file), [0, 0, 6, 0]);
  const disk = await open(file);
  const [zero, data] = await lawfulExtents(disk, { offset: 0, length: MIB });
  assert.deepEqual(zero, { offset: 0, length: 8192, kind: "zero" });
  assert.deepEqual(data, { offset: 8192, length: MIB - 8192, kind: "data" });
});

test("an entry runs over the end of the log to its start", async () => {
  const at = CRAFTED.logBytes - 4096;
  const file = fileWith([[at, { sequence: 5, tail: at, changes: [{ at: BAT, data: table(0, 5) }] }]]);
  assert.deepEqual(await firstBytes(file), [0, 5, 0, 0]);
});

test("an entry that was not written to its end leaves the sequence before it in force", async () => {
  const file = fileWith([
    [0, { sequence: 5, tail: 0, changes: [{ at: BAT, data: table(5) }] }],
    [8192, { sequence: 6, tail: 0, changes: [{ at: BAT, data: table(6) }] }],
  ]);
  file.write(CRAFTED.logAt + 8192 + 4096 + 100, Uint8Array.of(77));
  assert.deepEqual(await firstBytes(file), [5, 0, 0, 0]);
});

test("of two sequences the one with the higher number counts", async () => {
  const file = fileWith([
    [0, { sequence: 9, tail: 0, changes: [{ at: BAT, data: table(5) }] }],
    [8192, { sequence: 4, tail: 8192, changes: [{ at: BAT, data: table(6) }] }],
  ]);
  assert.deepEqual(await firstBytes(file), [5, 0, 0, 0]);
});

test("a file that the log makes longer reads as zeros up to its new end", async () => {
  const file = fileWith([[0, { sequence: 5, tail: 0, last: 10 * MIB, changes: [{ at: BAT, data: table(9, 5) }] }]]);
  assert.deepEqual(await firstBytes(file), [0, 5, 0, 0]);
});

test("a change within a block is read from the log, and the rest from the file", async () => {
  const patch = new Uint8Array(4096).fill(99);
  const file = fileWith([
    [
      0,
      {
        sequence: 5,
        tail: 0,
        changes: [
          { at: BAT, data: table(5) },
          { at: 5 * MIB + 4096, data: patch },
        ],
      },
    ],
  ]);
  const disk = await open(file);
  const guest = await readGuest(disk, { offset: 0, length: MIB }, diskContext());
  assert.deepEqual(
    [4095, 4096, 8191, 8192].map((at) => guest[at]),
    [5, 99, 99, 5],
  );
  await checkReads(disk, { offset: 4000, length: 5000 });
});

test("descriptors may take more than one sector", async () => {
  const zeros = Array.from({ length: 300 }, (_, i) => ({ at: 6 * MIB + 4096 * i, zeros: 4096 }));
  const file = fileWith([
    [0, { sequence: 5, tail: 0, changes: [...zeros.slice(0, 200), { at: BAT, data: table(6) }, ...zeros.slice(200)] }],
  ]);
  assert.deepEqual(await firstBytes(file), [0, 0, 0, 0]);
  assert.deepEqual(
    (await lawfulExtents(await open(file), { offset: 0, length: 2 * MIB })).map(({ kind }) => kind),
    ["zero"],
  );
});

test("a log in which nothing whole is found stops us", async () => {
  const other = "12121212-1212-1212-1212-121212121212";
  for (const entries of [
    [],
    [{ sequence: 5, tail: 0, changes: [], logId: other }],
    [{ sequence: 0, tail: 0, changes: [] }],
    [{ sequence: 5, tail: 4096, changes: [] }],
    [{ sequence: 5, tail: 0, changes: [{ at: 100, zeros: 4096 }] }],
  ]) {
    const file = fileWith(entries.map((entry) => [0, entry]));
    await assert.rejects(open(file), { code: "vhdx/bad-log" });
  }
});

test("a log of a longer file stops us: this one was cut off", async () => {
  const file = fileWith([[0, { sequence: 5, tail: 0, flushed: 9 * MIB, changes: [] }]]);
  await assert.rejects(open(file), { code: "vhdx/bad-log" });
});

test("a log that would overwrite the header that it was found by stops us", async () => {
  const file = fileWith([[0, { sequence: 5, tail: 0, changes: [{ at: 0x10000, zeros: 4096 }] }]]);
  await assert.rejects(open(file), { code: "vhdx/bad-log" });
});

test("a log out of place, of an unknown version or past a limit stops us", async () => {
  const header = {
    sequence: 9n,
    fileWriteId: CRAFTED.logId,
    dataWriteId: CRAFTED.dataWriteId,
    logId: CRAFTED.logId,
    logVersion: 0,
    logAt: CRAFTED.logAt,
    logBytes: CRAFTED.logBytes,
  };
  const cases = [
    [{ ...header, logVersion: 1 }, "vhdx/bad-log"],
    [{ ...header, logAt: MIB + 4096 }, "vhdx/bad-log"],
    [{ ...header, logAt: 0 }, "vhdx/bad-log"],
    [{ ...header, logBytes: 0 }, "vhdx/bad-log"],
    [{ ...header, logBytes: 40 * MIB }, "vhdx/bad-log"],
    [{ ...header, logBytes: 3 * MIB }, "io/limit"],
  ] as const;
  for (const [changed, code] of cases) {
    const file = fileWith([]);
    file.write(0x10000, serializeHeader(changed));
    await assert.rejects(open(file, diskContext({ limits: { diskLogBytes: 2 * MIB } })), { code });
  }
});

test("a hostile log costs no more than reading it", async () => {
  const file = craftVhdx({ ...DIRTY, fileBytes: 48 * MIB });
  file.write(
    0x10000,
    serializeHeader({
      sequence: 9n,
      fileWriteId: CRAFTED.logId,
      dataWriteId: CRAFTED.dataWriteId,
      logId: CRAFTED.logId,
      logVersion: 0,
      logAt: 8 * MIB,
      logBytes: 32 * MIB,
    }),
  );
  // Every sector claims to be an entry that reaches to the end, or data of one.
  const claim = new Uint8Array(64);
  claim.set(new TextEncoder().encode("loge"));
  claim.set(guidBytes(CRAFTED.logId), 32);
  const view = viewOf(claim);
  view.setBigUint64(16, 1n, true);
  for (let at = 0; at < 32 * MIB; at += 4096) {
    view.setUint32(8, 32 * MIB - at, true);
    view.setUint32(24, (at / 4096) % 2 === 0 ? 0 : 1_000_000, true);
    file.write(8 * MIB + at, (at / 4096) % 3 === 0 ? new TextEncoder().encode("data") : claim);
  }
  const started = performance.now();
  await assert.rejects(open(file), { code: "vhdx/bad-log" });
  assert.ok(performance.now() - started < 2000);
});
