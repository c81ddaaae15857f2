/** What holds for every byte source. A source without a case here fails the first test. */
// Long: the laws of one interface stand together, so that whoever implements it finds all of them here.
import assert from "node:assert/strict";
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import type { ByteRange } from "../../src/base/bytes.js";
import { concatBytes } from "../../src/base/bytes.js";
import { overlay } from "../../src/disk/changed-file.js";
import type { ByteSource } from "../../src/io/source.js";
import { borrowed } from "../../src/io/sources/borrowed.js";
import { cachedSource } from "../../src/io/sources/cached.js";
import { chunkedSource } from "../../src/io/sources/chunked.js";
import { concatSource } from "../../src/io/sources/concat.js";
import { memorySource } from "../../src/io/sources/memory.js";
import { sliceSource } from "../../src/io/sources/slice.js";
import { SparseBytes, sparseSource } from "../../src/io/testing/sparse-bytes.js";
import { zlibCodec } from "../../src/runtime/node/codec.js";
import { openFileSource } from "../../src/runtime/node/file-source.js";
import { openHttpSource } from "../../src/runtime/node/http/source.js";
import { type ClosableKernelEnv, createKernelEnv } from "../../src/runtime/node/kernel-env.js";
import { loadNative, NO_NATIVE } from "../../src/runtime/node/native.js";
import { hasCode } from "../support/errors.js";
import { fc } from "../support/fast-check.js";
import { serve } from "../support/http-server.js";

const native = loadNative(new Set());
const withoutNative = NO_NATIVE;
const folder = mkdtempSync(join(tmpdir(), "vmferry-sources-"));
after(() => rmSync(folder, { recursive: true }));
let files = 0;

/** Text, holes that are whole blocks, zeros among the text. */
function content(): Uint8Array {
  const bytes = new Uint8Array(200_003);
  for (const [at, length] of [
    [0, 5000],
    [70_000, 3],
    [131_072, 4096],
    [200_000, 3],
  ] as const) {
    for (let i = 0; i < length; i++) bytes[at + i] = 1 + ((at + i) % 251);
  }
  return bytes;
}

/** A file of these bytes with holes where they are zeros, last changed long ago. */
async function fileOf(bytes: Uint8Array): Promise<string> {
  const file = join(folder, `file-${files++}`);
  const handle = await open(file, "w");
  for (let at = 0; at < bytes.length; at += 4096) {
    const page = bytes.subarray(at, at + 4096);
    if (page.some((byte) => byte !== 0)) await handle.write(page, 0, page.length, at);
  }
  await handle.truncate(bytes.length);
  await handle.close();
  utimesSync(file, 1e9, 1e9);
  return file;
}

function sparse(bytes: Uint8Array): ByteSource {
  const kept = new SparseBytes(bytes.length);
  for (let at = 0; at < bytes.length; at += 4096) {
    const page = bytes.subarray(at, at + 4096);
    if (page.some((byte) => byte !== 0)) kept.write(at, page);
  }
  return sparseSource(kept, "sparse");
}

/** Bytes in the middle of others. */
function padded(bytes: Uint8Array): Uint8Array {
  return concatBytes([new Uint8Array(777).fill(0xaa), bytes, new Uint8Array(333).fill(0xbb)]);
}

function shared(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}

/** Parts of some bytes, an empty one among them. */
function cut(bytes: Uint8Array): readonly Uint8Array[] {
  return [bytes.subarray(0, 4097), new Uint8Array(0), bytes.subarray(4097, 131_072), bytes.subarray(131_072)];
}

interface Case {
  /** The file under `src` that makes it, without its ending. */
  readonly from: string;
  readonly reopens: boolean;
  open(bytes: Uint8Array): Promise<ByteSource> | ByteSource;
}

