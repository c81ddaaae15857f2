import { MIB } from "../../base/bytes.js";
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

  function* placed(what: string, at: number, length: number, needed: number, location: Location): Iterable<Diagnostic> {
    if (at + needed > source.size) {
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
        if (number === FULLY_PRESENT) {
          yield* placed(`the sector bitmap of chunk ${chunk}`, placeOf(view, entry), MIB, MIB, location);
        } else if (number !== 0 || partial) {
          yield bad(`the sector bitmap of chunk ${chunk} is in state ${number}, and blocks need it`, location);
        }
        partial = false;
        continue;
      }
      const block = index - chunk;
      const state = block < blocks ? STATES[number] : "absent";
      if (state === null || state === undefined || (state === "partial" && !hasParent)) {
        yield bad(`block ${block} is in state ${number}, which it cannot be in`, location);
        continue;
      }
      if (state === "partial") partial = true;
      if (state !== "data" && state !== "partial") continue;
      const needed = Math.min(blockBytes, diskBytes - block * blockBytes);
      yield* placed(`block ${block}`, placeOf(view, entry), blockBytes, needed, location);
    }
  }
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
