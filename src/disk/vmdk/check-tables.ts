/** What is wrong with a grain directory, its tables and where their grains lie. */
import { alignUp, SECTOR, viewOf } from "../../base/bytes.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError, throwIfAborted } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import { findingAt } from "../findings.js";

/** Bytes of tables that one read fetches at most. */
const READ_BYTES = 256 * 1024;

/** A directory of an extent, to be checked. Places in sectors. */
export interface CheckedTables {
  readonly directory: number;
  readonly count: number;
  readonly entries: number;
  /** Sectors of a plain grain; 1 where grains are packed, whose markers tell how long they are. */
  readonly grainSectors: number;
  /** Guest sectors of a grain, where `grainSectors` speaks of packed ones. */
  readonly guestGrainSectors?: number;
  readonly zeroedGrains: boolean;
  /** Guest sectors. */
  readonly capacitySectors: number;
}

/** What to do about findings that need not mean damage. */
export const MAY_BE_RIGHT: string = "What the guest reads may be right; compare the file with its source.";

/** Numbers that are collected: four bytes each, bounded. */
class Sectors {
  #values = new Uint32Array(1024);
  #count = 0;

  add(value: number, ctx: Context): void {
    if (this.#count === this.#values.length) {
      if (this.#count * 8 > ctx.limits.tableBytes) {
        throw new FerryError("io/limit", `more than ${this.#count} grains are named`, {
          hint: "Raise the limit tableBytes if the disk is trusted.",
        });
      }
      const wider = new Uint32Array(this.#count * 2);
      wider.set(this.#values);
      this.#values = wider;
    }
    this.#values[this.#count++] = value;
  }

  sorted(): Uint32Array {
    return this.#values.subarray(0, this.#count).sort();
  }
}

/** The entries of a directory. @returns `null` where it lies outside of the file, which is a finding. @throws `io/limit` */
export async function* readDirectoryEntries(
  source: ByteSource,
  tables: Pick<CheckedTables, "directory" | "count">,
  ctx: Context,
): AsyncGenerator<Diagnostic, Uint32Array | null> {
  const { directory, count } = tables;
  const length = count * 4;
  if (length > ctx.limits.tableBytes) {
    throw new FerryError("io/limit", `the grain directory would take ${length} bytes`, {
      location: { at: "bytes", file: source.label, offset: 12, field: "capacity" },
      hint: "The header is damaged or hostile; raise the limit tableBytes if the disk is trusted.",
    });
  }
  const at = directory * SECTOR;
  if ((directory === 0 && count > 0) || at + length > source.size) {
    const message = `the grain directory ends past the end of the file, or is not named (byte ${at + length} of ${source.size})`;
    yield findingAt("vmdk/bad-table", "error", { file: source.label, offset: at }, message);
    return null;
  }
  return wordsOf(count === 0 ? new Uint8Array(0) : await source.read(at, length, ctx.signal));
}

/** Little-endian words. */
export function wordsOf(bytes: Uint8Array): Uint32Array {
  const view = viewOf(bytes);
  const words = new Uint32Array(Math.floor(bytes.length / 4));
  for (let i = 0; i < words.length; i++) words[i] = view.getUint32(4 * i, true);
  return words;
}

/** One grain of a table. */
export interface NamedGrain {
  /** Number of the grain in the guest's disk. */
  readonly grain: number;
  readonly sector: number;
  /** In the file, of the entry. */
  readonly at: number;
}

/**
 * Checks directory and tables: places, tables that overlap, grains past the end of the file or over each other.
 * @param visit is called for every stored grain that lies in the file
 */
export async function* checkTables(
  source: ByteSource,
  tables: CheckedTables,
  visit: (grain: NamedGrain) => Diagnostic | null,
  ctx: Context,
): AsyncIterable<Diagnostic> {
  const directory = yield* readDirectoryEntries(source, tables, ctx);
  if (directory === null) return;
  const { entries, grainSectors } = tables;
  const tableBytes = entries * 4;
  const taken = new Sectors();
  for (const [i, sector] of directory.entries()) {
    if (sector === 0) continue;
    if (sector * SECTOR + tableBytes <= source.size) {
      taken.add(sector, ctx);
      continue;
    }
    const at = { offset: tables.directory * SECTOR + 4 * i, field: `grain directory entry ${i}` };
    yield findingAt(
      "vmdk/bad-table",
      "error",
      { file: source.label, ...at },
      `grain table ${i} lies past the end of the file (sector ${sector})`,
    );
  }
  let overlaps = false;
  for (const finding of overlapsOf(taken.sorted(), alignUp(tableBytes, SECTOR) / SECTOR, "grain tables", source)) {
    overlaps = true;
    yield finding;
  }
  // Tables that overlap would be read again and again, and their grains would all seem to overlap.
  if (overlaps) return;
  const grains = new Sectors();
  const guestSectors = tables.guestGrainSectors ?? grainSectors;
  const wholeGrains = Math.ceil(tables.capacitySectors / guestSectors);
  for await (const { index, words, sector } of eachTable(source, directory, tableBytes, ctx)) {
    for (let entry = 0; entry < words.length; entry++) {
      const place = words[entry] as number;
      if (place === 0 || (place === 1 && tables.zeroedGrains)) continue;
      const grain = index * entries + entry;
      const at = sector * SECTOR + 4 * entry;
      const where = { offset: at, field: `grain ${grain}` };
      if (grain >= wholeGrains) {
        yield findingAt(
          "vmdk/bad-grain",
          "warning",
          { file: source.label, ...where, hint: MAY_BE_RIGHT },
          `grain ${grain} lies past the end of the guest's disk`,
        );
        continue;
      }
      // The last grain may be cut by the end of the file as far as the disk reaches.
      const needed = Math.min(grainSectors, tables.capacitySectors - grain * grainSectors);
      if ((place + Math.max(1, needed)) * SECTOR > alignUp(source.size, SECTOR)) {
        const message = `grain ${grain} lies past the end of the file (sector ${place} of ${Math.ceil(source.size / SECTOR)})`;
        yield findingAt("vmdk/bad-grain", "error", { file: source.label, ...where }, message);
        continue;
      }
      grains.add(place, ctx);
      const finding = visit({ grain, sector: place, at });
      if (finding !== null) yield finding;
    }
  }
  yield* overlapsOf(grains.sorted(), grainSectors, "grains", source);
}

function* overlapsOf(sorted: Uint32Array, sectors: number, what: string, source: ByteSource): Iterable<Diagnostic> {
  for (let i = 1; i < sorted.length; i++) {
    const [before, here] = [sorted[i - 1] as number, sorted[i] as number];
    if (here - before >= sectors) continue;
    const message = `two ${what} lie over each other (sectors ${before} and ${here})`;
    yield findingAt("vmdk/overlap", "error", { file: source.label, offset: here * SECTOR }, message);
  }
}

/** Tables that lie in the file, neighbours read together. */
async function* eachTable(
  source: ByteSource,
  directory: Uint32Array,
  tableBytes: number,
  ctx: Context,
): AsyncIterable<{ readonly index: number; readonly sector: number; readonly words: Uint32Array }> {
  const most = Math.max(1, Math.floor(READ_BYTES / tableBytes));
  for (let index = 0; index < directory.length; ) {
    throwIfAborted(ctx.signal);
    const sector = directory[index] as number;
    if (sector === 0 || sector * SECTOR + tableBytes > source.size) {
      index++;
      continue;
    }
    let count = 1;
    while (
      count < most &&
      index + count < directory.length &&
      (directory[index + count] as number) * SECTOR === sector * SECTOR + count * tableBytes &&
      sector * SECTOR + (count + 1) * tableBytes <= source.size
    ) {
      count++;
    }
    const words = wordsOf(await source.read(sector * SECTOR, count * tableBytes, ctx.signal));
    const entries = tableBytes / 4;
    for (let i = 0; i < count; i++) {
      yield {
        index: index + i,
        sector: sector + (i * tableBytes) / SECTOR,
        words: words.subarray(i * entries, (i + 1) * entries),
      };
    }
    index += count;
  }
}
