import { alignUp, SECTOR, viewOf, writeU64 } from "../../base/bytes.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import type { Fill, Move, Patch } from "../../io/target.js";
import type { AmendPlan } from "../model.js";
import { cannotResize, cannotResizeChild, checkGrowth, resizePlan, zeroFill } from "../resize.js";
import { bitmapBytesOf, openBlockTable } from "./bat.js";
import { readFooter } from "./footers.js";
import { geometryOf } from "./geometry.js";
import {
  DYNAMIC_HEADER_BYTES,
  FOOTER_BYTES,
  parseDynamicHeader,
  sealedDynamicHeader,
  serializeFooter,
  sizeOf,
  type VhdFooter,
} from "./header.js";
import { MOST_DISK_BYTES } from "./plan.js";

const HEADER_AT = { table: 16, entries: 28 } as const;
/** Hyper-V's own: whoever reads it goes by the size in bytes, which a geometry rounds down. */
const CREATOR = "win ";

/**
 * Plans a larger disk. A fixed one grows before its footer. The block table of a dynamic one grows where it stands as far as its sectors
 * go, and moves behind the blocks else; its old place stays empty.
 * @throws `disk/cannot-amend`, `disk/cannot-shrink`, `disk/too-large`
 */
export async function resizeVhd(source: ByteSource, size: number, ctx: Context): Promise<AmendPlan> {
  const { footer, dataEnd } = await readFooter(source, ctx);
  if (footer.type === "differencing") throw cannotResizeChild(source.label);
  const oldBytes = sizeOf(footer).bytes;
  const wanted = alignUp(size, SECTOR);
  checkGrowth(source.label, oldBytes, wanted, footer.type === "fixed" ? Number.MAX_SAFE_INTEGER : MOST_DISK_BYTES);
  const grown = serializeFooter({ ...footer, creator: CREATOR, currentBytes: wanted, geometry: geometryOf(wanted) });
  if (footer.type === "dynamic") return growDynamic(source, { footer, dataEnd, oldBytes, wanted, grown }, ctx);
  if (oldBytes > dataEnd) {
    throw cannotResize(source.label, "a part of the file is missing", "Look for a whole copy of it.");
  }
  return resizePlan(source.label, {
    patches: [{ at: wanted, bytes: grown }],
    // The old footer stood where the guest's bytes go on.
    fills: zeroFill(oldBytes, wanted - oldBytes, source.size),
    fileBytes: wanted + FOOTER_BYTES,
  });
}

interface Growth {
  readonly footer: VhdFooter;
  readonly dataEnd: number;
  readonly oldBytes: number;
  readonly wanted: number;
  readonly grown: Uint8Array;
}

async function growDynamic(source: ByteSource, growth: Growth, ctx: Context): Promise<AmendPlan> {
  const { footer, dataEnd, oldBytes, wanted, grown } = growth;
  const headerAt = footer.headerAt ?? 0;
  if (headerAt + DYNAMIC_HEADER_BYTES > dataEnd || headerAt < FOOTER_BYTES) {
    throw cannotResize(source.label, "its dynamic header lies out of place", "Check it with vmferry disk check.");
  }
  const old = await source.read(headerAt, DYNAMIC_HEADER_BYTES, ctx.signal);
  const { tableAt, tableEntries, blockBytes } = parseDynamicHeader(old, source.label, headerAt, ctx.limits);
  const table = openBlockTable(
    source,
    { tableAt, tableEntries, blockBytes, parentId: "", parentName: "", locators: [] },
    oldBytes,
  );
  const oldBlocks = Math.ceil(oldBytes / blockBytes);
  const blocks = Math.ceil(wanted / blockBytes);
  const fills: Fill[] = [];
  if (oldBytes % blockBytes !== 0) {
    // What of the last block lies past the old end becomes the guest's.
    const { at } = await table.find(oldBlocks - 1, oldBlocks, ctx.signal);
    if (at !== null) {
      const data = at + bitmapBytesOf(blockBytes);
      if (data + blockBytes > dataEnd) {
        throw cannotResize(source.label, "its last block is cut off", "Copy it with vmferry disk convert.");
      }
      fills.push(...zeroFill(data + (oldBytes % blockBytes), blockBytes - (oldBytes % blockBytes), source.size));
    }
  }
  const header = new Uint8Array(old);
  const moves: Move[] = [];
  let end = dataEnd;
  let entriesAt = tableAt;
  const room = alignUp(tableEntries * 4, SECTOR);
  if (blocks * 4 > room) {
    entriesAt = alignUp(dataEnd, SECTOR);
    end = entriesAt + alignUp(blocks * 4, SECTOR);
    moves.push({ from: tableAt, to: entriesAt, length: oldBlocks * 4 });
    writeU64(viewOf(header), HEADER_AT.table, entriesAt, false);
  }
  const tableEnd = Math.max(blocks * 4, entriesAt === tableAt ? 0 : alignUp(blocks * 4, SECTOR));
  fills.push({ at: entriesAt + oldBlocks * 4, length: tableEnd - oldBlocks * 4, byte: 0xff });
  viewOf(header).setUint32(HEADER_AT.entries, Math.max(blocks, entriesAt === tableAt ? tableEntries : 0));
  const patches: Patch[] = [
    { at: 0, bytes: grown },
    { at: headerAt, bytes: sealedDynamicHeader(header) },
    { at: end, bytes: grown },
  ];
  return resizePlan(source.label, { patches, moves, fills, fileBytes: end + FOOTER_BYTES });
}
