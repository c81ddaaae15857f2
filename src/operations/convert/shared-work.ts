/** Several results of one source: each disk is read and unpacked once for all of them. */
import { copyDisk } from "../../disk/copy.js";
import type { Context } from "../../io/context.js";
import type { FileSet } from "../../io/file-set.js";
import type { CarryOutcome } from "../carry.js";
import type { PlannedDisk, SharedWork } from "./conversion.js";

interface Waiting {
  readonly item: PlannedDisk;
  readonly files: FileSet;
  readonly ctx: Context;
  resolve(result: Awaited<ReturnType<SharedWork["copy"]>>): void;
  reject(cause: unknown): void;
}

/** Work that lanes share. */
export interface Sharing {
  readonly lanes: readonly SharedWork[];
  /** Resolves when every lane has copied everything. */
  readonly copied: Promise<void>;
  /** Ends the waiting of all lanes: one of them failed. */
  fail(cause: unknown): void;
}

/**
 * Lets lanes meet at disks. When all that are still copying wait for a disk, the one that most of them want is copied into all of theirs in
 * one pass. Results that want disks in different orders meet where they can, and nobody waits forever.
 * @param outcome what the check of the source comes to
 */
export function shareWork(count: number, outcome: () => Promise<CarryOutcome>): Sharing {
  const copying = new Set(Array.from({ length: count }, (_, lane) => lane));
  const waiting = new Map<number, Waiting>();
  let failed: { readonly cause: unknown } | null = null;
  let end: { resolve(): void; reject(cause: unknown): void } = { resolve: () => {}, reject: () => {} };
  const copied = new Promise<void>((resolve, reject) => {
    end = { resolve, reject };
  });
  // A failure is told to whoever waits; nobody may be waiting yet.
  copied.catch(() => {});

  function meet(): void {
    if (waiting.size === 0 || waiting.size < copying.size) return;
    const counts = new Map<string, number>();
    for (const { item } of waiting.values()) counts.set(item.id, (counts.get(item.id) ?? 0) + 1);
    const [id] = [...counts].reduce((best, next) => (next[1] > best[1] ? next : best));
    const group = [...waiting].filter(([, { item }]) => item.id === id);
    for (const [lane] of group) waiting.delete(lane);
    void copyGroup(group.map(([, asking]) => asking));
  }

  async function copyGroup(group: readonly Waiting[]): Promise<void> {
    const [first] = group;
    if (first === undefined) return;
    try {
      const targets = group.map(({ item: { plan }, files }) => ({ plan, files }));
      const result = await copyDisk(first.item.source, targets, first.ctx);
      for (const [index, asking] of group.entries()) {
        asking.resolve({ codec: result.codec, files: result.files[index] ?? new Map() });
      }
    } catch (cause) {
      for (const asking of group) asking.reject(cause);
    }
  }

  const lane = (number: number): SharedWork => ({
    copy: (item, files, ctx) =>
      new Promise((resolve, reject) => {
        if (failed !== null) return reject(failed.cause);
        waiting.set(number, { item, files, ctx, resolve, reject });
        meet();
      }),
    async copied() {
      copying.delete(number);
      if (copying.size === 0) end.resolve();
      meet();
      await copied;
      return outcome();
    },
  });
  return {
    lanes: Array.from({ length: count }, (_, number) => lane(number)),
    copied,
    fail(cause) {
      failed ??= { cause };
      for (const asking of waiting.values()) asking.reject(cause);
      waiting.clear();
      end.reject(cause);
    },
  };
}
