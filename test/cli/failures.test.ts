/** What goes wrong from outside while a disk is converted: one error, its exit code, nothing left, and the next run works. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { copyDisk } from "../../src/disk/copy.js";
import { shapeOf } from "../../src/disk/extents.js";
import { diskFormats } from "../../src/disk/formats.js";
import { openRaw } from "../../src/disk/raw/read.js";
import type { Pool } from "../../src/io/pool.js";
import { openSingleFileSet } from "../../src/runtime/node/file-set.js";
import { openFileSource } from "../../src/runtime/node/file-source.js";
import { createContext, createNodeRuntime } from "../../src/runtime/node/runtime.js";
import { hasCode } from "../support/errors.js";
import { STREAM } from "../support/ovf.js";
import { descriptorOf } from "../support/packages.js";
import { fail } from "../support/pool-kernels.js";

const command = "dist/bin/vmferry.js";
const root = mkdtempSync(join(tmpdir(), "vmferry-failures-"));
after(() => rmSync(root, { recursive: true, force: true }));

/** A folder of its own with a raw disk that takes a moment to pack. */
function place(name: string, mebibytes: number): { readonly folder: string; readonly source: string } {
  const folder = join(root, name);
  mkdirSync(folder);
  const source = join(folder, "source.raw");
  const noise = randomBytes(2 ** 20);
  writeFileSync(source, Buffer.concat(Array.from({ length: mebibytes }, () => noise)));
  return { folder, source };
}

interface Ended {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

/** Runs the command to its end. `started` may meddle with it. */
function ferry(argv: readonly string[], started: (child: ChildProcess) => void = () => {}): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [command, ...argv], { stdio: ["ignore", "ignore", "pipe"] });
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const timer = setTimeout(() => child.kill("SIGKILL"), 60_000);
    child.on("close", (exitCode, signal) => {
      clearTimeout(timer);
      resolve({ exitCode, signal, stderr });
    });
    started(child);
  });
}

/** The errors that were told, by their codes. */
function errors(stderr: string): readonly string[] {
  return [...stderr.matchAll(/^error\[([^\]]+)\]/gm)].map((match) => match[1] ?? "");
}

/** A folder with a descriptor and a disk that has to be packed anew. */
async function makePackage(raw: string, folder: string): Promise<void> {
  mkdirSync(folder);
  const disk = join(folder, "disk.vmdk");
  assert.equal((await ferry(["disk", "convert", raw, disk, "--variant", "monolithicSparse", "--quiet"])).exitCode, 0);
  const capacity = `ovf:capacity="${statSync(raw).size}" ovf:format="${STREAM}"`;
  writeFileSync(join(folder, "box.ovf"), descriptorOf([{ href: "disk.vmdk", use: "disk", disk: capacity }]));
}

const POINTS = 5;

for (const [what, argv] of [
  [
    "disk convert",
    (source: string, folder: string) => [
      "disk",
      "convert",
      source,
      join(folder, "result.vmdk"),
      "--variant",
      "streamOptimized",
    ],
  ],
  ["convert", (_: string, folder: string) => ["convert", join(folder, "box"), join(folder, "result.ova")]],
] as const) {
  test(`${what}: a signal at any point leaves all or nothing, and the next run works`, {
    timeout: 240_000,
  }, async () => {
    const { folder, source } = place(what.replace(" ", "-"), 24);
    if (what === "convert") await makePackage(source, join(folder, "box"));
    const before = readdirSync(folder).sort();
    const args = [...argv(source, folder), "--quiet"];
    const startMs = performance.now();
    assert.deepEqual(errors((await ferry(args)).stderr), []);
    const takesMs = performance.now() - startMs;
    const result = readdirSync(folder).filter((name) => !before.includes(name));
    const clear = (): void => {
      for (const name of result) rmSync(join(folder, name), { recursive: true });
    };
    clear();
    const ends: string[] = [];
    for (let i = 0; i < POINTS; i++) {
      const signal = i % 2 === 0 ? "SIGINT" : "SIGTERM";
      const delayMs = takesMs * (0.2 + (0.75 * (i + Math.random())) / POINTS);
      const ended = await ferry(args, (child) => {
        const timer = setTimeout(() => child.kill(signal), delayMs);
        child.on("close", () => clearTimeout(timer));
      });
      const label = `${signal} after ${delayMs.toFixed(0)} of ${takesMs.toFixed(0)} ms: ${ended.stderr}`;
      const there = readdirSync(folder).sort();
      if (ended.exitCode === 0) {
        assert.deepEqual(there, [...before, ...result].sort(), label);
        clear();
      } else {
        // Before Node.js has read our first line nobody listens, and nothing was done; while it ends nobody listens again, and all was.
        const complete = ended.signal !== null && there.length > before.length;
        if (ended.signal === null)
          assert.deepEqual([ended.exitCode, errors(ended.stderr)], [130, ["run/canceled"]], label);
        else assert.deepEqual([ended.signal, ended.stderr], [signal, ""], label);
        assert.deepEqual(there, complete ? [...before, ...result].sort() : before, label);
        if (complete) clear();
      }
      ends.push(ended.exitCode === 0 ? "done" : ended.signal === null ? "canceled" : "killed");
    }
    assert.ok(ends.includes("canceled"), ends.join());
    assert.equal((await ferry(args)).exitCode, 0);
    assert.deepEqual(readdirSync(folder).sort(), [...before, ...result].sort());
  });
}

