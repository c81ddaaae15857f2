import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { HashName } from "../../base/ids.js";
import { memorySource } from "../../io/sources/memory.js";
import { testContext } from "../../io/testing/context.js";
import { chunkedEntry } from "../chunks.js";
import type { EntryRole, PackageEntry } from "../model.js";
import { entryLookup } from "../resolver.js";
import { compareManifest, digestsFor } from "./compare.js";
import { parseManifest } from "./text.js";

function hex(algorithm: HashName, body: string): string {
  return createHash(algorithm).update(body).digest("hex");
}

function entry(name: string, body: string, role: EntryRole = "disk"): PackageEntry {
  const bytes = new TextEncoder().encode(body);
  return { name, size: bytes.length, role, open: async () => memorySource(bytes, name) };
}

const bodies: Readonly<Record<string, string>> = { "a.ovf": "<E/>", "a.vmdk": "disk", "a.mf": "", "a.cert": "c" };
const entries = [
  entry("a.ovf", "<E/>", "descriptor"),
  entry("a.vmdk", "disk"),
  entry("a.mf", "", "manifest"),
  entry("a.cert", "c", "certificate"),
];

function compare(lines: readonly string[], have: readonly PackageEntry[] = entries) {
  const manifest = parseManifest(new TextEncoder().encode(lines.join("\n")), "a.mf", testContext());
  const lookup = entryLookup(have, "");
  const requests = digestsFor(manifest, lookup);
  const digests = new Map(
    requests.map(({ entry: e, algorithms }) => [
      e.name,
      Object.fromEntries(algorithms.map((algorithm) => [algorithm, hex(algorithm, bodies[e.name] ?? e.name)])),
    ]),
  );
  const required = have.filter((e) => e.role === "descriptor" || e.role === "disk");
  const found = compareManifest({ manifest, lookup, required, digests });
  return { ...found, requests, codes: found.findings.map((finding) => finding.code) };
}

const ovf = `SHA256(a.ovf)= ${hex("sha256", "<E/>")}`;
const disk = `SHA256(a.vmdk)= ${hex("sha256", "disk")}`;

test("a package that agrees with its manifest has checks and no findings", () => {
  const found = compare([ovf, disk]);
  assert.deepEqual(found.codes, []);
  assert.deepEqual(
    found.checks.map(({ name, ok, expected, actual }) => [name, ok, expected === actual]),
    [
      ["a.ovf", true, true],
      ["a.vmdk", true, true],
    ],
  );
});

test("a changed file and a missing file are errors", () => {
  const found = compare([ovf, `SHA256(a.vmdk)= ${hex("sha256", "other")}`, `SHA256(b.iso)= ${hex("sha256", "")}`]);
  assert.deepEqual(found.codes, ["manifest/digest-mismatch", "manifest/missing-file"]);
  assert.ok(found.findings.every((finding) => finding.severity === "error"));
  assert.deepEqual(
    found.checks.map((check) => [check.ok, check.actual === null]),
    [
      [true, false],
      [false, false],
      [false, true],
    ],
  );
});

test("a required file that no line names is not covered", () => {
  const found = compare([disk]);
  assert.deepEqual(found.codes, ["manifest/not-covered"]);
  assert.deepEqual(found.findings[0]?.data, { name: "a.ovf", role: "descriptor" });
});

test("a repeated line is a warning once, and an error where it contradicts the first", () => {
  assert.deepEqual(compare([ovf, disk, disk, disk]).codes, ["manifest/duplicate-entry"]);
  const other = `SHA256(./a.vmdk)= ${hex("sha256", "other")}`;
  const found = compare([ovf, disk, other]);
  assert.deepEqual(found.codes, ["manifest/duplicate-entry", "manifest/digest-mismatch"]);
  assert.equal(found.findings[0]?.severity, "error");
});

test("lines about the manifest itself and the certificate are not checked", () => {
  const found = compare([ovf, disk, `SHA1(a.mf)= ${hex("sha1", "")}`, `SHA1(a.cert)= ${hex("sha1", "c")}`]);
  assert.deepEqual(found.codes, ["manifest/lists-itself", "manifest/lists-itself"]);
  assert.equal(found.requests.length, 2);
});

test("two algorithms for one file are hashed in one request and both checked", () => {
  const found = compare([ovf, disk, `SHA1(a.vmdk)= ${hex("sha1", "disk")}`]);
  assert.deepEqual(found.requests[1]?.algorithms, ["sha256", "sha1"]);
  assert.equal(found.checks.length, 3);
  assert.deepEqual(found.codes, []);
});

test("files that only SHA1 or MD5 cover are one finding of severity info", () => {
  const found = compare([`SHA1(a.ovf)= ${hex("sha1", "<E/>")}`, `MD5(a.vmdk)= ${hex("md5", "disk")}`]);
  assert.deepEqual(found.codes, ["manifest/weak-algorithm"]);
  assert.equal(found.findings[0]?.severity, "info");
});

test("a chunked file is covered by lines about all of its chunks", () => {
  const chunks = [entry("c.000000000", "c.000000000"), entry("c.000000001", "c.000000001")];
  const have = [...entries, chunkedEntry("c", "disk", chunks, "c")];
  const line = (name: string): string => `SHA256(${name})= ${hex("sha256", name)}`;
  assert.deepEqual(compare([ovf, disk, line("c.000000000"), line("c.000000001")], have).codes, []);
  assert.deepEqual(compare([ovf, disk, line("c.000000000")], have).codes, ["manifest/not-covered"]);
});

test("names in a manifest are looked up and never used as paths", () => {
  const found = compare([ovf, disk, `SHA256(/etc/passwd)= ${hex("sha256", "x")}`]);
  assert.deepEqual(found.codes, ["manifest/missing-file"]);
  assert.equal(found.requests.length, 2);
});
