/** A copy that goes on where an earlier run stopped: writes that it made safe are taken as they are, and all others are made. */
import { FerryError } from "../base/errors.js";
import type { CopyLog, LoggedWrite } from "../io/copy-log.js";
import type { SourceRef } from "../io/source.js";
import type { RandomTarget } from "../io/target.js";
import type { ReadOp, WriteOp } from "./model.js";
import { appendUnits, type OpenFile, type PlacedUnits } from "./place.js";
import type { PackedUnits } from "./units.js";

/** What one lane of a copy remembers. */
export interface LaneProgress {
  /** Whether the next writes are done already, all of them. */
  areDone(ops: readonly WriteOp[]): boolean;
  /** What came of it. Called in the order of the writes. */
  replay(op: WriteOp): LoggedWrite;
  /** Remembers a write, and makes what is done safe now and then. */
  done(op: WriteOp, output: PackedUnits): Promise<void>;
  /** Remembers what was read. */
  read(ops: readonly ReadOp[]): void;
  /** Makes all that is done safe. */
  flush(): Promise<void>;
}

/** Starts remembering the writes of one file. */
export async function openProgress(log: CopyLog, file: string): Promise<LaneProgress> {
  const earlier = await log.earlier(file);
  let next = 0;
  let pending: LoggedWrite[] = [];
  let pendingBytes = 0;
  const sources = new Map<string, SourceRef>();
  let nameable = true;
  const flush = async (): Promise<void> => {
    // What cannot be named cannot be found again: a web server's file may be another one tomorrow.
    if (pending.length === 0 || !nameable) return;
    const writes = pending;
    pending = [];
    pendingBytes = 0;
    await log.add(file, writes, [...sources.values()]);
    sources.clear();
  };
  return {
    areDone: (ops) =>
      ops.every(({ offset, length }, index) => {
        const write = earlier[next + index];
        return write !== undefined && write.offset === offset && write.length === length;
      }),
    replay(op) {
      const write = earlier[next];
      next++;
      if (write === undefined || write.offset !== op.offset) {
        throw new FerryError("internal/bug", `${file}: a write at ${op.offset} was not logged`);
      }
      return write;
    },
    async done({ offset, length }, { stored, payloadBytes }) {
      // The plan's own arrays may be used again.
      pending.push({ offset, length, stored: stored.slice(), payloadBytes });
      pendingBytes += length;
      if (pendingBytes >= log.everyBytes) await flush();
    },
    read(ops) {
      for (const { source } of ops) {
        const ref = source.ref();
        if (ref === null) nameable = false;
        else sources.set(source.label, ref);
      }
    },
    flush,
  };
}

/** Swallows bytes that are written already. */
const WRITTEN: RandomTarget = {
  label: "what an earlier run wrote",
  position: 0,
  write: async () => {},
  zeros: async () => {},
  writeAt: async () => {},
  truncate: async () => {},
  ref: () => null,
  close: async () => {},
  abort: async () => {},
};

/** Where a write of an earlier run lies: the end of its file moves as it did then. */
export async function replayUnits(
  file: OpenFile,
  op: WriteOp,
  unshrunk: Parameters<typeof appendUnits>[2],
  { stored, payloadBytes }: LoggedWrite,
): Promise<PlacedUnits> {
  const shadow: OpenFile = { target: WRITTEN, end: file.end, gap: file.gap };
  const output: PackedUnits = { stored, payload: new ArrayBuffer(payloadBytes), payloadBytes };
  const placed = await appendUnits(shadow, op, unshrunk, output);
  file.end = shadow.end;
  file.gap = shadow.gap;
  return placed;
}
