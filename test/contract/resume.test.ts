/** Every format goes on where an interrupted copy stopped, and the result is the same, byte for byte. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { after, describe, it } from "node:test";
import { FerryError } from "../../src/base/errors.js";
import { copyDisk } from "../../src/disk/copy.js";
import { shapeOf } from "../../src/disk/extents.js";
import { diskFormats } from "../../src/disk/formats.js";
import { openRaw } from "../../src/disk/raw/read.js";
import type { Kernel, Pool } from "../../src/io/pool.js";
import { testContext } from "../../src/io/testing/context.js";
import { zlibCodec } from "../../src/runtime/node/codec.js";
import { type NodeFileSet, openFolderSet } from "../../src/runtime/node/file-set.js";
import { openFileSource } from "../../src/runtime/node/file-source.js";
import { nodeHash } from "../../src/runtime/node/hash.js";
import { createKernelEnv } from "../../src/runtime/node/kernel-env.js";
import { NO_NATIVE } from "../../src/runtime/node/native.js";

const root = mkdtempSync(path.join(tmpdir(), "vmferry-resume-"));
after(() => rmSync(root, { recursive: true }));

/** 40 MiB: noise, text, zeros, noise. */
const image = path.join(root, "image.raw");
{
  const bytes = Buffer.alloc(40 * 2 ** 20);
  let state = 1;
  for (let at = 0; at < bytes.length; at += 4) {
    const mib = at >> 20;
    if (mib >= 12 && mib < 20) continue;
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes.writeUInt32LE(mib % 3 === 0 ? 0x20746578 : state, at);
  }
  writeFileSync(image, bytes);
}

const codec = zlibCodec();
const kernelEnv = createKernelEnv({ codec, portable: codec, stopped: () => false, advance: () => {} });
after(() => kernelEnv.close());

/** Counts jobs, and interrupts at one of them. */
function countingPool(interruptAt: number, interrupt: AbortController): Pool & { readonly jobs: number } {
  let jobs = 0;
  return {
    size: 0,
    get jobs() {
      return jobs;
    },
    async run<J, R>(kernel: Kernel<J, R>, job: J): Promise<R> {
      jobs++;
      const result = await kernel.run(job, kernelEnv);
      if (jobs === interruptAt) interrupt.abort();
      return result;
    },
  };
}

async function copyInto(files: NodeFileSet, format: string, variant: string, interruptAt: number) {
  const interrupt = new AbortController();
  const pool = countingPool(interruptAt, interrupt);
  const ctx = testContext({ runtime: { pool, codec: zlibCodec(), hash: nodeHash }, signal: interrupt.signal });
  const source = await openFileSource(image, NO_NATIVE);
  try {
    const from = openRaw(source);
    const kind = diskFormats.all.find(({ id }) => id === format);
    const plan = await kind?.plan?.(shapeOf(from), { name: "disk", variant }, ctx);
    assert.ok(plan !== undefined);
    await copyDisk(from, [{ plan, files }], ctx);
    await files.commit();
  } catch (cause) {
    await files.abort(cause);
    if (!(cause instanceof FerryError) || cause.code !== "run/canceled") throw cause;
  } finally {
    await source.close();
  }
  return pool.jobs;
}

function digestsOf(folder: string): readonly string[] {
  return readdirSync(folder)
    .sort()
    .map(
      (name) =>
        `${name} ${createHash("sha256")
          .update(readFileSync(path.join(folder, name)))
          .digest("hex")}`,
    );
}

const unfinished = (folder: string): string => path.join(path.dirname(folder), `.${path.basename(folder)}.unfinished`);
const opened = (folder: string, work = "work"): Promise<NodeFileSet> =>
  openFolderSet(folder, { resume: work, checkpointBytes: 1 });

describe("a copy that is interrupted", () => {
  for (const format of diskFormats.all) {
    if (format.plan === undefined) continue;
    for (const variant of format.writes) {
      it(`goes on in ${format.id} ${variant}`, async (t) => {
        const whole = path.join(root, `${format.id}-${variant}-whole`);
        const all = await copyInto(await openFolderSet(whole), format.id, variant, -1);
        if (!existsSync(whole)) return t.skip("not written for a whole disk");
        const parts = path.join(root, `${format.id}-${variant}-parts`);
        const first = await copyInto(await opened(parts), format.id, variant, Math.ceil(all / 3));
        assert.ok(!existsSync(parts) && existsSync(unfinished(parts)));
        const second = await copyInto(await opened(parts), format.id, variant, Math.ceil(all / 3));
        const third = await copyInto(await opened(parts), format.id, variant, -1);
        // What was under way when it was interrupted is done again; nothing else is.
        assert.ok(first + second + third <= all + 4 && third < all, `${first} + ${second} + ${third} jobs of ${all}`);
        assert.deepEqual(digestsOf(parts), digestsOf(whole));
        assert.ok(!existsSync(unfinished(parts)));
      });
    }
  }

  it("goes on behind a log that was cut off, and bytes that were not made safe", async () => {
    const whole = path.join(root, "cut-whole");
    await copyInto(await openFolderSet(whole), "vmdk", "streamOptimized", -1);
    const parts = path.join(root, "cut-parts");
    await copyInto(await opened(parts), "vmdk", "streamOptimized", 4);
    appendFileSync(path.join(unfinished(parts), "log"), '{"file":"disk","sources":[],"wri');
    appendFileSync(path.join(unfinished(parts), "files", "disk"), Buffer.alloc(5_000_000, 7));
    await copyInto(await opened(parts), "vmdk", "streamOptimized", -1);
    assert.deepEqual(digestsOf(parts), digestsOf(whole));
  });

  it("does not go on with other work, nor when its source was changed", async () => {
    const parts = path.join(root, "other-parts");
    await copyInto(await opened(parts), "qcow2", "uncompressed", 4);
    const refused = (error: unknown): boolean => error instanceof FerryError && error.code === "convert/cannot-resume";
    await assert.rejects(opened(parts, "other work"), refused);
    utimesSync(image, new Date(0), new Date(0));
    await assert.rejects(copyInto(await opened(parts), "qcow2", "uncompressed", -1), refused);
    assert.ok(!existsSync(parts));
  });

  it("is nobody else's while its process runs", async () => {
    const parts = path.join(root, "locked-parts");
    const files = await opened(parts);
    writeFileSync(path.join(unfinished(parts), "pid"), String(process.ppid));
    await assert.rejects(opened(parts), (error) => error instanceof FerryError && error.code === "io/in-use");
    await files.abort();
  });
});
