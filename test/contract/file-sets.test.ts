/** What holds for every file set: what is seen of it before and after, and what a target makes of what it is given. */
// Long: the laws of one interface stand together, so that whoever implements it finds all of them here.
import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import type { FileSet } from "../../src/io/file-set.js";
import type { RandomTarget } from "../../src/io/target.js";
import { testContext } from "../../src/io/testing/context.js";
import { memoryFileSet } from "../../src/io/testing/memory-set.js";
import { archiveSet } from "../../src/operations/pack.js";
import { createOva } from "../../src/package/ova/write.js";
import { zlibCodec } from "../../src/runtime/node/codec.js";
import { openFolderSet, openSingleFileSet } from "../../src/runtime/node/file-set.js";
import { nodeHash } from "../../src/runtime/node/hash.js";
import { createKernelEnv } from "../../src/runtime/node/kernel-env.js";
import { hasCode } from "../support/errors.js";

const root = mkdtempSync(join(tmpdir(), "vmferry-sets-"));
after(() => rmSync(root, { recursive: true }));
let counter = 0;

/** A folder of its own for a test. */
function place(): string {
  const folder = join(root, `${counter++}`);
  mkdirSync(folder);
  return folder;
}

/** Everything under a folder, files with their size. */
function tree(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => {
      const found = statSync(join(folder, name), { throwIfNoEntry: false });
      return found?.isFile() === true ? `${name} ${found.size}` : `${name}/`;
    })
    .sort();
}

const ctx = testContext({
  runtime: { hash: nodeHash, pool: { size: 0, run: () => assert.fail("nothing runs on threads here") } },
});

interface Case {
  /** Starts a set; `where` is an empty folder. */
  open(where: string): Promise<FileSet>;
  /** The bytes of a file after the commit; `null` where the set has files of its own only. */
  readonly committed: ((where: string, name: string) => Uint8Array) | null;
  /** The files that it is given, of which some sets take only one. */
  readonly names: readonly string[];
}

const cases: Readonly<Record<string, Case>> = {
  "a new folder": {
    open: (where) => openFolderSet(join(where, "above/result")),
    committed: (where, name) => readFileSync(join(where, "above/result", name)),
    names: ["one", "two", "below/three"],
  },
  "an empty folder": {
    async open(where): Promise<FileSet> {
      mkdirSync(join(where, "result"));
      return openFolderSet(join(where, "result"));
    },
    committed: (where, name) => readFileSync(join(where, "result", name)),
    names: ["one", "two", "below/three"],
  },
  "a filled folder, by force": {
    async open(where): Promise<FileSet> {
      mkdirSync(join(where, "result"));
      for (const name of ["one", "other"]) writeFileSync(join(where, "result", name), `old ${name}`);
      return openFolderSet(join(where, "result"), { force: true });
    },
    committed: (where, name) => readFileSync(join(where, "result", name)),
    names: ["one", "two", "below/three"],
  },
  "a file": {
    open: (where) => openSingleFileSet(join(where, "above/again/one")),
    committed: (where, name) => readFileSync(join(where, "above/again", name)),
    names: ["one"],
  },
  "a file and its extents": {
    open: (where) => openSingleFileSet(join(where, "one")),
    committed: (where, name) => readFileSync(join(where, name)),
    names: ["one", "one-s001"],
  },
  "a file, by force": {
    async open(where): Promise<FileSet> {
      writeFileSync(join(where, "one"), "old one");
      return openSingleFileSet(join(where, "one"), { force: true });
    },
    committed: (where, name) => readFileSync(join(where, name)),
    names: ["one"],
  },
  "an archive": {
    async open(where): Promise<FileSet> {
      const set = await openSingleFileSet(join(where, "one.ova"));
      const options = { name: "one.ova", modified: new Date(0), digest: "sha256" as const, descriptor: null };
      return createOva(archiveSet(set), options, ctx);
    },
    committed: null,
    names: ["one", "two", "below/three"],
  },
  memory: {
    open: async () => memoryFileSet(),
    committed: null,
    names: ["one", "two"],
  },
};

