import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { after, describe, it } from "node:test";
import { GIB, MIB, SECTOR } from "../base/bytes.js";
import { FerryError } from "../base/errors.js";
import type { Context } from "../io/context.js";
import type { FileSet } from "../io/file-set.js";
import type { Kernel, Pool, PoolRunOptions } from "../io/pool.js";
import { type TestContext, testContext } from "../io/testing/context.js";
import { inlinePool } from "../io/testing/inline-pool.js";
import { memoryFileSet } from "../io/testing/memory-set.js";
import { SparseBytes, sparseSource } from "../io/testing/sparse-bytes.js";
import { zlibCodec } from "../runtime/node/codec.js";
import { openFolderSet } from "../runtime/node/file-set.js";
import { openFileSource } from "../runtime/node/file-source.js";
import { nodeHash } from "../runtime/node/hash.js";
import { createNodeRuntime } from "../runtime/node/runtime.js";
import { type CopyTarget, copyDisk, SEGMENT_BYTES } from "./copy.js";
import { shapeOf } from "./extents.js";
import { diskFormats } from "./formats.js";
import type { VirtualDisk, WritePlan } from "./model.js";
import { openRaw } from "./raw/read.js";
import { differenceFrom, imageOf } from "./testing/images.js";

const codec = zlibCodec();
const inline = inlinePool(codec);
const folder = mkdtempSync(path.join(tmpdir(), "vmferry-copy-"));
after(() => rmSync(folder, { recursive: true }));

function contextWith(pool: Pool, signal?: AbortSignal): TestContext {
  return testContext({ runtime: { pool, codec, hash: nodeHash }, ...(signal === undefined ? {} : { signal }) });
}

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof FerryError && error.code === code;
}

/** What a pool does before and after each job. */
interface Watch {
  readonly before?: (job: number) => void | Promise<void>;
  readonly after?: (job: number) => void;
}

/** A pool of some size that is watched. Its jobs run elsewhere. */
function watched(size: number, watch: Watch, pool: Pool = inline): Pool {
  let jobs = 0;
  return {
    size,
    async run<J, R>(kernel: Kernel<J, R>, job: J, options: PoolRunOptions = {}): Promise<R> {
      const number = jobs++;
      try {
        await watch.before?.(number);
        return await pool.run(kernel, job, options);
      } finally {
        watch.after?.(number);
      }
    },
  };
}

/** Six segments with data, the last of them short. */
const image = imageOf({
  sectors: 45_000,
  runs: [
    { sector: 100, sectors: 300, content: "text" },
    { sector: 8_100, sectors: 300, content: "noise" },
    { sector: 20_000, sectors: 5000, content: "text" },
    { sector: 40_000, sectors: 5000, content: "text" },
  ],
});

async function planOf(id: string, variant: string, from: VirtualDisk): Promise<WritePlan> {
  const format = diskFormats.find(id);
  const plan = await format?.plan?.(shapeOf(from), { name: `disk.${id}`, variant }, contextWith(inline));
  return plan ?? assert.fail(id);
}

const VARIANTS = [
  ["raw", "raw"],
  ["vmdk", "streamOptimized"],
  ["qcow2", "compressed"],
  ["vhdx", "dynamic"],
] as const;

async function targetsOf(from: VirtualDisk, files: (target: number) => FileSet): Promise<readonly CopyTarget[]> {
  return Promise.all(
    VARIANTS.map(async ([id, variant], i) => ({ plan: await planOf(id, variant, from), files: files(i) })),
  );
}

