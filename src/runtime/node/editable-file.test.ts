import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFile, link, mkdtemp, readdir, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { hasCode } from "../../../test/support/errors.js";
import type { FileEdit } from "../../io/target.js";
import { type EditDoor, fileSystemDoor } from "./edit-door.js";
import { journalPath } from "./edit-journal.js";
import { type EditOptions, hasUndoJournal, openEditableFile } from "./editable-file.js";

const options: EditOptions = { native: { seek: null, libdeflate: null, copyRange: null } };
const child = new URL("../../../test/support/edit-child.js", import.meta.url);
const MIB = 2 ** 20;

const old = "0123456789abcdefghijklmnopqrstuvwxyz".repeat(40);
/** Moves a block out of the way and writes over it, as growing a table does; fills, patches, grows. */
const edit = {
  moves: [{ from: 100, to: 1500, length: 80 }],
  fills: [
    { at: 100, length: 30, byte: 255 },
    { at: 1440, length: 20, byte: 0 },
  ],
  patches: [
    { at: 0, text: "HEAD" },
    { at: 130, text: "table ".repeat(8) },
    { at: 1580, text: "tail" },
  ],
  fileBytes: 1600,
};
const changed = ((): string => {
  const bytes = Buffer.alloc(1600);
  bytes.write(old);
  bytes.write(old.slice(100, 180), 1500);
  bytes.fill(255, 100, 130);
  for (const { at, text } of edit.patches) bytes.write(text, at);
  return bytes.toString("latin1");
})();

/** An edit as the library takes it. */
function bytesOf({ patches, ...rest }: typeof edit): FileEdit {
  return { ...rest, patches: patches.map(({ at, text }) => ({ at, bytes: Buffer.from(text) })) };
}

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "vmferry-edit-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function textOf(file: string): Promise<string> {
  return (await readFile(file)).toString("latin1");
}

/** Runs the process that is killed after a step. */
function runChild(file: string, given: typeof edit | null, step: number, how: "whole" | "half"): "killed" | "through" {
  const { status, signal, stderr } = spawnSync(
    process.execPath,
    [child.pathname, file, JSON.stringify(given), String(step), how],
    { encoding: "utf8", timeout: 30_000 },
  );
  if (signal === "SIGKILL") return "killed";
  assert.equal(status, 0, stderr);
  return "through";
}

test("a change moves, fills and patches, and leaves nothing beside the file", async (t) => {
  const folder = await folderOf(t);
  const file = join(folder, "disk.img");
  await writeFile(file, old);
  const editable = await openEditableFile(file, options);
  await editable.apply(bytesOf(edit));
  assert.equal(Buffer.from(await editable.source.read(0, 1600)).toString("latin1"), changed);
  await editable.apply({ patches: [], fileBytes: 10 });
  assert.equal(editable.source.size, 10);
  await editable.close();
  assert.equal(await textOf(file), changed.slice(0, 10));
  assert.deepEqual(await readdir(folder), ["disk.img"]);
});

for (const how of ["whole", "half"] as const) {
  test(`a process that is killed after any system call, the last one done ${how}, leaves the old bytes or the new`, async (t) => {
    const folder = await folderOf(t);
    const file = join(folder, "disk.img");
    const seen: string[] = [];
    for (let step = 1; ; step++) {
      await writeFile(file, old);
      if (runChild(file, edit, step, how) === "through") break;
      const { findings, close } = await openEditableFile(file, options);
      await close();
      const text = await textOf(file);
      assert.ok(text === old || text === changed, `neither old nor new after step ${step}`);
      assert.deepEqual(await readdir(folder), ["disk.img"], `step ${step}`);
      seen.push(`${text === old ? "old" : "new"} ${findings.map(({ code }) => code).join()}`);
    }
    assert.equal(await textOf(file), changed);
    // First the journal is torn, then the file, then all is done.
    assert.deepEqual([...new Set(seen)], ["old io/journal-dropped", "old io/change-undone", "new "]);
    assert.ok(seen.filter((state) => state === "old io/change-undone").length >= 8);
  });
}

test("undoing that is killed after any system call is undone again", async (t) => {
  const folder = await folderOf(t);
  const file = join(folder, "disk.img");
  const torn = join(folder, "torn");
  await writeFile(file, old);
  // Found by trying: the last step at which the file is changed and the journal still lies there.
  let last = 0;
  for (let step = 1; runChild(file, edit, step, "whole") === "killed"; step++) {
    if (await hasUndoJournal(file)) {
      last = step;
      await copyFile(journalPath(file), torn);
    }
    await rm(journalPath(file), { force: true });
    await writeFile(file, old);
  }
  await writeFile(file, old);
  assert.ok(last > 0);
  for (let step = 1; ; step++) {
    await writeFile(file, changed, "latin1");
    await copyFile(torn, journalPath(file));
    if (runChild(file, null, step, "half") === "through") break;
    await (await openEditableFile(file, options)).close();
    const text = await textOf(file);
    // When the journal is gone, the file must have been put back.
    assert.equal(text, old, `step ${step}`);
  }
  assert.equal(await textOf(file), old);
});

