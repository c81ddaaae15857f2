import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { run } from "../../src/cli/program.js";
import { captureStreams } from "../support/streams.js";

const MIB = 2 ** 20;

interface Told {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command in this process, on one thread. */
async function vmferry(...args: readonly string[]): Promise<Told> {
  const streams = captureStreams();
  const inline = args[0] === "convert" ? ["--workers", "0"] : [];
  const status = await run(["disk", ...args, ...inline, "--no-color"], streams, new AbortController().signal);
  return { status, stdout: streams.out(), stderr: streams.err() };
}

async function makeDisk(t: TestContext, name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "vmferry-amend-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const raw = join(folder, "guest.raw");
  await writeFile(raw, "a guest's first sector");
  await truncate(raw, 3 * MIB);
  const file = join(folder, name);
  assert.equal((await vmferry("convert", raw, file)).status, 0);
  return file;
}

test("disk resize takes a size or what to add, and a dry run writes nothing", async (t) => {
  const file = await makeDisk(t, "disk.qcow2");
  const old = await readFile(file);
  const planned = JSON.parse((await vmferry("resize", file, "+1MiB", "--dry-run", "--json")).stdout);
  assert.deepEqual(
    [planned.schema, planned.change, planned.applied, planned.capacityBytes],
    ["vmferry/amend@1", "resize", false, { before: 3 * MIB, after: 4 * MIB }],
  );
  assert.deepEqual(await readFile(file), old);
  assert.match((await vmferry("resize", file, "+1MiB")).stdout, /resized/);
  assert.match((await vmferry("resize", file, "4MiB")).stdout, /nothing to do/);
  assert.equal(JSON.parse((await vmferry("info", file, "--json")).stdout).capacityBytes, 4 * MIB);
  const shrunk = await vmferry("resize", file, "1MiB");
  assert.deepEqual([shrunk.status, /disk\/cannot-shrink/.test(shrunk.stderr)], [2, true]);
  assert.equal((await vmferry("resize", file, "large")).status, 2);
});

test("disk fix of a sound disk finds nothing to mend", async (t) => {
  const file = await makeDisk(t, "disk.vdi");
  const { status, stdout } = await vmferry("fix", file);
  assert.match(stdout, /nothing to mend/);
  assert.equal(status, 0);
});

test("a disk that is half changed is not read, and disk fix drops the journal of a change that never began", async (t) => {
  const file = await makeDisk(t, "disk.vhd");
  const journal = join(file, "..", ".disk.vhd.vmferry-undo");
  await writeFile(journal, "VMFUNDO1");
  const read = await vmferry("info", file);
  assert.deepEqual([read.status, /io\/unfinished-change/.test(read.stderr)], [3, true]);
  const fixed = await vmferry("fix", file, "--json");
  assert.equal(fixed.status, 0, fixed.stderr);
  assert.equal(JSON.parse(fixed.stdout).diagnostics[0].code, "io/journal-dropped");
  assert.equal((await vmferry("info", file)).status, 0);
});

test("a member of a package is not changed", async (t) => {
  const file = await makeDisk(t, "disk.vhd");
  const { status, stderr } = await vmferry("resize", `${file}!disk.vmdk`, "1GiB");
  assert.match(stderr, /disk\/cannot-amend/);
  assert.equal(status, 3);
});

/** A place of the file that is overwritten with bytes. */
interface Damage {
  readonly name: string;
  readonly at: (bytes: Buffer) => number;
  readonly bytes: readonly number[];
  readonly code: string;
}

/** What has one right answer: each names the part of the layout that it damages. */
const MENDED: readonly Damage[] = [
  // Reference counts of the clusters of header and L1 table, in the fourth cluster (disk map --layout): none.
  { name: "counts.qcow2", at: () => 3 * 65_536, bytes: [0, 0, 0, 0], code: "qcow2/refcount-low" },
  // The checksum of the footer, at 64 in the last sector.
  { name: "footer.vhd", at: ({ length }) => length - 512 + 64, bytes: [1, 2, 3, 4], code: "vhd/footer-damaged" },
  // The checksum of the first header, at 4 in the second 64 KiB (MS-VHDX 2.2.2).
  { name: "header.vhdx", at: () => 65_536 + 4, bytes: [1, 2, 3, 4], code: "vhdx/copy-damaged" },
  // The count of stored blocks, at 388 of the header.
  { name: "count.vdi", at: () => 388, bytes: [0, 0, 0, 0], code: "vdi/allocated-count" },
  // The place of the first grain table in the first directory, whose redundant copy is whole.
  {
    name: "table.vmdk",
    at: (bytes) => bytes.readUInt32LE(56) * 512,
    bytes: [255, 255, 255, 127],
    code: "vmdk/bad-table",
  },
];

for (const { name, at, bytes, code } of MENDED) {
  test(`disk fix mends ${code} where the file lies, once, and changes nothing that the guest reads`, async (t) => {
    const file = await makeDisk(t, name);
    const guest = async (): Promise<string> => JSON.parse((await vmferry("hash", file, "--json")).stdout).digest;
    const digest = await guest();
    const damaged = await readFile(file);
    damaged.set(bytes, at(damaged));
    await writeFile(file, damaged);
    assert.ok(code in JSON.parse((await vmferry("check", file, "--json")).stdout).counts);
    const planned = await vmferry("fix", file, "--dry-run", "--json");
    assert.equal(planned.status, 1, planned.stderr);
    assert.ok(JSON.parse(planned.stdout).mended.some((finding: { code: string }) => finding.code === code));
    assert.deepEqual(await readFile(file), damaged, "a dry run writes nothing");
    const fixed = await vmferry("fix", file, "--json");
    assert.equal(fixed.status, 0, fixed.stderr);
    assert.deepEqual([JSON.parse(fixed.stdout).applied, JSON.parse(fixed.stdout).left], [true, []]);
    const after = await vmferry("check", file, "--json");
    assert.deepEqual([after.status, JSON.parse(after.stdout).counts], [0, {}]);
    assert.equal(await guest(), digest);
    const again = await vmferry("fix", file, "--json");
    assert.deepEqual([again.status, JSON.parse(again.stdout).applied], [0, false]);
  });
}

test("disk fix leaves what has no one right answer, says so, and exits with 1", async (t) => {
  const file = await makeDisk(t, "pointer.qcow2");
  const bytes = await readFile(file);
  // The first L2 entry, in the fifth cluster, leads past the end of the file.
  bytes.writeUIntBE(0x7fffff, 4 * 65_536 + 2, 6);
  bytes.writeUInt16BE(0, 4 * 65_536 + 6);
  await writeFile(file, bytes);
  const { status, stdout } = await vmferry("fix", file, "--json");
  const { applied, left } = JSON.parse(stdout);
  assert.deepEqual([status, applied], [1, false]);
  assert.ok(left.some((finding: { code: string }) => finding.code === "qcow2/bad-cluster"));
  assert.deepEqual(await readFile(file), bytes);
});
