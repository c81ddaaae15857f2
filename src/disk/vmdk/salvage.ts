import { type ByteRange, SECTOR } from "../../base/bytes.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import { formatBytes, plural } from "../../base/text.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import { mergeExtents } from "../extents.js";
import type { DiskSalvage } from "../model.js";
import { parseVmdkDescriptor, type VmdkDescriptor } from "./descriptor.js";
import { grainBytes, parseSparseHeader, SPARSE_HEADER_BYTES, type SparseHeader } from "./header.js";
import { capacityOf } from "./hosted.js";
import { vmdkInfo } from "./read.js";
import { type Claims, readClaims, settleDisputes } from "./salvage-claims.js";
import { FoundGrains, type LostRange } from "./salvage-grains.js";
import { type DamagedWalk, walkDamaged } from "./salvage-walk.js";
import { openSparseExtent } from "./sparse.js";

/** Lost ranges that a finding lists; all are counted. */
const LISTED = 1000;
/** Lost ranges that its message shows. */
const SHOWN = 3;

/**
 * Finds the grains of a stream-optimized VMDK that is cut off or damaged: those that markers lead to, whatever directory and tables say of
 * them. All else reads as zeros, and `disk/data-lost` says which of that may have held data.
 * @throws `disk/cannot-salvage` for other variants and for deltas, `vmdk/bad-header`, `io/limit`, and what reading throws
 */
export async function salvageVmdk(source: ByteSource, ctx: Context): Promise<DiskSalvage> {
  const head = await source.read(0, Math.min(SPARSE_HEADER_BYTES, source.size), ctx.signal);
  const header = parseSparseHeader(head, source.label, 0);
  if (!header.flags.compressed) throw cannotSalvage(source, "is no stream: its grains have no markers to be found by");
  const descriptor = await descriptorOf(source, header, ctx);
  const size = capacityOf({ header, descriptor }, source.label, ctx);
  const info = vmdkInfo(descriptor, { variant: "streamOptimized", size, blockSize: grainBytes(header) });
  if (info.parent !== null) {
    throw cannotSalvage(source, "holds only changes to another disk: what is lost would read as that disk's bytes");
  }
  const found = new FoundGrains(header.tableEntries, ctx.limits.tableBytes);
  const walked = await walkDamaged(source, header, found, ctx);
  const count = Math.ceil(header.capacitySectors / (header.tableEntries * header.grainSectors));
  const layout = { grain: grainBytes(header), compressed: true, zeroedGrains: false, unallocated: "zero" } as const;
  const reader = openSparseExtent(source, layout, found.asTables(count), size);
  return {
    disk: {
      info,
      extents: (range = { offset: 0, length: size }, signal) => mergeExtents(reader.extents(range, signal)),
      reads: (range, signal) => reader.reads(range, signal),
      units: () => reader.units(),
      close: async () => {},
    },
    async settle(broken): Promise<void> {
      for (const offset of broken) found.lose(offset / grainBytes(header));
      const claims = await readClaims(source, header, found, walked.tables, ctx);
      await settleDisputes(source, header, found, claims, ctx);
      const loss = lossOf({ header, size, found, claims, walked, broken: broken.length });
      if (loss.ranges > 0) ctx.report(lostFinding(source, size, walked, loss));
    },
  };
}

function cannotSalvage({ label }: ByteSource, why: string): FerryError {
  return new FerryError("disk/cannot-salvage", `${label} ${why}`, {
    hint: "vmferry disk check says what is wrong with it, and vmferry disk fix mends what has one right answer.",
  });
}

/** The embedded descriptor; `null` where it cannot be read: the header says all that is needed. */
async function descriptorOf(source: ByteSource, header: SparseHeader, ctx: Context): Promise<VmdkDescriptor | null> {
  const at = header.descriptorSector * SECTOR;
  const length = header.descriptorSectors * SECTOR;
  if (at === 0 || length === 0 || length > ctx.limits.diskDescriptorBytes || at + length > source.size) return null;
  try {
    return parseVmdkDescriptor(await source.read(at, length, ctx.signal), source.label);
  } catch (cause) {
    if (cause instanceof FerryError && cause.kind === "invalid-format") return null;
    throw cause;
  }
}

/** What is lost of a disk. */
interface Loss {
  /** The first ranges, sorted. */
  readonly listed: readonly LostRange[];
  readonly ranges: number;
  readonly bytes: number;
  /** Bytes of which something was stored for certain. */
  readonly certain: number;
}

interface Evidence {
  readonly header: SparseHeader;
  readonly size: number;
  readonly found: FoundGrains;
  readonly claims: Claims;
  readonly walked: DamagedWalk;
  readonly broken: number;
}

