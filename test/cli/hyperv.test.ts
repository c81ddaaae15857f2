/** Machines of Hyper-V at the command: collected JSON beside its disks, and configurations that nobody but Hyper-V reads. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { run } from "../../src/cli/program.js";
import { blankAdapter, blankDrive, blankHyperv } from "../../src/platforms/hyperv/testing/document.js";
import { exportedMachine, exportedXml } from "../../src/platforms/hyperv/testing/xml.js";
import { diskFile } from "../support/packages.js";
import { captureStreams } from "../support/streams.js";

const root = mkdtempSync(join(tmpdir(), "vmferry-hyperv-"));
after(() => rmSync(root, { recursive: true }));
const disk = await diskFile("vhdx", "dynamic", {
  sectors: 16_384,
  runs: [{ sector: 3, sectors: 300, content: "text" }],
});

async function vmferry(...argv: string[]): Promise<{ exitCode: number; out: string; err: string }> {
  const streams = captureStreams();
  const exitCode = await run([...argv, "--quiet"], streams, new AbortController().signal);
  return { exitCode, out: streams.out(), err: streams.err() };
}

/** A machine as Export-VM and the collector leave it: the document beside `Virtual Hard Disks`. */
function exported(name: string): string {
  const folder = join(root, name);
  mkdirSync(join(folder, "Virtual Hard Disks"), { recursive: true });
  writeFileSync(join(folder, "Virtual Hard Disks", "web.vhdx"), disk);
  const machine = blankHyperv({
    drives: [blankDrive({ path: "C:\\ClusterStorage\\Volume1\\web\\web.vhdx" })],
    networkAdapters: [blankAdapter({ switch: "LAN", mac: "00155D0107DC" })],
  });
  writeFileSync(join(folder, "web.hyperv.json"), JSON.stringify(machine));
  return folder;
}

test("a collected machine is inspected and converted with the disks that Export-VM put below it", async () => {
  const folder = exported("whole");
  const inspected = await vmferry("inspect", folder, "--json");
  assert.equal(inspected.exitCode, 0, inspected.err);
  const { appliance } = JSON.parse(inspected.out);
  assert.equal(appliance.machines[0].name, "web");
  assert.equal(appliance.machines[0].firmware, "efi");
  const to = join(root, "kvm");
  const { exitCode, err } = await vmferry("convert", folder, to, "--to", "libvirt", "--prove");
  assert.equal(exitCode, 0, err);
  assert.ok(existsSync(join(to, "web.xml")));
});

test("an exported machine of 2012 R2 is converted with its configuration beside the folder of its disks", async () => {
  const folder = exported("old");
  rmSync(join(folder, "web.hyperv.json"));
  const values = exportedMachine();
  const data = { controller0: { drive3: { pathname: "D:\\data\\web.vhdx", type: "VHD" } } };
  const all = {
    ...values,
    "_d7a36e9b-9256-4f0d-be2c-3a13887f7b03_": data,
    "_83f8638b-8dca-4152-9eda-2ca8b33039b4_": {},
  };
  writeFileSync(join(folder, "0AA394FA-7C4A-4070-BA32-773D43B28A68.xml"), exportedXml(all));
  const to = join(root, "old-kvm");
  const { exitCode, err } = await vmferry("convert", folder, to, "--to", "libvirt", "--prove");
  assert.equal(exitCode, 0, err);
  assert.ok(existsSync(join(to, "web-more.xml")));
});

test("a binary configuration gets one answer that names the collector: by itself, and as the only one of its folder", async () => {
  const folder = join(root, "binary");
  mkdirSync(folder);
  const file = join(folder, "0AA394FA-7C4A-4070-BA32-773D43B28A68.vmcx");
  writeFileSync(file, Buffer.concat([Buffer.from([0x14, 0x20, 0x28, 0x01]), Buffer.alloc(8188)]));
  for (const source of [file, folder]) {
    for (const argv of [
      ["inspect", source],
      ["convert", source, join(root, "none"), "--to", "libvirt"],
    ]) {
      const { exitCode, err, out } = await vmferry(...argv);
      assert.equal(exitCode, 3, err);
      assert.equal(out, "");
      assert.match(err, /^error\[package\/unreadable-kind\]/);
      assert.match(err, /vmferry collect hyperv/);
    }
  }
  assert.ok(!existsSync(join(root, "none")));
});

test("collect prints the script that is shipped, and knows no other platform", async () => {
  const { exitCode, out } = await vmferry("collect", "hyperv");
  assert.equal(exitCode, 0);
  assert.equal(out, readFileSync("share/hyperv/Export-VmferryMachine.ps1", "utf8"));
  assert.match((await vmferry("collect", "vmware")).err, /^error\[cli\/invalid-value\]/);
});
