/** `vmferry fix --salvage`: packages that are cut off or damaged become whole ones, and what is lost is said. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { ByteRange } from "../../src/base/bytes.js";
import { run } from "../../src/cli/program.js";
import { imageOf } from "../../src/disk/testing/images.js";
import type { DiagnosticResult, FixResult } from "../../src/report/results.js";
import { descriptorOf, diskFileOf, layOut, manifestOf, ovaOf, type PackageFiles } from "../support/packages.js";
import { captureStreams } from "../support/streams.js";

const root = mkdtempSync(join(tmpdir(), "vmferry-fix-salvage-"));
after(() => rmSync(root, { recursive: true, force: true }));

const SECTORS = 8 * 2048;
const image = imageOf({
  sectors: SECTORS,
  runs: [0, 3000, 6000, 9000, 15_900].map((sector) => ({ sector, sectors: 300, content: "noise" as const })),
});
const guest = image.read(0, image.size);
let stream: Uint8Array;
let counter = 0;

before(async () => {
  stream = await diskFileOf("vmdk", "streamOptimized", image);
});

async function vmferry(...argv: string[]): Promise<{ exitCode: number; out: string; err: string }> {
  const streams = captureStreams();
  const exitCode = await run([...argv, "--quiet"], streams, new AbortController().signal);
  return { exitCode, out: streams.out(), err: streams.err() };
}

async function fix(...argv: string[]): Promise<{ exitCode: number; result: FixResult }> {
  const { exitCode, out, err } = await vmferry("fix", ...argv, "--json");
  assert.ok(!out.includes("vmferry/error"), `${out} ${err}`);
  return { exitCode, result: JSON.parse(out) };
}

/** A package as ova-compose orders it: the manifest before the disks. */
function packed(more: PackageFiles = {}): PackageFiles {
  const disks = { "disk.vmdk": stream, ...more };
  const described = Object.entries(disks).map(([href, bytes]) => {
    return { href, use: "disk" as const, attributes: `ovf:size="${bytes.length}"` };
  });
  const descriptor = new TextEncoder().encode(descriptorOf(described));
  return { "box.ovf": descriptor, "box.mf": manifestOf({ "box.ovf": descriptor, ...disks }), ...disks };
}

function place(bytes: Uint8Array): string {
  const file = join(layOut(join(root, `${counter++}`), {}), "");
  layOut(file, { "cut.ova": bytes });
  return join(file, "cut.ova");
}

const codesOf = (findings: readonly DiagnosticResult[]): readonly string[] => findings.map(({ code }) => code);

function lostOf({ left }: FixResult): readonly ByteRange[] {
  const data = left.find(({ code }) => code === "disk/data-lost")?.data ?? { ranges: [] };
  return data.ranges as unknown as readonly ByteRange[];
}

/** Outside of what is called lost the disk of a package is the guest's. */
async function assertHonest(ova: string, lost: readonly ByteRange[]): Promise<void> {
  const raw = `${ova}.raw`;
  const { exitCode, err } = await vmferry("disk", "convert", `${ova}!disk.vmdk`, raw, "--workers", "0");
  assert.equal(exitCode, 0, err);
  const is = readFileSync(raw);
  let at = 0;
  for (const { offset, length } of [...lost, { offset: guest.length, length: 0 }]) {
    assert.ok(is.subarray(at, offset).equals(guest.subarray(at, offset)), String(at));
    at = offset + length;
  }
}

test("an archive that is cut off in its disk is refused, with what would be lost; --salvage makes a whole one of it", async () => {
  const whole = ovaOf(packed());
  for (const share of [0.5, 0.7, 0.9, 0.995]) {
    const cut = place(whole.subarray(0, Math.floor(whole.length * share)));
    const told = await fix(cut, `${cut}.not.ova`);
    assert.deepEqual([told.exitCode, told.result.refused, existsSync(`${cut}.not.ova`)], [1, true, false]);
    assert.ok(codesOf(told.result.left).includes("tar/cut-off"));
    const saved = `${cut}.saved.ova`;
    const { exitCode, result } = await fix(cut, saved, "--salvage");
    assert.deepEqual(lostOf(told.result), lostOf(result));
    assert.equal(exitCode, lostOf(result).length > 0 ? 1 : 0);
    assert.deepEqual([result.applied, result.refused], [true, false]);
    assert.ok(codesOf(result.mended).includes("tar/cut-off"));
    const changes = result.changes.map(({ change, subject }) => `${change} ${subject}`);
    assert.ok(changes.includes("rewrite disk.vmdk") && changes.includes("rewrite box.mf"), changes.join());
    await assertHonest(saved, lostOf(result));
    const verified = JSON.parse((await vmferry("verify", saved, "--json")).out);
    assert.equal(verified.verdict, "intact");
    const judged = JSON.parse((await vmferry("validate", saved, "--json")).out);
    assert.equal(judged.files[0].verdict, "accept");
    assert.ok(!codesOf(judged.files[0].diagnostics).includes("package/size-differs"));
  }
});

