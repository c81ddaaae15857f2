/** One source for several platforms: the same results as one conversion each, in one pass over the disks. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { run } from "../../src/cli/program.js";
import { descriptorOf, diskFile, ovaOf, packageOf } from "../support/packages.js";
import { captureStreams } from "../support/streams.js";

const root = mkdtempSync(join(tmpdir(), "vmferry-adapt-"));
after(() => rmSync(root, { recursive: true }));
const disk = (content: "text" | "noise") =>
  diskFile("vmdk", "streamOptimized", { sectors: 65_536, runs: [{ sector: 3, sectors: 40_000, content }] });
const files = packageOf(
  descriptorOf([
    { href: "a.vmdk", use: "disk" },
    { href: "b.vmdk", use: "disk" },
  ]),
  { "a.vmdk": await disk("text"), "b.vmdk": await disk("noise") },
);
const archive = join(root, "box.ova");
writeFileSync(archive, ovaOf(files));

async function vmferry(...argv: string[]) {
  const streams = captureStreams();
  const exitCode = await run(argv, streams, new AbortController().signal);
  return { exitCode, out: streams.out(), err: streams.err() };
}

function contentOf(folder: string): ReadonlyMap<string, string> {
  return new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name)).toString("base64")]));
}

describe("adapt", () => {
  it("makes what conversions one by one make, and reads each disk once", async () => {
    const all = join(root, "all");
    const words = ["vmware", "hyperv-2019", "qemu"];
    const argv = ["adapt", archive, all, "--to", words.join(","), "--to", "ova:vsphere", "--prove"];
    const { exitCode, err, out } = await vmferry(...argv, "--progress", "json");
    assert.equal(exitCode, 0, err);
    assert.match(out, /4 targets, source/);
    for (const word of words) {
      const alone = join(root, `alone-${word}`);
      const to = word === "hyperv-2019" ? ["--for", word] : ["--to", word];
      await vmferry("convert", archive, alone, ...to);
      const [one, many] = [contentOf(alone), contentOf(join(all, word))];
      assert.deepEqual([...many.keys()], [...one.keys()]);
      for (const [name, bytes] of one) assert.ok(many.get(name) === bytes, `${word}/${name}`);
    }
    assert.deepEqual(readdirSync(join(all, "ova-vsphere")), ["box.ova"]);
    const copies = err.split("\n").filter((line) => {
      const event = line.startsWith("{") ? JSON.parse(line) : {};
      return event.event === "start" && event.step === "copy" && event.subject === "vmdk";
    });
    // Proof reads them again, and is no copy. Carried streams of the OVA are files, not disks.
    assert.ok(copies.length <= 2, copies.join("\n"));
    const report = readFileSync(join(all, "REPORT.md"), "utf8");
    for (const folder of ["vmware/", "hyperv-2019/", "qemu/", "ova-vsphere/"])
      assert.ok(report.includes(`\`${folder}\``));
  });

  it("shows plans and writes nothing", async () => {
    const { exitCode, out } = await vmferry(
      "adapt",
      archive,
      join(root, "dry"),
      "--to",
      "vmware,libvirt",
      "--dry-run",
      "--json",
    );
    const result = JSON.parse(out);
    assert.deepEqual([exitCode, result.schema, result.integrity], [0, "vmferry/adapt@1", null]);
    assert.deepEqual(
      result.targets.map(({ folder }: { folder: string }) => folder),
      ["vmware", "libvirt"],
    );
    assert.ok(!existsSync(join(root, "dry")));
  });

  it("leaves nothing where one target cannot take the machine, or the source was altered", async () => {
    const blocked = await vmferry("adapt", archive, join(root, "no"), "--to", "libvirt,hyperv", "--bus", "sata");
    assert.deepEqual([blocked.exitCode, /error\[(.+?)\]/.exec(blocked.err)?.[1]], [3, "convert/blocked"]);
    const altered = Buffer.from(ovaOf(files));
    const bytes = Buffer.from(files["a.vmdk"] ?? []);
    const at = altered.indexOf(bytes.subarray(0, 512)) + bytes.length - 3000;
    altered[at] = (altered[at] ?? 0) ^ 1;
    const wrong = join(root, "wrong.ova");
    writeFileSync(wrong, altered);
    const { exitCode } = await vmferry("adapt", wrong, join(root, "no"), "--to", "libvirt,hyperv");
    assert.equal(exitCode, 3);
    assert.ok(!existsSync(join(root, "no")));
    assert.ok(!readdirSync(root).some((name) => name.startsWith(".")));
  });

  for (const [what, to] of [
    ["nothing", ""],
    ["a word that nobody knows", "zos"],
    ["one word twice", "libvirt,libvirt"],
    ["a flavour that there is not", "ova:zos"],
  ] as const) {
    it(`refuses ${what}`, async () => {
      const { exitCode, err } = await vmferry("adapt", archive, join(root, "x"), ...(to === "" ? [] : ["--to", to]));
      assert.deepEqual([exitCode, /error\[(.+?)\]/.exec(err)?.[1]], [2, "cli/usage"]);
    });
  }
});
