/** Rules that take a whole package: each on a good one, and on twins of it that differ in one place. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { diskContext } from "../../../test/support/disks.js";
import {
  type DescribedFile,
  DISK_8M,
  descriptorOf,
  diskFile,
  manifestOf,
  ovaOf,
  type PackageFiles,
  packageOf,
} from "../../../test/support/packages.js";
import { memorySource } from "../../io/sources/memory.js";
import { validateInput } from "../../operations/validate.js";
import { serializeTarHeader } from "../../package/tar/header.js";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
let stream: Uint8Array;
let vhd: Uint8Array;
let sparse: Uint8Array;

before(async () => {
  const shape = { sectors: 8 * 2048, runs: [{ sector: 2048, sectors: 200, content: "noise" as const }] };
  stream = await diskFile("vmdk", "streamOptimized", shape);
  sparse = await diskFile("vmdk", "monolithicSparse", shape);
  vhd = await diskFile("vhd", "dynamic", shape);
});

interface Judging {
  readonly level?: "importer" | "strict";
  readonly name?: string;
}

/** Findings about the files of an archive, as `code severity`. */
async function judge(archive: Uint8Array, { level = "strict", name = "box.ova" }: Judging = {}): Promise<string[]> {
  const source = memorySource(archive, name);
  const { file } = await validateInput(name, { kind: "file", source, name, folder: null }, { level }, diskContext());
  return file.diagnostics
    .filter(({ code }) => /^(?:package|manifest|tar|internal)\//.test(code))
    .map(({ code, severity }) => `${code} ${severity}`);
}

const disk = (rest: Partial<DescribedFile> = {}): DescribedFile => ({ href: "disk.vmdk", use: "disk", ...rest });

/** A package of one disk. SHA256 is not what OVF 1 has, which strict findings say. */
function boxOf(files: readonly DescribedFile[], bytes: PackageFiles): PackageFiles {
  return packageOf(descriptorOf(files), bytes);
}

/** Strict findings but for the one about SHA256. */
async function strict(files: PackageFiles): Promise<string[]> {
  return (await judge(ovaOf(files))).filter((found) => found !== "package/manifest-algorithm warning");
}

test("nothing is wrong with a package in order, and OVF 1 has SHA1", async () => {
  const box = boxOf([disk()], { "disk.vmdk": stream });
  assert.deepEqual(await judge(ovaOf(box), { level: "importer" }), []);
  assert.deepEqual(await judge(ovaOf(box)), ["package/manifest-algorithm warning"]);
});

test("pax, GNU and old archives are told, and a name that has to be long is no fault of the dialect", async () => {
  const plain = ovaOf(boxOf([disk()], { "disk.vmdk": stream }));
  // POSIX.1-2001, pax: a header of type g applies to all that follow.
  const record = text("18 comment=a box \n");
  assert.equal(record.length, 18);
  const pax = serializeTarHeader({ name: "pax_global_header", size: record.length, mtime: 0 });
  pax[156] = "g".charCodeAt(0);
  const body = new Uint8Array(512);
  body.set(record);
  const archive = Buffer.concat([checked(pax), body, plain]);
  assert.deepEqual(await judge(archive, { level: "importer" }), ["package/tar-pax warning"]);
  assert.ok((await judge(archive)).includes("package/tar-pax error"));

  for (const magic of ["ustar  \0", "\0\0\0\0\0\0\0\0"]) {
    const old = plain.slice();
    old.set(text(magic), 257);
    old.set(checked(old.slice(0, 512)), 0);
    assert.deepEqual(await judge(old, { level: "importer" }), ["package/tar-not-ustar info"]);
  }
  const long = `${"n".repeat(150)}.vmdk`;
  const found = await strict(boxOf([disk({ href: long })], { [long]: stream }));
  assert.deepEqual(found, ["package/tar-beyond-ustar warning"]);
});

/** A header with its sum made anew: six octal digits, NUL, blank. */
function checked(header: Uint8Array): Uint8Array {
  header.fill(32, 148, 156);
  const sum = header.reduce((all, byte) => all + byte, 0);
  header.set(text(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
  return header;
}

test("an archive ends in .ova, query of an address or not", async () => {
  const archive = ovaOf(boxOf([disk()], { "disk.vmdk": stream }));
  assert.ok((await judge(archive, { name: "box.tar" })).includes("package/archive-name error"));
  assert.ok(!(await judge(archive, { name: "box.ova?token=1" })).includes("package/archive-name error"));
});

test("the order of an archive: descriptor, files as References has them, manifest and certificate together", async () => {
  const files = [disk(), disk({ href: "two.vmdk" })];
  const box = boxOf(files, { "disk.vmdk": stream, "two.vmdk": sparse });
  const cert = text(`SHA1(box.mf)= 00\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`);
  const signed: PackageFiles = { ...box, "box.cert": cert };
  const arranged = (...names: string[]): PackageFiles =>
    Object.fromEntries(names.map((name) => [name, signed[name] ?? assert.fail(name)]));
  const order = async (...names: string[]): Promise<string[]> =>
    (await strict(arranged(...names))).filter((found) => /order|misplaced|first/.test(found));
  assert.deepEqual(await order("box.ovf", "disk.vmdk", "two.vmdk", "box.mf", "box.cert"), []);
  assert.deepEqual(await order("box.ovf", "box.mf", "box.cert", "disk.vmdk", "two.vmdk"), []);
  assert.deepEqual(await order("box.ovf", "box.mf", "disk.vmdk", "two.vmdk"), []);
  assert.deepEqual(await order("disk.vmdk", "box.ovf", "two.vmdk", "box.mf"), ["package/descriptor-not-first error"]);
  assert.deepEqual(await order("box.ovf", "two.vmdk", "disk.vmdk", "box.mf"), ["package/member-order error"]);
  for (const names of [
    ["box.ovf", "box.mf", "disk.vmdk", "two.vmdk", "box.cert"],
    ["box.ovf", "disk.vmdk", "two.vmdk", "box.cert", "box.mf"],
    ["box.ovf", "disk.vmdk", "box.mf", "two.vmdk"],
  ]) {
    assert.deepEqual(await order(...names), ["package/manifest-misplaced error"], names.join(" "));
  }
});

test("chunks follow each other, and are marked as what they are", async () => {
  const chunk = (n: number): string => `disk.vmdk.00000000${n}`;
  const size = 2 ** 14;
  const parts = [0, 1, 2].map((n) => stream.slice(n * size, n === 2 ? undefined : (n + 1) * size));
  const [a, b, c] = parts as [Uint8Array, Uint8Array, Uint8Array];
  const marked = disk({ attributes: `ovf:chunkSize="${size}"` });
  assert.deepEqual(await strict(boxOf([marked], { [chunk(0)]: a, [chunk(1)]: b, [chunk(2)]: c })), []);
  assert.deepEqual(await strict(boxOf([marked], { [chunk(0)]: a, [chunk(2)]: c, [chunk(1)]: b })), [
    "package/chunks-apart warning",
  ]);
  assert.deepEqual(await strict(boxOf([disk()], { [chunk(0)]: a, [chunk(1)]: b, [chunk(2)]: c })), [
    "package/chunks-unmarked error",
  ]);
  assert.deepEqual(await strict(boxOf([marked], { "disk.vmdk": stream })), ["package/not-in-chunks error"]);
});

test("files that nobody refers to are told, and so are references to what is no content", async () => {
  const box = boxOf([disk()], { "disk.vmdk": stream, "readme.txt": text("hello") });
  // One is found in the package, the other in the manifest's text: both orders are right.
  assert.deepEqual((await strict(box)).sort(), ["package/file-unlisted warning", "package/manifest-extra error"]);
  const itself = { href: "box.ovf", use: "none" } as const;
  assert.deepEqual(await strict(boxOf([disk(), itself], { "disk.vmdk": stream })), [
    "package/reference-to-itself error",
    "package/member-order error",
  ]);
  const manifest = { href: "box.mf", use: "none" } as const;
  assert.ok(
    (await strict(boxOf([disk(), manifest], { "disk.vmdk": stream }))).includes("package/reference-to-trust error"),
  );
});

test("a certificate is of the manifest that is there, in the form that the standard has", async () => {
  const box = boxOf([disk()], { "disk.vmdk": stream });
  const pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  const withCertificate = (certificate: string, files: PackageFiles = box): Promise<string[]> =>
    strict({ ...files, "box.cert": text(certificate) });
  assert.deepEqual(await withCertificate(`SHA1(box.mf)= 00ff\n${pem}`), []);
  assert.deepEqual(await withCertificate(`SHA512(box.mf)= 00ff\n${pem}`), ["package/certificate-algorithm warning"]);
  assert.deepEqual(await withCertificate(`SHA1(old.mf)= 00ff\n${pem}`), ["package/certificate-stale error"]);
  assert.deepEqual(await withCertificate(pem), ["package/certificate-malformed error"]);
  assert.deepEqual(await withCertificate("SHA1(box.mf)= 00ff\n"), ["package/certificate-malformed error"]);
  const { "box.mf": _, ...unlisted } = box;
  assert.deepEqual(await withCertificate(`SHA1(box.mf)= 00ff\n${pem}`, unlisted), ["package/certificate-alone error"]);
});

test("endings are in lower case", async () => {
  const { "box.ovf": descriptor = new Uint8Array() } = boxOf([disk()], {});
  const files = { "box.OVF": descriptor, "disk.vmdk": stream };
  assert.deepEqual(await strict({ ...files, "box.MF": manifestOf(files) }), [
    "package/extension-case error",
    "package/extension-case error",
  ]);
});

test("gzip is told by bytes, and only of disks: other files may be packed by nature", async () => {
  const packed = new Uint8Array(gzipSync(stream));
  const gz = disk({ href: "disk.vmdk.gz" });
  const marked = disk({ href: "disk.vmdk.gz", attributes: 'ovf:compression="gzip"' });
  assert.deepEqual(await strict(boxOf([marked], { "disk.vmdk.gz": packed })), []);
  assert.deepEqual(await strict(boxOf([gz], { "disk.vmdk.gz": packed })), ["package/compression-unmarked error"]);
  assert.deepEqual(await strict(boxOf([marked], { "disk.vmdk.gz": stream })), ["package/compression-absent error"]);
  const notes = { href: "notes.gz", use: "none" } as const;
  assert.deepEqual(await strict(boxOf([disk(), notes], { "disk.vmdk": stream, "notes.gz": packed })), []);
});

test("format and variant of an image are what the descriptor says", async () => {
  assert.deepEqual(await strict(boxOf([disk()], { "disk.vmdk": vhd })), ["package/disk-format-differs error"]);
  assert.deepEqual(await strict(boxOf([disk()], { "disk.vmdk": sparse })), ["package/disk-not-stream error"]);
  const said = disk({ disk: DISK_8M.replace("#streamOptimized", "#sparse") });
  assert.deepEqual(await strict(boxOf([said], { "disk.vmdk": stream })), ["package/disk-is-stream error"]);
  assert.deepEqual(await strict(boxOf([said], { "disk.vmdk": sparse })), []);
});

test("a damaged header is an error, and a stream ends at its marker", async () => {
  const cut = stream.slice(0, 2000);
  assert.deepEqual(await judge(ovaOf(boxOf([disk()], { "disk.vmdk": cut })), { level: "importer" }), [
    "package/disk-unreadable error",
  ]);
  for (const rest of [text("more"), new Uint8Array(512).fill(1)]) {
    const longer = Buffer.concat([stream, rest]);
    assert.deepEqual(await strict(boxOf([disk()], { "disk.vmdk": longer })), ["package/stream-end warning"]);
  }
});

test("a capacity may be rounded to grains, is told where a unit rounded it, and is wrong otherwise", async () => {
  const of = (bytes: string): DescribedFile =>
    disk({ disk: `${bytes} ovf:format="${/format="(.*)"/.exec(DISK_8M)?.[1]}"` });
  const judged = async (capacity: string): Promise<string[]> => strict(boxOf([of(capacity)], { "disk.vmdk": stream }));
  assert.deepEqual(await judged('ovf:capacity="8388608"'), []);
  assert.deepEqual(await judged('ovf:capacity="8388000"'), []);
  assert.deepEqual(await judged('ovf:capacity="1" ovf:capacityAllocationUnits="byte * 2^30"'), [
    "package/capacity-rounded warning",
  ]);
  assert.deepEqual(await judged('ovf:capacity="4194304"'), ["package/capacity-differs error"]);
  assert.deepEqual(await judged('ovf:capacity="3" ovf:capacityAllocationUnits="byte * 2^30"'), [
    "package/capacity-differs error",
  ]);
});

test("digests are compared, and what the manifest says is not said twice", async () => {
  const box = boxOf([disk()], { "disk.vmdk": stream });
  const altered = { ...box, "disk.vmdk": Uint8Array.from(stream, (byte, i) => (i === 5000 ? byte ^ 1 : byte)) };
  assert.deepEqual(await judge(ovaOf(altered), { level: "importer" }), ["manifest/digest-mismatch error"]);
  const spelled = text(new TextDecoder().decode(box["box.mf"]).replaceAll("\n", "\r\n").replaceAll("SHA256", "Sha256"));
  assert.deepEqual(await judge(ovaOf({ ...box, "box.mf": spelled }), { level: "importer" }), [
    "manifest/odd-spelling info",
    "manifest/odd-spelling info",
  ]);
  assert.deepEqual(await strict({ ...box, "box.mf": spelled }), [
    "manifest/odd-spelling warning",
    "manifest/odd-spelling warning",
  ]);
});

test("a file that cannot be read is said once, where it is met", async () => {
  const whole = ovaOf(boxOf([disk()], { "disk.vmdk": stream, "z.iso": new Uint8Array(4096) }));
  const cut = whole.subarray(0, whole.length - 6000);
  const found = await judge(cut, { level: "importer" });
  assert.equal(found.filter((code) => code.startsWith("tar/cut-off")).length, 1);
  assert.ok(!found.some((code) => code.startsWith("internal/")));
});