test("a damaged disk is saved without the grains that are damaged, and the manifest follows", async () => {
  const whole = ovaOf(packed());
  const at = Buffer.from(whole).indexOf(Buffer.from(stream.subarray(65_536, 65_600)));
  const damaged = whole.slice();
  damaged.fill(0x33, at + 2000, at + 2100);
  const file = place(damaged);
  const told = await fix(file, "--dry-run");
  assert.deepEqual([told.exitCode, told.result.refused], [1, true]);
  assert.ok(codesOf(told.result.left).includes("manifest/digest-mismatch"));
  const { exitCode, result } = await fix(file, `${file}.saved.ova`, "--salvage");
  assert.equal(exitCode, 1);
  assert.deepEqual(
    lostOf(result).map(({ offset, length }) => [offset, length]),
    [[0, 65_536]],
  );
  assert.ok(codesOf(result.mended).includes("manifest/digest-mismatch"));
  await assertHonest(`${file}.saved.ova`, lostOf(result));
  assert.equal((await vmferry("verify", `${file}.saved.ova`)).exitCode, 0);
});

test("a disk that was exchanged for another whole one is altered, not damaged: --salvage does not take it", async () => {
  const other = await diskFileOf("vmdk", "streamOptimized", imageOf({ sectors: SECTORS, runs: [] }));
  const file = place(ovaOf({ ...packed(), "disk.vmdk": other }));
  const { exitCode, result } = await fix(file, `${file}.saved.ova`, "--salvage");
  assert.deepEqual([exitCode, result.refused, result.applied], [1, true, false]);
  assert.deepEqual(lostOf(result), []);
});

test("a file that is lost altogether keeps the package from being saved, and the disk before it can be saved by itself", async () => {
  const files = packed({ "two.vmdk": stream });
  const whole = ovaOf(files);
  const file = place(whole.subarray(0, whole.length - 1024 - stream.length - 60_000));
  const { exitCode, result } = await fix(file, `${file}.saved.ova`, "--salvage");
  assert.deepEqual([exitCode, result.refused, existsSync(`${file}.saved.ova`)], [1, true, false]);
  assert.ok(codesOf(result.left).includes("package/missing-file"));
  const saved = await vmferry("disk", "convert", `${file}!disk.vmdk`, `${file}.vmdk`, "--salvage", "--workers", "0");
  assert.equal(saved.exitCode, 1, saved.err);
  assert.ok(existsSync(`${file}.vmdk`));
});

test("a manifest that is cut off is left out, and one that comes behind the disks is gone with them", async () => {
  const { "box.mf": manifest = new Uint8Array(), ...rest } = packed();
  const whole = ovaOf({ ...rest, "box.mf": manifest });
  const inManifest = place(whole.subarray(0, whole.length - 1024 - 500));
  const first = await fix(inManifest, `${inManifest}.saved.ova`, "--salvage");
  assert.deepEqual([first.exitCode, lostOf(first.result)], [0, []]);
  assert.ok(first.result.changes.some(({ change, subject }) => change === "drop" && subject === "box.mf"));
  await assertHonest(`${inManifest}.saved.ova`, []);
  const before = place(whole.subarray(0, whole.length - 1024 - 512 - 700));
  const second = await fix(before, `${before}.saved.ova`, "--salvage");
  assert.deepEqual([second.exitCode, second.result.applied], [0, true]);
  await assertHonest(`${before}.saved.ova`, []);
});

test("a descriptor that is cut off cannot be saved", async () => {
  const file = place(ovaOf(packed()).subarray(0, 900));
  const said = await vmferry("fix", file, `${file}.saved.ova`, "--salvage");
  assert.equal(said.exitCode, 3);
  assert.match(said.err, /error\[tar\/cut-off\]/);
});

test("what is saved does not replace what is damaged", async () => {
  const file = place(ovaOf(packed()).subarray(0, 40_000));
  const old = readFileSync(file);
  const said = await vmferry("fix", file, "--salvage");
  assert.equal(said.exitCode, 2);
  assert.match(said.err, /error\[cli\/usage\]/);
  assert.deepEqual(readFileSync(file), old);
});

test("a folder with a disk that is cut off becomes one with what is whole of it", async () => {
  const folder = layOut(join(root, `${counter++}`), packed());
  writeFileSync(join(folder, "disk.vmdk"), stream.subarray(0, Math.floor(stream.length * 0.8)));
  const { exitCode, result } = await fix(folder, `${folder}.saved`, "--salvage");
  assert.deepEqual([exitCode, result.applied], [1, true]);
  assert.equal((await vmferry("verify", `${folder}.saved`)).exitCode, 0);
  const { exitCode: packing, err } = await vmferry("pack", `${folder}.saved`, `${folder}.saved.ova`);
  assert.equal(packing, 0, err);
  await assertHonest(`${folder}.saved.ova`, lostOf(result));
});
