/** `vmferry diff`: packages and machines against each other, facts in words and disks by content. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { run } from "../../src/cli/program.js";
import type { DiffResult } from "../../src/report/results.js";
import { packageFixtures } from "../support/fixtures.js";
import { descriptorOf, diskFile, layOut, ovaOf, type PackageFiles, packageOf } from "../support/packages.js";
import { captureStreams } from "../support/streams.js";

const root = mkdtempSync(join(tmpdir(), "vmferry-diff-"));
after(() => rmSync(root, { recursive: true }));

async function vmferry(...argv: string[]): Promise<{ exitCode: number; out: string; err: string }> {
  const streams = captureStreams();
  const exitCode = await run([...argv, "--quiet"], streams, new AbortController().signal);
  return { exitCode, out: streams.out(), err: streams.err() };
}

async function diff(...argv: string[]): Promise<{ exitCode: number; result: DiffResult }> {
  const { exitCode, out, err } = await vmferry("diff", ...argv, "--json", "--workers", "0");
  assert.notEqual(out, "", err);
  return { exitCode, result: JSON.parse(out) };
}

/** What is told between two packages, and the exit code. */
async function told(a: string, b: string, ...more: string[]): Promise<readonly [number, readonly string[]]> {
  const { exitCode, result } = await diff(a, b, ...more);
  return [exitCode, result.changes.map(({ text }) => text)];
}

const runs = [
  { sector: 100, sectors: 700, content: "noise" },
  { sector: 9000, sectors: 9, content: "text" },
] as const;
const disk = await diskFile("vmdk", "streamOptimized", { sectors: 16_384, runs: [...runs] });
const changedDisk = await diskFile("vmdk", "streamOptimized", {
  sectors: 16_384,
  runs: [...runs, { sector: 12_000, sectors: 16, content: "text" }],
});
const sparse = await diskFile("vmdk", "monolithicSparse", { sectors: 16_384, runs: [...runs] });

const PRODUCT = `
    <ProductSection ovf:class="org.example">
      <Info>Product</Info><Product>Web</Product><Version>1.0</Version>
      <Property ovf:key="hostname" ovf:type="string" ovf:userConfigurable="true" ovf:value="web01"><Label>Host</Label></Property>
      <Property ovf:key="secret" ovf:type="string" ovf:password="true" ovf:value="swordfish"/>
    </ProductSection>
    <EulaSection><Info>Terms</Info><License>Support is given for two years, and no longer.</License></EulaSection>`;
const OPTIONS = `
  <DeploymentOptionSection><Info>Options</Info>
    <Configuration ovf:id="small"><Label>Small</Label><Description>S</Description></Configuration>
    <Configuration ovf:id="large"><Label>Large</Label><Description>L</Description></Configuration>
  </DeploymentOptionSection>`;
const LARGE =
  '<Item ovf:configuration="large"><rasd:AllocationUnits>byte * 2^20</rasd:AllocationUnits><rasd:ElementName>128 MB</rasd:ElementName><rasd:InstanceID>2</rasd:InstanceID><rasd:ResourceType>4</rasd:ResourceType><rasd:VirtualQuantity>128</rasd:VirtualQuantity></Item>';
const plain = descriptorOf([
  { href: "disk.vmdk", use: "disk" },
  { href: "readme.txt", use: "none" },
])
  .replace("</DiskSection>", `</DiskSection>${OPTIONS}`)
  .replace("    </VirtualHardwareSection>", `      ${LARGE}\n    </VirtualHardwareSection>${PRODUCT}`);
const readme = new TextEncoder().encode("read me\n");

let next = 0;
/** An archive of the package with other files, or with another text in its descriptor. */
function ova(
  files: PackageFiles = {},
  edit: (text: string) => string = (text) => text,
  listed = (_: string) => true,
): string {
  const file = join(root, `p${next++}.ova`);
  writeFileSync(file, ovaOf(packageOf(edit(plain), { "disk.vmdk": disk, "readme.txt": readme, ...files }, listed)));
  return file;
}

const before = ova();
const swap =
  (from: string, to: string) =>
  (text: string): string => {
    assert.ok(text.includes(from), from);
    return text.replace(from, to);
  };