describe("a copy", () => {
  it("reads and unpacks each segment once for all of its targets", async () => {
    const from = openRaw(sparseSource(image, "image"));
    const sets = VARIANTS.map(() => memoryFileSet());
    const targets = await targetsOf(from, (i) => sets[i] ?? assert.fail());
    const counts: number[] = [];
    for (const some of [targets.slice(0, 1), targets]) {
      let jobs = 0;
      for (const set of sets) await set.abort();
      await copyDisk(from, some, contextWith(watched(2, { after: () => jobs++ })));
      counts.push(jobs);
    }
    const [alone = 0, together = 0] = counts;
    // VHDX lays out whole blocks, so there are segments around the data that others leave out.
    assert.ok(alone > 3 && together < alone + 3, `${alone} and ${together} jobs`);
    for (const [i, [id]] of VARIANTS.entries()) {
      const set = sets[i] ?? assert.fail();
      const disk = await diskFormats
        .get(id)
        .open({ bytes: set.source(`disk.${id}`) }, set.resolver, contextWith(inline));
      assert.equal(await differenceFrom(image, disk, contextWith(inline)), null, id);
    }
  });

  it("that is interrupted at any segment ends there, with no job under way", async () => {
    const from = openRaw(sparseSource(image, "image"));
    let segments = 0;
    await copyDisk(
      from,
      await targetsOf(from, () => memoryFileSet()),
      contextWith(watched(2, { after: () => segments++ })),
    );
    for (let stop = 0; stop < segments; stop++) {
      const interrupt = new AbortController();
      let running = 0;
      let most = -1;
      const pool = watched(2, {
        before(job) {
          running++;
          most = job;
          if (job === stop) interrupt.abort();
        },
        after: () => running--,
      });
      const copied = copyDisk(from, await targetsOf(from, () => memoryFileSet()), contextWith(pool, interrupt.signal));
      await assert.rejects(copied, hasCode("run/canceled"));
      assert.equal(running, 0);
      assert.equal(most, stop, "nothing is started after the interruption");
    }
  });

  it("whose thread fails at any segment ends with that failure, after all others have ended", async () => {
    const from = openRaw(sparseSource(image, "image"));
    for (const failing of [0, 2, 4]) {
      let running = 0;
      const pool = watched(3, {
        async before(job) {
          running++;
          if (job === failing) throw new FerryError("run/worker-failed", "a worker thread ended");
          // Those behind it take longer.
          await new Promise((resolve) => setTimeout(resolve, 2 * job));
        },
        after: () => running--,
      });
      const copied = copyDisk(from, await targetsOf(from, () => memoryFileSet()), contextWith(pool));
      await assert.rejects(copied, hasCode("run/worker-failed"));
      assert.equal(running, 0);
    }
  });

  it("of many gigabytes keeps two segments for each thread under way, whatever its size", async () => {
    const large = new SparseBytes(2 * GIB);
    for (let at = 0; at < 2 * GIB; at += 16 * MIB) large.write(at + 5000, Uint8Array.of(1, 2, 3));
    for (const size of [1, 3]) {
      let running = 0;
      let most = 0;
      const pool = watched(size, {
        async before() {
          running++;
          most = Math.max(most, running);
          await new Promise((resolve) => setImmediate(resolve));
        },
        after: () => running--,
      });
      const from = openRaw(sparseSource(large, "large"));
      await copyDisk(from, [{ plan: await planOf("raw", "raw", from), files: memoryFileSet() }], contextWith(pool));
      assert.equal(most, 2 * size);
    }
  });

  it("never has a segment that is longer than the bound that memory is counted by", async () => {
    const lengths: number[] = [];
    const pool: Pool = {
      size: 1,
      run<J, R>(kernel: Kernel<J, R>, job: J, options?: PoolRunOptions): Promise<R> {
        lengths.push((job as { readonly length: number }).length);
        return inline.run(kernel, job, options);
      },
    };
    const from = openRaw(sparseSource(image, "image"));
    await copyDisk(from, await targetsOf(from, () => memoryFileSet()), contextWith(pool));
    assert.ok(lengths.length > 3 && Math.max(...lengths) <= SEGMENT_BYTES);
  });

  it("tells of its progress once, from nothing to the disk's size", async () => {
    const steps: number[] = [];
    let ended = 0;
    const scope: Context["progress"] = {
      child: (step, _subject, total) => {
        assert.deepEqual([step, total], ["copy", image.size]);
        return scope;
      },
      advance: (amount) => steps.push(amount),
      done: () => ended++,
    };
    const from = openRaw(sparseSource(image, "image"));
    const ctx = { ...contextWith(inline), progress: scope };
    await copyDisk(from, await targetsOf(from, () => memoryFileSet()), ctx);
    assert.ok(steps.every((step) => step >= 0));
    assert.equal(
      steps.reduce((sum, step) => sum + step, 0),
      image.size,
    );
    assert.equal(ended, 1);
  });

  it("into a set that takes bytes in order only is refused before anything is written", async () => {
    const from = openRaw(sparseSource(image, "image"));
    const { createRandom: _, ...sequential } = memoryFileSet();
    const copied = copyDisk(from, [{ plan: await planOf("raw", "raw", from), files: sequential }], contextWith(inline));
    await assert.rejects(copied, hasCode("disk/needs-random-target"));
    assert.equal(sequential.files.size, 0);
  });
});

