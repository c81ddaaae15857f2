import { SECTOR } from "../../base/bytes.js";
import { throwIfAborted } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import { FileLayout } from "../file-layout.js";
import type { LayoutPart } from "../model.js";
import { openBlockMap } from "./blocks.js";
import { parseVdiHeader, VDI_HEADER_BYTES } from "./header.js";

/** Describes an image as it lies: header, block map, blocks. @throws what opening throws, `io/limit` */
export async function* layoutVdi(source: ByteSource, ctx: Context): AsyncIterable<LayoutPart> {
  const head = await source.read(0, Math.min(VDI_HEADER_BYTES, source.size), ctx.signal);
  const header = parseVdiHeader(head, source.label);
  const { mapAt, dataAt, blocks, blockBytes, extraBytes, variant, allocated } = header;
  const layout = new FileLayout(source, ctx);
  layout.part(0, SECTOR, "header", { variant, capacityBytes: header.size, blockBytes, allocated });
  layout.part(mapAt, blocks * 4, "block map", { entries: blocks });
  const data = layout.kind("blocks", "blocks");
  const map = openBlockMap(source, header, ctx.limits);
  const stride = blockBytes + extraBytes;
  for (let block = 0; block < blocks; ) {
    throwIfAborted(ctx.signal);
    const run = await map.run(block, blocks, ctx.signal);
    for (let i = 0; run.state === "data" && i < run.blocks; i++) {
      layout.one(data, dataAt + (run.index + i) * stride, stride);
    }
    block += run.blocks;
  }
  yield* layout.parts("unused");
}