async function readBack(set: FileSet, name: string): Promise<Uint8Array> {
  const source = await set.readBack?.(name);
  assert.ok(source !== undefined);
  try {
    return (await source.read(0, source.size)).slice();
  } finally {
    await source.close();
  }
}

async function fill(set: FileSet, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const target = await set.create(name, 8);
    await target.write(new TextEncoder().encode(name.padEnd(8).slice(0, 8)));
    await target.close();
  }
}

async function createRandom(set: FileSet, name: string, size: number | null): Promise<RandomTarget> {
  const target = await set.createRandom?.(name, size);
  assert.ok(target !== undefined);
  return target;
}

/** What a target is given, and the bytes that it makes. */
const writings: Readonly<Record<string, { write(target: RandomTarget): Promise<void>; readonly bytes: Uint8Array }>> = {
  "bytes in order": {
    async write(target): Promise<void> {
      await target.write(Uint8Array.of(1, 2, 3));
      assert.equal(target.position, 3);
      await target.write(new Uint8Array(0));
      await target.write(Uint8Array.of(4));
      assert.equal(target.position, 4);
    },
    bytes: Uint8Array.of(1, 2, 3, 4),
  },
  "zeros between bytes": {
    async write(target): Promise<void> {
      await target.zeros(2);
      await target.write(Uint8Array.of(1));
      await target.zeros(0);
      await target.zeros(1);
      await target.write(Uint8Array.of(2));
      assert.equal(target.position, 5);
    },
    bytes: Uint8Array.of(0, 0, 1, 0, 2),
  },
  "zeros at the end": {
    async write(target): Promise<void> {
      await target.write(Uint8Array.of(1));
      await target.zeros(5000);
    },
    bytes: Uint8Array.from({ length: 5001 }, (_, i) => (i === 0 ? 1 : 0)),
  },
  "zeros alone": { write: (target) => target.zeros(70_000), bytes: new Uint8Array(70_000) },
  nothing: { write: async () => {}, bytes: new Uint8Array(0) },
  "bytes anywhere": {
    async write(target): Promise<void> {
      await target.writeAt(5, Uint8Array.of(5, 6));
      await target.writeAt(1, Uint8Array.of(1, 2));
      await target.writeAt(2, Uint8Array.of(9));
    },
    bytes: Uint8Array.of(0, 1, 9, 0, 0, 5, 6),
  },
  "a size and few bytes": {
    async write(target): Promise<void> {
      await target.truncate(9000);
      await target.writeAt(8000, Uint8Array.of(1));
    },
    bytes: Uint8Array.from({ length: 9000 }, (_, i) => (i === 8000 ? 1 : 0)),
  },
};

