import { alignUp, MIB, viewOf, writeU64 } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import { readGuid } from "../../base/guid.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import type { Fill, Move, Patch } from "../../io/target.js";
import type { AmendPlan } from "../model.js";
import { cannotResize, cannotResizeChild, checkGrowth, resizePlan, zeroFill } from "../resize.js";
import { BAT_ENTRY_BYTES, batEntries, batIndex, chunkRatioOf, openBlockTable, setPresent } from "./bat.js";
import { findRegions, HEADER_SECTION, serializeHeader, serializeRegionTable, type VhdxRegion } from "./header.js";
import { diskSizeAt, MOST_DISK_BYTES, readMetadata, TABLE_BYTES, type VhdxMetadata } from "./metadata.js";
import { readHeader, readRegions } from "./read.js";

/**
 * Plans a larger disk. The block table grows in its region; where that is full, the region moves to the end of the file and its old place
 * stays empty, which the format allows. A fixed disk gets a place for each new block. Both headers are written anew, with ids that say that
 * file and content changed.
 * @throws `disk/cannot-amend`, `disk/cannot-shrink`, `disk/too-large`, `io/limit`, and what opening throws
 */
export async function resizeVhdx(source: ByteSource, size: number, ctx: Context): Promise<AmendPlan> {
  const header = await readHeader(source, ctx);
  if (header.logId !== null) {
    throw cannotResize(
      source.label,
      "it was not closed, and its log holds changes",
      "Start and shut down the machine where it runs, or convert the disk: vmferry applies the log while it reads.",
    );
  }
  const regions = await readRegions(source, ctx);
  const { bat, metadata: metadataRegion } = findRegions(regions, source.size, source.label);
  const metadata = await readMetadata(source, metadataRegion, ctx.signal);
  if (metadata.hasParent) throw cannotResizeChild(source.label);
  const wanted = alignUp(size, metadata.logicalSector);
  checkGrowth(source.label, metadata.diskBytes, wanted, MOST_DISK_BYTES);
  const sizeAt = diskSizeAt(await source.read(metadataRegion.at, TABLE_BYTES, ctx.signal));
  if (sizeAt === null) throw new FerryError("internal/bug", "metadata without a size of the disk was read");
  const sizeBytes = new Uint8Array(8);
  writeU64(viewOf(sizeBytes), 0, wanted, true);

  const table = growTable(source, bat, metadata, wanted, ctx);
  const fresh = (): string => readGuid(ctx.runtime.randomBytes(16), 0);
  const next = { ...header, fileWriteId: fresh(), dataWriteId: fresh() };
  const patches: Patch[] = [
    ...HEADER_SECTION.headers.map((at, i) => ({
      at,
      bytes: serializeHeader({ ...next, sequence: header.sequence + BigInt(i + 1) }),
    })),
    { at: metadataRegion.at + sizeAt, bytes: sizeBytes },
    ...table.patches,
  ];
  if (table.region !== bat) {
    const bytes = serializeRegionTable(regions.map((region) => (region.id === bat.id ? table.region : region)));
    for (const at of HEADER_SECTION.regionTables) patches.push({ at, bytes });
  }
  const fills = [...table.fills, ...(await lastBlockTail(source, bat, metadata, ctx))];
  return resizePlan(source.label, { patches, moves: table.moves, fills, fileBytes: table.fileBytes });
}

/** The block table of the larger disk. */
interface GrownTable {
  readonly region: VhdxRegion;
  readonly patches: readonly Patch[];
  readonly moves: readonly Move[];
  readonly fills: readonly Fill[];
  readonly fileBytes: number;
}

function growTable(
  source: ByteSource,
  bat: VhdxRegion,
  metadata: VhdxMetadata,
  wanted: number,
  ctx: Context,
): GrownTable {
  const { blockBytes, diskBytes, leaveAllocated } = metadata;
  const ratio = chunkRatioOf(metadata);
  const oldBlocks = Math.ceil(diskBytes / blockBytes);
  const blocks = Math.ceil(wanted / blockBytes);
  const oldTableBytes = batEntries(oldBlocks, ratio, false) * BAT_ENTRY_BYTES;
  const tableBytes = batEntries(blocks, ratio, false) * BAT_ENTRY_BYTES;
  if (tableBytes > ctx.limits.tableBytes) {
    throw new FerryError("io/limit", `the block table would take ${tableBytes} bytes`, {
      hint: "Raise the limit tableBytes if a disk of this size is meant.",
    });
  }
  let end = alignUp(source.size, MIB);
  let region = bat;
  const moves: Move[] = [];
  if (tableBytes > bat.length) {
    region = { ...bat, at: end, length: alignUp(tableBytes, MIB) };
    end += region.length;
    moves.push({ from: bat.at, to: region.at, length: oldTableBytes });
  }
  if (!leaveAllocated) {
    const fills = zeroFill(region.at + oldTableBytes, tableBytes - oldTableBytes, source.size);
    return { region, patches: [], moves, fills, fileBytes: end };
  }
  const bytes = new Uint8Array(tableBytes - oldTableBytes);
  for (let block = oldBlocks; block < blocks; block++) {
    setPresent(viewOf(bytes), batIndex(block, ratio) * BAT_ENTRY_BYTES - oldTableBytes, end);
    end += blockBytes;
  }
  return { region, patches: [{ at: region.at + oldTableBytes, bytes }], moves, fills: [], fileBytes: end };
}

/** What of the last block lies past the old end of the disk becomes the guest's, and has to be zeros. */
async function lastBlockTail(
  source: ByteSource,
  bat: VhdxRegion,
  metadata: VhdxMetadata,
  ctx: Context,
): Promise<readonly Fill[]> {
  const { blockBytes, diskBytes } = metadata;
  const kept = diskBytes % blockBytes;
  if (kept === 0) return [];
  const block = Math.floor(diskBytes / blockBytes);
  const run = await openBlockTable(source, bat, metadata).run(block, block + 1, ctx.signal);
  return run.state === "data" ? zeroFill(run.at + kept, blockBytes - kept, source.size) : [];
}