test("the journal lasts before the first byte of the file changes, and goes after the last one lasts", async (t) => {
  const file = join(await folderOf(t), "disk.img");
  await writeFile(file, old);
  const calls: string[] = [];
  const door: EditDoor = {
    async open(path, flags) {
      const name = path === file ? "file" : "journal";
      const handle = await fileSystemDoor.open(path, flags);
      const told =
        <A extends unknown[]>(what: string, act: (...args: A) => Promise<void>) =>
        (...args: A): Promise<void> => {
          if (calls.at(-1) !== `${name} ${what}`) calls.push(`${name} ${what}`);
          return act(...args);
        };
      return {
        ...handle,
        write: told("write", handle.write),
        truncate: told("write", handle.truncate),
        sync: told("sync", handle.sync),
      };
    },
    async remove(path) {
      calls.push("journal remove");
      await fileSystemDoor.remove(path);
    },
    async syncFolder(folder) {
      calls.push("folder sync");
      await fileSystemDoor.syncFolder(folder);
    },
  };
  const editable = await openEditableFile(file, { ...options, door });
  await editable.apply(bytesOf(edit));
  await editable.close();
  assert.deepEqual(calls, [
    "journal write",
    "journal sync",
    "folder sync",
    "file write",
    "file sync",
    "journal remove",
    "folder sync",
  ]);
});

/** A door through which the nth write of the file fails. */
function failingDoor(file: string, nth: number, code: string): EditDoor {
  let left = nth;
  return {
    ...fileSystemDoor,
    async open(path, flags) {
      const handle = await fileSystemDoor.open(path, flags);
      if (path !== file && code !== "ENOSPC") return handle;
      return {
        ...handle,
        async write(bytes, at): Promise<void> {
          if (--left === 0) throw Object.assign(new Error("made to fail"), { code });
          await handle.write(bytes, at);
        },
      };
    },
  };
}

test("a change that the system refuses half way is undone", async (t) => {
  const folder = await folderOf(t);
  const file = join(folder, "disk.img");
  await writeFile(file, old);
  for (let nth = 1; nth <= 5; nth++) {
    const editable = await openEditableFile(file, { ...options, door: failingDoor(file, nth, "EIO") });
    await assert.rejects(editable.apply(bytesOf(edit)), hasCode("io/write-failed"));
    await editable.close();
    assert.equal(await textOf(file), old);
    assert.deepEqual(await readdir(folder), ["disk.img"]);
  }
  const full = await openEditableFile(file, { ...options, door: failingDoor(file, 2, "ENOSPC") });
  await assert.rejects(full.apply(bytesOf(edit)), hasCode("io/no-space"));
  await full.close();
  assert.equal(await textOf(file), old);
  assert.deepEqual(await readdir(folder), ["disk.img"]);
});

test("a change that is interrupted is undone", async (t) => {
  const folder = await folderOf(t);
  const file = join(folder, "disk.img");
  await writeFile(file, Buffer.alloc(3 * MIB, "x"));
  const abort = new AbortController();
  const door: EditDoor = {
    ...fileSystemDoor,
    async open(path, flags) {
      const handle = await fileSystemDoor.open(path, flags);
      if (path !== file) return handle;
      return {
        ...handle,
        async write(bytes, at): Promise<void> {
          await handle.write(bytes, at);
          abort.abort();
        },
      };
    },
  };
  const editable = await openEditableFile(file, { ...options, door });
  const fills = [{ at: 0, length: 3 * MIB, byte: 7 }];
  await assert.rejects(editable.apply({ patches: [], fills, fileBytes: null }, abort.signal), hasCode("run/canceled"));
  await editable.close();
  assert.deepEqual(await readFile(file), Buffer.alloc(3 * MIB, "x"));
  assert.deepEqual(await readdir(folder), ["disk.img"]);
});

test("a file is changed by one at a time, whatever the name that it is opened by", async (t) => {
  const folder = await folderOf(t);
  const file = join(folder, "disk.img");
  await writeFile(file, old);
  await link(file, join(folder, "other.img"));
  await symlink(file, join(folder, "link.img"));
  const editable = await openEditableFile(file, options);
  for (const name of ["disk.img", "other.img", "link.img"]) {
    await assert.rejects(openEditableFile(join(folder, name), options), hasCode("io/busy"));
  }
  const { status, stderr } = spawnSync(process.execPath, [child.pathname, file, "null", "0"], { encoding: "utf8" });
  assert.equal(status, 1);
  assert.match(stderr, /io\/busy/);
  await editable.close();
  await (await openEditableFile(file, options)).close();
});

test("a file that changed since it was opened is not changed by us too", async (t) => {
  const file = join(await folderOf(t), "disk.img");
  await writeFile(file, old);
  const editable = await openEditableFile(file, options);
  await writeFile(file, `${old}more`);
  await assert.rejects(editable.apply(bytesOf(edit)), hasCode("io/changed"));
  await editable.close();
  assert.equal(await textOf(file), `${old}more`);
});

test("a journal of another file is not put into this one", async (t) => {
  const folder = await folderOf(t);
  const file = join(folder, "disk.img");
  await writeFile(file, old);
  for (let step = 1; !(await hasUndoJournal(file)) || (await textOf(file)) === old; step++) {
    await rm(journalPath(file), { force: true });
    assert.equal(runChild(file, edit, step, "whole"), "killed");
  }
  // A new inode under the old name.
  await writeFile(join(folder, "backup"), "a backup");
  await rename(join(folder, "backup"), file);
  const journal = await stat(journalPath(file));
  await assert.rejects(openEditableFile(file, options), hasCode("io/foreign-journal"));
  assert.equal(await textOf(file), "a backup");
  assert.equal((await stat(journalPath(file))).size, journal.size);
});

test("a folder and what is not there are refused", async (t) => {
  const folder = await folderOf(t);
  await assert.rejects(openEditableFile(folder, options), hasCode("io/read-failed"));
  await assert.rejects(openEditableFile(join(folder, "none"), options), hasCode("io/not-found"));
});
