import { alignUp, SECTOR } from "../../base/bytes.js";
import { FerryError, throwIfAborted } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import { FileLayout } from "../file-layout.js";
import { collecting } from "../findings.js";
import type { LayoutPart } from "../model.js";
import { bitmapBytesOf, openBlockTable } from "./bat.js";
import { readFooter } from "./footers.js";
import { DYNAMIC_HEADER_BYTES, FOOTER_BYTES, parseDynamicHeader, sizeOf, type VhdFooter } from "./header.js";

/**
 * Describes an image as it lies: footers, and of all but fixed disks header, block table, names of the parent, and blocks, each behind its
 * sector bitmap.
 * @throws what opening throws, `io/limit`
 */
export async function* layoutVhd(source: ByteSource, ctx: Context): AsyncIterable<LayoutPart> {
  const { footer, dataEnd } = await readFooter(source, collecting(ctx).ctx);
  const layout = new FileLayout(source, ctx);
  const { bytes: size } = sizeOf(footer);
  const facts = { type: footer.type, capacityBytes: size, creator: footer.creator, id: footer.id };
  layout.part(dataEnd, source.size - dataEnd, "footer", facts);
  if (footer.headerAt === null) layout.part(0, Math.min(size, dataEnd), "data");
  else await describeBlocks(layout, source, { footer, headerAt: footer.headerAt, size }, ctx);
  yield* layout.parts("unused");
}

async function describeBlocks(
  layout: FileLayout,
  source: ByteSource,
  disk: { readonly footer: VhdFooter; readonly headerAt: number; readonly size: number },
  ctx: Context,
): Promise<void> {
  const { headerAt, size } = disk;
  layout.part(0, FOOTER_BYTES, "footer copy");
  if (headerAt + DYNAMIC_HEADER_BYTES > source.size) {
    throw new FerryError("vhd/bad-header", `the dynamic disk header at ${headerAt} lies past the end of the file`, {
      location: { at: "bytes", file: source.label, offset: headerAt, length: DYNAMIC_HEADER_BYTES },
      hint: "The download may be incomplete: compare its size with the original.",
    });
  }
  const bytes = await source.read(headerAt, DYNAMIC_HEADER_BYTES, ctx.signal);
  const header = parseDynamicHeader(bytes, source.label, headerAt, ctx.limits);
  const { blockBytes, tableAt, tableEntries } = header;
  layout.part(headerAt, DYNAMIC_HEADER_BYTES, "dynamic disk header", { blockBytes, tableEntries });
  layout.part(tableAt, alignUp(tableEntries * 4, SECTOR), "block table", { entries: tableEntries });
  for (const { platform, at, length } of header.locators) {
    layout.part(at, alignUp(length, SECTOR), "parent locator", { platform, bytes: length });
  }
  const bitmapBytes = bitmapBytesOf(blockBytes);
  const blocks = layout.kind("blocks", "blocks", { bitmapBytes });
  const table = openBlockTable(source, header, size);
  const count = Math.ceil(size / blockBytes);
  for (let block = 0; block < count; ) {
    throwIfAborted(ctx.signal);
    const found = await table.find(block, count, ctx.signal);
    if (found.at !== null) layout.one(blocks, found.at, bitmapBytes + blockBytes);
    block += found.blocks;
  }
}
