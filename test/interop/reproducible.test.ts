/** `build --reproducible`: the same bytes by another Node.js, in another folder, time zone and time, with other threads and codecs. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { diskFile } from "../support/packages.js";
import { findNode24 } from "./node-24.js";
import { attempt } from "./run.js";
import { scratch } from "./scratch.js";

const other = await findNode24();
const shape = { sectors: 65_536, runs: [{ sector: 3, sectors: 40_000, content: "text" }] } as const;
const noise = { sectors: 16_384, runs: [{ sector: 5, sectors: 9_000, content: "noise" }] } as const;

const SPEC = `appliance: 1
name: same
machine:
  name: { text: Same, de: Gleich, fr: Pareil }
  memory: 1GiB
  cpus: 2
  firmware: efi
  drives: [text.qcow2, noise.vhdx, { size: 64MiB }]
  nics: [LAN, DMZ]
  products: [{ name: Same, properties: { b: string, a: { type: boolean, default: true } } }]
outputs: [{ file: same.ova, targets: [vsphere-7] }, { file: box.ova, flavour: virtualbox }, { file: strict, flavour: strict }]
`;

test("packages are the same bytes by Node.js 20 and 24, in two folders and time zones, with other threads, codecs and times", {
  skip: typeof other === "string" ? other : false,
  timeout: 300_000,
}, async (t) => {
  assert.ok(typeof other !== "string");
  const root = await scratch(t, "same");
  const first = join(root, "a folder");
  await mkdir(first);
  await writeFile(join(first, "spec.yaml"), SPEC);
  await writeFile(join(first, "text.qcow2"), await diskFile("qcow2", "uncompressed", shape));
  await writeFile(join(first, "noise.vhdx"), await diskFile("vhdx", "dynamic", noise));
  const second = join(root, "another", "folder");
  await cp(first, second, { recursive: true });
  const vmferry = resolve("dist/bin/vmferry.js");
  const ways = [
    { node: process.execPath, cwd: first, argv: ["--workers", "1"], env: { TZ: "Pacific/Auckland" } },
    {
      node: other.path,
      cwd: second,
      argv: ["--workers", "4"],
      env: { TZ: "America/St_Johns", VMFERRY_DISABLE: "koffi" },
    },
  ];
  const digests: string[][] = [];
  for (const { node, cwd, argv, env } of ways) {
    const ran = await attempt(node, [vmferry, "build", "spec.yaml", "--reproducible", ...argv], { cwd, env });
    assert.equal(ran.status, 0, ran.stderr);
    assert.match(ran.stdout, /codec fflate/);
    const names = ["same.ova", "box.ova", "strict/same.ovf", "strict/same.mf", "strict/Same-disk1.vmdk"];
    const own = names.map(async (name) => `${name} ${sha256(await readFile(join(cwd, name)))}`);
    digests.push(await Promise.all(own));
  }
  assert.deepEqual(digests[1], digests[0]);
  // What one made the other proves.
  const proof = ["verify", join(first, "box.ova"), "--rebuild", "spec.yaml"];
  const proven = await attempt(other.path, [vmferry, ...proof], { cwd: second });
  assert.equal(proven.status, 0, proven.stdout + proven.stderr);
  assert.match(proven.stdout, /build\/rebuilt/);
  // Another time of the sources' is another package, as both see it.
  const dated = { cwd: second, env: { SOURCE_DATE_EPOCH: "1700000000" } };
  const refused = await attempt(process.execPath, [vmferry, ...proof], dated);
  assert.equal(refused.status, 1, refused.stdout);
  assert.match(refused.stdout, /build\/rebuild-differs/);
});

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
