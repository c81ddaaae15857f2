import type { ByteRange } from "../../base/bytes.js";
import type { VirtualDisk } from "../../disk/model.js";
import type { Context } from "../../io/context.js";
import { createUnitCache, type UnitCacheOptions } from "../unit-cache.js";
import { STATE_HOLE, STATE_ZERO } from "./protocol.js";

/** A run of `base:allocation`. */
export interface Allocation {
  readonly length: number;
  readonly state: number;
}

/** Something that clients read by a name. */
export interface NbdExport {
  readonly name: string;
  /** Guest bytes. */
  readonly size: number;
  /** What is best read at once. */
  readonly preferredBytes: number;
  read(range: ByteRange): Promise<Uint8Array>;
  /** Runs from the start of a range, merged, at most `most` of them; together no longer than the range. */
  allocation(range: ByteRange, most: number): Promise<readonly Allocation[]>;
}

/** A disk as an export. The disk stays its owner's, who closes it after the server. */
export function diskExport(name: string, disk: VirtualDisk, ctx: Context, options: UnitCacheOptions = {}): NbdExport {
  const cache = createUnitCache(disk, ctx, options);
  return {
    name,
    size: disk.info.size,
    preferredBytes: Math.min(Math.max(4096, disk.info.blockSize), 1 << 20),
    read: (range) => cache.read(range),
    async allocation(range, most): Promise<readonly Allocation[]> {
      const runs: { length: number; state: number }[] = [];
      for await (const { length, kind } of disk.extents(range, ctx.signal)) {
        const state = kind === "data" ? 0 : kind === "zero" ? STATE_ZERO : STATE_ZERO | STATE_HOLE;
        const last = runs.at(-1);
        if (last !== undefined && last.state === state) last.length += length;
        else if (runs.length === most) break;
        else runs.push({ length, state });
      }
      return runs;
    },
  };
}
