import { viewOf } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import { BLOCK_ENTRIES, CLUSTER } from "./layout.js";

/** The most that a 16-bit reference count holds. */
const MOST = 0xffff;

/** Reference counts of a file while it grows: two bytes for each of its clusters. */
export class RefcountBlocks {
  readonly #blocks: DataView[] = [];

  /** Counts a use of every cluster that a stretch of the file touches. */
  use(at: number, length: number): void {
    if (length === 0) return;
    const last = Math.floor((at + length - 1) / CLUSTER);
    for (let cluster = Math.floor(at / CLUSTER); cluster <= last; cluster++) {
      const block = Math.floor(cluster / BLOCK_ENTRIES);
      while (this.#blocks.length <= block) this.#blocks.push(viewOf(new Uint8Array(CLUSTER)));
      const view = this.#blocks[block] as DataView;
      const field = 2 * (cluster % BLOCK_ENTRIES);
      const count = view.getUint16(field) + 1;
      if (count > MOST) throw new FerryError("internal/bug", "a cluster of the image is used more than 65,535 times");
      view.setUint16(field, count);
    }
  }

  /** The first `count` blocks, as they are stored. */
  *blocks(count: number): Iterable<Uint8Array> {
    for (let i = 0; i < count; i++) {
      const view = this.#blocks[i];
      yield view === undefined ? new Uint8Array(CLUSTER) : new Uint8Array(view.buffer);
    }
  }
}
