import { alignUp, isZero, MIB, SECTOR } from "../../base/bytes.js";
import type { Diagnostic, Location } from "../../base/diagnostics.js";
import { FerryError, throwIfAborted } from "../../base/errors.js";
import type { Limits } from "../../base/limits.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import { bitRuns } from "../bits.js";
import { openPagedTable } from "../paged-table.js";
import { ABSENT_BLOCK, bitmapBytesOf } from "./bat.js";
import { DYNAMIC_HEADER_BYTES, FOOTER_BYTES, type VhdDynamicHeader } from "./header.js";

const ENTRY_BYTES = 4;
/** Places of the file that two blocks share and that are named. */
const NAMED = 1000;

/** Where a dynamic or differencing disk has its parts. */
export interface BlockLayout {
  readonly header: VhdDynamicHeader;
  readonly headerAt: number;
  /** Guest bytes. */
  readonly size: number;
  /** Where the footer at the end begins. */
  readonly dataEnd: number;
  readonly type: "dynamic" | "differencing";
}

/** A part of the file. */
interface Part {
  readonly at: number;
  readonly end: number;
  readonly what: string;
}

function partsOf(source: ByteSource, { header, headerAt, size, dataEnd }: BlockLayout): readonly Part[] {
  const part = (what: string, at: number, length: number): Part => ({ what, at, end: at + length });
  const entries = Math.ceil(size / header.blockBytes);
  return [
    part("footer copy", 0, FOOTER_BYTES),
    part("dynamic disk header", headerAt, DYNAMIC_HEADER_BYTES),
    part("block table", header.tableAt, alignUp(entries * ENTRY_BYTES, SECTOR)),
    ...header.locators
      .filter(({ at, length }) => length > 0 && at + length <= source.size)
      .map(({ at, length }) => part("parent locator", at, length)),
    part("footer", dataEnd, source.size - dataEnd),
  ]
    .filter(({ at, end }) => end > at)
    .sort((a, b) => a.at - b.at);
}

