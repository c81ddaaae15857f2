/** Where the clusters of one device lie in a VMA. They come in the order in which they were read, not in that of the disk. */
import type { ByteRange } from "../../base/bytes.js";
import { VMA_CLUSTER } from "./header.js";

/** Bytes of a block, of which a cluster has sixteen. */
export const VMA_BLOCK = 4096;
const BLOCKS = 16;
/** Bytes that one cluster takes in memory: number, place, blocks, order. */
const CLUSTER_COST = 4 + 8 + 2 + 4;
/** Bytes of a page of bits. */
const PAGE = 4096;

/** The clusters of a device that grow while the archive is read, and are looked up afterwards. */
export class Clusters {
  #numbers = new Uint32Array(16);
  #places = new Float64Array(16);
  #masks = new Uint16Array(16);
  #count = 0;
  #sorted = true;
  /** A bit for each cluster that came, by pages: a device may claim to be far larger than its file. */
  readonly #seen = new Map<number, Uint8Array>();
  readonly #total: number;
  readonly #size: number;
  #came = 0;

  /** @param size bytes of the device */
  constructor(size: number) {
    this.#size = size;
    this.#total = Math.ceil(size / VMA_CLUSTER);
  }

  /** Clusters of the device. */
  get total(): number {
    return this.#total;
  }

  /** Clusters that no extent has. */
  get missing(): number {
    return this.#total - this.#came;
  }

  /** Bytes that all this takes in memory. */
  get heldBytes(): number {
    return this.#numbers.length * CLUSTER_COST + this.#seen.size * PAGE;
  }

  /** The first cluster that no extent has; `null`: none is missing. */
  firstMissing(): number | null {
    if (this.missing === 0) return null;
    for (let page = 0; ; page++) {
      const bits = this.#seen.get(page);
      if (bits === undefined) return page * PAGE * 8;
      const byte = bits.findIndex((value) => value !== 0xff);
      if (byte < 0) continue;
      let bit = 0;
      while (((bits[byte] as number) & (1 << bit)) !== 0) bit++;
      return (page * PAGE + byte) * 8 + bit;
    }
  }

  /**
   * Takes a cluster.
   * @param mask a bit for each block that is stored, the first one lowest; others are zeros
   * @returns what is wrong with it, and then it is left out
   */
  add(number: number, place: number, mask: number): "outside" | "twice" | null {
    if (number >= this.#total) return "outside";
    const page = Math.floor(number / (8 * PAGE));
    let bits = this.#seen.get(page);
    if (bits === undefined) {
      bits = new Uint8Array(PAGE);
      this.#seen.set(page, bits);
    }
    const byte = Math.floor(number / 8) % PAGE;
    const bit = 1 << (number % 8);
    const seen = bits[byte] as number;
    if ((seen & bit) !== 0) return "twice";
    bits[byte] = seen | bit;
    this.#came++;
    if (mask === 0) return null;
    if (this.#count === this.#numbers.length) this.#grow();
    if (this.#count > 0 && (this.#numbers[this.#count - 1] as number) > number) this.#sorted = false;
    this.#numbers[this.#count] = number;
    this.#places[this.#count] = place;
    this.#masks[this.#count] = mask;
    this.#count++;
    return null;
  }

  /** Brings the clusters into the order of the disk: once, after the last one. */
  finish(): void {
    if (this.#sorted) return;
    const [numbers, places, masks] = [this.#numbers, this.#places, this.#masks];
    const order = new Uint32Array(this.#count).map((_, i) => i);
    order.sort((a, b) => (numbers[a] as number) - (numbers[b] as number));
    this.#numbers = new Uint32Array(this.#count);
    this.#places = new Float64Array(this.#count);
    this.#masks = new Uint16Array(this.#count);
    for (const [to, from] of order.entries()) {
      this.#numbers[to] = numbers[from] as number;
      this.#places[to] = places[from] as number;
      this.#masks[to] = masks[from] as number;
    }
    this.#sorted = true;
  }

  /** Triples (guest offset, source offset, length) of what is stored of a range, merged. */
  runs(range: ByteRange): Float64Array {
    const end = Math.min(range.offset + range.length, this.#size);
    const found: number[] = [];
    for (let i = this.#firstFrom(Math.floor(range.offset / VMA_CLUSTER)); i < this.#count; i++) {
      const guest = (this.#numbers[i] as number) * VMA_CLUSTER;
      if (guest >= end) break;
      let place = this.#places[i] as number;
      const mask = this.#masks[i] as number;
      for (let block = 0; block < BLOCKS; block++) {
        if ((mask & (1 << block)) === 0) continue;
        const from = Math.max(range.offset, guest + block * VMA_BLOCK);
        const to = Math.min(end, guest + (block + 1) * VMA_BLOCK);
        if (to > from) push(found, from, place + (from - guest - block * VMA_BLOCK), to - from);
        place += VMA_BLOCK;
      }
    }
    return Float64Array.from(found);
  }

  /** The place among the stored clusters of the first that has this number, or a higher one. */
  #firstFrom(number: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((this.#numbers[middle] as number) < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #grow(): void {
    const wider = <A extends Uint32Array | Float64Array | Uint16Array>(old: A, made: A): A => {
      made.set(old);
      return made;
    };
    const length = 2 * this.#count;
    this.#numbers = wider(this.#numbers, new Uint32Array(length));
    this.#places = wider(this.#places, new Float64Array(length));
    this.#masks = wider(this.#masks, new Uint16Array(length));
  }
}

/** Adds a run, to the last one where it goes on there in the guest and in the file. */
function push(runs: number[], guest: number, place: number, length: number): void {
  const last = runs.length - 3;
  if (last >= 0) {
    const before = runs[last + 2] as number;
    if ((runs[last] as number) + before === guest && (runs[last + 1] as number) + before === place) {
      runs[last + 2] = before + length;
      return;
    }
  }
  runs.push(guest, place, length);
}
