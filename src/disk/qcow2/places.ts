/** Where the structures of an image lie: everything that is not an L2 table or the guest's data. */
import { type ByteRange, viewOf } from "../../base/bytes.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError, throwIfAborted } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import { findingAt, findingOf, type Spot } from "../findings.js";
import { parseExtensions, parseQcow2Header, type Qcow2Extensions, type Qcow2Header } from "./header.js";
import { readSnapshots } from "./snapshots.js";
import { offsetAt } from "./tables.js";
import { ClusterUsage, USE } from "./usage.js";

const HEAD_BYTES = 64 * 1024;
/** Bytes of a bitmap's directory entry before its extra data (interop document, "Bitmap directory"). */
const BITMAP_ENTRY = 24;

/** An image that is looked at as a whole. */
export interface SurveyedImage {
  readonly source: ByteSource;
  readonly header: Qcow2Header;
  readonly usage: ClusterUsage;
  /** Places of refcount blocks by their number; 0: there is none, `NaN`: not usable. */
  readonly blocks: Float64Array;
  /** Places of the L2 tables that the L1 tables name, the active one's first; 0: none. */
  readonly l2: Float64Array;
  /** Whether each has the copied flag; of the active L1 table alone. */
  readonly l2Copied: Uint8Array;
}

/** Places that are being collected. */
interface Survey {
  readonly source: ByteSource;
  readonly header: Qcow2Header;
  readonly usage: ClusterUsage;
  readonly ctx: Context;
}

/**
 * Finds every table of an image and counts its clusters; L2 tables and data come later.
 * @returns the image; `null` where its header cannot be used, which is a finding
 * @throws `io/limit`
 */
export async function* surveyPlaces(
  source: ByteSource,
  ctx: Context,
): AsyncGenerator<Diagnostic, SurveyedImage | null> {
  const head = await source.read(0, Math.min(HEAD_BYTES, source.size), ctx.signal);
  let header: Qcow2Header;
  try {
    header = parseQcow2Header(head, source.label);
  } catch (cause) {
    yield findingOf(cause, ["limit-exceeded"], source.label);
    return null;
  }
  const usage = new ClusterUsage(source, header.clusterBytes, ctx);
  const survey: Survey = { source, header, usage, ctx };
  usage.use(0, header.clusterBytes, USE.table, 1);
  yield* checkBackingName(survey);
  const extensions = yield* readExtensions(survey, head);
  const blocks = yield* readRefcountTable(survey);
  const snapshots = yield* readSnapshotTable(survey);
  const l1s = [
    { at: header.l1Offset, entries: header.l1Entries, name: "the L1 table" },
    ...snapshots.map(({ l1Offset, l1Entries }, i) => ({
      at: l1Offset,
      entries: l1Entries,
      name: `the L1 table of snapshot ${i + 1}`,
    })),
  ];
  const total = l1s.reduce((sum, { entries }) => sum + entries, 0);
  checkTableBytes(survey, total * 16, "the L1 tables", header.l1Offset);
  const l2 = new Float64Array(total);
  const l2Copied = new Uint8Array(header.l1Entries);
  let first = 0;
  for (const l1 of l1s) {
    throwIfAborted(ctx.signal);
    yield* readL1(survey, l1, l2.subarray(first, first + l1.entries), first === 0 ? l2Copied : null);
    first += l1.entries;
  }
  if (extensions?.cryptoHeader)
    yield* useTable(survey, extensions.cryptoHeader, "the encryption header", "qcow2/bad-header");
  if (header.bitmaps && extensions?.bitmaps) yield* readBitmaps(survey, extensions.bitmaps);
  return { source, header, usage, blocks, l2, l2Copied };
}

function checkTableBytes({ source, ctx }: Survey, bytes: number, what: string, offset: number): void {
  if (bytes <= ctx.limits.tableBytes) return;
  throw new FerryError("io/limit", `${what} would take ${bytes} bytes`, {
    location: { at: "bytes", file: source.label, offset },
    hint: "The header is damaged or hostile; raise the limit tableBytes if the disk is trusted.",
  });
}

function* checkBackingName({ source, header }: Survey): Iterable<Diagnostic> {
  const name = header.backingName;
  if (name === null || name.offset + name.length <= Math.min(source.size, header.clusterBytes)) return;
  const spot: Spot = { file: source.label, offset: 8, field: "backing_file_offset" };
  yield findingAt("qcow2/bad-header", "error", spot, "the backing file's name lies outside of the first cluster");
}

