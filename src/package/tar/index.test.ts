import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fc } from "../../../test/support/fast-check.js";
import { type ByteRange, concatBytes } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { ByteSource } from "../../io/source.js";
import { memorySource } from "../../io/sources/memory.js";
import { testContext } from "../../io/testing/context.js";
import { serializeTarHeader, TAR_BLOCK } from "./header.js";
import { readTarIndex } from "./index.js";

interface Member {
  readonly name: string;
  readonly body: Uint8Array;
}

function padded(bytes: Uint8Array): Uint8Array {
  const all = new Uint8Array(Math.ceil(bytes.length / TAR_BLOCK) * TAR_BLOCK);
  all.set(bytes);
  return all;
}

function member(name: string, body: Uint8Array | string): Uint8Array {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  return concatBytes([serializeTarHeader({ name, size: bytes.length, mtime: 0 }), padded(bytes)]);
}

/** Changes a header's fields and mends its checksum. */
function withField(archive: Uint8Array, headerAt: number, fieldAt: number, field: Uint8Array | string): Uint8Array {
  const bytes = archive.slice();
  bytes.set(typeof field === "string" ? new TextEncoder().encode(field) : field, headerAt + fieldAt);
  let sum = 0;
  for (let i = 0; i < TAR_BLOCK; i++) sum += i >= 148 && i < 156 ? 32 : (bytes[headerAt + i] ?? 0);
  bytes.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, "0")}\0 `), headerAt + 148);
  return bytes;
}

const END = new Uint8Array(2 * TAR_BLOCK);

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof FerryError && error.code === code;
}

async function index(bytes: Uint8Array, onDamage: "refuse" | "report" = "refuse") {
  const ctx = testContext();
  const found = await readTarIndex(memorySource(bytes, "a.ova"), ctx, { onDamage });
  return { ...found, names: found.members.map((m) => m.name), codes: ctx.codes(), findings: ctx.findings };
}

test("finds members and where they lie, and strips ./ from their names", async () => {
  const archive = concatBytes([
    member("./a.ovf", "<Envelope/>"),
    member("d/b.vmdk", new Uint8Array(1000).fill(7)),
    END,
  ]);
  const found = await index(archive);
  assert.deepEqual(found.names, ["a.ovf", "d/b.vmdk"]);
  assert.deepEqual(found.codes, []);
  assert.equal(found.dialect, "ustar");
  assert.equal(found.end, archive.length - END.length);
  for (const { size, dataAt, present } of found.members) {
    assert.equal(present, size);
    assert.ok(archive.subarray(dataAt, dataAt + size).every((byte) => byte !== 0));
  }
});

test("members that it wrote itself come back, whatever their names and sizes", async () => {
  const segment = fc.stringMatching(/^[a-zA-Z0-9 _()é-]{1,60}$/);
  const name = fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
  const folded = (m: Member): string => m.name.normalize("NFC").toLowerCase();
  const members = fc
    .uniqueArray(fc.record({ name, body: fc.uint8Array({ maxLength: 1500 }) }), { maxLength: 8, selector: folded })
    // A file cannot be the folder of another.
    .filter((all) => !all.some((a) => all.some((b) => folded(b).startsWith(`${folded(a)}/`))));
  await fc.assert(
    fc.asyncProperty(members, async (wanted: Member[]) => {
      const archive = concatBytes([...wanted.map((m) => member(m.name, m.body)), END]);
      const found = await index(archive);
      assert.deepEqual(
        found.names,
        wanted.map((m) => m.name),
      );
      assert.deepEqual(found.codes, []);
      for (const [i, m] of found.members.entries()) {
        assert.deepEqual(archive.slice(m.dataAt, m.dataAt + m.size), wanted[i]?.body);
      }
    }),
  );
});

const sample: Uint8Array = concatBytes([
  member("a.ovf", "<Envelope/>".repeat(60)),
  member(`${"l".repeat(130)}.mf`, "SHA256(a.ovf)= 0"),
  member("a-disk1.vmdk", new Uint8Array(3000).fill(9)),
  END,
]);

test("an archive cut anywhere gives an index or a FerryError, and lists no member that it lacks", async () => {
  const whole = await index(sample);
  await fc.assert(
    fc.asyncProperty(fc.nat(sample.length - 1), async (length) => {
      const found = await index(sample.subarray(0, length), "report");
      for (const m of found.members) assert.ok(m.dataAt + m.present <= length);
      const lost = length < whole.end || found.members.length < whole.members.length;
      if (lost) assert.ok(found.codes.includes("tar/cut-off") || found.codes.includes("tar/no-end"));
      await index(sample.subarray(0, length)).catch((error) => assert.ok(error instanceof FerryError));
    }),
  );
});

test("an archive with changed bytes gives an index or a FerryError", async () => {
  const change = fc.record({ at: fc.nat(sample.length - 1), byte: fc.nat(255) });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
      const bytes = sample.slice();
      for (const { at, byte } of changes) bytes[at] = byte;
      await index(bytes, "report").catch((error) => assert.ok(error instanceof FerryError));
      await index(bytes).catch((error) => assert.ok(error instanceof FerryError));
    }),
    { numRuns: 500 },
  );
});

test("a file cut inside a member is refused, or kept with what is there", async () => {
  const cut = sample.subarray(0, sample.length - END.length - 2048);
  await assert.rejects(index(cut), hasCode("tar/cut-off"));
  const found = await index(cut, "report");
  assert.deepEqual(found.codes, ["tar/cut-off", "tar/no-end"]);
  assert.equal(found.findings[0]?.severity, "error");
  assert.ok((found.members.at(-1)?.present ?? 0) < 3000);
});

test("a missing end and data after the end are findings, and zeros after the end are none", async () => {
  const one = member("a.ovf", "x");
  const severities = async (bytes: Uint8Array) => (await index(bytes)).findings.map((f) => [f.code, f.severity]);
  assert.deepEqual(await severities(one), [["tar/no-end", "info"]]);
  assert.deepEqual(await severities(one.subarray(0, TAR_BLOCK + 1)), [["tar/no-end", "warning"]]);
  assert.deepEqual((await index(concatBytes([one, new Uint8Array(10 * 1024)]))).codes, []);
  assert.deepEqual((await index(concatBytes([one, new Uint8Array(TAR_BLOCK)]))).codes, []);
  assert.deepEqual((await index(concatBytes([one, END, Uint8Array.of(0, 0, 1)]))).codes, ["tar/trailing-data"]);
  assert.deepEqual((await index(concatBytes([one, new Uint8Array(2 ** 20)]))).codes, ["tar/trailing-data"]);
});

test("a lone zero block ends the archive as it does for GNU tar, and what follows is trailing data", async () => {
  const archive = concatBytes([member("a.ovf", "x"), new Uint8Array(TAR_BLOCK), member("evil.vmdk", "y"), END]);
  const found = await index(archive);
  assert.deepEqual(found.names, ["a.ovf"]);
  assert.deepEqual(found.codes, ["tar/trailing-data"]);
});

test("refuses names that are not safe on every host", async () => {
  for (const name of ["/etc/passwd", "../x.ovf", "a/../../x", "C:x.ovf", "a\\b", "a//b", "a/./b", "a\nb", ".."]) {
    const archive = concatBytes([member("a.ovf", "x"), member(name, "y"), END]);
    await assert.rejects(index(archive), hasCode("package/unsafe-name"), name);
    const found = await index(archive, "report");
    assert.deepEqual([found.names, found.codes], [["a.ovf"], ["package/unsafe-name"]]);
  }
});

test("refuses two members whose names differ in nothing or in case only", async () => {
  for (const [a, b] of [
    ["x.vmdk", "x.vmdk"],
    ["x.vmdk", "X.VMDK"],
    ["./x.vmdk", "x.vmdk"],
    ["\u00e9", "e\u0301"],
  ] as const) {
    await assert.rejects(index(concatBytes([member(a, "1"), member(b, "2"), END])), hasCode("package/duplicate-name"));
  }
});

test("refuses links, devices and types that it does not know, and leaves folders out", async () => {
  const archive = concatBytes([member("a.ovf", "x"), member("b", ""), END]);
  const at = 2 * TAR_BLOCK;
  for (const type of ["1", "2", "3", "4", "6", "S", "V", "?"]) {
    await assert.rejects(index(withField(archive, at, 156, type)), hasCode("tar/unsupported-member"), type);
  }
  assert.deepEqual((await index(withField(archive, at, 156, "5"))).names, ["a.ovf"]);
  assert.deepEqual((await index(concatBytes([member("dir/", ""), member("a", ""), END]))).names, ["a"]);
});

test("a size that lies is found at the next header, or at the end of the file", async () => {
  await assert.rejects(index(withField(sample, 0, 124, "00000000001\0")), hasCode("tar/bad-checksum"));
  await assert.rejects(index(withField(sample, 0, 124, "77777777777\0")), hasCode("tar/cut-off"));
  const huge = Uint8Array.of(0x80, 0, 0, 0, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
  await assert.rejects(index(withField(sample, 0, 124, huge)), hasCode("tar/cut-off"));
});

test("the number of headers and the size of extension headers are limited", async () => {
  const ctx = testContext({ limits: { members: 2 } });
  await assert.rejects(readTarIndex(memorySource(sample, "a.ova"), ctx, { onDamage: "report" }), hasCode("io/limit"));
  const small = testContext({ limits: { tarExtensionBytes: 100 } });
  await assert.rejects(readTarIndex(memorySource(sample, "a.ova"), small, { onDamage: "report" }), hasCode("io/limit"));
});

test("reads the headers of a 10 GB archive with four disks in at most six reads and 256 KiB", async () => {
  const disk = 2.5 * 10 ** 9;
  const blocks: { at: number; bytes: Uint8Array }[] = [];
  let at = 0;
  const add = (name: string, size: number): void => {
    const bytes = serializeTarHeader({ name, size, mtime: 0 });
    blocks.push({ at, bytes });
    at = Math.ceil((at + bytes.length + size) / TAR_BLOCK) * TAR_BLOCK;
  };
  add("a.ovf", 20_000);
  for (let i = 1; i <= 4; i++) add(`a-disk${i}.vmdk`, disk);
  add("a.mf", 400);
  const reads: ByteRange[] = [];
  const source: ByteSource = {
    ...memorySource(new Uint8Array(), "big.ova"),
    size: at + 1024,
    async read(offset, length): Promise<Uint8Array> {
      reads.push({ offset, length });
      const bytes = new Uint8Array(length);
      for (const block of blocks) {
        if (block.at >= offset && block.at + TAR_BLOCK <= offset + length) bytes.set(block.bytes, block.at - offset);
      }
      return bytes;
    },
  };
  const found = await readTarIndex(source, testContext(), { onDamage: "refuse" });
  assert.equal(found.members.length, 6);
  assert.equal(found.members[4]?.size, disk);
  assert.ok(reads.length <= 6, `${reads.length} reads`);
  const total = reads.reduce((sum, { length }) => sum + length, 0);
  assert.ok(total <= 256 * 1024, `${total} bytes`);
});

const hasGnuTar = spawnSync("tar", ["--version"], { encoding: "utf8" }).stdout?.includes("GNU tar") ?? false;
const gnuTar = { skip: hasGnuTar ? false : "GNU tar is absent" };

/** Packs files with the real tar and gives the archive's bytes. */
function realTar(format: string, files: Readonly<Record<string, string>>, options: readonly string[] = []): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "vmferry-tar-"));
  try {
    for (const [name, body] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, "in", name)), { recursive: true });
      writeFileSync(join(folder, "in", name), body);
    }
    const args = ["-C", join(folder, "in"), `--format=${format}`, "-cf", join(folder, "t.tar"), ...options];
    execFileSync("tar", [...args, ...(options.includes(".") ? [] : Object.keys(files))], { timeout: 10_000 });
    return new Uint8Array(readFileSync(join(folder, "t.tar")));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

for (const [format, dialect] of [
  ["v7", "v7"],
  ["oldgnu", "gnu"],
  ["gnu", "gnu"],
  ["ustar", "ustar"],
  ["pax", "pax"],
] as const) {
  test(`reads what GNU tar writes with --format=${format}`, gnuTar, async () => {
    const files: Record<string, string> = { "a.ovf": "<Envelope/>", "sub/ä b (1).vmdk": "z".repeat(5000) };
    if (dialect === "gnu" || dialect === "pax") files[`${"n".repeat(180)}.iso`] = "long";
    const archive = realTar(format, files);
    const found = await index(archive);
    assert.deepEqual(found.names, Object.keys(files));
    assert.equal(found.dialect, dialect);
    assert.deepEqual(found.codes, []);
    for (const m of found.members) {
      assert.equal(new TextDecoder().decode(archive.subarray(m.dataAt, m.dataAt + m.size)), files[m.name]);
    }
    const dotted = await index(realTar(format, { "a.ovf": "x" }, ["."]));
    assert.deepEqual(dotted.names, ["a.ovf"]);
  });
}

test("takes name and size from pax headers, for one member and for all", gnuTar, async () => {
  const archive = realTar("pax", { "a.ovf": "hello" }, ["--pax-option=globexthdr.name=g,comment=made by a test"]);
  const found = await index(archive);
  assert.deepEqual([found.names, found.dialect, found.members[0]?.size], [["a.ovf"], "pax", 5]);

  const record = "14 path=b.ovf\n9 size=3\n";
  const x = withField(member("PaxHeaders/a", record), 0, 156, "x");
  const g = withField(member("g", "16 path=ignored\n"), 0, 156, "g");
  const body = withField(member("a.ovf", "abc"), 0, 124, "00000000000\0");
  const both = await index(concatBytes([g, x, body, END]));
  assert.deepEqual([both.names, both.members[0]?.size], [["b.ovf"], 3]);
});

test("refuses damaged pax records and sparse files", gnuTar, async () => {
  for (const record of ["99 path=b\n", "path=b\n", "8 path b\n", "11 size=-5x\n", "0 a=b\n"]) {
    const x = withField(member("PaxHeaders/a", record), 0, 156, "x");
    await assert.rejects(index(concatBytes([x, member("a", "1"), END])), hasCode("tar/bad-pax"), record);
  }
  const sparse = withField(member("p", "22 GNU.sparse.major=1\n"), 0, 156, "x");
  await assert.rejects(index(concatBytes([sparse, member("a", "1"), END])), hasCode("tar/unsupported-member"));
});

test("what one pax header says counts for one member only", async () => {
  const x = withField(member("PaxHeaders/a", "14 path=b.ovf\n"), 0, 156, "x");
  const found = await index(concatBytes([x, member("a.ovf", "1"), member("c.ovf", "2"), END]));
  assert.deepEqual(found.names, ["b.ovf", "c.ovf"]);
});

test("indexes a hundred thousand members in seconds", { timeout: 20_000 }, async () => {
  const many = Array.from({ length: 100_000 }, (_, i) => serializeTarHeader({ name: `f${i}`, size: 0, mtime: 0 }));
  assert.equal((await index(concatBytes([...many, END]))).members.length, 100_000);
});

test("GNU tar lists and unpacks what is written here, sizes in base 256 and long names included", gnuTar, () => {
  const folder = mkdtempSync(join(tmpdir(), "vmferry-tar-"));
  try {
    writeFileSync(join(folder, "w.tar"), sample);
    const listed = execFileSync("tar", ["-tf", join(folder, "w.tar")], { encoding: "utf8", timeout: 10_000 });
    assert.deepEqual(listed.trim().split("\n"), ["a.ovf", `${"l".repeat(130)}.mf`, "a-disk1.vmdk"]);
    execFileSync("tar", ["-C", folder, "-xf", join(folder, "w.tar")], { timeout: 10_000 });
    assert.equal(readFileSync(join(folder, "a-disk1.vmdk")).length, 3000);

    writeFileSync(join(folder, "big.tar"), serializeTarHeader({ name: "big", size: 9 * 2 ** 30, mtime: 0 }));
    const big = spawnSync("tar", ["-tvf", join(folder, "big.tar")], { encoding: "utf8", timeout: 10_000 });
    assert.match(big.stdout, / 9663676416 .* big/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("refuses the symbolic links that GNU tar writes without --dereference", gnuTar, async () => {
  const folder = mkdtempSync(join(tmpdir(), "vmferry-tar-"));
  try {
    symlinkSync("/etc/passwd", join(folder, "x.vmdk"));
    execFileSync("tar", ["-C", folder, "-cf", join(folder, "t.tar"), "x.vmdk"], { timeout: 10_000 });
    const bytes = new Uint8Array(readFileSync(join(folder, "t.tar")));
    await assert.rejects(index(bytes), hasCode("tar/unsupported-member"));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
