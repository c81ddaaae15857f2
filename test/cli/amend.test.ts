import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";

const command = new URL("../../src/cli/main.js", import.meta.url).pathname;
const MIB = 2 ** 20;

interface Told {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function vmferry(...args: readonly string[]): Told {
  return spawnSync(process.execPath, [command, "disk", ...args], { encoding: "utf8", timeout: 60_000 });
}

async function makeDisk(t: TestContext, name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "vmferry-amend-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const raw = join(folder, "guest.raw");
  await writeFile(raw, "a guest's first sector");
  await truncate(raw, 3 * MIB);
  const file = join(folder, name);
  assert.equal(vmferry("convert", raw, file).status, 0);
  return file;
}

test("disk resize takes a size or what to add, and a dry run writes nothing", async (t) => {
  const file = await makeDisk(t, "disk.qcow2");
  const old = await readFile(file);
  const planned = JSON.parse(vmferry("resize", file, "+1MiB", "--dry-run", "--json").stdout);
  assert.deepEqual(
    [planned.schema, planned.change, planned.applied, planned.capacityBytes],
    ["vmferry/amend@1", "resize", false, { before: 3 * MIB, after: 4 * MIB }],
  );
  assert.deepEqual(await readFile(file), old);
  assert.match(vmferry("resize", file, "+1MiB").stdout, /resized/);
  assert.match(vmferry("resize", file, "4MiB").stdout, /nothing to do/);
  assert.equal(JSON.parse(vmferry("info", file, "--json").stdout).capacityBytes, 4 * MIB);
  const shrunk = vmferry("resize", file, "1MiB");
  assert.deepEqual([shrunk.status, /disk\/cannot-shrink/.test(shrunk.stderr)], [2, true]);
  assert.equal(vmferry("resize", file, "large").status, 2);
});

test("disk fix of a sound disk finds nothing to mend", async (t) => {
  const file = await makeDisk(t, "disk.vdi");
  const { status, stdout } = vmferry("fix", file);
  assert.match(stdout, /nothing to mend/);
  assert.equal(status, 0);
});

test("a disk that is half changed is not read, and disk fix drops the journal of a change that never began", async (t) => {
  const file = await makeDisk(t, "disk.vhd");
  const journal = join(file, "..", ".disk.vhd.vmferry-undo");
  await writeFile(journal, "VMFUNDO1");
  const read = vmferry("info", file);
  assert.deepEqual([read.status, /io\/unfinished-change/.test(read.stderr)], [3, true]);
  const fixed = vmferry("fix", file, "--json");
  assert.equal(fixed.status, 0, fixed.stderr);
  assert.equal(JSON.parse(fixed.stdout).diagnostics[0].code, "io/journal-dropped");
  assert.equal(vmferry("info", file).status, 0);
});

test("a member of a package is not changed", async (t) => {
  const file = await makeDisk(t, "disk.vhd");
  const { status, stderr } = vmferry("resize", `${file}!disk.vmdk`, "1GiB");
  assert.match(stderr, /disk\/cannot-amend/);
  assert.equal(status, 3);
});