async function* readExtensions(
  { source, header }: Survey,
  head: Uint8Array,
): AsyncGenerator<Diagnostic, Qcow2Extensions | null> {
  const end = Math.min(header.clusterBytes, header.backingName?.offset ?? header.clusterBytes);
  try {
    return parseExtensions(head, { headerBytes: header.headerBytes, end }, source.label);
  } catch (cause) {
    yield findingOf(cause, ["limit-exceeded"], source.label);
    return null;
  }
}

/** Counts a table that has to start at a cluster and lie in the file. @returns whether it can be read */
async function* useTable(
  { source, header, usage }: Survey,
  { offset, length }: ByteRange,
  what: string,
  code: "qcow2/bad-table" | "qcow2/bad-header" | "qcow2/bad-refcounts" | "qcow2/bad-snapshots" | "qcow2/bad-bitmaps",
): AsyncGenerator<Diagnostic, boolean> {
  if (length === 0) return true;
  const spot: Spot = { file: source.label, offset };
  const severity = code === "qcow2/bad-bitmaps" ? "warning" : "error";
  if (offset % header.clusterBytes !== 0 || offset + length > source.size) {
    const where = `(bytes ${offset} to ${offset + length} of ${source.size})`;
    yield findingAt(code, severity, spot, `${what} lies outside of the file or across clusters ${where}`);
    return false;
  }
  if (usage.use(offset, length, USE.table, 1) === "overlap") {
    yield findingAt("qcow2/overlap", "error", spot, `${what} lies where another structure is`);
  }
  return true;
}

async function* readRefcountTable(survey: Survey): AsyncGenerator<Diagnostic, Float64Array> {
  const { source, header, usage, ctx } = survey;
  const { clusterBytes } = header;
  const perBlock = (clusterBytes * 8) / header.refcountBits;
  const blocks = new Float64Array(Math.ceil(usage.clusters / perBlock)).fill(Number.NaN);
  const length = header.refcountTableClusters * clusterBytes;
  checkTableBytes(survey, length, "the refcount table", 56);
  const range = { offset: header.refcountTableOffset, length };
  if (!(yield* useTable(survey, range, "the refcount table", "qcow2/bad-refcounts"))) return blocks;
  blocks.fill(0);
  const bytes = await source.read(range.offset, length, ctx.signal);
  const view = viewOf(bytes);
  for (let i = 0; i * 8 < length; i++) {
    const [high, low] = [view.getUint32(8 * i), view.getUint32(8 * i + 4)];
    if (high === 0 && low === 0) continue;
    const place = high * 2 ** 32 + low - (low % 512);
    const spot: Spot = { file: source.label, offset: range.offset + 8 * i, field: `refcount table entry ${i}` };
    let usable = true;
    if (low % 512 !== 0) {
      usable = false;
      yield findingAt("qcow2/reserved-bits", "error", spot, `refcount table entry ${i} has reserved bits set`);
    }
    if (place % clusterBytes !== 0 || place + clusterBytes > source.size) {
      usable = false;
      const where = `(byte ${place} of ${source.size})`;
      const message = `refcount block ${i} lies outside of the file or across clusters ${where}`;
      yield findingAt("qcow2/bad-refcounts", "error", spot, message);
    } else if (usage.use(place, clusterBytes, USE.table, 1) === "overlap") {
      usable = false;
      yield findingAt("qcow2/overlap", "error", spot, `refcount block ${i} lies where another structure is`);
    }
    if (i < blocks.length) blocks[i] = usable ? place : Number.NaN;
  }
  return blocks;
}

async function* readSnapshotTable(
  survey: Survey,
): AsyncGenerator<Diagnostic, Awaited<ReturnType<typeof readSnapshots>>> {
  const { source, header, ctx } = survey;
  if (header.snapshotCount === 0) return [];
  try {
    const snapshots = await readSnapshots(source, header, ctx);
    const length = snapshots.reduce((sum, { entryBytes }) => sum + entryBytes, 0);
    const range = { offset: header.snapshotsOffset, length: Math.min(length, source.size - header.snapshotsOffset) };
    yield* useTable(survey, range, "the snapshot table", "qcow2/bad-snapshots");
    return snapshots;
  } catch (cause) {
    yield findingOf(cause, ["limit-exceeded"], source.label);
    return [];
  }
}