const cases: Readonly<Record<string, Case>> = {
  memory: { from: "io/sources/memory", reopens: true, open: (bytes) => memorySource(bytes, "m") },
  "a part of a buffer": {
    from: "io/sources/memory",
    reopens: true,
    open: (bytes) => memorySource(padded(bytes).subarray(777, 777 + bytes.length), "m"),
  },
  "shared memory": { from: "io/sources/memory", reopens: true, open: (bytes) => memorySource(shared(bytes), "m") },
  "a source that is lent": {
    from: "io/sources/borrowed",
    reopens: true,
    open: (bytes) => borrowed(memorySource(bytes, "m")),
  },
  "a slice of memory": {
    from: "io/sources/slice",
    reopens: true,
    open: (bytes) => sliceSource(memorySource(padded(bytes), "whole"), 777, bytes.length, "s"),
  },
  "a slice of a slice": {
    from: "io/sources/slice",
    reopens: true,
    open(bytes): ByteSource {
      const whole = memorySource(padded(bytes), "whole");
      return sliceSource(sliceSource(whole, 700, bytes.length + 300, "outer"), 77, bytes.length, "inner");
    },
  },
  "a slice of what threads cannot open": {
    from: "io/sources/slice",
    reopens: false,
    open: (bytes) => sliceSource(sparse(padded(bytes)), 777, bytes.length, "s"),
  },
  "parts in memory": {
    from: "io/sources/concat",
    reopens: true,
    open: (bytes) =>
      concatSource(
        cut(bytes).map((part, i) => memorySource(part, `${i}`)),
        "c",
      ),
  },
  "parts of which threads cannot open one": {
    from: "io/sources/concat",
    reopens: false,
    open: (bytes) =>
      concatSource(
        cut(bytes).map((part, i) => (i === 2 ? sparse(part) : memorySource(part, `${i}`))),
        "c",
      ),
  },
  "parts in files": {
    from: "io/sources/concat",
    reopens: true,
    open: async (bytes) =>
      concatSource(await Promise.all(cut(bytes).map(async (part) => openFileSource(await fileOf(part), native))), "c"),
  },
  "a file": {
    from: "runtime/node/file-source",
    reopens: true,
    open: async (bytes) => openFileSource(await fileOf(bytes), native),
  },
  "a file whose holes nobody tells": {
    from: "runtime/node/file-source",
    reopens: true,
    open: async (bytes) => openFileSource(await fileOf(bytes), withoutNative),
  },
  "a slice of a file": {
    from: "io/sources/slice",
    reopens: true,
    async open(bytes) {
      const whole = await openFileSource(await fileOf(padded(bytes)), native);
      return { ...sliceSource(whole, 777, bytes.length, "s"), close: () => whole.close() };
    },
  },
  "a file under the changes of a log": {
    from: "disk/vhdx/overlay",
    reopens: false,
    open(bytes): ByteSource {
      const before = bytes.slice(0, 150_000).fill(9, 4000, 8000);
      const changes = [
        { at: 4000, length: 4000, bytes: bytes.slice(4000, 8000) },
        { at: 150_000, length: 50_003, bytes: bytes.slice(150_000) },
      ];
      return overlay(memorySource(before, "before"), changes, bytes.length).source;
    },
  },
  "a cache": {
    from: "io/sources/cached",
    reopens: false,
    open: (bytes) =>
      cachedSource(sparse(bytes), {
        blockBytes: 4096,
        mostBytes: 65_536,
        ahead: 8192,
        behind: 4096,
        passBytes: 20_000,
      }),
  },
  "a file on a server": {
    from: "runtime/node/http/source",
    reopens: false,
    async open(bytes): Promise<ByteSource> {
      const server = await serve({ file: bytes });
      const source = await openHttpSource(`${server.origin}/file`);
      return { ...source, close: () => source.close().then(() => server.close()) };
    },
  },
  "a disk in chunks": {
    from: "io/sources/chunked",
    reopens: false,
    open: async (bytes) =>
      chunkedSource({
        label: "chunks",
        source: memorySource(bytes, "archive"),
        size: bytes.length,
        // Two runs, so that reads go over their seam.
        runs({ offset, length }) {
          const middle = Math.floor(bytes.length / 2);
          const pieces = [
            [Math.max(0, offset), Math.min(middle, offset + length)],
            [Math.max(middle, offset), Math.min(bytes.length, offset + length)],
          ] as const;
          return Float64Array.from(pieces.flatMap(([from, to]) => (to > from ? [from, from, to - from] : [])));
        },
      }),
  },
  "sparse bytes": { from: "io/testing/sparse-bytes", reopens: false, open: sparse },
};

async function streamed(source: ByteSource, range?: ByteRange): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source.stream(range)) {
    assert.ok(chunk.length > 0, "no chunk is empty");
    chunks.push(chunk.slice());
  }
  return concatBytes(chunks);
}

function kernelEnv(): ClosableKernelEnv {
  const codec = zlibCodec();
  return createKernelEnv({ codec, portable: codec, stopped: () => false, advance: () => {} });
}