describe("a copy of a file that changes meanwhile", () => {
  const runtime = createNodeRuntime({ worker: new URL("../worker-node.js", import.meta.url), workers: 1 });
  after(() => runtime.close());

  /** A file of many segments that was last changed long ago. */
  function bigFile(name: string): string {
    const file = path.join(folder, name);
    writeFileSync(file, Buffer.alloc(40 * MIB, 7));
    utimesSync(file, 1e9, 1e9);
    return file;
  }

  const changes: Readonly<Record<string, (file: string) => void>> = {
    "is written to": (file) => writeFileSync(file, Uint8Array.of(1), { flag: "r+" }),
    "is cut": (file) => writeFileSync(file, "short"),
  };
  for (const [what, change] of Object.entries(changes)) {
    for (const when of [2, 9]) {
      it(`and ${what} at segment ${when} of 10 is no result, with no word of success`, async () => {
        const file = bigFile("changing.raw");
        const source = await openFileSource(file, runtime.native);
        const from = openRaw(source);
        const pool = watched(1, { before: (job) => (job === when ? change(file) : undefined) }, runtime.pool);
        const files = await openFolderSet(path.join(folder, "result"));
        const plan = await planOf("raw", "raw", from);
        await assert.rejects(copyDisk(from, [{ plan, files }], contextWith(pool)), hasCode("io/changed"));
        await files.abort();
        await source.close();
        assert.deepEqual(readdirSync(folder), ["changing.raw"]);
      });
    }
  }

  it("is done where it changed before it was opened, and where only another file did", async () => {
    const file = bigFile("quiet.raw");
    const source = await openFileSource(file, runtime.native);
    const from = openRaw(source);
    const pool = watched(1, { before: () => writeFileSync(path.join(folder, "other"), "x") }, runtime.pool);
    const set = memoryFileSet();
    await copyDisk(from, [{ plan: await planOf("raw", "raw", from), files: set }], contextWith(pool));
    assert.equal(set.files.get("disk.raw")?.size, 40 * MIB);
    await source.close();
  });
});

describe("a plan for fewer bytes than the disk has", () => {
  it("lays out and writes nothing past its own end", async () => {
    const disk = openRaw(
      sparseSource(imageOf({ sectors: 5000, runs: [{ sector: 0, sectors: 5000, content: "text" }] }), "i"),
    );
    const size = 1001 * SECTOR;
    for (const format of diskFormats.all) {
      for (const variant of format.writes) {
        const plan = await format.plan?.(shapeOf(disk, size), { name: "disk", variant }, contextWith(inline));
        assert.ok(plan !== undefined);
        const set = memoryFileSet();
        await copyDisk(disk, [{ plan, files: set }], contextWith(inline));
        const back = await format.open({ bytes: set.source("disk") }, set.resolver, contextWith(inline));
        assert.ok(back.info.size >= size && back.info.size < size + MIB, `${format.id} ${variant} ${back.info.size}`);
      }
    }
  });
});
