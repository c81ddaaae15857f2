import { MIB } from "../../base/bytes.js";
import { throwIfAborted } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import { FileLayout } from "../file-layout.js";
import { collecting } from "../findings.js";
import type { LayoutPart } from "../model.js";
import { openPagedTable } from "../paged-table.js";
import { BAT_ENTRY_BYTES, batEntries, chunkRatioOf, FULLY_PRESENT, openBlockTable, placeOf, STATES } from "./bat.js";
import { findRegions, HEADER_BYTES, HEADER_SECTION, parseHeader, REGION, REGION_TABLE_BYTES } from "./header.js";
import { readMetadata, type VhdxMetadata } from "./metadata.js";
import { applyLog, readHeader, readRegions } from "./read.js";

/** Room that each structure of the header section has to itself (MS-VHDX 2.2). */
const ROOM: number = 64 * 1024;
const REGION_NAMES: Readonly<Record<string, string>> = {
  [REGION.bat]: "block table",
  [REGION.metadata]: "metadata",
};

/**
 * Describes an image as it lies: the header section, the log, the regions, blocks and sector bitmaps. Tables that a log changes are taken as
 * they are after it.
 * @throws what opening throws, `io/limit`
 */
export async function* layoutVhdx(source: ByteSource, ctx: Context): AsyncIterable<LayoutPart> {
  const quiet = collecting(ctx).ctx;
  const layout = new FileLayout(source, ctx);
  const header = await readHeader(source, quiet);
  layout.part(HEADER_SECTION.identifier, ROOM, "file type identifier");
  for (const at of HEADER_SECTION.headers) {
    const parsed = parseHeader(await source.read(at, HEADER_BYTES, ctx.signal));
    const facts =
      typeof parsed === "string"
        ? { valid: false }
        : { valid: true, sequence: String(parsed.sequence), current: parsed.sequence === header.sequence };
    layout.part(at, ROOM, "header", facts);
  }
  for (const at of HEADER_SECTION.regionTables) layout.part(at, REGION_TABLE_BYTES, "region table");
  layout.part(header.logAt, header.logBytes, "log", { pending: header.logId !== null });
  const { source: file } = await applyLog(source, header, quiet);
  const regions = await readRegions(file, quiet);
  for (const { id, at, length } of regions) layout.part(at, length, REGION_NAMES[id] ?? "region", { id });
  const found = findRegions(regions, file.size, source.label);
  const metadata = await readMetadata(file, found.metadata, ctx.signal);
  // Says whether the table lies in the file, and is long enough.
  openBlockTable(file, found.bat, metadata);
  await describeBlocks(layout, file, found.bat.at, metadata, ctx);
  yield* layout.parts("unused");
}

/** Blocks and sector bitmaps that have a place (MS-VHDX 2.5.1). */
async function describeBlocks(
  layout: FileLayout,
  file: ByteSource,
  batAt: number,
  metadata: VhdxMetadata,
  ctx: Context,
): Promise<void> {
  const { blockBytes, diskBytes, hasParent } = metadata;
  const ratio = chunkRatioOf(metadata);
  const blocks = layout.kind("blocks", "blocks");
  const bitmaps = layout.kind("sector bitmap blocks", "bitmaps");
  const count = Math.ceil(diskBytes / blockBytes);
  const entries = batEntries(count, ratio, hasParent);
  const table = openPagedTable(file, batAt, entries * BAT_ENTRY_BYTES);
  for (let index = 0; index < entries; ) {
    throwIfAborted(ctx.signal);
    const { view, start, end } = await table.page(index * BAT_ENTRY_BYTES, ctx.signal);
    for (const stop = end / BAT_ENTRY_BYTES; index < stop; index++) {
      const entry = index * BAT_ENTRY_BYTES - start;
      const number = view.getUint32(entry, true) % 8;
      if (index % (ratio + 1) === ratio) {
        if (hasParent && number === FULLY_PRESENT) layout.one(bitmaps, placeOf(view, entry), MIB);
        continue;
      }
      const state = index - Math.floor(index / (ratio + 1)) < count ? STATES[number] : null;
      if (state === "data" || state === "partial") layout.one(blocks, placeOf(view, entry), blockBytes);
    }
  }
}