const bytes = content();
const ranges: fc.Arbitrary<ByteRange> = fc
  .oneof(fc.nat(bytes.length), fc.constantFrom(0, 4096, 4097, 131_072, bytes.length))
  .chain((offset) =>
    fc.record({
      offset: fc.constant(offset),
      length: fc.oneof(fc.nat(bytes.length - offset), fc.nat(Math.min(5000, bytes.length - offset))),
    }),
  );
const outside: readonly ByteRange[] = [
  { offset: bytes.length, length: 1 },
  { offset: 0, length: bytes.length + 1 },
  { offset: -1, length: 1 },
  { offset: 5, length: -1 },
  { offset: Number.NaN, length: 1 },
  { offset: 2 ** 52, length: 2 ** 52 },
];

test("every file that makes sources has a case", () => {
  const made = readdirSync("src/io/sources").filter((name) => !name.endsWith(".test.ts"));
  const tried = new Set(Object.values(cases).map(({ from }) => `${from.split("/").at(-1)}.ts`));
  assert.deepEqual(
    made.filter((name) => !tried.has(name)),
    [],
  );
});

for (const [name, { open: make, reopens }] of Object.entries(cases)) {
  describe(name, () => {
    const using = async (work: (source: ByteSource) => Promise<unknown>): Promise<void> => {
      const source = await make(bytes);
      try {
        await work(source);
      } finally {
        await source.close();
      }
    };

    test("has the size of its bytes", () => using(async (source) => assert.equal(source.size, bytes.length)));

    test("reads exactly what is asked for", () =>
      using((source) =>
        fc.assert(
          fc.asyncProperty(ranges, async ({ offset, length }) => {
            assert.deepEqual(await source.read(offset, length), bytes.slice(offset, offset + length));
          }),
          { numRuns: 40 },
        ),
      ));

    test("streams what it reads, in chunks that are not empty", () =>
      using(async (source) => {
        assert.deepEqual(await streamed(source), bytes);
        await fc.assert(
          fc.asyncProperty(ranges, async (range) => {
            assert.deepEqual(await streamed(source, range), bytes.slice(range.offset, range.offset + range.length));
          }),
          { numRuns: 20 },
        );
      }));

    test("refuses ranges that do not lie inside of it", () =>
      using(async (source) => {
        for (const range of outside) {
          await assert.rejects(source.read(range.offset, range.length), hasCode("io/out-of-bounds"));
          await assert.rejects(async () => streamed(source, range), hasCode("io/out-of-bounds"));
        }
      }));

    test("serves two readers that do not disturb each other", () =>
      using(async (source) => {
        const [first, second] = [source.stream(), source.stream({ offset: 1000, length: 150_000 })];
        const all = [first, second].map((stream) => ({
          chunks: [] as Uint8Array[],
          at: stream[Symbol.asyncIterator](),
        }));
        for (let running = true; running; ) {
          const steps = await Promise.all(all.map(({ at }) => at.next()));
          for (const [i, step] of steps.entries()) if (step.done !== true) all[i]?.chunks.push(step.value.slice());
          const [once, again] = await Promise.all([source.read(4000, 300), source.read(4000, 300)]);
          assert.deepEqual(once, again);
          running = steps.some((step) => step.done !== true);
        }
        assert.deepEqual(concatBytes(all[0]?.chunks ?? []), bytes);
        assert.deepEqual(concatBytes(all[1]?.chunks ?? []), bytes.slice(1000, 151_000));
      }));

    test(reopens ? "is opened again by its ref" : "has no ref, since only this thread can read it", () =>
      using(async (source) => {
        const ref = source.ref();
        assert.equal(ref !== null, reopens);
        if (ref === null) return;
        const env = kernelEnv();
        fc.assert(
          fc.property(ranges, ({ offset, length }) => {
            const into = new Uint8Array(length).fill(0xee);
            env.readInto(ref, offset, into);
            assert.deepEqual(into, bytes.slice(offset, offset + length));
          }),
          { numRuns: 40 },
        );
        for (const { offset, length } of outside) {
          if (length < 0 || length > 2 ** 20) continue;
          assert.throws(() => env.readInto(ref, offset, new Uint8Array(length)), hasCode("io/out-of-bounds"));
        }
        env.close();
        const again = new Uint8Array(5);
        env.readInto(ref, 70_000, again);
        assert.deepEqual(again, bytes.slice(70_000, 70_005));
        env.close();
      }),
    );

    test("tells holes in order, and none where there is data", (t) =>
      using(async (source) => {
        if (source.dataRuns === undefined) return t.diagnostic("tells no holes");
        const { dataRuns } = source;
        await fc.assert(
          fc.asyncProperty(ranges, async (range) => {
            const covered = new Uint8Array(range.length);
            let last = range.offset;
            for await (const run of dataRuns.call(source, range)) {
              assert.ok(run.offset >= last && run.length > 0, "runs are sorted and not empty");
              last = run.offset + run.length;
              assert.ok(last <= range.offset + range.length, "runs lie inside of the range");
              covered.fill(1, run.offset - range.offset, last - range.offset);
            }
            for (let i = 0; i < range.length; i++) {
              if (bytes[range.offset + i] !== 0) assert.equal(covered[i], 1, `byte ${range.offset + i} is data`);
            }
          }),
          { numRuns: 25 },
        );
      }));

    test("is unchanged as long as nobody writes", () => using(async (source) => source.checkUnchanged?.()));
  });
}

