import { SECTOR, viewOf } from "../../base/bytes.js";
import { FerryError, throwIfAborted } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import { findFooter } from "./footer.js";
import { GD_AT_END, grainBytes, type SparseHeader } from "./header.js";
import { GRAIN_MARKER_BYTES } from "./kernel.js";
import type { FoundGrains } from "./salvage-grains.js";

/** Entries that name another place than the one where their grain was found, and are looked at one by one, at most. */
const MOST_DISPUTES = 4096;
/** Entries of a table without a place in the guest's disk that are tried for one, at most. */
const MOST_TRIES = 16;
/** A grain table entry that stands for zeros, where the header's flag says so. */
const ZEROED_GRAIN = 1;

/**
 * What tables say of grains. They are not trusted: what is found decides which grains there are, and tables only which of the others are lost.
 */
export interface Claims {
  /** Indices of the tables that were read, not sorted. */
  readonly tables: Iterable<number>;
  /** The sector that a table names for a grain; 0: none. */
  sector(grain: number): number;
  /** Whether a table that names all that was found around it says that nothing is stored for a grain. */
  provesZero(grain: number): boolean;
  /** Whether the directory says so of a whole table. */
  provesEmpty(table: number): boolean;
}

/**
 * Reads what there is of grain directory and grain tables: those that header or footer name, and those that the walk came across.
 * @param strays sectors of tables whose place in the guest's disk only their entries tell
 * @throws `io/limit`, `vmdk/bad-header`
 */
export async function readClaims(
  source: ByteSource,
  header: SparseHeader,
  found: FoundGrains,
  strays: readonly number[],
  ctx: Context,
): Promise<Claims> {
  const { tableEntries: entries } = header;
  const most = ctx.limits.tableBytes;
  const tables = new Map<number, Uint32Array>();
  const keep = (index: number, words: Uint32Array): void => {
    if ((tables.size + 1) * entries * 4 > most) {
      throw new FerryError("io/limit", "the grain tables of the stream are too many for the memory allowed", {
        hint: "Raise the limit tableBytes if the stream is trusted.",
      });
    }
    tables.set(index, words);
  };
  const count = Math.ceil(header.capacitySectors / (entries * header.grainSectors));
  const directory = await readDirectory(source, header, count, ctx);
  for (const [index, sector] of directory.entries()) {
    throwIfAborted(ctx.signal);
    const words = sector === 0 ? null : await readWords(source, sector, entries, ctx);
    if (words !== null) keep(index, words);
  }
  for (const sector of strays) {
    throwIfAborted(ctx.signal);
    const words = await readWords(source, sector, entries, ctx);
    const index = words === null ? null : await placeOf(words, source, header, found, ctx);
    if (words !== null && index !== null && !tables.has(index)) keep(index, words);
  }
  const zeroed = (word: number): boolean => word === ZEROED_GRAIN && header.flags.zeroedGrains;

  // Tables of a writer that was stopped are all zeros: those prove nothing, unless the file has room for nothing else. So do those that leave out a grain that is there.
  let confirmed = 0;
  const complete = new Set<number>();
  for (const [index, words] of tables) {
    let [named, unnamed] = [0, 0];
    for (const [i, word] of words.entries()) {
      const sector = found.sector(index * entries + i);
      if (sector !== 0 && sector === word) named++;
      if (sector !== 0 && word === 0) unnamed++;
    }
    confirmed += named;
    if (unnamed === 0) complete.add(index);
  }
  const empty = source.size <= (header.overheadSectors + 1) * SECTOR;
  const trusted = confirmed === 0 ? empty : confirmed * 2 >= found.count;
  const inhabited = new Set(found.tables);
  const claims: Claims = {
    tables: tables.keys(),
    sector(grain): number {
      const word = tables.get(Math.floor(grain / entries))?.[grain % entries] ?? 0;
      return zeroed(word) ? 0 : word;
    },
    provesZero(grain): boolean {
      const index = Math.floor(grain / entries);
      const word = tables.get(index)?.[grain % entries];
      if (word === undefined) return claims.provesEmpty(index);
      return trusted && complete.has(index) && (word === 0 || zeroed(word));
    },
    provesEmpty: (table) => trusted && directory[table] === 0 && !inhabited.has(table),
  };
  return claims;
}

