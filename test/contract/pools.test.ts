/** What holds for a pool, with threads and without. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { FerryError } from "../../src/base/errors.js";
import type { Kernel } from "../../src/io/pool.js";
import { zlibCodec } from "../../src/runtime/node/codec.js";
import { openFileSource } from "../../src/runtime/node/file-source.js";
import { createFileTarget } from "../../src/runtime/node/file-target.js";
import { createInlinePool } from "../../src/runtime/node/inline-pool.js";
import { NO_NATIVE } from "../../src/runtime/node/native.js";
import { type ClosablePool, createPool } from "../../src/runtime/node/pool.js";
import { hasCode } from "../support/errors.js";
import { advance, copy, echo, fail, wait } from "../support/pool-kernels.js";

const entry = new URL("../support/pool-worker.js", import.meta.url);
const folder = mkdtempSync(join(tmpdir(), "vmferry-pools-"));
after(() => rmSync(folder, { recursive: true }));
let logs = 0;

function lines(log: string): readonly string[] {
  return existsSync(log) ? readFileSync(log, "utf8").trimEnd().split("\n") : [];
}

async function until(what: () => boolean): Promise<void> {
  for (let waited = 0; !what(); waited += 5) {
    assert.ok(waited < 10_000, "it never came");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Files that this process has open, where the system tells. */
function openFiles(): number | null {
  return existsSync("/proc/self/fd") ? readdirSync("/proc/self/fd").length : null;
}

const codec = zlibCodec();
const pools: Readonly<Record<string, (size: number) => ClosablePool>> = {
  threads: (size) => createPool({ entry, size, disabled: new Set(["koffi"]) }),
  "no threads": () => createInlinePool({ codec, portable: codec }),
};

for (const [name, make] of Object.entries(pools)) {
  describe(`a pool of ${name}`, () => {
    const using = async (size: number, work: (pool: ClosablePool) => Promise<void>): Promise<void> => {
      const pool = make(size);
      try {
        await work(pool);
      } finally {
        await pool.close();
      }
    };

    test("runs many jobs at once and gives each its own result", () =>
      using(2, async (pool) => {
        const jobs = Array.from({ length: 20 }, (_, i) => pool.run(echo, new Uint8Array([i])));
        assert.deepEqual(
          (await Promise.all(jobs)).map((bytes) => bytes[0]),
          Array.from({ length: 20 }, (_, i) => i),
        );
      }));

    test("tells what a kernel threw, with code, hint, place and cause", () =>
      using(1, async (pool) => {
        await assert.rejects(pool.run(fail, "ours"), (error) => {
          assert.ok(error instanceof FerryError);
          const { code, kind, hint, location, cause } = error;
          assert.deepEqual([code, kind, hint], ["io/limit", "limit-exceeded", "less"]);
          assert.deepEqual(location, { at: "bytes", file: "x", offset: 5 });
          assert.ok(cause instanceof Error && cause.message === "why");
          return true;
        });
        await assert.rejects(pool.run(fail, "theirs"), hasCode("run/worker-failed"));
        assert.equal((await pool.run(echo, new Uint8Array([4])))[0], 4, "and it goes on");
      }));

    test("takes many jobs of one run without a warning on the terminal", () =>
      using(2, async (pool) => {
        const warnings: Error[] = [];
        const listen = (warning: Error): void => void warnings.push(warning);
        process.on("warning", listen);
        const { signal } = new AbortController();
        await Promise.all(Array.from({ length: 40 }, (_, i) => pool.run(echo, new Uint8Array([i]), { signal })));
        await new Promise((resolve) => setImmediate(resolve));
        process.off("warning", listen);
        assert.deepEqual(warnings, []);
      }));

    test("runs nothing for a run that was interrupted before", () =>
      using(1, async (pool) => {
        const log = join(folder, `log-${logs++}`);
        const signal = AbortSignal.abort();
        await assert.rejects(pool.run(wait, { log, name: "x", milliseconds: 1 }, { signal }), hasCode("run/canceled"));
        assert.deepEqual(lines(log), []);
      }));

    test("serves a run after one that was interrupted, on its own lane too", () =>
      using(1, async (pool) => {
        const log = join(folder, `log-${logs++}`);
        for (const lane of ["shared", "own"] as const) {
          const interrupt = new AbortController();
          const job = pool.run(wait, { log, name: lane, milliseconds: 30 }, { lane, signal: interrupt.signal });
          setTimeout(() => interrupt.abort(), 5);
          await job.catch(() => {});
          const quick = { log, name: "next", milliseconds: 0 };
          assert.equal(await pool.run(wait, quick, { lane, signal: new AbortController().signal }), false);
        }
      }));

    test("tells of progress, all of it before the result", () =>
      using(1, async (pool) => {
        let bytes = 0;
        await pool.run(advance, [1, 9 * 2 ** 20, 5], { lane: "own", advanced: (more) => (bytes += more) });
        assert.equal(bytes, 9 * 2 ** 20 + 6);
      }));

    test("lets go of files when it is told to, and opens them again when they are needed", () =>
      using(1, async (pool) => {
        const file = join(folder, `source-${logs}`);
        writeFileSync(file, "0123456789");
        const source = await openFileSource(file, NO_NATIVE);
        const target = await createFileTarget(join(folder, `target-${logs++}`), "target");
        const [from, to] = [source.ref(), target.ref()];
        assert.ok(from !== null && to !== null);
        // Without files: what threads need for themselves is open after this.
        await pool.run(echo, new Uint8Array(1));
        const before = openFiles();
        await pool.run(copy, { from, to, length: 5 });
        if (before !== null) assert.equal(openFiles(), before + 2);
        await pool.release();
        if (before !== null) assert.equal(openFiles(), before);
        await pool.run(copy, { from, to, length: 10 });
        await target.close();
        await source.close();
        assert.equal(readFileSync(join(folder, `target-${logs - 1}`), "utf8"), "0123456789");
      }));

    test("runs nothing after its end", async () => {
      const pool = make(1);
      await pool.run(echo, new Uint8Array(1));
      await pool.close();
      await assert.rejects(pool.run(echo, new Uint8Array(1)), hasCode("run/canceled"));
      await pool.close();
    });
  });
}