test("a slice of a source does not lie outside of it", () => {
  const whole = memorySource(bytes, "whole");
  for (const { offset, length } of outside) {
    assert.throws(() => sliceSource(whole, offset, length, "s"), hasCode("io/out-of-bounds"));
  }
});

test("a file's holes are told where the system knows them", {
  skip: native.seek === null ? "no koffi" : false,
}, async () => {
  const source = await openFileSource(await fileOf(bytes), native);
  const runs: ByteRange[] = [];
  for await (const run of source.dataRuns?.({ offset: 0, length: source.size }) ?? []) runs.push(run);
  await source.close();
  assert.ok(runs.length > 1, "the file has holes");
  assert.ok(runs.reduce((sum, run) => sum + run.length, 0) < bytes.length / 2);
});

const changes: Readonly<Record<string, (file: string) => void>> = {
  "a byte in the middle": (file) => writeFileSync(file, Uint8Array.of(1), { flag: "r+" }),
  "bytes at the end": (file) => appendFileSync(file, "more"),
  "a cut": (file) => truncateSync(file, 100),
};

for (const [what, change] of Object.entries(changes)) {
  test(`a file that is changed by ${what} says so`, async () => {
    const file = await fileOf(bytes);
    const source = await openFileSource(file, native);
    const sources = [source, sliceSource(source, 10, 50, "s"), concatSource([source, memorySource(bytes, "m")], "c")];
    const ref = source.ref();
    assert.ok(ref !== null);
    for (const one of sources) await one.checkUnchanged?.();
    change(file);
    for (const one of sources) await assert.rejects(async () => one.checkUnchanged?.(), hasCode("io/changed"));
    const env = kernelEnv();
    assert.throws(() => env.readInto(ref, 0, new Uint8Array(4)), hasCode("io/changed"));
    if (what === "a cut") await assert.rejects(source.read(4096, 200), hasCode("io/changed"));
    await source.close();
  });
}

test("a thread that has a file open does not take another one for it that has its name, size and time", async () => {
  const file = await fileOf(bytes);
  const first = await openFileSource(file, native);
  const env = kernelEnv();
  const into = new Uint8Array(4);
  env.readInto(first.ref() ?? assert.fail(), 0, into);
  const other = await fileOf(new Uint8Array(bytes.length).fill(7));
  renameSync(other, file);
  const second = await openFileSource(file, native);
  env.readInto(second.ref() ?? assert.fail(), 0, into);
  assert.deepEqual(into, new Uint8Array(4).fill(7));
  env.close();
  assert.throws(() => env.readInto(first.ref() ?? assert.fail(), 0, into), hasCode("io/changed"));
  await first.close();
  await second.close();
});

test("what is no file, is not there or may not be read is refused in words", async () => {
  await assert.rejects(openFileSource(join(folder, "nothing"), native), hasCode("io/not-found"));
  await assert.rejects(openFileSource(folder, native), hasCode("io/read-failed"));
  await assert.rejects(openFileSource(join(await fileOf(bytes), "below"), native), hasCode("io/read-failed"));
});

test("an interrupted reader gets no more bytes of a file", async () => {
  const source = await openFileSource(await fileOf(bytes), native);
  const interrupt = new AbortController();
  interrupt.abort();
  await assert.rejects(source.read(0, 10, interrupt.signal), hasCode("run/canceled"));
  const stream = source.stream(undefined, interrupt.signal)[Symbol.asyncIterator]();
  await assert.rejects(async () => stream.next(), hasCode("run/canceled"));
  await source.close();
});
