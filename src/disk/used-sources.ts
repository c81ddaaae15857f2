import type { ByteSource } from "../io/source.js";
import type { ReadOp } from "./model.js";
import { plainKernel } from "./plain.js";

/** The sources that a run over a disk has read, extents and parents included, so that each can be asked at the end whether it changed. */
export class UsedSources {
  readonly #sources = new Set<ByteSource>();
  #packed = false;

  /** Whether any of the units that were read was packed. */
  get packed(): boolean {
    return this.#packed;
  }

  add(ops: readonly ReadOp[]): void {
    this.#packed ||= ops.some(({ kernel }) => kernel !== plainKernel.id);
    for (const { source } of ops) if (source.checkUnchanged !== undefined) this.#sources.add(source);
  }

  /** @throws `io/changed` where one of them changed: what was read does not belong together then */
  async checkUnchanged(): Promise<void> {
    for (const source of this.#sources) await source.checkUnchanged?.();
  }
}