describe("vmferry diff", () => {
  it("says that every package is the same as itself, disks included", async () => {
    for (const { source } of await packageFixtures()) {
      const { exitCode, result } = await diff(source, source);
      assert.deepEqual(
        [exitCode, result.verdict, result.changes, result.unsaid, result.notes],
        [0, "same", [], [], []],
        source,
      );
      assert.ok(
        (result.disks ?? []).every(({ verdict }) => verdict === "same"),
        source,
      );
    }
  });

  const edits: readonly (readonly [from: string, to: string, told: string | readonly string[]])[] = [
    ["<rasd:VirtualQuantity>64<", "<rasd:VirtualQuantity>256<", "box: memory 64 MiB -> 256 MiB"],
    ["<rasd:VirtualQuantity>1<", "<rasd:VirtualQuantity>4<", "box: processors 1 -> 4"],
    [">vmx-13<", ">vmx-19<", "box: hardware type vmx-13 -> vmx-19"],
    [">AHCI<", ">vmware.sata.ahci<", "box: controller sata 0 model AHCI -> vmware.sata.ahci"],
    ['ovf:value="web01"', 'ovf:value="web02"', "box: property org.example.hostname value web01 -> web02"],
    ['ovf:value="swordfish"', 'ovf:value="sesame"', "box: property org.example.secret value changed (not shown)"],
    ["<Label>Host</Label>", "<Label>Host name</Label>", 'box: property org.example.hostname label Host -> "Host name"'],
    ["<Version>1.0<", "<Version>2.0<", "box: product Web version 1.0 -> 2.0"],
    [
      "for two years, and no",
      "for three years and never",
      'box: licence: "two years," -> "three years"; "no" -> "never"',
    ],
    ["<Label>Small<", "<Label>Tiny<", "deployment option small label Small -> Tiny"],
    ["<rasd:VirtualQuantity>128<", "<rasd:VirtualQuantity>512<", "with option large, box: memory 128 MiB -> 512 MiB"],
    ['ovf:capacity="8"', 'ovf:capacity="16"', "disk disk0 capacity 8 MiB -> 16 MiB"],
  ];
  for (const [from, to, text] of edits) {
    it(`tells ${text} and nothing else`, async () => {
      assert.deepEqual(await told(before, ova({}, swap(from, to))), [1, [text].flat()]);
      // The other way round the same is told with its sides exchanged.
      const { result } = await diff(ova({}, swap(from, to)), before);
      assert.equal(result.changes.length, 1);
    });
  }

  it("never shows a password, in no format", async () => {
    const after = ova({}, swap('ovf:value="swordfish"', 'ovf:value="sesame"'));
    for (const format of ["text", "json", "markdown"]) {
      const { out } = await vmferry("diff", before, after, "--format", format);
      assert.match(out, /org\\?\.example\\?\.secret/);
      assert.doesNotMatch(out, /swordfish|sesame/);
    }
  });

  it("tells where guests read otherwise, and leaves disks alone when it is asked to", async () => {
    const after = ova({ "disk.vmdk": changedDisk });
    const { exitCode, result } = await diff(before, after);
    assert.deepEqual([exitCode, result.verdict, result.changes], [1, "different", []]);
    const [only] = result.disks ?? [];
    assert.deepEqual(
      [only?.a, only?.b, only?.verdict, only?.changedBytes, only?.count, only?.ranges],
      ["disk0", "disk0", "different", 8192, 1, [{ offset: 12_000 * 512, length: 8192 }]],
    );
    // Holes are not looked at: three segments hold data.
    assert.ok((only?.comparedBytes ?? 0) <= 8 * 1024 * 1024);
    const left = await diff(before, after, "--no-disks");
    // The manifests tell that the file is another one.
    assert.deepEqual([left.exitCode, left.result.disks], [1, null]);
    assert.deepEqual(
      left.result.changes.map(({ area, subject }) => [area, subject]),
      [["file", "disk.vmdk"]],
    );
  });

  it("tells a disk that is stored otherwise and reads the same from one that differs", async () => {
    const { exitCode, result } = await diff(before, ova({ "disk.vmdk": sparse }));
    assert.deepEqual(
      [exitCode, result.changes.map(({ text }) => text), result.disks?.map(({ verdict }) => verdict)],
      [1, ["disk disk0 format vmdk streamOptimized -> vmdk monolithicSparse"], ["same"]],
    );
    assert.match(result.notes.join(), /guests read the same/);
  });

  it("notes descriptors that differ in bytes alone, which is no difference", async () => {
    const { exitCode, result } = await diff(
      before,
      ova({}, swap("<!-- made by a test -->", "<!-- made by somebody -->")),
    );
    assert.deepEqual([exitCode, result.verdict], [0, "same"]);
    assert.match(result.notes.join(), /differ in bytes only/);
  });

  it("compares other files by the manifests, says where nothing tells, and reads them with --deep", async () => {
    const other = new TextEncoder().encode("red meat"); // as long
    assert.deepEqual(await told(before, ova({ "readme.txt": other })), [
      1,
      [`file readme.txt content ${[readme, other].map((bytes) => digest(bytes).slice(0, 12)).join(" -> ")}`],
    ]);
    const unlisted = (name: string): boolean => name !== "readme.txt";
    const [a, b] = [ova({}, undefined, unlisted), ova({ "readme.txt": other }, undefined, unlisted)];
    const { exitCode, result } = await diff(a, b);
    assert.deepEqual([exitCode, result.verdict, result.unknown], [0, "same", ["readme.txt"]]);
    const deep = await diff(a, b, "--deep");
    assert.deepEqual([deep.exitCode, deep.result.unknown, deep.result.changes[0]?.subject], [1, [], "readme.txt"]);
    assert.deepEqual((await diff(a, a, "--deep")).exitCode, 0);
    assert.deepEqual(await told(before, ova({ "readme.txt": new Uint8Array(3) })), [
      1,
      ["file readme.txt size 8 B -> 3 B"],
    ]);
  });

  it("tells who signed", async () => {
    const [key, signed] = [join("test/fixtures/keys/open.p12"), join(root, "signed.ova")];
    const { exitCode, err } = await vmferry("sign", before, signed, "--key", key);
    assert.equal(exitCode, 0, err);
    const { result } = await diff(before, signed);
    assert.deepEqual(
      result.changes.map(({ area, fact, from }) => [area, fact, from]),
      [["trust", "signature", null]],
    );
    assert.match(result.changes[0]?.text ?? "", /^signature none -> state right, subject /);
    assert.equal((await diff(signed, signed)).exitCode, 0);
  });

  it("compares machines of two platforms by what their facts mean", async () => {
    const folder = join(root, "vmware");
    const { exitCode, err } = await vmferry("convert", before, folder, "--to", "vmware");
    assert.equal(exitCode, 0, err);
    const { result } = await diff(before, folder);
    assert.deepEqual(result.changes, []);
    assert.deepEqual(
      result.disks?.map(({ verdict }) => verdict),
      ["same"],
    );
    assert.ok(result.unsaid.some(({ area }) => area === "product"));
    assert.equal((await diff(before, folder)).exitCode, 0);
  });

  it("takes an archive and a folder of the same files for the same", async () => {
    const folder = layOut(join(root, "folder"), packageOf(plain, { "disk.vmdk": disk, "readme.txt": readme }));
    const { exitCode, result } = await diff(before, folder);
    assert.deepEqual([exitCode, result.changes, result.notes, result.b.kind], [0, [], [], "directory"]);
  });

  it("makes what packages say harmless in Markdown", async () => {
    const hostile = ova({}, swap("<Version>1.0<", "<Version>[x](javascript:1)|`&lt;b&gt;<"));
    const { exitCode, out } = await vmferry("diff", before, hostile, "--format", "markdown");
    assert.equal(exitCode, 1);
    assert.match(out, /^# /);
    assert.doesNotMatch(out, /\[x\]\(|<b>/);
  });

  it("exits with 3 for what cannot be read, and with 2 for wrong use", async () => {
    const damaged = ova({ "disk.vmdk": disk.slice(0, 2000) });
    const broken = join(root, "broken.ovf");
    writeFileSync(broken, plain.slice(0, 500));
    for (const [code, ...argv] of [
      ["3", before, damaged],
      ["3", before, broken],
      ["3", before, join(root, "nowhere.ova")],
      ["2", before, before, "--json", "--format", "text"],
      ["2", before],
    ]) {
      const { exitCode, err } = await vmferry("diff", ...argv);
      assert.equal(String(exitCode), code, err);
    }
  });
});

function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
