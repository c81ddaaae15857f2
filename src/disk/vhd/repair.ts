import { alignUp, equalBytes, SECTOR } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import type { Change } from "../changed-file.js";
import { findingOf } from "../findings.js";
import type { AmendPlan } from "../model.js";
import { type Mend, planRepair } from "../repair.js";
import { openBlockTable } from "./bat.js";
import { checkVhd } from "./check.js";
import { blocksEnd } from "./check-blocks.js";
import { type FooterPair, readFooterPair } from "./footers.js";
import {
  DYNAMIC_HEADER_BYTES,
  FOOTER_BYTES,
  footerHolds,
  parseDynamicHeader,
  parseFooter,
  sealedDynamicHeader,
  sealedFooter,
  sizeOf,
  type VhdDynamicHeader,
  type VhdFooter,
} from "./header.js";

/** How far data of blocks is aligned by writers that we know: what may lie unused in front of a footer. */
const MOST_PADDING = 4096;

/**
 * Plans the mends of a VHD: footer and copy from each other, a footer that is missing, checksums where everything else about the file proves
 * the fields, and sector bitmaps of dynamic disks that leave out data. Nothing that the guest reads is touched.
 * @throws `io/limit`, `io/read-failed`
 */
export async function repairVhd(source: ByteSource, ctx: Context): Promise<AmendPlan> {
  return planRepair(source, await mends(source, ctx), checkVhd, ctx);
}

function change(at: number, bytes: Uint8Array): Change {
  return { at, length: bytes.length, bytes };
}

async function mends(source: ByteSource, ctx: Context): Promise<readonly Mend[]> {
  const pair = await readFooterPair(source, ctx.signal);
  const chosen = chooseFooter(source, pair);
  if (chosen === null) return [];
  const { footer, bytes, when } = chosen;
  if (footer.type === "fixed") {
    // Only the checksum can be mended, and only where the size is that of the file.
    if (equalBytes(bytes, pair.atEnd) || footer.currentBytes !== pair.endAt) return [];
    return [{ changes: [change(pair.endAt, bytes)], when: "if-sound" }];
  }
  const opened = await openHeader(source, footer, ctx);
  if (opened === null) return [];
  const { header, sealed } = opened;
  const blocksStop = await blocksEnd(source, { header, size: sizeOf(footer).bytes }, ctx);
  const used = Math.max(
    blocksStop,
    opened.at + DYNAMIC_HEADER_BYTES,
    header.tableAt + alignUp(4 * header.tableEntries, SECTOR),
    ...header.locators.map(({ at, length }) => at + length),
  );
  const endAt = footerPlace(source, pair, used);
  const made: Mend[] = [];
  const footers: Change[] = [];
  if (endAt !== null && !(pair.hasEnd && equalBytes(bytes, pair.atEnd))) footers.push(change(endAt, bytes));
  // The first sector is the copy's, unless another structure is said to be there.
  const free = opened.at >= FOOTER_BYTES && header.tableAt >= FOOTER_BYTES;
  if (free && !equalBytes(bytes, pair.atStart)) footers.push(change(0, bytes));
  if (footers.length > 0) made.push({ changes: footers, fileBytes: (endAt ?? 0) + FOOTER_BYTES, when });
  if (sealed !== null && headerProven(footer, header, used, endAt)) {
    made.push({ changes: [change(opened.at, sealed)], when: "if-sound" });
  }
  if (when === "always" && sealed === null) made.push(...(await bitmapMends(source, ctx)));
  return made;
}

/** The footer that the file should have twice. */
interface Chosen {
  readonly footer: VhdFooter;
  readonly bytes: Uint8Array;
  readonly when: Mend["when"];
}

/**
 * The footer at the end where its checksum holds, else its copy where that does. Where neither does: what both say alike, or the one of a
 * fixed disk, with a new checksum.
 */
