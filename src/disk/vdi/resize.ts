import { alignUp, SECTOR, viewOf, writeU64 } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import type { Fill, Move, Patch } from "../../io/target.js";
import type { AmendPlan } from "../model.js";
import { cannotResize, cannotResizeChild, checkGrowth, resizePlan, zeroFill } from "../resize.js";
import { BLOCK_ZERO } from "./blocks.js";
import { hasParent, parseVdiHeader, VDI_HEADER_BYTES, type VdiHeader } from "./header.js";
import { MAX_SIZE } from "./plan.js";

/** Places of fields in the header, as `parseVdiHeader` has them. */
const AT = { headerBytes: 72, dataAt: 344, geometry: 348, size: 368, blocks: 384, allocated: 388, lchs: 456 } as const;
const GEOMETRY_BYTES = 12;
/** Bytes of a header that has the newer geometry, at 456. */
const WITH_LCHS = 0x190;

/**
 * Plans a larger image. The block map stands in front of the data area and grows into it: the blocks that lie there move to the end, as
 * VirtualBox moves them, and all indices count from the new start of the data area.
 * @throws `disk/cannot-amend`, `disk/cannot-shrink`, `disk/too-large`, `io/limit` for a map larger than `limits.tableBytes`
 */
export async function resizeVdi(source: ByteSource, size: number, ctx: Context): Promise<AmendPlan> {
  const head = await source.read(0, Math.min(VDI_HEADER_BYTES, source.size), ctx.signal);
  const header = parseVdiHeader(head, source.label);
  if (hasParent(header)) throw cannotResizeChild(source.label);
  const wanted = alignUp(size, SECTOR);
  checkGrowth(source.label, alignUp(header.size, SECTOR), wanted, MAX_SIZE);
  const { blockBytes, extraBytes, mapAt } = header;
  const stride = blockBytes + extraBytes;
  const blocks = Math.max(header.blocks, Math.ceil(wanted / blockBytes));
  if (blocks * 4 > ctx.limits.tableBytes) {
    throw new FerryError("io/limit", `the block map would take ${blocks * 4} bytes`, {
      hint: "Raise the limit tableBytes if a disk of this size is meant.",
    });
  }
  const map = await readMap(source, header, ctx);
  const shift = Math.max(0, Math.ceil((mapAt + blocks * 4 - header.dataAt) / stride));
  const dataAt = header.dataAt + shift * stride;
  if (dataAt >= 2 ** 32) {
    throw cannotResize(
      source.label,
      "its block map would not end before 4 GiB",
      "Convert it with vmferry disk convert.",
    );
  }
  const placed = placeBlocks(source, header, map, shift);
  const patches: Patch[] = [headerPatch(head, { ...header, size: wanted, blocks, dataAt })];
  const fills: Fill[] = [...placed.fills, ...lchsFill(head)];
  let next = placed.next;
  const mapView = viewOf(placed.map);
  const oldMapBytes = header.blocks * 4;
  // Of the map only what changes is written: all of it where the indices count from elsewhere now.
  if (shift > 0) patches.push({ at: mapAt, bytes: new Uint8Array(mapView.buffer, 0, oldMapBytes) });
  if (blocks > header.blocks) {
    if (header.variant === "static") {
      const bytes = new Uint8Array((blocks - header.blocks) * 4);
      const entries = viewOf(bytes);
      for (let i = 0; i < bytes.length / 4; i++) entries.setUint32(4 * i, next + i, true);
      patches.push({ at: mapAt + oldMapBytes, bytes });
      fills.push(...zeroFill(dataAt + next * stride, (blocks - header.blocks) * stride, source.size));
      next += blocks - header.blocks;
    } else {
      fills.push({ at: mapAt + oldMapBytes, length: (blocks - header.blocks) * 4, byte: 0xff });
    }
  }
  if (shift > 0 || header.variant === "static") {
    const allocated = new Uint8Array(4);
    viewOf(allocated).setUint32(0, next, true);
    patches.push({ at: AT.allocated, bytes: allocated });
  }
  return resizePlan(source.label, {
    patches,
    moves: placed.moves,
    fills,
    fileBytes: Math.max(source.size, dataAt + next * stride),
  });
}

async function readMap(source: ByteSource, header: VdiHeader, ctx: Context): Promise<Uint8Array> {
  if (header.mapAt + header.blocks * 4 > source.size) {
    throw cannotResize(source.label, "its block map ends past the end of the file", "Look for a whole copy of it.");
  }
  return new Uint8Array(await source.read(header.mapAt, header.blocks * 4, ctx.signal));
}

/** Where the blocks of an image lie after the first `shift` places of its data area were given up. */
interface PlacedBlocks {
  readonly map: Uint8Array;
  readonly moves: readonly Move[];
  readonly fills: readonly Fill[];
  /** The first free index, counted from the new start. */
  readonly next: number;
}

function placeBlocks(source: ByteSource, header: VdiHeader, map: Uint8Array, shift: number): PlacedBlocks {
  const { blockBytes, extraBytes, dataAt } = header;
  const stride = blockBytes + extraBytes;
  const view = viewOf(map);
  let free = shift;
  for (let at = 0; at < map.length; at += 4) {
    const index = view.getUint32(at, true);
    if (index >= BLOCK_ZERO) continue;
    if (dataAt + (index + 1) * stride > source.size) {
      throw cannotResize(
        source.label,
        `block ${at / 4} lies past the end of the file`,
        "Check it with vmferry disk check, and look for a whole copy.",
      );
    }
    if ((at / 4) * blockBytes >= header.size) {
      throw cannotResize(source.label, "it holds blocks past its end", "Copy it with vmferry disk convert.");
    }
    free = Math.max(free, index + 1);
  }
  // What of the last block lies past the old end of the disk becomes the guest's, and has to be zeros.
  const lastBlock = header.size % blockBytes === 0 ? -1 : Math.floor(header.size / blockBytes);
  const kept = extraBytes + (header.size % blockBytes);
  const moves: Move[] = [];
  const fills: Fill[] = [];
  for (let at = 0; at < map.length; at += 4) {
    const index = view.getUint32(at, true);
    if (index >= BLOCK_ZERO) continue;
    const from = dataAt + index * stride;
    const isLast = at / 4 === lastBlock;
    let to = from;
    if (index < shift) {
      to = dataAt + free * stride;
      moves.push({ from, to, length: isLast ? kept : stride });
      free++;
    }
    if (isLast) fills.push(...zeroFill(to + kept, stride - kept, source.size));
    view.setUint32(at, (to - dataAt) / stride - shift, true);
  }
  return { map, moves, fills, next: free - shift };
}

/** The header with another size; both geometries are left to VirtualBox again, as its own resizing leaves them. `allocated` is not touched. */
function headerPatch(head: Uint8Array, header: VdiHeader): Patch {
  const bytes = new Uint8Array(head.subarray(0, AT.allocated));
  const view = viewOf(bytes);
  view.setUint32(AT.dataAt, header.dataAt, true);
  bytes.fill(0, AT.geometry, AT.geometry + GEOMETRY_BYTES);
  writeU64(view, AT.size, header.size, true);
  view.setUint32(AT.blocks, header.blocks, true);
  return { at: 0, bytes };
}

/** The newer geometry, where the header has one. */
function lchsFill(head: Uint8Array): readonly Fill[] {
  const has = head.length >= VDI_HEADER_BYTES && viewOf(head).getUint32(AT.headerBytes, true) >= WITH_LCHS;
  return has ? [{ at: AT.lchs, length: GEOMETRY_BYTES, byte: 0 }] : [];
}