/**
 * Marks grains as lost whose marker says another place than a table does: one of the two is wrong, and nobody can tell which.
 */
export async function settleDisputes(
  source: ByteSource,
  header: SparseHeader,
  found: FoundGrains,
  claims: Claims,
  ctx: Context,
): Promise<void> {
  const { tableEntries: entries } = header;
  let looked = 0;
  for (const index of claims.tables) {
    throwIfAborted(ctx.signal);
    for (let grain = index * entries; grain < (index + 1) * entries; grain++) {
      const sector = claims.sector(grain);
      if (sector === 0 || found.sector(grain) === sector) continue;
      if (++looked > MOST_DISPUTES) return;
      const other = await grainAt(source, sector, header, ctx);
      if (other !== null && found.sector(other) === sector && claims.sector(other) !== sector) found.lose(other);
    }
  }
}

/** The words of the directory that are in the file. */
async function readDirectory(
  source: ByteSource,
  header: SparseHeader,
  count: number,
  ctx: Context,
): Promise<Uint32Array> {
  if (count * 4 > ctx.limits.tableBytes) {
    throw new FerryError("io/limit", `the grain directory would take ${count * 4} bytes`, {
      location: { at: "bytes", file: source.label, offset: 12, field: "capacity" },
      hint: "The header is damaged or hostile; raise the limit tableBytes if the disk is trusted.",
    });
  }
  let sector = header.directorySector;
  if (sector === GD_AT_END) {
    try {
      sector = (await findFooter(source, header, ctx.signal)).directorySector;
    } catch (cause) {
      if (cause instanceof FerryError && cause.kind === "corrupt") return new Uint32Array(0);
      throw cause;
    }
  }
  return sector === 0 ? new Uint32Array(0) : wordsAt(source, sector, count, ctx);
}

/** A whole table; `null`: it is not in the file. */
async function readWords(
  source: ByteSource,
  sector: number,
  entries: number,
  ctx: Context,
): Promise<Uint32Array | null> {
  const words = await wordsAt(source, sector, entries, ctx);
  return words.length === entries ? words : null;
}

async function wordsAt(source: ByteSource, sector: number, most: number, ctx: Context): Promise<Uint32Array> {
  const count = Math.max(0, Math.min(most, Math.floor((source.size - sector * SECTOR) / 4)));
  const words = new Uint32Array(count);
  const view = viewOf(await source.read(count === 0 ? 0 : sector * SECTOR, count * 4, ctx.signal));
  for (let i = 0; i < count; i++) words[i] = view.getUint32(4 * i, true);
  return words;
}

/** The grain that a sector's marker is of. */
async function grainAt(source: ByteSource, sector: number, header: SparseHeader, ctx: Context): Promise<number | null> {
  if ((sector + 1) * SECTOR > source.size) return null;
  const view = viewOf(await source.read(sector * SECTOR, GRAIN_MARKER_BYTES, ctx.signal));
  const guest = view.getUint32(4, true) * 2 ** 32 + view.getUint32(0, true);
  return guest % header.grainSectors === 0 ? (guest * SECTOR) / grainBytes(header) : null;
}

/** The index of a table, by the first of its entries under which a grain was found. */
async function placeOf(
  words: Uint32Array,
  source: ByteSource,
  header: SparseHeader,
  found: FoundGrains,
  ctx: Context,
): Promise<number | null> {
  let tries = 0;
  for (const [i, sector] of words.entries()) {
    if (sector === 0) continue;
    if (++tries > MOST_TRIES) return null;
    const grain = await grainAt(source, sector, header, ctx);
    if (grain !== null && grain % words.length === i && found.sector(grain) === sector) {
      return Math.floor(grain / words.length);
    }
  }
  return null;
}
