import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { descriptorOf, diskFile, layOut, ovaOf, type PackageFiles, packageOf } from "../support/packages.js";

const command = new URL("../../src/cli/main.js", import.meta.url).pathname;
const root = mkdtempSync(join(tmpdir(), "vmferry-fix-"));
after(() => rmSync(root, { recursive: true }));
let counter = 0;
let wrong: PackageFiles;
let right: PackageFiles;

before(async () => {
  const disk = await diskFile("vmdk", "streamOptimized", { sectors: 8 * 2048, runs: [] });
  const box = (size: number): PackageFiles =>
    packageOf(descriptorOf([{ href: "disk.vmdk", use: "disk", attributes: `ovf:size="${size}"` }]), {
      "disk.vmdk": disk,
    });
  [wrong, right] = [box(5), box(disk.length)];
});

function vmferry(...args: readonly string[]) {
  const env = { ...process.env, SOURCE_DATE_EPOCH: "0" };
  return spawnSync(process.execPath, [command, ...args], { encoding: "utf8", timeout: 60_000, env });
}

const fresh = (name: string): string => join(layOut(join(root, `${counter++}`), {}), name);

function folderOf(files: PackageFiles): string {
  return layOut(join(root, `${counter++}`), files);
}

function ova(files: PackageFiles): string {
  const folder = folderOf({ "box.ova": ovaOf(files) });
  return join(folder, "box.ova");
}

function contents(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((name) => [name, readFileSync(join(folder, name), "hex")]),
  );
}

const hex = (files: PackageFiles): Record<string, string> =>
  Object.fromEntries(
    Object.entries(files)
      .map(([name, bytes]): [string, string] => [name, Buffer.from(bytes).toString("hex")])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );

test("an archive is changed where it lies, through a link too, and a second time nothing happens", () => {
  const file = ova(wrong);
  const link = `${file}.link.ova`;
  symlinkSync(file, link);
  const first = vmferry("fix", link);
  assert.equal(first.status, 0, first.stderr);
  assert.match(first.stdout, /1 finding mended/);
  assert.deepEqual(readFileSync(file), Buffer.from(ovaOf(right)));
  const second = JSON.parse(vmferry("fix", link, "--json").stdout);
  assert.deepEqual([second.schema, second.applied, second.changes, second.mended], ["vmferry/fix@1", false, [], []]);
  assert.equal(vmferry("verify", file).status, 0);
});

test("a folder is changed where it lies: what changed alone, and a certificate of the old manifest goes", () => {
  const pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  const cert = new TextEncoder().encode(`SHA256(box.mf)= 00ff\n${pem}`);
  const more = { "notes.txt": new TextEncoder().encode("not of the package") };
  const folder = folderOf({ ...wrong, ...more, "box.cert": cert });
  const told = vmferry("fix", join(folder, "box.ovf"));
  assert.equal(told.status, 0, told.stderr);
  assert.match(told.stdout, /signature\/dropped/);
  assert.deepEqual(contents(folder), hex({ ...right, ...more }));
});

test("the destination decides by its name whether an archive or a folder is written, and nothing is replaced unasked", () => {
  const file = ova(wrong);
  const old = readFileSync(file);
  const folder = fresh("out");
  assert.equal(vmferry("fix", file, folder).status, 0);
  assert.deepEqual(contents(folder), hex(right));
  const other = fresh("other.ova");
  assert.equal(vmferry("fix", folder, other).status, 0);
  assert.deepEqual(readFileSync(other), Buffer.from(ovaOf(right)));
  assert.deepEqual(readFileSync(file), old);
  assert.equal(vmferry("fix", file, other).status, 2);
  assert.equal(vmferry("fix", file, other, "--force").status, 0);
});

test("a dry run shows the descriptor's change as a diff that patch takes, and writes nothing", (t) => {
  const file = ova(wrong);
  const told = vmferry("fix", file, "--dry-run");
  assert.equal(told.status, 0);
  assert.match(told.stdout, /^-.*ovf:size="5"/m);
  assert.deepEqual(readFileSync(file), Buffer.from(ovaOf(wrong)));
  const { diff, applied } = JSON.parse(vmferry("fix", file, "--dry-run", "--json").stdout);
  assert.equal(applied, false);
  const folder = folderOf({ "box.ovf": wrong["box.ovf"] ?? new Uint8Array() });
  const patched = spawnSync("patch", ["-p1"], { cwd: folder, input: diff, timeout: 10_000 });
  if (patched.error !== undefined) return t.skip("patch is absent");
  assert.equal(patched.status, 0);
  assert.deepEqual(readFileSync(join(folder, "box.ovf")), Buffer.from(right["box.ovf"] ?? ""));
});

test("an altered file is refused with exit code 1, and taken as it is where that is accepted", () => {
  const folder = folderOf(wrong);
  const descriptor = join(folder, "box.ovf");
  writeFileSync(descriptor, `${readFileSync(descriptor, "utf8")}<!-- changed -->\n`);
  const old = contents(folder);
  const refused = vmferry("fix", folder);
  assert.equal(refused.status, 1);
  assert.match(refused.stdout, /refused: nothing was written/);
  assert.deepEqual(contents(folder), old);
  assert.equal(vmferry("fix", folder, fresh("out")).status, 1);
  assert.equal(vmferry("fix", folder, "--accept-changes").status, 0);
  assert.equal(vmferry("verify", folder).status, 0);
});

test("what cannot be mended is left and told by the exit code", () => {
  const gone = packageOf(descriptorOf([{ href: "gone.vmdk", use: "disk" }]), {});
  const told = vmferry("fix", ova(gone), "--json");
  assert.equal(told.status, 1);
  const { left, applied } = JSON.parse(told.stdout);
  assert.equal(applied, false);
  assert.ok(left.some(({ code }: { code: string }) => code === "package/missing-file"));
});

test("a package on a server is not changed where it lies", () => {
  const told = vmferry("fix", "http://127.0.0.1:9/x.ova");
  assert.deepEqual([told.status, /cli\/usage/.test(told.stderr)], [2, true]);
});
