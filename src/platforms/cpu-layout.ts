import type { Machine } from "../appliance/appliance.js";

/** Processors as they are laid out: whole sockets of cores of threads. */
export interface Layout {
  /** The most that there may be. */
  readonly total: number;
  readonly topology: { readonly sockets: number; readonly cores: number; readonly threads: number } | null;
  readonly keepsMax: boolean;
  readonly keepsThreads: boolean;
}

/** Processors of a guest of QEMU, at most (libvirt refuses more without an IOMMU of its own). */
const MOST_CPUS = 255;

/** Lays processors out; what makes no whole sockets is left out. */
export function layoutOf({ count, max, coresPerSocket, threadsPerCore }: Machine["cpu"]): Layout {
  const threads = threadsPerCore ?? 1;
  const whole = (total: number, each: number): boolean => each >= 1 && total % each === 0;
  const cores = coresPerSocket ?? 1;
  const keepsThreads = coresPerSocket !== null && threads > 1 && whole(count, cores * threads);
  const each = cores * (keepsThreads ? threads : 1);
  const keepsMax = max !== null && max > count && max <= MOST_CPUS && (coresPerSocket === null || whole(max, each));
  const total = keepsMax ? (max ?? count) : count;
  const topology =
    coresPerSocket === null || !whole(total, each)
      ? null
      : { sockets: total / each, cores, threads: keepsThreads ? threads : 1 };
  return { total, topology, keepsMax, keepsThreads: keepsThreads || threads === 1 };
}