for (const [name, { open, committed, names }] of Object.entries(cases)) {
  describe(name, () => {
    for (const [what, { write, bytes }] of Object.entries(writings)) {
      for (const announced of [true, false]) {
        test(`keeps ${what}${announced ? ", of which it knew the size" : ""}`, async () => {
          const where = place();
          const set = await open(where);
          const target = await createRandom(set, "one", announced ? bytes.length : null);
          await write(target);
          await target.close();
          await target.close();
          if (set.readBack !== undefined) assert.deepEqual(await readBack(set, "one"), bytes);
          await set.commit();
          if (committed !== null) assert.deepEqual(new Uint8Array(committed(where, "one")), bytes);
        });
      }
    }

    test("shows nothing before the commit, and everything after it", async () => {
      const where = place();
      const set = await open(where);
      const before = tree(where).filter((line) => !line.includes(".partial-"));
      await fill(set, names);
      assert.deepEqual(
        tree(where).filter((line) => !line.includes(".partial-")),
        before,
      );
      await set.commit();
      assert.deepEqual(
        tree(where).filter((line) => line.includes(".partial-")),
        [],
      );
      if (committed === null) return;
      for (const one of names) assert.equal(Buffer.from(committed(where, one)).toString().trim(), one.slice(0, 8));
      if (name === "a filled folder, by force") {
        assert.equal(Buffer.from(committed(where, "other")).toString(), "old other");
      }
    });

    test("leaves nothing after an abort, folders included", async () => {
      const where = place();
      const probe = await open(where);
      await probe.abort();
      const before = tree(where);
      for (const finished of [true, false]) {
        rmSync(where, { recursive: true });
        mkdirSync(where);
        const set = await open(where);
        await fill(set, names.slice(0, -1));
        const last = await set.create(names.at(-1) ?? "", 8);
        await last.write(Uint8Array.of(1, 2));
        if (finished) {
          await last.write(new Uint8Array(6));
          await last.close();
        }
        await set.abort(new Error("told to"));
        await set.abort(new Error("twice"));
        assert.deepEqual(tree(where), before);
      }
    });

    test("takes no name that leads elsewhere, and no name twice", async () => {
      if (name === "memory") return;
      const where = place();
      const set = await open(where);
      for (const bad of ["", ".", "..", "../x", "a/../../x", "/x", "a//b", "a/", "./a", "C:x", "a\\b", "a\0b"]) {
        await assert.rejects(async () => set.create(bad, null), hasCode("internal/bug"), JSON.stringify(bad));
      }
      await fill(set, names.slice(0, 1));
      await assert.rejects(async () => set.create(names[0] ?? "", 8));
      await set.abort();
      assert.ok(!existsSync(join(root, "x")));
    });
  });
}

test("a destination that exists is left alone", async () => {
  const where = place();
  mkdirSync(join(where, "filled"));
  writeFileSync(join(where, "filled/x"), "x");
  writeFileSync(join(where, "file"), "file");
  symlinkSync("nowhere", join(where, "link"));
  const before = tree(where);
  for (const name of ["filled", "file", "link"]) {
    await assert.rejects(openFolderSet(join(where, name)), hasCode("io/exists"));
    await assert.rejects(openSingleFileSet(join(where, name)), hasCode("io/exists"));
  }
  for (const name of ["file", "link"]) {
    await assert.rejects(openFolderSet(join(where, name), { force: true }), hasCode("io/exists"));
  }
  await assert.rejects(openSingleFileSet(join(where, "filled"), { force: true }), hasCode("io/exists"));
  assert.deepEqual(tree(where), before);
});

test("an extent's name that is taken is told before the work, not after it", async () => {
  const where = place();
  writeFileSync(join(where, "disk-s002.vmdk"), "mine");
  const set = await openSingleFileSet(join(where, "disk.vmdk"));
  await set.create("disk.vmdk", null);
  await assert.rejects(set.create("disk-s002.vmdk", null), hasCode("io/exists"));
  await set.abort();
  assert.deepEqual(tree(where), ["disk-s002.vmdk 4"]);
});

test("a name that is taken while the work is done takes back what was moved already", async () => {
  const where = place();
  const set = await openSingleFileSet(join(where, "one"));
  await fill(set, ["one", "two", "three"]);
  writeFileSync(join(where, "two"), "mine");
  await assert.rejects(set.commit(), hasCode("io/exists"));
  await set.abort();
  assert.deepEqual(tree(where), ["two 4"]);
});

test("a commit that fails by force puts back what it replaced", async () => {
  const where = place();
  mkdirSync(join(where, "result/three"), { recursive: true });
  writeFileSync(join(where, "result/one"), "old one");
  writeFileSync(join(where, "result/three/kept"), "kept");
  const before = tree(where);
  const set = await openFolderSet(join(where, "result"), { force: true });
  await fill(set, ["one", "new/two", "three"]);
  await assert.rejects(set.commit(), hasCode("io/exists"));
  await set.abort();
  assert.deepEqual(tree(where), before);
  assert.equal(readFileSync(join(where, "result/one"), "utf8"), "old one");
});