function lossOf(evidence: Evidence): Loss {
  const { size } = evidence;
  const listed: LostRange[] = [];
  let [ranges, bytes, certain] = [0, 0, 0];
  const count = (range: LostRange): void => {
    ranges++;
    bytes += range.length;
    if (range.certain) certain += range.length;
    if (listed.length < LISTED) listed.push(range);
  };
  let open = null as LostRange | null;
  for (const part of lostParts(evidence)) {
    const length = Math.min(part.length, size - part.offset);
    if (length <= 0) continue;
    if (open !== null && open.certain === part.certain && open.offset + open.length === part.offset) {
      open = { ...open, length: open.length + length };
      continue;
    }
    if (open !== null) count(open);
    open = { ...part, length };
  }
  if (open !== null) count(open);
  return { listed, ranges, bytes, certain };
}

/** What is lost, in the guest's order, in pieces that may touch. */
function* lostParts({ header, size, found, claims, walked, broken }: Evidence): Iterable<LostRange> {
  const { tableEntries: entries, grainSectors } = header;
  const grain = grainSectors * SECTOR;
  const span = entries * grain;
  const damaged = walked.doubtful.length > 0 || broken > 0;
  // Where grains come in no order, their neighbours say nothing about what was between them.
  const doubtful: readonly ByteRange[] =
    walked.ordered || !damaged ? walked.doubtful : [{ offset: 0, length: header.capacitySectors * SECTOR }];
  const inhabited = [...new Set([...found.tables, ...claims.tables])].sort((a, b) => a - b);
  let doubt = 0;
  const inDoubt = (from: number, to: number): number => {
    while (doubt < doubtful.length && endOf(doubtful[doubt]) <= from) doubt++;
    const next = doubtful[doubt];
    return next === undefined || next.offset >= to ? to : Math.max(from, next.offset);
  };
  let next = 0;
  for (let index = 0; index * span < size; ) {
    while (next < inhabited.length && (inhabited[next] as number) < index) next++;
    if (inhabited[next] !== index) {
      // Nothing is known of the tables up to the next one; only a directory tells of one at a time.
      const until = Math.min(size, (inhabited[next] ?? Number.POSITIVE_INFINITY) * span);
      const from = inDoubt(index * span, until);
      index = Math.max(index, Math.floor(from / span));
      if (from >= until) {
        index = Math.ceil(until / span);
        continue;
      }
      const end = Math.min(until, (index + 1) * span);
      if (!claims.provesEmpty(index)) yield* cut(doubtful, doubt, from, end);
      index++;
      continue;
    }
    for (let i = 0; i < entries; i++) {
      const at = index * span + i * grain;
      const number = index * entries + i;
      if (at >= size) break;
      if (found.sector(number) !== 0) continue;
      if (found.isLost(number) || claims.sector(number) !== 0) yield { offset: at, length: grain, certain: true };
      else if (inDoubt(at, at + grain) < at + grain && !claims.provesZero(number)) {
        yield { offset: at, length: grain, certain: false };
      }
    }
    index++;
  }
}

function endOf(range: ByteRange | undefined): number {
  return range === undefined ? 0 : range.offset + range.length;
}

/** The parts of sorted ranges, from the `first` on, that lie in `[from, to)`. */
function* cut(ranges: readonly ByteRange[], first: number, from: number, to: number): Iterable<LostRange> {
  for (let i = first; i < ranges.length; i++) {
    const { offset, length } = ranges[i] as ByteRange;
    if (offset >= to) return;
    const start = Math.max(offset, from);
    const end = Math.min(offset + length, to);
    if (start < end) yield { offset: start, length: end - start, certain: false };
  }
}

function lostFinding(source: ByteSource, size: number, { brokenAt }: DamagedWalk, loss: Loss): Diagnostic {
  const { listed, ranges, bytes, certain } = loss;
  const shown = listed.slice(0, SHOWN).map(({ offset, length }) => {
    const end = offset + length;
    return `${offset} to ${end} (sectors ${offset / SECTOR} to ${Math.ceil(end / SECTOR) - 1})`;
  });
  const more = ranges > SHOWN ? `, and ${plural(ranges - SHOWN, "more range")}` : "";
  const sure =
    certain === bytes ? "" : certain === 0 ? "; it may have held zeros" : `; ${formatBytes(certain)} of that held data`;
  return {
    code: "disk/data-lost",
    severity: "error",
    message: `up to ${formatBytes(bytes)} of the guest's ${formatBytes(size)} are lost and read as zeros: bytes ${shown.join(", ")}${more}${sure}`,
    hint: "Fetch the disk again where it can be had. What is whole can be written anew: check the guest's file systems before it is used.",
    location: { at: "bytes", file: source.label, offset: brokenAt ?? 0 },
    data: {
      capacityBytes: size,
      lostBytes: bytes,
      certainBytes: certain,
      rangeCount: ranges,
      ranges: listed.map(({ offset, length, certain: sureOf }) => ({ offset, length, certain: sureOf })),
    },
  };
}
