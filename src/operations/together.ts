import type { Context } from "../io/context.js";

/** Jobs that run beside each other, of which one that fails stops the others. */
export interface Together {
  /** What they run with: its signal is aborted where one fails. */
  readonly ctx: Context;
  /** What they failed by, the first one first. The others may only have been stopped by it. */
  readonly causes: readonly unknown[];
  watch<T>(job: Promise<T>): Promise<T>;
}

/** @param spares failures that let the others go on: they may know better what it was */
export function together(ctx: Context, spares: (cause: unknown) => boolean = () => false): Together {
  const stop = new AbortController();
  const causes: unknown[] = [];
  return {
    ctx: { ...ctx, signal: AbortSignal.any([ctx.signal, stop.signal]), report: (finding) => ctx.report(finding) },
    causes,
    async watch(job) {
      try {
        return await job;
      } catch (cause) {
        causes.push(cause);
        if (!spares(cause)) stop.abort(cause);
        throw cause;
      }
    },
  };
}
