import { SECTOR } from "../../base/bytes.js";
import type { Diagnostic, Location } from "../../base/diagnostics.js";
import { throwIfAborted } from "../../base/errors.js";
import { NIL_GUID } from "../../base/guid.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import { bitSet } from "../bit-set.js";
import { findingOf } from "../findings.js";
import { openPagedTable } from "../paged-table.js";
import { BLOCK_FREE, BLOCK_ZERO, openBlockMap } from "./blocks.js";
import { parseVdiHeader, VDI_HEADER_BYTES, type VdiHeader } from "./header.js";

const ENTRY_BYTES = 4;
/** Where the shortest header of version 1.1 ends. */
const LEAST_HEADER_END = 72 + 0x180;

/** What a walk over the block map found. */
interface MapCount {
  /** Entries that name a place. */
  readonly used: number;
  /** One more than the highest place that is named: where the next block would go. */
  readonly end: number;
}

/** Looks at every field and every entry of a VDI. @throws `io/limit` where the map is larger than `limits.tableBytes` */
export async function* checkVdi(source: ByteSource, ctx: Context): AsyncIterable<Diagnostic> {
  let header: VdiHeader;
  try {
    header = parseVdiHeader(await source.read(0, Math.min(VDI_HEADER_BYTES, source.size), ctx.signal), source.label);
  } catch (error) {
    // A 64-bit size above 2^53 is damage.
    yield findingOf(error, ["limit-exceeded"], source.label);
    return;
  }
  yield* headerFindings(source, header);
  try {
    openBlockMap(source, header, ctx.limits);
  } catch (error) {
    yield findingOf(error, [], source.label);
    return;
  }
  const count = yield* mapFindings(source, header, ctx);
  yield* countFindings(source, header, count);
}

function bytesAt(source: ByteSource, offset: number, length: number, field: string): Location {
  return { at: "bytes", file: source.label, offset, length, field };
}

function* headerFindings(source: ByteSource, header: VdiHeader): Iterable<Diagnostic> {
  const { mapAt, dataAt, blocks, blockBytes, size, ids } = header;
  const overlap = (message: string, at: Location): Diagnostic => ({
    code: "vdi/overlap",
    severity: "error",
    message,
    hint: "The image is damaged: fetch it again.",
    location: at,
  });
  if (mapAt < LEAST_HEADER_END) {
    yield overlap(`the block map at ${mapAt} lies over the header`, bytesAt(source, 340, 4, "block map offset"));
  }
  if (dataAt < mapAt + blocks * ENTRY_BYTES) {
    yield overlap(
      `the blocks start at ${dataAt}, within the block map, which ends at ${mapAt + blocks * ENTRY_BYTES}`,
      bytesAt(source, 344, 4, "data offset"),
    );
  }
  const needed = Math.ceil(size / blockBytes);
  if (blocks > needed) {
    yield {
      code: "vdi/block-count",
      severity: "warning",
      message: `the header counts ${blocks} blocks, and a disk of ${size} bytes has ${needed}`,
      hint: "The guest does not see what lies in blocks past its disk's end.",
      location: bytesAt(source, 384, 4, "blocks in image"),
      data: { blocks, needed },
    };
  }
  if (ids.create === NIL_GUID || (header.variant === "differencing" && ids.link === NIL_GUID)) {
    yield {
      code: "vdi/no-id",
      severity: "warning",
      message:
        ids.create === NIL_GUID ? "the image has no identifier" : "a differencing image does not say who its parent is",
      hint: "VirtualBox knows disks by their identifiers alone: set one with VBoxManage internalcommands sethduuid or sethdparentuuid.",
      location: bytesAt(source, ids.create === NIL_GUID ? 392 : 424, 16, "UUID"),
    };
  }
}

/** Entries of the map: places within the file, none of them twice. */
async function* mapFindings(
  source: ByteSource,
  header: VdiHeader,
  ctx: Context,
): AsyncGenerator<Diagnostic, MapCount, undefined> {
  const { mapAt, dataAt, blocks, blockBytes, extraBytes, size } = header;
  const stride = blockBytes + extraBytes;
  const places = Math.max(0, Math.ceil((source.size - dataAt) / stride));
  const taken = bitSet(places, "blocks", ctx.limits);
  const table = openPagedTable(source, mapAt, blocks * ENTRY_BYTES);
  let used = 0;
  let end = 0;
  for (let block = 0; block < blocks; ) {
    throwIfAborted(ctx.signal);
    const { view, start, end: pageEnd } = await table.page(block * ENTRY_BYTES, ctx.signal);
    for (const stop = pageEnd / ENTRY_BYTES; block < stop; block++) {
      const index = view.getUint32(block * ENTRY_BYTES - start, true);
      if (index === BLOCK_FREE || index === BLOCK_ZERO) continue;
      const location = bytesAt(source, mapAt + block * ENTRY_BYTES, ENTRY_BYTES, `block map entry ${block}`);
      // The last block is stored whole by everybody; what the guest sees of it is what counts.
      const needed = Math.max(0, Math.min(blockBytes, size - block * blockBytes));
      const at = dataAt + index * stride + extraBytes;
      if (at + needed > source.size) {
        yield {
          code: "vdi/bad-block",
          severity: "error",
          message: `block ${block} lies past the end of the file (byte ${at + needed} of ${source.size})`,
          hint: "The download may be incomplete: compare its size with the manifest.",
          location,
        };
        continue;
      }
      used++;
      end = Math.max(end, index + 1);
      if (index >= places) continue;
      if (taken.has(index)) {
        yield {
          code: "vdi/shared-block",
          severity: "error",
          message: `block ${block} lies where another block of the disk lies (place ${index})`,
          hint: "One of the two has lost its content, and a write to one changes the other: compare the disk with a backup.",
          location,
          data: { block, place: index },
        };
      }
      taken.add(index);
    }
  }
  return { used, end };
}

function* countFindings(source: ByteSource, header: VdiHeader, { used, end }: MapCount): Iterable<Diagnostic> {
  const { allocated, dataAt, blockBytes, extraBytes } = header;
  if (allocated !== end) {
    yield {
      code: "vdi/allocated-count",
      // Writers put the next new block behind as many as are counted.
      severity: allocated < end ? "error" : "warning",
      message: `the header counts ${allocated} stored blocks, and the block map has places up to ${end}`,
      hint:
        allocated < end
          ? "A program that writes on would put new blocks over stored ones: let `vmferry disk fix` mend the count."
          : "The file has room that belongs to nothing.",
      location: bytesAt(source, 388, 4, "blocks allocated"),
      data: { allocated, used, end },
    };
  }
  if (used < end) {
    yield {
      code: "vdi/leaked-blocks",
      severity: "info",
      message: `${end - used} places between the stored blocks belong to no block of the disk`,
      hint: "They cost room and nothing else. Converting the disk gives it back.",
      location: bytesAt(source, header.mapAt, header.blocks * ENTRY_BYTES, "block map"),
      data: { leaked: end - used },
    };
  }
  const dataEnd = dataAt + Math.max(end, allocated) * (blockBytes + extraBytes);
  if (source.size > dataEnd && source.size - dataEnd >= SECTOR) {
    yield {
      code: "vdi/trailing-bytes",
      severity: "info",
      message: `${source.size - dataEnd} bytes behind the last block belong to nothing`,
      hint: "They cost room and nothing else.",
      location: bytesAt(source, dataEnd, source.size - dataEnd, "end of file"),
    };
  }
}
