import { type Change, overlay } from "../../src/disk/changed-file.js";
import { diskFormats } from "../../src/disk/formats.js";
import type { AmendPlan, DiskFormat, VirtualDisk } from "../../src/disk/model.js";
import { readGuest } from "../../src/disk/read.js";
import type { Context } from "../../src/io/context.js";
import { noResolver } from "../../src/io/resolver.js";
import type { ByteSource } from "../../src/io/source.js";
import { memorySource } from "../../src/io/sources/memory.js";
import type { FuzzTarget } from "./target.js";

const GIB = 2 ** 30;
/** What comes to the capacity: within the last unit, within the tables' room, past it, past what formats hold. */
const GROWTHS: readonly number[] = [0, 512, 3 * 2 ** 20 + 512, 70 * GIB, 2.5 * 1024 * GIB, 2 ** 50];
/** Of what a plan moves and fills, as much is looked at: that of small images. */
const MOST_LOOKED_AT = 8 * 2 ** 20;
const LOOKS = { extents: 8, bytes: 65_536 } as const;

/**
 * Plans another capacity. The plan writes each byte once and none outside of the file as it says that it will be; where the check finds no
 * error before, the file as planned opens with the new capacity, and holds the guest's bytes and zeros behind them.
 */
export function resizeTarget(disk: FuzzTarget, format: DiskFormat): FuzzTarget {
  return {
    ...disk,
    name: `${format.id}-resize`,
    async run(bytes, ctx) {
      const source = memorySource(bytes, `fuzz${format.extensions[0]}`);
      const before = await capacityOf(format, source, ctx);
      // The same input is given the same capacity every time.
      const sum = bytes.subarray(0, 4096).reduce((total, byte) => total + byte, bytes.length);
      const size = (before ?? 2 ** 20) + (GROWTHS[sum % GROWTHS.length] as number);
      const plan = await format.amend?.(source, { change: "resize", size }, ctx);
      if (plan === undefined) return;
      checkEdit(plan, source);
      if (before === null || (await hasErrors(format, source, ctx))) return;
      const planned = await plannedFile(plan, source);
      if (planned !== null) await compareGuests(format, { source, planned, before, size }, ctx);
    },
  };
}

/** Holds a plan to what `FileEdit` promises. */
export function checkEdit(plan: AmendPlan, source: ByteSource): void {
  const { moves = [], fills = [], patches } = plan;
  const written = [
    ...moves.map(({ to, length }) => ({ at: to, length })),
    ...fills,
    ...patches.map(({ at, bytes }) => ({ at, length: bytes.length })),
  ].sort((a, b) => a.at - b.at);
  let end = 0;
  for (const { at, length } of written) {
    if (!Number.isSafeInteger(at + length) || length < 0) throw new Error(`a change of ${length} bytes at ${at}`);
    if (length === 0) continue;
    if (at < end) throw new Error(`byte ${at} is written twice, or lies before the file`);
    end = at + length;
  }
  if (plan.fileBytes !== null && end > plan.fileBytes) throw new Error("something is written past the planned end");
  for (const { from, length } of moves) {
    if (from < 0 || from + length > source.size) throw new Error("something is moved that is not in the file");
    if (moves.some(({ to, length: other }) => to < from + length && from < to + other)) {
      throw new Error("what is moved was moved over before");
    }
  }
}

/** The file as it would be; `null` where that would take too much memory. */
async function plannedFile(plan: AmendPlan, source: ByteSource): Promise<ByteSource | null> {
  const { moves = [], fills = [], patches } = plan;
  const looked = [...moves, ...fills.filter(({ byte }) => byte !== 0)].reduce((sum, { length }) => sum + length, 0);
  if (looked > MOST_LOOKED_AT) return null;
  const changes: Change[] = patches.map(({ at, bytes }) => ({ at, length: bytes.length, bytes }));
  for (const { at, length, byte } of fills) {
    changes.push({ at, length, bytes: byte === 0 ? null : new Uint8Array(length).fill(byte) });
  }
  for (const { from, to, length } of moves) {
    changes.push({ at: to, length, bytes: new Uint8Array(await source.read(from, length)) });
  }
  const end = changes.reduce((most, { at, length }) => Math.max(most, at + length), source.size);
  return overlay(source, changes, plan.fileBytes ?? end).source;
}

interface Growth {
  readonly source: ByteSource;
  readonly planned: ByteSource;
  readonly before: number;
  readonly size: number;
}

async function compareGuests(format: DiskFormat, growth: Growth, ctx: Context): Promise<void> {
  const { source, planned, before, size } = growth;
  const old = await format.open({ bytes: source }, noResolver, ctx);
  const grown = await format.open({ bytes: planned }, noResolver, ctx).catch((cause: unknown) => {
    throw new Error("a sound image does not open once it is resized", { cause });
  });
  if (grown.info.size < size || grown.info.size >= size + 4096) {
    throw new Error(`the capacity is ${grown.info.size} in place of ${size}`);
  }
  let looked = 0;
  for await (const { offset, length, kind } of old.extents()) {
    if (looked++ >= LOOKS.extents) break;
    if (kind !== "data") continue;
    const range = { offset, length: Math.min(length, LOOKS.bytes) };
    const was = await guestOf(old, range, ctx);
    if (was !== null && !Buffer.from(was).equals(await readGuest(grown, range, ctx))) {
      throw new Error(`guest bytes from ${offset} on are others once the disk is resized`);
    }
  }
  const behind = { offset: before, length: Math.min(LOOKS.bytes, grown.info.size - before) };
  if ((await readGuest(grown, behind, ctx)).some((byte) => byte !== 0)) {
    throw new Error("behind the old end are no zeros");
  }
}

/** `null`: packed bytes that cannot be unpacked, in which no check looks. */
async function guestOf(
  disk: VirtualDisk,
  range: { readonly offset: number; readonly length: number },
  ctx: Context,
): Promise<Uint8Array | null> {
  return readGuest(disk, range, ctx).catch(() => null);
}

async function capacityOf(format: DiskFormat, source: ByteSource, ctx: Context): Promise<number | null> {
  try {
    const disk = await format.open({ bytes: source }, noResolver, ctx);
    await disk.close();
    return disk.info.size;
  } catch {
    // Damaged: opening is the subject of another target, and planning has to end well all the same.
    return null;
  }
}

async function hasErrors(format: DiskFormat, source: ByteSource, ctx: Context): Promise<boolean> {
  for await (const { severity } of format.check?.(source, noResolver, ctx) ?? []) {
    if (severity === "error") return true;
  }
  return false;
}

/** Formats whose files are changed where they lie. */
export const amendedFormats: readonly DiskFormat[] = diskFormats.all.filter(
  ({ amend, check }) => amend !== undefined && check !== undefined,
);
