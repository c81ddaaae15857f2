import { FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";

/** What a cluster of the file is used as: the guest's bytes, a compressed stream, a table. Values are bits. */
export const USE = { data: 1, packed: 2, table: 4 } as const;
/** Marks plain data of the active state, of which no two guest clusters share one. */
const ACTIVE = 8;
/** Bytes of memory for each cluster: a count and what it is used as. */
const BYTES_EACH = 5;
const MOST = 0xffffffff;

/** How a new use goes with those before it. */
export type UseVerdict = "fits" | "overlap" | "shared";

/** How often every cluster of a file is used, and as what. Five bytes a cluster. */
export class ClusterUsage {
  readonly counts: Uint32Array;
  readonly #kinds: Uint8Array;
  readonly #clusterBytes: number;

  /**
   * Room for the clusters of a file, and one more: the last one may lie past its end, as QEMU allows.
   * @throws `io/limit` where that takes more than `limits.tableBytes`
   */
  constructor(source: ByteSource, clusterBytes: number, ctx: Context) {
    const clusters = Math.ceil(source.size / clusterBytes) + 1;
    if (clusters * BYTES_EACH > ctx.limits.tableBytes) {
      throw new FerryError("io/limit", `the uses of ${clusters} clusters would take ${clusters * BYTES_EACH} bytes`, {
        location: { at: "bytes", file: source.label, offset: 20, field: "cluster_bits" },
        hint: "Raise the limit tableBytes if the disk is trusted.",
      });
    }
    this.counts = new Uint32Array(clusters);
    this.#kinds = new Uint8Array(clusters);
    this.#clusterBytes = clusterBytes;
  }

  /** Clusters that can be counted. */
  get clusters(): number {
    return this.counts.length;
  }

  /** Whether the first byte of a place can be counted at all. */
  holds(place: number): boolean {
    return place < this.counts.length * this.#clusterBytes;
  }

  /** Uses of the cluster that holds a byte. */
  countAt(place: number): number {
    return this.counts[Math.floor(place / this.#clusterBytes)] ?? 0;
  }

  /** Counts `times` uses of every cluster that a stretch touches; what lies past the last one is left out. */
  use(place: number, length: number, kind: number, times: number, state: "active" | "other" = "other"): UseVerdict {
    if (length <= 0 || times === 0) return "fits";
    const first = Math.floor(place / this.#clusterBytes);
    const last = Math.min(this.counts.length - 1, Math.floor((place + length - 1) / this.#clusterBytes));
    const own = kind + (state === "active" ? ACTIVE : 0);
    let verdict: UseVerdict = "fits";
    for (let cluster = first; cluster <= last; cluster++) {
      const before = this.#kinds[cluster] as number;
      const known = before % ACTIVE;
      if (known !== 0 && (known !== kind || kind === USE.table)) verdict = "overlap";
      else if (kind === USE.data && state === "active" && before >= ACTIVE)
        verdict = verdict === "fits" ? "shared" : verdict;
      this.#kinds[cluster] = before | own;
      this.counts[cluster] = Math.min(MOST, (this.counts[cluster] as number) + times);
    }
    return verdict;
  }
}