test("what the user's mask allows is what a result allows, and scripts can be run by whoever may read them", async () => {
  const where = place();
  const mask = process.umask(0o027);
  try {
    const set = await openFolderSet(join(where, "result"));
    await fill(set, ["plain", "script"]);
    set.markExecutable("script");
    await set.commit();
  } finally {
    process.umask(mask);
  }
  const mode = (name: string): string => (statSync(join(where, name)).mode % 0o1000).toString(8);
  assert.deepEqual([mode("result"), mode("result/plain"), mode("result/script")], ["750", "640", "750"]);
});

test("a folder that cannot be written is told in words", {
  skip: process.getuid?.() === 0 ? "root may write anywhere" : false,
}, async () => {
  const where = place();
  chmodSync(where, 0o500);
  await assert.rejects(openFolderSet(join(where, "result")), hasCode("io/write-failed"));
  chmodSync(where, 0o700);
});

test("a destination below a file is told in words, and nothing is made", async () => {
  const where = place();
  writeFileSync(join(where, "file"), "file");
  await assert.rejects(openFolderSet(join(where, "file/above/result")), hasCode("io/write-failed"));
  await assert.rejects(openSingleFileSet(join(where, "file/result")), hasCode("io/write-failed"));
  assert.deepEqual(tree(where), ["file 4"]);
});

test("a destination with the longest name that there is can be written", async () => {
  const where = place();
  const set = await openSingleFileSet(join(where, "n".repeat(255)));
  await fill(set, ["n".repeat(255)]);
  await set.commit();
  assert.deepEqual(tree(where), [`${"n".repeat(255)} 8`]);
});

test("folders that others put something into stay when a run is given up", async () => {
  const where = place();
  const set = await openFolderSet(join(where, "a/b/c/result"));
  writeFileSync(join(where, "a/b/mine"), "mine");
  await set.abort();
  assert.deepEqual(tree(where), ["a/", "a/b/", "a/b/mine 4"]);
});

test("a thread writes into a file, and into a member of an archive but not past its end", async () => {
  const where = place();
  const codec = zlibCodec();
  const env = createKernelEnv({ codec, portable: codec, stopped: () => false, advance: () => {} });
  const set = await openSingleFileSet(join(where, "one.ova"));
  const options = { name: "one.ova", modified: new Date(0), digest: "sha256" as const, descriptor: null };
  const ova = await createOva(archiveSet(set), options, ctx);
  const first = await ova.createRandom("first", 1000);
  const second = await ova.createRandom("second", 10);
  const ref = first.ref() ?? assert.fail("a member of known size has a ref");
  env.write(ref, 996, Uint8Array.of(1, 2, 3, 4));
  assert.throws(() => env.write(ref, 997, Uint8Array.of(1, 2, 3, 4)), hasCode("internal/bug"));
  assert.throws(() => env.write(ref, -1, Uint8Array.of(1)), hasCode("internal/bug"));
  await second.write(new Uint8Array(10).fill(7));
  await first.close();
  await second.close();
  env.close();
  assert.deepEqual((await readBack(ova, "first")).subarray(990), Uint8Array.of(0, 0, 0, 0, 0, 0, 1, 2, 3, 4));
  assert.deepEqual(await readBack(ova, "second"), new Uint8Array(10).fill(7));
  await ova.commit();
});

test("a file set that has ended takes no more files", async () => {
  const where = place();
  const set = await openFolderSet(join(where, "result"));
  await set.commit();
  await assert.rejects(set.create("late", null), hasCode("internal/bug"));
  await assert.rejects(set.commit(), hasCode("internal/bug"));
  await set.abort();
  assert.deepEqual(tree(where), ["result/"]);
});
