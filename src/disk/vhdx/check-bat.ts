import { isZero, MIB } from "../../base/bytes.js";
import type { Diagnostic, Location } from "../../base/diagnostics.js";
import { throwIfAborted } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import { bitSet } from "../bit-set.js";
import { openPagedTable } from "../paged-table.js";
import { BAT_ENTRY_BYTES, batEntries, chunkRatioOf, FULLY_PRESENT, placeOf, STATES } from "./bat.js";
import { HEADER_SECTION, type VhdxRegion } from "./header.js";
import type { VhdxMetadata } from "./metadata.js";

/** A part of the file, for telling what lies over what. */
export interface Part {
  readonly at: number;
  readonly length: number;
  readonly what: string;
}

/** What a walk over the block table has to know. */
export interface TableFacts {
  readonly bat: VhdxRegion;
  readonly metadata: VhdxMetadata;
  /** Log and regions: blocks may not lie there. */
  readonly parts: readonly Part[];
}

/** Every entry of the block table: its state, its place, and what else lies there (MS-VHDX 2.5.1). */
export async function* batFindings(
  source: ByteSource,
  { bat, metadata, parts }: TableFacts,
  ctx: Context,
): AsyncIterable<Diagnostic> {
  const { blockBytes, diskBytes, hasParent } = metadata;
  const ratio = chunkRatioOf(metadata);
  const blocks = Math.ceil(diskBytes / blockBytes);
  const entries = batEntries(blocks, ratio, hasParent);
  // Everything starts and ends at a whole MiB, but perhaps the file.
  const fileMib = Math.ceil(source.size / MIB);
  const structures = bitSet(fileMib, "MiB of the file", ctx.limits);
  const taken = bitSet(fileMib, "MiB of the file", ctx.limits);
  const mark = (at: number, length: number): void => {
    for (let mib = Math.floor(at / MIB); mib < Math.min(fileMib, (at + length) / MIB); mib++) structures.add(mib);
  };
  mark(0, HEADER_SECTION.end);
  for (const { at, length } of parts) mark(at, length);

  let sound = true;

  function* placed(what: string, at: number, length: number, needed: number, location: Location): Iterable<Diagnostic> {
    if (at + needed > source.size) {
      sound = false;
      yield bad(`${what} is said to lie at ${at}, and the file ends at ${source.size}`, location);
      return;
    }
    const end = Math.min(fileMib, (at + length) / MIB);
    let over: "structure" | "block" | null = null;
    for (let mib = at / MIB; mib < end; mib++) {
      if (structures.has(mib)) over = "structure";
      else if (taken.has(mib)) over ??= "block";
      taken.add(mib);
    }
    if (over !== null) sound = false;
    if (over === "structure") {
      yield {
        code: "vhdx/overlap",
        severity: "error",
        message: `${what} at ${at} lies over headers, log or a region`,
        hint: "The image is damaged: fetch it again.",
        location,
      };
    } else if (over === "block") {
      yield {
        code: "vhdx/shared-block",
        severity: "error",
        message: `${what} lies over another block (at ${at})`,
        hint: "One of the two has lost its content, and a write to one changes the other: compare the disk with a backup.",
        location,
        data: { at },
      };
    }
  }

  const table = openPagedTable(source, bat.at, entries * BAT_ENTRY_BYTES);
  /** Whether the sector bitmap of the chunk is asked for by one of its blocks. */
  let partial = false;
  for (let index = 0; index < entries; ) {
    throwIfAborted(ctx.signal);
    const { view, start, end } = await table.page(index * BAT_ENTRY_BYTES, ctx.signal);
    for (const stop = end / BAT_ENTRY_BYTES; index < stop; index++) {
      const entry = index * BAT_ENTRY_BYTES - start;
      const number = view.getUint32(entry, true) % 8;
      const location: Location = {
        at: "bytes",
        file: source.label,
        offset: bat.at + index * BAT_ENTRY_BYTES,
        length: BAT_ENTRY_BYTES,
        field: `BAT entry ${index}`,
      };
      const chunk = Math.floor(index / (ratio + 1));
      if (index % (ratio + 1) === ratio) {
        // Without a parent these entries mean nothing, and qemu-img before 8.1 left rubbish in them.
        if (!hasParent) continue;
        if (hasReservedBits(view, entry)) yield reservedBits(`the sector bitmap of chunk ${chunk}`, location);
        if (number === FULLY_PRESENT) {
          yield* placed(`the sector bitmap of chunk ${chunk}`, placeOf(view, entry), MIB, MIB, location);
        } else if (number !== 0 || partial) {
          sound = false;
          yield bad(`the sector bitmap of chunk ${chunk} is in state ${number}, and blocks need it`, location);
        }
        partial = false;
        continue;
      }
      const block = index - chunk;
      if (block < blocks && hasReservedBits(view, entry)) yield reservedBits(`block ${block}`, location);
      const state = block < blocks ? STATES[number] : "absent";
      if (state === null || state === undefined || (state === "partial" && !hasParent)) {
        sound = false;
        yield bad(`block ${block} is in state ${number}, which it cannot be in`, location);
        continue;
      }
      if (state === "partial") partial = true;
      if (state !== "data" && state !== "partial") continue;
      const needed = Math.min(blockBytes, diskBytes - block * blockBytes);
      yield* placed(`block ${block}`, placeOf(view, entry), blockBytes, needed, location);
    }
  }
  // What looks like a leak may be what a damaged pointer meant.
  if (sound) yield* leakFindings(source, (mib) => structures.has(mib) || taken.has(mib), ctx);
}

/** Bits 3 to 19 of an entry (MS-VHDX 2.5.1). */
function hasReservedBits(view: DataView, entry: number): boolean {
  return Math.floor((view.getUint32(entry, true) % 2 ** 20) / 8) !== 0;
}

function reservedBits(what: string, location: Location): Diagnostic {
  return {
    code: "vhdx/reserved-bits",
    severity: "warning",
    message: `the entry of ${what} has bits set that have to be zero`,
    hint: "Readers pass over them. Converting the disk writes entries without them.",
    location,
  };
}

/** MiB of the file that hold something and belong to nothing. Zeros are room that was made and not used yet, as qemu-img leaves. */
async function* leakFindings(
  source: ByteSource,
  isUsed: (mib: number) => boolean,
  ctx: Context,
): AsyncIterable<Diagnostic> {
  const whole = { offset: 0, length: source.size };
  let leaked = 0;
  let first = 0;
  let next = 0;
  for await (const { offset, length } of source.dataRuns?.(whole, ctx.signal) ?? [whole]) {
    throwIfAborted(ctx.signal);
    const end = Math.ceil((offset + length) / MIB);
    for (next = Math.max(next, Math.floor(offset / MIB)); next < end; next++) {
      if (isUsed(next)) continue;
      const at = next * MIB;
      if (isZero(await source.read(at, Math.min(MIB, source.size - at), ctx.signal))) continue;
      if (leaked === 0) first = next;
      leaked++;
    }
  }
  if (leaked === 0) return;
  yield {
    code: "vhdx/leaked-space",
    severity: "info",
    message: `${leaked} MiB of the file belong to nothing, the first of them at ${first * MIB}`,
    hint: "They cost room and nothing else. Converting the disk gives it back.",
    location: { at: "bytes", file: source.label, offset: first * MIB, length: MIB },
    data: { leakedMib: leaked },
  };
}

function bad(message: string, location: Location): Diagnostic {
  return {
    code: "vhdx/bad-block",
    severity: "error",
    message,
    hint: "The download may be incomplete: compare its size with the original.",
    location,
  };
}
