import { viewOf } from "../../base/bytes.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { throwIfAborted } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import { findingAt, type Spot } from "../findings.js";
import { l2Span, pieceBytes, type Qcow2Header } from "./header.js";
import type { SurveyedImage } from "./places.js";
import { type L2Table, PIECE, parseL2Table } from "./tables.js";
import { USE } from "./usage.js";

/** Bytes of L2 tables that one read fetches at most. */
const READ_SPAN = 256 * 1024;

/** The place of an L2 table, with all that name it. */
export interface TablePlace {
  readonly place: number;
  /** Entries of L1 tables that name it. */
  readonly times: number;
  /** The first entry of the active L1 table that names it; `null`: none does. */
  readonly active: number | null;
  /** How many entries of the active L1 table name it. */
  readonly activeTimes: number;
}

/** An L2 table that was read. */
export interface NamedTable extends TablePlace {
  readonly bytes: Uint8Array;
}

/** The place of every L2 table once, in the order of the file. A table that many snapshots share is one. */
function* tablePlaces({ header, l2 }: SurveyedImage, which: "all" | "active"): Iterable<TablePlace> {
  const wanted = which === "all" ? l2 : l2.subarray(0, header.l1Entries);
  let count = 0;
  for (const place of wanted) if (place !== 0) count++;
  const order = new Uint32Array(count);
  let filled = 0;
  for (let i = 0; i < wanted.length; i++) if (wanted[i] !== 0) order[filled++] = i;
  const placeOf = (at: number): number => wanted[order[at] as number] as number;
  // Indexes stay in order among equal places: the first one is the active table's, where it names the table.
  order.sort((a, b) => (wanted[a] as number) - (wanted[b] as number) || a - b);
  for (let first = 0; first < count; ) {
    const place = placeOf(first);
    let next = first;
    let activeTimes = 0;
    for (; next < count && placeOf(next) === place; next++)
      if ((order[next] as number) < header.l1Entries) activeTimes++;
    yield { place, times: next - first, active: activeTimes > 0 ? (order[first] as number) : null, activeTimes };
    first = next;
  }
}

/** Every L2 table once, in the order of the file; neighbours are read together. */
export async function* namedTables(
  image: SurveyedImage,
  which: "all" | "active",
  ctx: Context,
): AsyncIterable<NamedTable> {
  const { source, header } = image;
  const { clusterBytes } = header;
  const most = Math.max(1, Math.floor(READ_SPAN / clusterBytes));
  let waiting: TablePlace[] = [];
  const read = async (): Promise<NamedTable[]> => {
    const [first] = waiting;
    if (first === undefined) return [];
    const bytes = await source.read(first.place, waiting.length * clusterBytes, ctx.signal);
    return waiting.map((table, i) => ({ ...table, bytes: bytes.subarray(i * clusterBytes, (i + 1) * clusterBytes) }));
  };
  for (const table of tablePlaces(image, which)) {
    throwIfAborted(ctx.signal);
    const last = waiting.at(-1);
    if (last !== undefined && (waiting.length >= most || last.place + clusterBytes !== table.place)) {
      yield* await read();
      waiting = [];
    }
    waiting.push(table);
  }
  yield* await read();
}

/** Counts the clusters of every L2 table, and finds what is wrong with them. */
export async function* surveyTables(image: SurveyedImage, ctx: Context): AsyncIterable<Diagnostic> {
  const { source, header, usage } = image;
  // All tables first, so that data which lies in one of them is found.
  for (const table of tablePlaces(image, "all")) {
    throwIfAborted(ctx.signal);
    const spot: Spot = { file: source.label, offset: table.place, field: "L2 table" };
    if (usage.use(table.place, header.clusterBytes, USE.table, table.times) === "overlap") {
      yield findingAt("qcow2/overlap", "error", spot, "an L2 table lies where another structure is");
    }
    if (table.activeTimes > 1) {
      const message = `${table.activeTimes} parts of the guest's disk share one L2 table`;
      yield findingAt("qcow2/shared-cluster", "warning", spot, message);
    }
  }
  for await (const table of namedTables(image, "all", ctx)) yield* surveyEntries(image, table);
}