/** Sector numbers in a row that grows. */
class Places {
  #values = new Uint32Array(1024);
  #count = 0;
  readonly #limits: Limits;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  add(sector: number): void {
    if (this.#count === this.#values.length) {
      if (this.#values.byteLength * 2 > this.#limits.tableBytes) {
        throw new FerryError("io/limit", `more than ${this.#count} blocks are too many to be compared`, {
          hint: "Raise the limit tableBytes if the disk is trusted.",
        });
      }
      const grown = new Uint32Array(this.#values.length * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.#count++] = sector;
  }

  /** The first places that lie within `sectors` of the one before, and those before. */
  shared(sectors: number): ReadonlySet<number> {
    const sorted = this.#values.subarray(0, this.#count).sort();
    const found = new Set<number>();
    for (let i = 1; i < sorted.length && found.size < NAMED; i++) {
      const [before, here] = [sorted[i - 1] as number, sorted[i] as number];
      if (here - before < sectors) found.add(before).add(here);
    }
    return found;
  }
}

/** Every entry of the block table: its place, what else lies there, and whether its sector bitmap agrees. */
export async function* blockFindings(source: ByteSource, layout: BlockLayout, ctx: Context): AsyncIterable<Diagnostic> {
  const { header, size, type } = layout;
  const { blockBytes, tableAt } = header;
  const bitmapBytes = bitmapBytesOf(blockBytes);
  const parts = partsOf(source, layout);
  for (const [i, part] of parts.entries()) {
    const before = parts[i - 1];
    if (before === undefined || before.end <= part.at) continue;
    yield overlap(`the ${part.what} at ${part.at} lies over the ${before.what}`, {
      at: "bytes",
      file: source.label,
      offset: part.at,
      length: part.end - part.at,
      field: part.what,
    });
  }
  const entryAt = (block: number): Location => ({
    at: "bytes",
    file: source.label,
    offset: tableAt + block * ENTRY_BYTES,
    length: ENTRY_BYTES,
    field: `BAT entry ${block}`,
  });
  const places = new Places(ctx.limits);
  for await (const { block, sector } of entriesOf(source, layout, ctx)) {
    const at = sector * SECTOR;
    const guest = Math.min(blockBytes, size - block * blockBytes);
    const end = at + bitmapBytes + guest;
    if (end > source.size) {
      yield {
        code: "vhd/bad-block",
        severity: "error",
        message: `block ${block} lies past the end of the file (sector ${sector} of ${Math.ceil(source.size / SECTOR)})`,
        hint: "The download may be incomplete: compare its size with the original.",
        location: entryAt(block),
      };
      continue;
    }
    const over = parts.find((part) => at < part.end && end > part.at);
    if (over !== undefined) {
      yield overlap(`block ${block} at ${at} lies over the ${over.what}`, entryAt(block));
      continue;
    }
    places.add(sector);
    if (type === "dynamic" && !(await bitmapAgrees(source, at, bitmapBytes, guest, ctx))) {
      yield {
        code: "vhd/bitmap-disagrees",
        severity: "warning",
        message: `the sector bitmap of block ${block} leaves out sectors that hold data`,
        hint: "We read them, as qemu does; programs that go by the bitmap, such as VirtualBox, show zeros.",
        location: { at: "bytes", file: source.label, offset: at, length: bitmapBytes, field: "sector bitmap" },
        data: { block },
      };
    }
  }
  const shared = places.shared((bitmapBytes + blockBytes) / SECTOR);
  if (shared.size === 0) return;
  for await (const { block, sector } of entriesOf(source, layout, ctx)) {
    if (!shared.has(sector)) continue;
    yield {
      code: "vhd/shared-block",
      severity: "error",
      message: `block ${block} lies over another block (sector ${sector})`,
      hint: "One of the two has lost its content, and a write to one changes the other: compare the disk with a backup.",
      location: entryAt(block),
      data: { block, sector },
    };
  }
}

function overlap(message: string, location: Location): Diagnostic {
  return { code: "vhd/overlap", severity: "error", message, hint: "The image is damaged: fetch it again.", location };
}

/** Blocks that have a place, with the sector that their bitmap starts at. */
async function* entriesOf(
  source: ByteSource,
  { header, size }: Pick<BlockLayout, "header" | "size">,
  ctx: Context,
): AsyncIterable<{ readonly block: number; readonly sector: number }> {
  const blocks = Math.ceil(size / header.blockBytes);
  const table = openPagedTable(source, header.tableAt, blocks * ENTRY_BYTES);
  for (let block = 0; block < blocks; ) {
    throwIfAborted(ctx.signal);
    const { view, start, end } = await table.page(block * ENTRY_BYTES, ctx.signal);
    for (const stop = end / ENTRY_BYTES; block < stop; block++) {
      const sector = view.getUint32(block * ENTRY_BYTES - start);
      if (sector !== ABSENT_BLOCK) yield { block, sector };
    }
  }
}

/** Where the last block that has a place ends, stored whole; 0 where there is none. */
export async function blocksEnd(
  source: ByteSource,
  layout: Pick<BlockLayout, "header" | "size">,
  ctx: Context,
): Promise<number> {
  let last = -1;
  for await (const { sector } of entriesOf(source, layout, ctx)) last = Math.max(last, sector);
  const { blockBytes } = layout.header;
  return last < 0 ? 0 : last * SECTOR + bitmapBytesOf(blockBytes) + blockBytes;
}

/** Whether the sectors of a dynamic disk's block that its bitmap leaves out are zeros. */
async function bitmapAgrees(
  source: ByteSource,
  blockAt: number,
  bitmapBytes: number,
  guest: number,
  ctx: Context,
): Promise<boolean> {
  const bitmap = await source.read(blockAt, bitmapBytes, ctx.signal);
  const dataAt = blockAt + bitmapBytes;
  for (const { from, to, set } of bitRuns(bitmap, 0, Math.ceil(guest / SECTOR), "highest")) {
    if (set) continue;
    const end = dataAt + Math.min(to * SECTOR, guest);
    for (let at = dataAt + from * SECTOR; at < end; at += MIB) {
      if (!isZero(await source.read(at, Math.min(MIB, end - at), ctx.signal))) return false;
    }
  }
  return true;
}
