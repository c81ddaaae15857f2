/** What `vmferry edit --in-place` promises: little is read, and whoever is killed on the way leaves the old package or the new one. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { after, before, describe, it } from "node:test";
import type { EditableFile } from "../../src/io/context.js";
import type { ByteSource } from "../../src/io/source.js";
import { planEdit } from "../../src/operations/edit/edit.js";
import { archiveSet } from "../../src/operations/pack.js";
import { createOva } from "../../src/package/ova/write.js";
import { slackOf } from "../../src/package/slack.js";
import { noEdits } from "../../src/platforms/ovf/edit/edits.js";
import { hasUndoJournal, openEditableFile } from "../../src/runtime/node/editable-file.js";
import { openSingleFileSet } from "../../src/runtime/node/file-set.js";
import { NO_NATIVE } from "../../src/runtime/node/native.js";
import { createContext, createNodeRuntime } from "../../src/runtime/node/runtime.js";
import { descriptorOf, diskFile, layOut, manifestOf, ovaOf, packageOf } from "../support/packages.js";

const root = mkdtempSync(path.join(tmpdir(), "vmferry-in-place-"));
after(() => rmSync(root, { recursive: true, force: true }));

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const cli = new URL("../../src/cli/main.js", import.meta.url).pathname;
const child = new URL("../support/edit-package-child.js", import.meta.url).pathname;
const environment = { ...process.env, SOURCE_DATE_EPOCH: "0" };

const descriptor = descriptorOf([{ href: "disk.vmdk", use: "disk" }]);
/** With white space behind the descriptor, and without. */
const roomy = path.join(root, "roomy.ova");
const tight = path.join(root, "tight.ova");
const folder = path.join(root, "folder");
before(async () => {
  const runs = [{ sector: 9, sectors: 4000, content: "noise" }] as const;
  const files = { "disk.vmdk": await diskFile("vmdk", "streamOptimized", { sectors: 16_384, runs }) };
  const { writeFileSync } = await import("node:fs");
  writeFileSync(roomy, ovaOf(packageOf(descriptor + new TextDecoder().decode(slackOf(8192)), files)));
  writeFileSync(tight, ovaOf(packageOf(descriptor, files)));
  layOut(folder, packageOf(descriptor, files));
});

/** What is left beside a package is gone, and a torn change is undone, as the next edit does it. */
async function recovered(file: string): Promise<Buffer> {
  const { native } = { native: NO_NATIVE };
  if (await hasUndoJournal(file)) await (await openEditableFile(file, { native })).close();
  return readFileSync(file);
}

describe("an edit in place that is killed", () => {
  it("at each of its system calls, whole and half done, leaves the old archive or the new one", async () => {
    const whole = path.join(root, "whole.ova");
    copyFileSync(roomy, whole);
    assert.equal(spawnSync(process.execPath, [child, whole, "0", "whole"], { timeout: 60_000 }).status, 0);
    const [old, now] = [readFileSync(roomy), readFileSync(whole)];
    assert.ok(!old.equals(now));
    const seen = new Set<string>();
    let steps = 0;
    for (const how of ["whole", "half"]) {
      for (let step = 1; ; step++) {
        const file = path.join(root, `${how}-${step}.ova`);
        copyFileSync(roomy, file);
        const { status, signal } = spawnSync(process.execPath, [child, file, String(step), how], { timeout: 60_000 });
        const bytes = await recovered(file);
        assert.ok(bytes.equals(old) || bytes.equals(now), `${how} of step ${step}`);
        seen.add(bytes.equals(old) ? "old" : "new");
        rmSync(file);
        if (signal === "SIGKILL") steps++;
        else {
          assert.equal(status, 0);
          break;
        }
      }
    }
    assert.deepEqual([...seen].sort(), ["new", "old"]);
    assert.ok(steps >= 16, `${steps} steps`);
  });

  it("at random moments never leaves a broken package, whatever way it goes", async () => {
    const ways = [roomy, tight, folder] as const;
    const edit = (place: string): readonly string[] => [
      cli,
      "edit",
      place,
      "--in-place",
      "--annotation",
      "x".repeat(2000),
      "--cpus",
      "7",
      "--workers",
      "0",
    ];
    const results = new Map<string, Readonly<Record<string, Buffer>>>();
    const times = new Map<string, number>();
    for (const way of ways) {
      const place = fresh(way);
      const start = performance.now();
      const { status, stderr } = spawnSync(process.execPath, edit(place), { env: environment, timeout: 60_000 });
      times.set(way, performance.now() - start);
      assert.equal(status, 0, String(stderr));
      results.set(way, contentOf(place));
    }
    const random = randomFrom(Number(process.env.VMFERRY_SEED ?? Date.now()));
    let killed = 0;
    for (let i = 0; i < MOMENTS; i++) {
      const way = ways[i % ways.length] ?? roomy;
      const place = fresh(way);
      // Most of the time is Node's own start.
      const delay = (times.get(way) ?? 0) * (0.4 + 0.65 * random());
      if ((await runUntil(edit(place), delay)) === "killed") killed++;
      if (way !== folder) await recovered(place);
      const left = contentOf(place);
      const [old, now] = [contentOf(way), results.get(way) ?? {}];
      for (const [name, bytes] of Object.entries(left)) {
        assert.ok(old[name]?.equals(bytes) || now[name]?.equals(bytes), `${name} after ${delay} ms of ${way}`);
      }
      // In a folder the manifest goes before the descriptor changes: nothing vouches for the wrong one.
      if (way === folder) {
        assert.ok("box.ovf" in left && "disk.vmdk" in left, Object.keys(left).join());
        const manifest = left["box.mf"];
        const match = [old, now].some(
          (one) =>
            one["box.ovf"]?.equals(left["box.ovf"] ?? bytesOfNothing) &&
            one["box.mf"]?.equals(manifest ?? bytesOfNothing),
        );
        assert.ok(manifest === undefined || match, `manifest and descriptor after ${delay} ms`);
      }
      rmSync(path.dirname(place), { recursive: true });
    }
    assert.ok(killed >= MOMENTS / 5, `${killed} of ${MOMENTS} were killed`);
  });
});