async function* readL1(
  survey: Survey,
  l1: { readonly at: number; readonly entries: number; readonly name: string },
  into: Float64Array,
  copied: Uint8Array | null,
): AsyncGenerator<Diagnostic, void> {
  const { source, header, ctx } = survey;
  const length = l1.entries * 8;
  if (!(yield* useTable(survey, { offset: l1.at, length }, l1.name, "qcow2/bad-table"))) return;
  const bytes = await source.read(l1.at, length, ctx.signal);
  const view = viewOf(bytes);
  for (let i = 0; i < l1.entries; i++) {
    const [high, low] = [view.getUint32(8 * i), view.getUint32(8 * i + 4)];
    if (high === 0 && low === 0) continue;
    const spot: Spot = { file: source.label, offset: l1.at + 8 * i, field: `L1 entry ${i}` };
    // Bits 0 to 8 and 56 to 62.
    if (low % 512 !== 0 || Math.floor(high / 2 ** 24) % 128 !== 0) {
      yield findingAt("qcow2/reserved-bits", "error", spot, `entry ${i} of ${l1.name} has reserved bits set`);
    }
    const place = offsetAt(view, 8 * i);
    if (place === 0) continue;
    if (place % header.clusterBytes !== 0 || place + header.clusterBytes > source.size) {
      const where = `(byte ${place} of ${source.size})`;
      const message = `the L2 table of entry ${i} of ${l1.name} lies outside of the file or across clusters ${where}`;
      yield findingAt("qcow2/bad-table", "error", spot, message);
      continue;
    }
    into[i] = place;
    if (copied !== null && high >= 2 ** 31) copied[i] = 1;
  }
}

async function* readBitmaps(
  survey: Survey,
  { count, directory }: NonNullable<Qcow2Extensions["bitmaps"]>,
): AsyncGenerator<Diagnostic, void> {
  const { source, ctx } = survey;
  checkTableBytes(survey, directory.length, "the directory of bitmaps", directory.offset);
  if (!(yield* useTable(survey, directory, "the directory of bitmaps", "qcow2/bad-bitmaps"))) return;
  const bytes = await source.read(directory.offset, directory.length, ctx.signal);
  const view = viewOf(bytes);
  let at = 0;
  for (let i = 0; i < count; i++) {
    throwIfAborted(ctx.signal);
    const spot: Spot = { file: source.label, offset: directory.offset + at };
    if (at + BITMAP_ENTRY > bytes.length) {
      yield findingAt("qcow2/bad-bitmaps", "warning", spot, `the directory ends before bitmap ${i + 1} of ${count}`);
      return;
    }
    const place = offsetAt(view, at);
    const entries = view.getUint32(at + 8);
    yield* readBitmapTable(survey, { at: place, entries, name: `bitmap ${i + 1}` });
    at += Math.ceil((BITMAP_ENTRY + view.getUint16(at + 18) + view.getUint32(at + 20)) / 8) * 8;
  }
}

async function* readBitmapTable(
  survey: Survey,
  bitmap: { readonly at: number; readonly entries: number; readonly name: string },
): AsyncGenerator<Diagnostic, void> {
  const { source, header, usage, ctx } = survey;
  const length = bitmap.entries * 8;
  checkTableBytes(survey, length, `the table of ${bitmap.name}`, bitmap.at);
  const range = { offset: bitmap.at, length };
  if (!(yield* useTable(survey, range, `the table of ${bitmap.name}`, "qcow2/bad-bitmaps"))) return;
  const view = viewOf(await source.read(bitmap.at, length, ctx.signal));
  for (let i = 0; i < bitmap.entries; i++) {
    const place = offsetAt(view, 8 * i);
    if (place === 0) continue;
    const spot: Spot = { file: source.label, offset: bitmap.at + 8 * i, field: `entry ${i} of ${bitmap.name}` };
    if (place % header.clusterBytes !== 0 || !usage.holds(place)) {
      yield findingAt("qcow2/bad-bitmaps", "warning", spot, `a cluster of ${bitmap.name} lies outside of the file`);
    } else if (usage.use(place, header.clusterBytes, USE.table, 1) === "overlap") {
      yield findingAt("qcow2/overlap", "error", spot, `a cluster of ${bitmap.name} lies where another structure is`);
    }
  }
}
