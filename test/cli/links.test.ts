/** Links in folders: what a configuration of somebody else names lies inside, whatever links say. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { run } from "../../src/cli/program.js";
import { descriptorOf, diskFile } from "../support/packages.js";
import { captureStreams } from "../support/streams.js";

const root = mkdtempSync(join(tmpdir(), "vmferry-links-"));
after(() => rmSync(root, { recursive: true }));
const shape = { sectors: 16_384, runs: [{ sector: 3, sectors: 300, content: "text" }] } as const;
const secret = join(root, "elsewhere.vmdk");
writeFileSync(secret, await diskFile("vmdk", "monolithicSparse", shape));

async function vmferry(...argv: string[]): Promise<{ exitCode: number; out: string; err: string }> {
  const streams = captureStreams();
  const exitCode = await run(argv, streams, new AbortController().signal);
  return { exitCode, out: streams.out(), err: streams.err() };
}

function folder(name: string, files: Readonly<Record<string, string | Uint8Array>>): string {
  const made = join(root, name);
  mkdirSync(made);
  for (const [file, content] of Object.entries(files)) writeFileSync(join(made, file), content);
  return made;
}

const vmx = (disk: string): string =>
  `config.version = "8"\nvirtualHW.version = "19"\nguestOS = "debian12-64"\nfloppy0.present = "FALSE"\nide0:0.present = "TRUE"\nide0:0.fileName = "${disk}"\n`;

test("a link of a machine's folder that leads out of it is not followed, unless that is allowed", async () => {
  const machine = folder("machine", { "web.vmx": vmx("disk.vmdk") });
  symlinkSync(secret, join(machine, "disk.vmdk"));
  const to = join(root, "result");
  const refused = await vmferry("convert", machine, to, "--to", "libvirt");
  assert.equal(refused.exitCode, 3, refused.err);
  assert.ok(!existsSync(to));
  const { out } = await vmferry("inspect", machine, "--json");
  const codes = JSON.parse(out).diagnostics.map(({ code }: { code: string }) => code);
  assert.deepEqual(codes.filter((code: string) => code.startsWith("package/")).slice(0, 2), [
    "package/link-outside",
    "package/missing-file",
  ]);
  const allowed = await vmferry("convert", machine, to, "--to", "libvirt", "--allow-external", "--prove");
  assert.equal(allowed.exitCode, 0, allowed.err);
});

test("a link inside of the folder is what it leads to, and so is the file that the user names", async () => {
  const machine = folder("inside", {
    "web.vmx": vmx("disk.vmdk"),
    "real.vmdk": await diskFile("vmdk", "monolithicSparse", shape),
  });
  symlinkSync("real.vmdk", join(machine, "disk.vmdk"));
  const first = await vmferry("convert", machine, join(root, "inside-result"), "--to", "libvirt", "--prove");
  assert.equal(first.exitCode, 0, first.err);
  const links = folder("named", {});
  symlinkSync(secret, join(links, "mine.vmdk"));
  symlinkSync(join(machine, "web.vmx"), join(machine, "also.vmx"));
  const second = await vmferry(
    "convert",
    join(links, "mine.vmdk"),
    join(root, "named-result"),
    "--to",
    "libvirt",
    "--prove",
  );
  assert.equal(second.exitCode, 0, second.err);
});

test("extents of an image that somebody else made are no links to elsewhere", async () => {
  const machine = folder("extents", {
    "web.vmx": vmx("disk.vmdk"),
    "disk.vmdk":
      '# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\ncreateType="monolithicFlat"\nRW 8 FLAT "disk-flat.vmdk" 0\n',
  });
  symlinkSync(secret, join(machine, "disk-flat.vmdk"));
  const { exitCode } = await vmferry("convert", machine, join(root, "extents-result"), "--to", "libvirt");
  assert.equal(exitCode, 3);
});

test("of a package's folder they are followed, with a warning", async () => {
  const stream = await diskFile("vmdk", "streamOptimized", shape);
  writeFileSync(join(root, "stream.vmdk"), stream);
  const descriptor = descriptorOf([
    {
      href: "disk.vmdk",
      use: "disk",
      disk: 'ovf:capacity="8388608" ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"',
    },
  ]);
  const made = folder("package", { "box.ovf": descriptor });
  symlinkSync(join(root, "stream.vmdk"), join(made, "disk.vmdk"));
  const { out, exitCode } = await vmferry("inspect", made, "--json");
  const found = JSON.parse(out).diagnostics.filter(({ code }: { code: string }) => code === "package/link-outside");
  assert.deepEqual([found.length, found[0]?.severity, exitCode], [1, "warning", 0]);
});
