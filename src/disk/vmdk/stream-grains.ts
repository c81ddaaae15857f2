import { concatBytes } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import { memorySource } from "../../io/sources/memory.js";
import { segmentEnd } from "../cells.js";
import type { ReadOp } from "../model.js";
import { grainKernel } from "./kernel.js";

/** Grains of a page: a bit each. */
const PAGE_GRAINS = 65_536;

/** Which grains have come. One bit a grain, by pages. */
export class SeenGrains {
  readonly #most: number;
  readonly #pages = new Map<number, Uint8Array>();
  #count = 0;

  /** @param tableBytes the memory that this may take */
  constructor(tableBytes: number) {
    this.#most = tableBytes;
  }

  /** How many have come. */
  get count(): number {
    return this.#count;
  }

  /** Notes a grain; `false`: it has come before. @throws `io/limit` */
  add(grain: number): boolean {
    const index = Math.floor(grain / PAGE_GRAINS);
    let page = this.#pages.get(index);
    if (page === undefined) {
      if (((this.#pages.size + 1) * PAGE_GRAINS) / 8 > this.#most) {
        throw new FerryError("io/limit", "the grains of the stream are too many for the memory allowed", {
          hint: "Raise the limit tableBytes if the stream is trusted.",
        });
      }
      page = new Uint8Array(PAGE_GRAINS / 8);
      this.#pages.set(index, page);
    }
    const at = grain % PAGE_GRAINS;
    const bit = 1 << (at % 8);
    const byte = page[Math.floor(at / 8)] as number;
    if ((byte & bit) !== 0) return false;
    page[Math.floor(at / 8)] = byte | bit;
    this.#count++;
    return true;
  }
}

/** Gathers grains that follow each other in the guest, up to a segment's end, for one read. */
export class GrainBatch {
  readonly #grain: number;
  readonly #size: number;
  readonly #label: string;
  #start = 0;
  #places: number[] = [];
  #parts: Uint8Array[] = [];
  #bytes = 0;

  /** @param size guest bytes of the disk: the last grain may reach past them */
  constructor(grain: number, size: number, label: string) {
    this.#grain = grain;
    this.#size = size;
    this.#label = label;
  }

  /** Whether a grain goes on where the batch ends. */
  takes(guest: number): boolean {
    const grains = this.#places.length / 2;
    return grains === 0 || (guest === this.#start + grains * this.#grain && guest < segmentEnd(this.#start));
  }

  /** Adds a grain of `stored` bytes, marker included; the bytes of `parts` may be more: padding. */
  add(guest: number, stored: number, parts: readonly Uint8Array[]): void {
    if (this.#places.length === 0) this.#start = guest;
    this.#places.push(this.#bytes, stored);
    for (const part of parts) {
      this.#parts.push(part);
      this.#bytes += part.length;
    }
  }

  /** The read of all that was gathered; starts anew. */
  *flush(): Iterable<ReadOp> {
    if (this.#places.length === 0) return;
    const grains = this.#places.length / 2;
    const op: ReadOp = {
      kernel: grainKernel.id,
      source: memorySource(concatBytes(this.#parts), this.#label),
      unitBytes: this.#grain,
      table: Float64Array.from(this.#places),
      skip: 0,
      outOffset: this.#start,
      length: Math.min(grains * this.#grain, this.#size - this.#start),
    };
    this.#places = [];
    this.#parts = [];
    this.#bytes = 0;
    yield op;
  }
}