/** Kills, shared by the three ways to edit in place: fifty in the long run (`VMFERRY_LONG=1`). */
const MOMENTS = process.env.VMFERRY_LONG === "1" ? 50 : 21;

const bytesOfNothing = Buffer.alloc(0);
let counter = 0;

/** A copy of a package in a folder of its own. */
function fresh(way: string): string {
  const place = path.join(root, `run${counter++}`, path.basename(way));
  mkdirSync(path.dirname(place));
  cpSync(way, place, { recursive: true });
  return place;
}

/** The files of a package, by name: without what a run that was stopped left beside them. */
function contentOf(place: string): Readonly<Record<string, Buffer>> {
  if (!existsSync(path.join(place, "disk.vmdk"))) return { archive: readFileSync(place) };
  const names = readdirSync(place).filter((name) => !name.startsWith("."));
  return Object.fromEntries(names.map((name) => [name, readFileSync(path.join(place, name))]));
}

async function runUntil(words: readonly string[], delay: number): Promise<"killed" | "through"> {
  const running = spawn(process.execPath, words, { env: environment, stdio: "ignore" });
  const ended = new Promise<NodeJS.Signals | null>((resolve) => running.on("exit", (_code, signal) => resolve(signal)));
  const timer = setTimeout(() => running.kill("SIGKILL"), delay);
  const signal = await ended;
  clearTimeout(timer);
  return signal === "SIGKILL" ? "killed" : "through";
}

/** A generator of Lehmer's: the same seed, the same moments. */
function randomFrom(seed: number): () => number {
  let state = (Math.abs(Math.floor(seed)) % 2_147_483_646) + 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** A source that counts what is read of it. */
function counting(source: ByteSource, read: { bytes: number }): ByteSource {
  return {
    ...source,
    label: source.label,
    size: source.size,
    async read(offset, length, signal) {
      read.bytes += length;
      return source.read(offset, length, signal);
    },
    async *stream(range, signal) {
      for await (const chunk of source.stream(range, signal)) {
        read.bytes += chunk.length;
        yield chunk;
      }
    },
    ref: () => null,
    close: () => source.close(),
  };
}

it("an edit in place of a package of 14 GB reads less than 2 MiB, and takes less than a second", async () => {
  const runtime = createNodeRuntime({ worker: new URL("../../src/worker-node.js", import.meta.url), workers: 0 });
  const ctx = createContext(runtime);
  const name = path.join(root, "large.ova");
  const to = await openSingleFileSet(name, {});
  const text = new TextEncoder().encode(descriptor);
  const ova = await createOva(
    archiveSet(to),
    {
      name: "large.ova",
      modified: new Date(0),
      digest: null,
      descriptor: { name: "box.ovf", room: text.length + 8192 },
    },
    ctx,
  );
  const disk = await ova.create("disk.vmdk", 14 * GIB);
  await disk.zeros(14 * GIB);
  await disk.close();
  const first = await ova.create("box.ovf", text.length);
  await first.write(text);
  await first.close();
  const head = await ova.readBack("box.ovf");
  // The disk's digest is no matter: it is taken over.
  const files = { "box.ovf": await head.read(0, head.size), "disk.vmdk": new Uint8Array() };
  await head.close();
  const manifest = manifestOf(files);
  const last = await ova.create("box.mf", manifest.length);
  await last.write(manifest);
  await last.close();
  await ova.finish();
  await to.commit();

  const read = { bytes: 0 };
  const start = performance.now();
  const file = await openEditableFile(name, { native: runtime.native });
  const source = counting(file.source, read);
  const seen: EditableFile = { ...file, source, findings: file.findings };
  const plan = await planEdit(
    { kind: "file", source, name: "large.ova", folder: null },
    { edits: { ...noEdits, cpus: 8 } },
    ctx,
  );
  const done = await plan.apply(seen, new Date(0), ctx);
  await plan.close();
  await file.close();
  const seconds = (performance.now() - start) / 1000;
  await runtime.close();
  assert.equal(done?.way, "patched");
  assert.ok(read.bytes < 2 * MIB, `${read.bytes} bytes were read`);
  assert.ok(read.bytes > text.length);
  assert.ok(seconds < 1, `${seconds} s`);
});
