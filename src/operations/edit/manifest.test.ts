import assert from "node:assert/strict";
import { test } from "node:test";
import { memorySource } from "../../io/sources/memory.js";
import { parseManifest } from "../../package/manifest/text.js";
import type { PackageEntry, PackageReader } from "../../package/model.js";
import { manifestBytes, manifestLines, type OldManifest, requestsFor } from "./manifest.js";

const entry = (name: string, role: PackageEntry["role"]): PackageEntry => ({
  name,
  role,
  size: 0,
  open: async () => memorySource(new Uint8Array(), name),
});
const descriptor = entry("a.ovf", "descriptor");
const disk = entry("disk.vmdk", "disk");
const other = entry("readme.txt", "file");
const all = [descriptor, disk, other];
const reader = {
  descriptor,
  entries: all,
  entry: (name: string) => all.find((one) => one.name === name),
} as unknown as PackageReader;

const [A, B, C] = ["a", "b", "c"].map((digit) => digit.repeat(64)) as [string, string, string];
const NEW = "d".repeat(64);

function oldOf(text: string): OldManifest {
  const bytes = new TextEncoder().encode(text);
  return { bytes, manifest: parseManifest(bytes, "a.mf", { report: () => {} }) };
}

/** The new text; digests that are made are `NEW`. */
function made(old: OldManifest | null, more: Partial<Parameters<typeof manifestLines>[0]> = {}): string | null {
  const lines = manifestLines({
    reader,
    manifest: old?.manifest ?? null,
    kept: [disk, other],
    written: ["a.ovf"],
    signed: null,
    trusted: true,
    ...more,
  });
  return lines === null ? null : new TextDecoder().decode(manifestBytes(lines, () => NEW, old));
}

test("only the descriptor's digest changes, in whatever way the manifest is written", () => {
  for (const text of [
    `SHA256(a.ovf)= ${A}\nSHA256(disk.vmdk)= ${B}\n`,
    `SHA256 (a.ovf) = ${A}\r\nSHA256 (disk.vmdk) = ${B}\r\n\r\n`,
    `${A} *a.ovf\n${B} *disk.vmdk`,
  ]) {
    assert.equal(made(oldOf(text)), text.replace(A, NEW));
  }
  const upper = `SHA256(disk.vmdk)= ${B}\nSHA256(a.ovf)= ${A.toUpperCase()}\n`;
  assert.equal(made(oldOf(upper)), upper.replace(A.toUpperCase(), NEW.toUpperCase()));
});

test("two files of one digest, files that come and files that go make a new text in the old order", () => {
  const same = `SHA256 (a.ovf) = ${A}\nSHA256 (disk.vmdk) = ${A}\n`;
  assert.equal(made(oldOf(same)), `SHA256(a.ovf)= ${NEW}\nSHA256(disk.vmdk)= ${A}\n`);
  const both = `SHA256(disk.vmdk)= ${B}\nSHA256(a.ovf)= ${A}\nSHA256(readme.txt)= ${C}\n`;
  assert.equal(
    made(oldOf(both), { kept: [other], written: ["a.ovf", "new.vmdk"] }),
    `SHA256(a.ovf)= ${NEW}\nSHA256(readme.txt)= ${C}\nSHA256(new.vmdk)= ${NEW}\n`,
  );
});

test("without a manifest none is made, unless somebody signs: then all files are listed, and weak digests are made anew", () => {
  assert.equal(made(null), null);
  const signed = made(null, { signed: "sha256" });
  assert.deepEqual(
    signed?.split("\n").map((line) => line.split("=")[0]),
    ["SHA256(a.ovf)", "SHA256(disk.vmdk)", "SHA256(readme.txt)", ""],
  );
  const weak = oldOf(`SHA1(a.ovf)= ${"1".repeat(40)}\nSHA1(disk.vmdk)= ${"2".repeat(40)}\n`);
  assert.match(made(weak, { signed: "sha256" }) ?? "", new RegExp(`^SHA256\\(disk.vmdk\\)= ${NEW}$`, "m"));
});

test("digests that are not to be believed are asked for", () => {
  const { manifest } = oldOf(`SHA256(a.ovf)= ${A}\nSHA256(disk.vmdk)= ${B}\n`);
  const given = { reader, manifest, kept: [disk, other], written: ["a.ovf"], signed: null };
  assert.deepEqual(requestsFor(manifestLines({ ...given, trusted: true }) ?? [], [disk, other]), []);
  assert.deepEqual(
    requestsFor(manifestLines({ ...given, trusted: false }) ?? [], [disk, other]).map(({ entry: { name } }) => name),
    ["disk.vmdk"],
  );
});
