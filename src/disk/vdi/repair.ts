import { viewOf } from "../../base/bytes.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import { findingOf } from "../findings.js";
import type { AmendPlan } from "../model.js";
import { openPagedTable } from "../paged-table.js";
import { type Mend, planRepair } from "../repair.js";
import { BLOCK_FREE, BLOCK_ZERO } from "./blocks.js";
import { checkVdi } from "./check.js";
import { parseVdiHeader, VDI_HEADER_BYTES, type VdiHeader } from "./header.js";

const ENTRY_BYTES = 4;
/** Fields of the header by their offsets in the file. */
const MAP_AT = 340;
const DATA_AT = 344;
const SIZE_AT = 368;
const BLOCK_BYTES_AT = 376;
const BLOCKS_AT = 384;
const ALLOCATED_AT = 388;

/**
 * Plans the mends of a VDI: the count of stored blocks, and the number of blocks where it contradicts the size and the map shows that the
 * size is right. Nothing that the guest reads is touched.
 * @throws `io/limit`, `io/read-failed`
 */
export async function repairVdi(source: ByteSource, ctx: Context): Promise<AmendPlan> {
  return planRepair(source, await mends(source, ctx), checkVdi, ctx);
}

async function mends(source: ByteSource, ctx: Context): Promise<readonly Mend[]> {
  const head = new Uint8Array(await source.read(0, Math.min(VDI_HEADER_BYTES, source.size), ctx.signal));
  if (head.length < BLOCKS_AT + ENTRY_BYTES) return [];
  const view = viewOf(head);
  const blockBytes = view.getUint32(BLOCK_BYTES_AT, true);
  const size = view.getBigUint64(SIZE_AT, true);
  const stored = view.getUint32(BLOCKS_AT, true);
  const needed = blockBytes === 0 ? stored : Number((size + BigInt(blockBytes) - 1n) / BigInt(blockBytes));
  const made: Mend[] = [];
  let when: Mend["when"] = "always";
  if (needed !== stored && needed < 2 ** 32) {
    const agreed = await mapAgrees(source, head, Math.max(needed, stored), needed, ctx);
    if (agreed) {
      // A map that is too long may go: nothing lies there. One that is too short has to prove itself.
      if (needed > stored) when = "if-sound";
      made.push(word(BLOCKS_AT, needed, when));
      view.setUint32(BLOCKS_AT, needed, true);
    }
  }
  const header = headerOf(head, source.label);
  if (header === null) return [];
  const end = await mapEnd(source, header, ctx);
  if (end !== null && end !== header.allocated) made.push(word(ALLOCATED_AT, end, when));
  return made;
}

function word(at: number, value: number, when: Mend["when"]): Mend {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint32(0, value, true);
  return { changes: [{ at, length: 4, bytes }], when };
}

function headerOf(head: Uint8Array, label: string): VdiHeader | null {
  try {
    return parseVdiHeader(head, label);
  } catch (error) {
    // What is wrong with it the check says; without a header there is nothing to mend.
    findingOf(error, ["limit-exceeded"], label);
    return null;
  }
}

/**
 * Whether the number of blocks can be `needed`: a map of `entries` fits in front of the data; entries past the disk's end name no place;
 * and those that name one are as many as the header counts.
 */
async function mapAgrees(
  source: ByteSource,
  head: Uint8Array,
  entries: number,
  needed: number,
  ctx: Context,
): Promise<boolean> {
  const view = viewOf(head);
  const mapAt = view.getUint32(MAP_AT, true);
  const bytes = entries * ENTRY_BYTES;
  if (mapAt + bytes > Math.min(view.getUint32(DATA_AT, true), source.size) || bytes > ctx.limits.tableBytes)
    return false;
  let used = 0;
  const whole = await eachPlace(source, mapAt, entries, ctx, (block) => {
    used++;
    return block < needed;
  });
  return whole && used === view.getUint32(ALLOCATED_AT, true);
}

/** One more than the highest place that the map names; `null` where the map cannot be trusted. */
async function mapEnd(source: ByteSource, header: VdiHeader, ctx: Context): Promise<number | null> {
  const { mapAt, blocks, dataAt, blockBytes, extraBytes } = header;
  const bytes = blocks * ENTRY_BYTES;
  if (mapAt + bytes > source.size || bytes > ctx.limits.tableBytes || dataAt < mapAt + bytes) return null;
  let end = 0;
  const whole = await eachPlace(source, mapAt, blocks, ctx, (block, place) => {
    end = Math.max(end, place + 1);
    const needed = Math.max(0, Math.min(blockBytes, header.size - block * blockBytes));
    // A place past the file's end would make the count as wrong as itself.
    return dataAt + place * (blockBytes + extraBytes) + extraBytes + needed <= source.size;
  });
  return whole ? end : null;
}

/** Shows every entry that names a place, until `look` says no. Whether it never did. */
async function eachPlace(
  source: ByteSource,
  mapAt: number,
  entries: number,
  ctx: Context,
  look: (block: number, place: number) => boolean,
): Promise<boolean> {
  const table = openPagedTable(source, mapAt, entries * ENTRY_BYTES);
  for (let block = 0; block < entries; ) {
    const { view, start, end } = await table.page(block * ENTRY_BYTES, ctx.signal);
    for (const stop = end / ENTRY_BYTES; block < stop; block++) {
      const place = view.getUint32(block * ENTRY_BYTES - start, true);
      if (place !== BLOCK_FREE && place !== BLOCK_ZERO && !look(block, place)) return false;
    }
  }
  return true;
}