function chooseFooter(source: ByteSource, pair: FooterPair): Chosen | null {
  const { atEnd, atStart, hasEnd, hasStart, endAt } = pair;
  const chosen = (bytes: Uint8Array, at: number, when: Mend["when"]): Chosen | null => {
    try {
      return { footer: parseFooter(bytes, source.label, at), bytes, when };
    } catch (error) {
      findingOf(error, ["limit-exceeded"], source.label);
      return null;
    }
  };
  if (hasEnd && footerHolds(atEnd)) return chosen(atEnd, endAt, "always");
  if (hasStart && footerHolds(atStart)) {
    const copy = chosen(atStart, 0, "always");
    // A fixed disk has no copy: its first sector is the guest's.
    if (copy !== null && copy.footer.type !== "fixed") return copy;
  }
  if (!hasEnd) return null;
  const guess = chosen(sealedFooter(atEnd), endAt, "if-sound");
  if (guess === null || guess.footer.type === "fixed") return guess;
  return hasStart && equalBytes(sealedFooter(atStart), guess.bytes) ? guess : null;
}

/** The dynamic header with its table in the file. `sealed`: with a new checksum, where that is all that is wrong with it. */
async function openHeader(
  source: ByteSource,
  footer: VhdFooter,
  ctx: Context,
): Promise<{ readonly header: VhdDynamicHeader; readonly at: number; readonly sealed: Uint8Array | null } | null> {
  const at = footer.headerAt ?? 0;
  if (at + DYNAMIC_HEADER_BYTES > source.size) return null;
  const bytes = await source.read(at, DYNAMIC_HEADER_BYTES, ctx.signal);
  const sealed = sealedDynamicHeader(bytes);
  try {
    const header = parseDynamicHeader(sealed, source.label, at, ctx.limits);
    openBlockTable(source, header, sizeOf(footer).bytes);
    return { header, at, sealed: equalBytes(bytes, sealed) ? null : sealed };
  } catch (error) {
    // The check says what is wrong; without header and table there is nothing to hold on to.
    findingOf(error, ["limit-exceeded"], source.label);
    return null;
  }
}

/** Where the footer at the end belongs; `null` where blocks are cut off, so that it would lie in one. */
function footerPlace(source: ByteSource, pair: FooterPair, used: number): number | null {
  if (pair.hasEnd) return used > pair.endAt ? null : pair.endAt;
  if (used > source.size) return null;
  // A part of a footer may be left.
  return source.size - used < FOOTER_BYTES ? alignUp(used, SECTOR) : alignUp(source.size, SECTOR);
}

/**
 * Whether the fields of a header whose checksum is wrong must be right: as many entries as the disk has blocks, and blocks that fill the file
 * up to its footer. What names a parent has nothing to be held against.
 */
function headerProven(footer: VhdFooter, header: VhdDynamicHeader, used: number, endAt: number | null): boolean {
  return (
    footer.type === "dynamic" &&
    header.tableEntries === Math.ceil(footer.currentBytes / header.blockBytes) &&
    endAt !== null &&
    endAt - used < MOST_PADDING
  );
}

/** Sets all bits of bitmaps that leave out data: a block that is here is here as a whole. */
async function bitmapMends(source: ByteSource, ctx: Context): Promise<readonly Mend[]> {
  const changes: Change[] = [];
  let bytes = 0;
  for await (const { code, location } of checkVhd(source, ctx)) {
    if (code !== "vhd/bitmap-disagrees" || location?.at !== "bytes" || location.length === undefined) continue;
    bytes += location.length;
    if (bytes > ctx.limits.tableBytes) {
      throw new FerryError(
        "io/limit",
        `the sector bitmaps to be mended take more than ${ctx.limits.tableBytes} bytes`,
        {
          hint: "Raise the limit tableBytes if the disk is trusted.",
        },
      );
    }
    changes.push(change(location.offset, new Uint8Array(location.length).fill(0xff)));
  }
  return changes.length === 0 ? [] : [{ changes, when: "always" }];
}