for (const [what, meddle] of [
  ["gets shorter", (source: string) => truncateSync(source, 2 ** 20)],
  ["is written to", (source: string) => utimesSync(source, 1, 1)],
] as const) {
  test(`a disk that ${what} while it is converted gives one error and no result`, { timeout: 120_000 }, async () => {
    const { folder, source } = place(what.replaceAll(" ", "-"), 64);
    const argv = ["disk", "convert", source, join(folder, "result.vmdk"), "--variant", "streamOptimized"];
    let meddled = false;
    const ended = await ferry([...argv, "--level", "9", "--progress", "json"], (child) => {
      child.stderr?.on("data", (chunk: Buffer) => {
        if (meddled || !chunk.includes('"copy"')) return;
        meddled = true;
        meddle(source);
      });
    });
    assert.ok(meddled, ended.stderr);
    assert.equal(ended.exitCode, 3, ended.stderr);
    assert.deepEqual(errors(ended.stderr), ["io/changed"], ended.stderr);
    assert.deepEqual(readdirSync(folder), ["source.raw"]);
  });
}

const mountable =
  process.getuid?.() === 0 && spawnSync("unshare", ["--mount", "true"], { timeout: 10_000 }).status === 0;

/** Runs a command where a folder is a file system of 4 MiB that nobody else sees. Prints what lies there afterwards. */
const SMALL_DISK = `
mount -t tmpfs -o size=4m tmpfs "$1" || exit 99
small=$1
shift
"$@"
status=$?
ls -A "$small"
exit $status
`;

test("a target that is full gives one error and nothing, for every variant that is written", {
  skip: mountable ? false : "a small file system can be mounted by root alone",
  timeout: 240_000,
}, () => {
  const { folder, source } = place("full", 6);
  const small = join(folder, "small");
  mkdirSync(small);
  for (const format of diskFormats.all) {
    for (const variant of format.writes) {
      const name = join(small, `result${format.extensions[0]}`);
      const argv = ["disk", "convert", source, name, "--variant", variant, "--quiet"];
      const ran = spawnSync(
        "unshare",
        ["--mount", "sh", "-c", SMALL_DISK, "sh", small, process.execPath, command, ...argv],
        {
          encoding: "utf8",
          timeout: 60_000,
        },
      );
      assert.equal(ran.status, 3, `${format.id} ${variant}: ${ran.stderr}`);
      assert.deepEqual(errors(ran.stderr), ["io/no-space"], `${format.id} ${variant}`);
      assert.equal(ran.stdout, "", `${format.id} ${variant}`);
    }
  }
});

test("a thread that dies in the middle of a disk is one error, leaves nothing, and the next copy works", async () => {
  const { folder, source } = place("thread", 32);
  const runtime = createNodeRuntime({ worker: new URL("../support/disk-pool-worker.js", import.meta.url), workers: 2 });
  let jobs = 0;
  let deadly = Number.NaN;
  const pool: Pool = {
    ...runtime.pool,
    size: runtime.pool.size,
    release: async () => runtime.pool.release?.(),
    run(kernel, job, options) {
      // Beside the job: those of one thread die together.
      if (jobs++ === deadly) return runtime.pool.run(fail, "exit", options) as never;
      return runtime.pool.run(kernel, job, options);
    },
  };
  const ctx = createContext({ ...runtime, pool }, {});
  const copy = async (): Promise<void> => {
    jobs = 0;
    const from = await openFileSource(source, runtime.native);
    const disk = openRaw(from);
    const files = await openSingleFileSet(join(folder, "result.vmdk"), { force: true });
    try {
      const plan = await diskFormats
        .get("vmdk")
        .plan?.(shapeOf(disk), { name: "result.vmdk", variant: "streamOptimized" }, ctx);
      assert.ok(plan !== undefined);
      await copyDisk(disk, [{ plan, files }], ctx);
      await files.commit();
    } catch (cause) {
      await files.abort(cause);
      throw cause;
    } finally {
      await from.close();
    }
  };
  try {
    await copy();
    const all = jobs;
    assert.ok(all > 2, `${all} jobs`);
    rmSync(join(folder, "result.vmdk"));
    for (const at of [0, 1, all - 1]) {
      deadly = at;
      await assert.rejects(copy(), hasCode("run/worker-failed"));
      assert.deepEqual(readdirSync(folder), ["source.raw"], `job ${at} of ${all}`);
    }
    deadly = Number.NaN;
    await copy();
    assert.deepEqual(readdirSync(folder).sort(), ["result.vmdk", "source.raw"]);
  } finally {
    await runtime.close();
  }
});
