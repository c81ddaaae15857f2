/** Images that were written, as other programs read them. */
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { writeIso } from "../../src/package/iso/write.js";
import { lacking, peerPath } from "./peers.js";
import { run } from "./run.js";
import { scratch } from "./scratch.js";

const LIMIT = { timeout: 30_000 };
const long = `A long name, with blanks and ${"letters ".repeat(3)}ümläut.xml`;
const noise = Uint8Array.from({ length: 70_001 }, (_, i) => (i * 7919) % 251);
/** Sixty names fill more than a sector of a directory. */
const many = Array.from({ length: 60 }, (_, i) => ({
  name: `folder/file number ${i} of many.txt`,
  bytes: new TextEncoder().encode(`this is ${i}`),
}));
const files = [
  { name: "ovf-env.xml", bytes: new TextEncoder().encode("<Environment/>\n") },
  { name: "user-data", bytes: new TextEncoder().encode("#cloud-config\n") },
  { name: long, bytes: noise },
  { name: "empty", bytes: new Uint8Array() },
  { name: "a/b/c/deep.bin", bytes: noise.subarray(0, 2048) },
  ...many,
];

test("xorriso and isoinfo read every file of an image by its name, in both hierarchies", {
  skip: await lacking("xorriso", "isoinfo"),
  timeout: 60_000,
}, async (t) => {
  const folder = await scratch(t, "iso");
  const image = join(folder, "env.iso");
  await writeFile(image, writeIso(files, { label: "OVF ENV", modified: new Date("2026-01-02T03:04:05Z") }));
  const out = join(folder, "out");
  await mkdir(out);
  const xorriso = await peerPath("xorriso");
  await run(
    xorriso,
    [
      "-report_about",
      "WARNING",
      "-abort_on",
      "WARNING",
      "-osirrox",
      "on",
      "-read_fs",
      "any",
      "-indev",
      image,
      "-extract",
      "/",
      out,
    ],
    LIMIT,
  );
  for (const { name, bytes } of files) {
    const found = await readFile(join(out, name)).catch(() => null);
    assert.ok(found !== null, name);
    assert.ok(found.equals(Buffer.from(bytes)), name);
  }
  const isoinfo = await peerPath("isoinfo");
  const plain = (await run(isoinfo, ["-i", image, "-f"], LIMIT)).stdout;
  assert.match(plain, /^\/OVF_ENV\.XML;1$/m);
  assert.equal(plain.split("\n").filter((line) => line.startsWith("/FOLDER/")).length, many.length);
  const joliet = (await run(isoinfo, ["-J", "-i", image, "-f"], LIMIT)).stdout;
  for (const name of ["/ovf-env.xml", "/user-data", "/a/b/c/deep.bin"])
    assert.ok(joliet.split("\n").includes(name), name);
  const { stdout } = await run(isoinfo, ["-J", "-i", image, "-x", "/ovf-env.xml"], LIMIT);
  assert.equal(stdout, "<Environment/>\n");
  const volume = (await run(isoinfo, ["-d", "-i", image], LIMIT)).stdout;
  assert.match(volume, /Volume id: OVF ENV/);
  assert.match(volume, /Joliet with UCS level 3 found/);
});
