import type { Context } from "../io/context.js";
import type { VirtualDisk } from "./model.js";
import { readGuest } from "./read.js";

/** Guest bytes that are read at a time. */
const PAGE = 16 * 1024;
/** Bytes of one look, unless it is told another number. Partition tables and the folders of an EFI system partition are a fraction of it. */
const MOST_BYTES = 2 * 1024 * 1024;

/**
 * A look at a few places of a guest's disk. What the guest wrote leads from place to place, so there is an end to it: hostile structures
 * cost no more than honest ones.
 */
export class Glimpse {
  readonly #disk: VirtualDisk;
  readonly #ctx: Context;
  readonly #pages = new Map<number, Uint8Array>();
  readonly #mostPages: number;
  #spent = false;

  /** `mostBytes`: what it may read of the disk, in pages of 16 KiB. */
  constructor(disk: VirtualDisk, ctx: Context, mostBytes: number = MOST_BYTES) {
    this.#disk = disk;
    this.#ctx = ctx;
    this.#mostPages = Math.ceil(mostBytes / PAGE);
  }

  /** Whether something was not read since too much had been read already. */
  get spent(): boolean {
    return this.#spent;
  }

  /** Bytes of the disk. */
  get size(): number {
    return this.#disk.info.size;
  }

  /** Guest bytes; `null` where they do not lie on the disk, or where too much was looked at already. */
  async read(offset: number, length: number): Promise<Uint8Array | null> {
    if (!(Number.isSafeInteger(offset) && offset >= 0 && offset + length <= this.size)) return null;
    if (length > this.#mostPages * PAGE) {
      this.#spent = true;
      return null;
    }
    const bytes = new Uint8Array(length);
    for (let at = offset; at < offset + length; ) {
      const index = Math.floor(at / PAGE);
      const page = await this.#page(index);
      if (page === null) return null;
      const from = at - index * PAGE;
      const piece = page.subarray(from, from + offset + length - at);
      bytes.set(piece, at - offset);
      at += piece.length;
    }
    return bytes;
  }

  async #page(index: number): Promise<Uint8Array | null> {
    const known = this.#pages.get(index);
    if (known !== undefined) return known;
    if (this.#pages.size >= this.#mostPages) {
      this.#spent = true;
      return null;
    }
    const offset = index * PAGE;
    const range = { offset, length: Math.min(PAGE, this.size - offset) };
    const page = await readGuest(this.#disk, range, this.#ctx);
    this.#pages.set(index, page);
    return page;
  }
}
