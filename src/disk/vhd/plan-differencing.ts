import { alignUp, SECTOR, viewOf } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import { UnitRuns } from "../extents.js";
import type { PlannedParent, Region, WriteOp, WritePlan } from "../model.js";
import type { LayerRuns } from "../overlay.js";
import { PLAIN_UNIT, plainKernel } from "../plain.js";
import { FOOTER_BYTES, type ParentLocator, serializeDynamicHeader } from "./header.js";
import { BITMAP, BLOCK, PAGE, STRIDE, TABLE_AT } from "./plan-layout.js";

/** Names of the parent in the encodings that Windows and XenServer look for. */
function namesOf(parent: PlannedParent): readonly { readonly platform: string; readonly bytes: Uint8Array }[] {
  const relative = `.\\${parent.name}`;
  const utf16 = new Uint8Array(2 * relative.length);
  for (let i = 0; i < relative.length; i++) viewOf(utf16).setUint16(2 * i, relative.charCodeAt(i), true);
  const url = new TextEncoder().encode(`file://./${parent.name.split("/").map(encodeURIComponent).join("/")}`);
  return [
    { platform: "W2ru", bytes: utf16 },
    { platform: "MacX", bytes: url },
  ];
}

/**
 * Footer copy, header, block table, the parent's names, blocks, footer. The layer is known to the sector, so table and sector bitmaps stand
 * before anything is copied: a sector that the layer has counts, also where it turns out to be zeros.
 * @param layer in units of a sector
 */
export function planDifferencing(
  diskBytes: number,
  layer: LayerRuns,
  footer: Uint8Array,
  name: string,
  parent: PlannedParent,
): WritePlan {
  if (parent.identity === null) throw new FerryError("internal/bug", "the parent of a differencing VHD has no id");
  const entries = Math.ceil(diskBytes / BLOCK);
  const tableBytes = alignUp(4 * entries, SECTOR);
  const locators: ParentLocator[] = [];
  const regions: Region[] = [];
  let at = TABLE_AT + tableBytes;
  for (const { platform, bytes } of namesOf(parent)) {
    locators.push({ platform, length: bytes.length, at });
    regions.push({ file: name, at, length: bytes.length, bytes: () => [bytes] });
    at += alignUp(bytes.length, SECTOR);
  }
  const blocks = new UnitRuns(BLOCK);
  for (const { offset, length } of layer.all) blocks.add(offset, length);
  const count = blocks.bytes / BLOCK;
  const firstData = alignUp(at + BITMAP, PAGE);
  const footerAt = count === 0 ? at : firstData + (count - 1) * STRIDE + BLOCK;
  const header = serializeDynamicHeader({
    tableAt: TABLE_AT,
    tableEntries: entries,
    blockBytes: BLOCK,
    parent: { id: parent.identity, name: parent.name.split("/").at(-1) ?? "", locators },
  });

  function* fixed(): Iterable<Region> {
    yield { file: name, at: 0, length: footer.length, bytes: () => [footer] };
    yield { file: name, at: FOOTER_BYTES, length: header.length, bytes: () => [header] };
    yield { file: name, at: TABLE_AT, length: tableBytes, bytes: () => [tableOf(blocks, tableBytes, firstData)] };
    yield* regions;
    let dataAt = firstData;
    for (const bitmap of bitmapsOf(layer.all, blocks)) {
      yield { file: name, at: dataAt - BITMAP, length: BITMAP, bytes: () => [bitmap] };
      dataAt += STRIDE;
    }
    yield { file: name, at: footerAt, length: footer.length, bytes: () => [footer] };
  }

  return {
    files: [{ name, size: footerAt + FOOTER_BYTES }],
    order: "random",
    acceptsUnits: null,
    fixed: { [Symbol.iterator]: () => fixed()[Symbol.iterator]() },
    segments: {
      [Symbol.iterator]: () => segmentsOf(layer.data, blocks, diskBytes, { name, firstData })[Symbol.iterator](),
    },
    tables: () => ({ add: () => [], end: () => [] }),
  };
}

/** The block table of blocks that follow each other in guest order. */
function tableOf(blocks: UnitRuns, tableBytes: number, firstData: number): Uint8Array {
  const table = new Uint8Array(tableBytes).fill(0xff);
  const view = viewOf(table);
  let dataAt = firstData;
  for (const offset of blocks.units()) {
    view.setUint32((4 * offset) / BLOCK, (dataAt - BITMAP) / SECTOR);
    dataAt += STRIDE;
  }
  return table;
}

/** The parts of some runs that lie in each of the blocks, block by block. */
function* partsOf(
  runs: UnitRuns,
  blocks: UnitRuns,
): Iterable<{ readonly block: number; readonly parts: readonly { readonly from: number; readonly to: number }[] }> {
  const all = runs[Symbol.iterator]();
  let next = all.next();
  for (const block of blocks.units()) {
    const end = block + BLOCK;
    const parts: { from: number; to: number }[] = [];
    while (next.done !== true && next.value.offset < end) {
      const { offset, length } = next.value;
      parts.push({ from: Math.max(offset, block), to: Math.min(offset + length, end) });
      if (offset + length > end) break;
      next = all.next();
    }
    yield { block, parts };
  }
}

/** The sector bitmap of each block: the highest bit of a byte is its first sector. */
function* bitmapsOf(present: UnitRuns, blocks: UnitRuns): Iterable<Uint8Array> {
  for (const { block, parts } of partsOf(present, blocks)) {
    const bitmap = new Uint8Array(BITMAP);
    for (const { from, to } of parts) setBits(bitmap, (from - block) / SECTOR, (to - block) / SECTOR);
    yield bitmap;
  }
}

/** Sets the bits `[from, to)`, which are clear. */
function setBits(bitmap: Uint8Array, from: number, to: number): void {
  for (let bit = from; bit < to; ) {
    const byte = Math.floor(bit / 8);
    if (bit % 8 === 0 && bit + 8 <= to) {
      bitmap[byte] = 0xff;
      bit += 8;
    } else {
      bitmap[byte] = (bitmap[byte] as number) + 2 ** (7 - (bit % 8));
      bit++;
    }
  }
}

/** Data goes to its block, run by run: what the layer does not have is not copied. */
function* segmentsOf(
  data: UnitRuns,
  blocks: UnitRuns,
  diskBytes: number,
  { name, firstData }: { readonly name: string; readonly firstData: number },
): Iterable<WriteOp> {
  let dataAt = firstData;
  for (const { block, parts } of partsOf(data, blocks)) {
    for (const { from, to } of parts) {
      yield {
        file: name,
        at: dataAt + from - block,
        kernel: plainKernel.id,
        offset: from,
        length: Math.min(to, diskBytes) - from,
        unitBytes: PLAIN_UNIT,
      };
    }
    dataAt += STRIDE;
  }
}
