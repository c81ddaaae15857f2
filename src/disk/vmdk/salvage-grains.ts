import type { ByteRange } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { GrainTables } from "./grain-tables.js";

/** The word for a grain that is known to be lost: no sector of a file that has 32-bit tables. */
const LOST = 2 ** 32 - 1;

/** Guest bytes that cannot be had. */
export interface LostRange extends ByteRange {
  /** Whether data was stored for it. `false`: nobody can tell, it may have been zeros. */
  readonly certain: boolean;
}

/** Where grains lie that were found without tables: tables made anew, for as much of the guest's disk as was found. Four bytes a grain. */
export class FoundGrains {
  /** Grains of a table. */
  readonly entries: number;
  readonly #most: number;
  readonly #tables = new Map<number, Uint32Array>();
  #count = 0;

  /** @param tableBytes the memory that this may take */
  constructor(entries: number, tableBytes: number) {
    this.entries = entries;
    this.#most = tableBytes;
  }

  /** How many were found. */
  get count(): number {
    return this.#count;
  }

  /** Indices of the tables in which something was found, not sorted. */
  get tables(): Iterable<number> {
    return this.#tables.keys();
  }

  /** The sector of a grain; 0: none was found, or it is lost. */
  sector(grain: number): number {
    const word = this.#word(grain);
    return word === LOST ? 0 : word;
  }

  /** Whether a grain was there and is not whole. */
  isLost(grain: number): boolean {
    return this.#word(grain) === LOST;
  }

  /** Notes a grain. One that comes twice is lost: nobody can tell which of the two is right. @throws `io/limit` */
  add(grain: number, sector: number): void {
    const was = this.#word(grain);
    if (sector >= LOST) {
      throw new FerryError("io/limit", "the stream is longer than its tables can tell", {
        hint: "Sectors of a VMDK are numbers of 32 bits: the file is no stream.",
      });
    }
    this.#set(grain, was === 0 || was === sector ? sector : LOST);
    if (was === 0) this.#count++;
  }

  /** Marks a grain as lost. @throws `io/limit` */
  lose(grain: number): void {
    this.#set(grain, LOST);
  }

  /** Tables for reading what was found; they change with it. @param count tables of the disk */
  asTables(count: number): GrainTables {
    return {
      count,
      entries: this.entries,
      exists: (index) => this.#tables.has(index),
      table: async (index) =>
        (this.#tables.get(index) ?? new Uint32Array(this.entries)).map((word) => (word === LOST ? 0 : word)),
    };
  }

  #word(grain: number): number {
    return this.#tables.get(Math.floor(grain / this.entries))?.[grain % this.entries] ?? 0;
  }

  #set(grain: number, word: number): void {
    const index = Math.floor(grain / this.entries);
    let table = this.#tables.get(index);
    if (table === undefined) {
      if ((this.#tables.size + 1) * this.entries * 4 > this.#most) {
        throw new FerryError("io/limit", "the grains of the stream are too many for the memory allowed", {
          hint: "Raise the limit tableBytes if the stream is trusted.",
        });
      }
      table = new Uint32Array(this.entries);
      this.#tables.set(index, table);
    }
    table[grain % this.entries] = word;
  }
}
