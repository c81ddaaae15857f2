import type { Context } from "../io/context.js";
import type { VirtualDisk } from "./model.js";
import { readGuest } from "./read.js";

/** Guest bytes that are read at a time. */
const PAGE = 16 * 1024;
/** Pages of one look: 2 MiB. Partition tables and the folders of an EFI system partition are a fraction of it. */
const MOST_PAGES = 128;

/**
 * A look at a few places of a guest's disk. What the guest wrote leads from place to place, so there is an end to it: hostile structures
 * cost no more than honest ones.
 */
export class Glimpse {
  readonly #disk: VirtualDisk;
  readonly #ctx: Context;
  readonly #pages = new Map<number, Uint8Array>();

  constructor(disk: VirtualDisk, ctx: Context) {
    this.#disk = disk;
    this.#ctx = ctx;
  }

  /** Bytes of the disk. */
  get size(): number {
    return this.#disk.info.size;
  }

  /** Guest bytes; `null` where they do not lie on the disk, or where too much was looked at already. */
  async read(offset: number, length: number): Promise<Uint8Array | null> {
    if (!(Number.isSafeInteger(offset) && offset >= 0 && offset + length <= this.size)) return null;
    if (length > MOST_PAGES * PAGE) return null;
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
    if (this.#pages.size >= MOST_PAGES) return null;
    const offset = index * PAGE;
    const range = { offset, length: Math.min(PAGE, this.size - offset) };
    const page = await readGuest(this.#disk, range, this.#ctx);
    this.#pages.set(index, page);
    return page;
  }
}
