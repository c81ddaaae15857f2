import { appendFileSync } from "node:fs";
import { FerryError } from "../../src/base/errors.js";
import type { Kernel } from "../../src/io/pool.js";
import type { SourceRef } from "../../src/io/source.js";
import type { TargetRef } from "../../src/io/target.js";

/** Gives back what it gets. */
export const echo: Kernel<Uint8Array, Uint8Array> = {
  id: "test/echo",
  run: (job) => job,
  transfers: (bytes) => [bytes.buffer as ArrayBuffer],
};

/** Ends badly in one way or another. */
export const fail: Kernel<"ours" | "theirs" | "exit" | "unclonable", unknown> = {
  id: "test/fail",
  run(how): unknown {
    switch (how) {
      case "ours":
        throw new FerryError("io/limit", "too much", {
          hint: "less",
          location: { at: "bytes", file: "x", offset: 5 },
          cause: new Error("why"),
        });
      case "theirs":
        throw new TypeError("no error of ours");
      case "exit":
        return process.exit(7);
      case "unclonable":
        return () => {};
    }
  },
};

/** Writes a line into a log at its start and at its end. Between them it waits, as long as nobody stops it. */
export const wait: Kernel<{ readonly log: string; readonly name: string; readonly milliseconds: number }, boolean> = {
  id: "test/wait",
  run({ log, name, milliseconds }, env): boolean {
    appendFileSync(log, `${name} starts\n`);
    const pause = new Int32Array(new SharedArrayBuffer(4));
    for (let waited = 0; waited < milliseconds && !env.stopped(); waited += 5) Atomics.wait(pause, 0, 0, 5);
    appendFileSync(log, `${name} ends\n`);
    return env.stopped();
  },
};

/** Tells of its progress in pieces. */
export const advance: Kernel<readonly number[], null> = {
  id: "test/advance",
  run(pieces, env): null {
    for (const piece of pieces) env.advance(piece);
    return null;
  },
};

/** Copies bytes from one ref to another. */
export const copy: Kernel<{ readonly from: SourceRef; readonly to: TargetRef; readonly length: number }, null> = {
  id: "test/copy",
  run({ from, to, length }, env): null {
    const bytes = new Uint8Array(length);
    env.readInto(from, 0, bytes);
    env.write(to, 0, bytes);
    return null;
  },
};

/** Every kernel above. */
export const poolKernels: readonly Kernel<never, unknown>[] = [echo, fail, wait, advance, copy];