describe("threads", () => {
  const using = async (size: number, work: (pool: ClosablePool) => Promise<void>): Promise<void> => {
    const pool = createPool({ entry, size, disabled: new Set(["koffi"]) });
    try {
      await work(pool);
    } finally {
      await pool.close();
    }
  };

  test("an interrupted job has ended when its run is told so, and one that was waiting never starts", () =>
    using(1, async (pool) => {
      const log = join(folder, `log-${logs++}`);
      const interrupt = new AbortController();
      const { signal } = interrupt;
      const jobs = ["first", "second"].map((name) =>
        pool.run(wait, { log, name, milliseconds: 5000 }, { signal }).then(
          () => assert.fail("it was interrupted"),
          (error: unknown) => {
            assert.ok(hasCode("run/canceled")(error));
            return lines(log);
          },
        ),
      );
      await until(() => lines(log).length > 0);
      interrupt.abort();
      for (const seen of await Promise.all(jobs)) assert.deepEqual(seen, ["first starts", "first ends"]);
    }));

  test("an interrupted run does not stop another one's jobs on the same thread", () =>
    using(1, async (pool) => {
      const log = join(folder, `log-${logs++}`);
      const interrupt = new AbortController();
      const [mine, theirs] = [interrupt.signal, new AbortController().signal];
      const first = pool.run(wait, { log, name: "first", milliseconds: 5000 }, { signal: mine });
      const second = pool.run(wait, { log, name: "second", milliseconds: 20 }, { signal: theirs });
      await until(() => lines(log).length > 0);
      interrupt.abort();
      await assert.rejects(first, hasCode("run/canceled"));
      assert.equal(await second, false);
    }));

  test("can be ended at any moment of their start, also by the end of the process", { timeout: 60_000 }, () => {
    const child = spawnSync(process.execPath, [fileURLToPath(new URL("../support/pool-ends.js", import.meta.url))], {
      encoding: "utf8",
      timeout: 50_000,
      killSignal: "SIGKILL",
    });
    assert.deepEqual([child.signal, child.status, child.stdout], [null, 0, "ended\n"], child.stderr);
  });

  test("a job that nobody can interrupt ends with its pool", async () => {
    const log = join(folder, `log-${logs++}`);
    const pool = createPool({ entry, size: 1, disabled: new Set(["koffi"]) });
    const job = pool.run(wait, { log, name: "long", milliseconds: 60_000 });
    await until(() => lines(log).length > 0);
    await Promise.all([pool.close(), job.catch(() => {})]);
    assert.deepEqual(lines(log), ["long starts", "long ends"]);
  });

  test("a thread that dies fails its own jobs, and another one takes its place", () =>
    using(2, async (pool) => {
      const results = await Promise.allSettled([
        pool.run(fail, "exit"),
        pool.run(echo, new Uint8Array([1])),
        pool.run(echo, new Uint8Array([2])),
      ]);
      const [dead, other] = results;
      assert.ok(dead?.status === "rejected" && hasCode("run/worker-failed")(dead.reason));
      assert.equal(other?.status, "fulfilled");
      for (let i = 0; i < 4; i++) assert.equal((await pool.run(echo, new Uint8Array([i])))[0], i);
      await assert.rejects(pool.run(fail, "exit", { lane: "own" }), hasCode("run/worker-failed"));
      assert.equal((await pool.run(echo, new Uint8Array([9]), { lane: "own" }))[0], 9);
    }));

  test("a kernel that nobody knows, and a result that cannot be sent, are failures of their job alone", () =>
    using(1, async (pool) => {
      const unknown: Kernel<null, null> = { id: "test/unknown", run: () => null };
      await assert.rejects(pool.run(unknown, null), hasCode("internal/bug"));
      await assert.rejects(pool.run(fail, "unclonable"), hasCode("run/worker-failed"));
      await assert.rejects(pool.run(echo, (() => {}) as never));
      assert.equal((await pool.run(echo, new Uint8Array([9])))[0], 9);
    }));

  test("jobs of their own lane do not hold up short ones", () =>
    using(1, async (pool) => {
      const log = join(folder, `log-${logs++}`);
      const interrupt = new AbortController();
      const long = pool.run(wait, { log, name: "long", milliseconds: 5000 }, { lane: "own", signal: interrupt.signal });
      await until(() => lines(log).length > 0);
      assert.equal((await pool.run(echo, new Uint8Array([3])))[0], 3);
      await pool.release();
      interrupt.abort();
      await assert.rejects(long, hasCode("run/canceled"));
    }));

  test("jobs under way are told that the run has ended when the pool is closed", async () => {
    const pool = createPool({ entry, size: 1, disabled: new Set(["koffi"]) });
    const log = join(folder, `log-${logs++}`);
    const job = pool.run(wait, { log, name: "x", milliseconds: 5000 });
    await until(() => lines(log).length > 0);
    await Promise.all([assert.rejects(job, hasCode("run/canceled")), pool.close()]);
  });
});