function* surveyEntries({ source, header, usage }: SurveyedImage, table: NamedTable): Iterable<Diagnostic> {
  const { clusterBytes, extendedL2, externalData } = header;
  const view = viewOf(table.bytes);
  const parsed = parseL2Table(table.bytes, header);
  const entryBytes = extendedL2 ? 16 : 8;
  for (let i = 0; i < parsed.places.length; i++) {
    const at = i * entryBytes;
    const [high, low] = [view.getUint32(at), view.getUint32(at + 4)];
    const [zeros, stored] = extendedL2 ? [view.getUint32(at + 8), view.getUint32(at + 12)] : [0, 0];
    if (high === 0 && low === 0 && zeros === 0 && stored === 0) continue;
    const place = parsed.places[i] as number;
    const guest = table.active === null ? null : table.active * l2Span(header) + i * clusterBytes;
    const of = guest === null ? "of a snapshot" : `at guest offset ${guest}`;
    const spot: Spot = { file: source.label, offset: table.place + at, field: `L2 entry ${i}` };
    const bad = (message: string): Diagnostic => findingAt("qcow2/bad-cluster", "error", spot, message);
    if (Math.floor(high / 2 ** 30) % 2 === 1) {
      const length = parsed.packedBytes?.[i] ?? 0;
      if (externalData || zeros !== 0 || stored !== 0) yield bad(`the cluster ${of} must not be compressed`);
      if (high >= 2 ** 31) {
        yield findingAt("qcow2/copied-flag", "error", spot, `the compressed cluster ${of} has the copied flag`);
      }
      // The last stream of a file may announce sectors past its end.
      if (place >= source.size || place + length - source.size > clusterBytes) {
        yield bad(`the compressed cluster ${of} lies outside of the file (byte ${place} of ${source.size})`);
      } else if (usage.use(place, length, USE.packed, table.times) === "overlap") {
        yield findingAt("qcow2/overlap", "error", spot, `the compressed cluster ${of} lies where another structure is`);
      }
      continue;
    }
    if (hasReservedBits(high, low, header)) {
      yield findingAt("qcow2/reserved-bits", "error", spot, `the entry of the cluster ${of} has reserved bits set`);
    }
    if (extendedL2 && sharesBits(zeros, stored)) yield bad(`parts of the cluster ${of} are both stored and zeros`);
    if (place === 0) {
      if (stored !== 0 && !externalData) yield bad(`parts of the cluster ${of} are stored nowhere`);
      continue;
    }
    if (place % clusterBytes !== 0) {
      yield bad(`the cluster ${of} lies across clusters of the file (byte ${place})`);
      continue;
    }
    if (externalData) continue;
    const needed = neededBytes(parsed, i, guest, header);
    if (!usage.holds(place) || place + needed > source.size) {
      yield bad(`the cluster ${of} lies outside of the file (bytes ${place} to ${place + needed} of ${source.size})`);
      if (!usage.holds(place)) continue;
    }
    const verdict = usage.use(place, clusterBytes, USE.data, table.times, table.active === null ? "other" : "active");
    if (verdict === "overlap") {
      yield findingAt(
        "qcow2/overlap",
        "error",
        spot,
        `the cluster ${of} lies where another structure is (byte ${place})`,
      );
    } else if (verdict === "shared") {
      const message = `the cluster ${of} is another one's too (byte ${place})`;
      yield findingAt("qcow2/shared-cluster", "warning", spot, message);
    }
  }
}

/** Bits 1 to 8 and 56 to 61; bit 0 where it does not mean zeros. */
function hasReservedBits(high: number, low: number, header: Qcow2Header): boolean {
  const zeroFlag = header.version === 3 && !header.extendedL2;
  return Math.floor(high / 2 ** 24) % 64 !== 0 || (low % 512) - (zeroFlag ? low % 2 : 0) !== 0;
}

function sharesBits(a: number, b: number): boolean {
  for (let bit = 1; bit < 2 ** 32; bit *= 2) {
    if (Math.floor(a / bit) % 2 === 1 && Math.floor(b / bit) % 2 === 1) return true;
  }
  return false;
}

/** Bytes of a cluster that have to be in the file: up to the last stored piece, and no further than the guest's disk reaches. */
function neededBytes(table: L2Table, entry: number, guest: number | null, header: Qcow2Header): number {
  const piece = pieceBytes(header);
  const parts = header.clusterBytes / piece;
  let needed = 0;
  for (let part = parts - 1; part >= 0 && needed === 0; part--) {
    if (table.kinds[entry * parts + part] === PIECE.plain) needed = (part + 1) * piece;
  }
  // Saved machine states lie past the end of the disk, and snapshots may be of a smaller one.
  if (guest === null || guest >= header.size) return 0;
  return Math.min(needed, Math.ceil((header.size - guest) / 512) * 512);
}
