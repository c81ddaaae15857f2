/**
 * `npm run demo`: makes a small appliance that boots, carries it to every platform that is written, proves that each disk holds the same guest
 * bytes, and boots each result where QEMU is installed. Everything happens in a temporary folder.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { diskFormats } from "../src/disk/formats.js";
import { platforms } from "../src/platforms/platforms.js";
import { descriptor, makeAppliance } from "./demo/appliance.js";
import { bootDisk, hasQemu } from "./demo/boot.js";

/** What QEMU calls a disk format. */
const DRIVERS: Readonly<Record<string, string>> = { vhd: "vpc" };

const started = Date.now();
const vmferry = path.resolve("dist/bin/vmferry.js");
const folder = mkdtempSync(path.join(tmpdir(), "vmferry-demo-"));
let failures = 0;

function say(text: string): void {
  console.log(`\n${text}`);
}

/** Runs a command as a user would, in the demo's folder, and shows both. `null`: it failed. */
function run(args: readonly string[], show: "output" | "quiet" = "output"): string | null {
  console.log(`  $ vmferry ${args.join(" ")}`);
  const { status, stdout, stderr } = spawnSync(process.execPath, [vmferry, ...args], {
    cwd: folder,
    encoding: "utf8",
    timeout: 60_000,
  });
  if (status !== 0) {
    failures++;
    console.log(stdout + stderr);
    return null;
  }
  if (show === "output") {
    console.log(stdout.trimEnd().replace(/^/gm, "    "));
  }
  return stdout;
}

/** Name and format of the disks of a result. */
function disksOf(plan: string): readonly { readonly name: string; readonly format: string }[] {
  const { files } = JSON.parse(plan) as { readonly files: readonly { readonly name: string }[] };
  return files.flatMap(({ name }) => {
    const format = diskFormats.all.find((known) => known.extensions.some((extension) => name.endsWith(extension)));
    return format === undefined ? [] : [{ name, format: format.id }];
  });
}

async function boot(file: string, format: string, sum: string): Promise<void> {
  const result = await bootDisk(path.join(folder, file), DRIVERS[format] ?? format);
  if ("failed" in result) {
    failures++;
    console.log(`    ${file} did not boot: ${result.failed}`);
    return;
  }
  const right = result.said.endsWith(sum);
  if (!right) failures++;
  console.log(`    boots ${file}: "${result.said}"${right ? "" : ` but the sum of the original is ${sum}`}`);
}

async function main(): Promise<void> {
  console.log(`vmferry demo, in ${folder}`);
  say("1. A machine. Its disk holds a boot sector that prints a sum of its own first MiB, and some content.");
  const { sum } = makeAppliance(folder);
  console.log(`   The sum of the disk as it was made: ${sum}`);

  say("2. As an appliance: the disk becomes a stream-optimized VMDK, a descriptor says what the machine is.");
  mkdirSync(path.join(folder, "ferry"));
  run(["disk", "convert", "ferry.raw", "ferry/ferry-disk1.vmdk", "--variant", "streamOptimized", "--prove", "--quiet"]);
  writeFileSync(path.join(folder, "ferry/ferry.ovf"), descriptor("ferry-disk1.vmdk"));
  run(["pack", "ferry", "ferry.ova", "--manifest", "--quiet"]);

  say("3. What a stranger sees in it. Nobody told its firmware: that is read from the boot disk.");
  run(["inspect", "ferry.ova"]);
  run(["verify", "ferry.ova", "--require-manifest"]);

  const qemu = hasQemu();
  say(
    qemu
      ? "4. To every platform that vmferry writes. --prove reads each disk back; then the converted disk boots here in QEMU."
      : "4. To every platform that vmferry writes. --prove reads each disk back. (QEMU is not installed, so nothing boots.)",
  );
  for (const platform of platforms.all) {
    if (platform.exportConfig === undefined) continue;
    console.log(`\n  ${platform.label}`);
    const result = run(
      ["convert", "ferry.ova", platform.id, "--to", platform.id, "--prove", "--json", "--quiet"],
      "quiet",
    );
    if (result === null) continue;
    const { files, losses, proof } = JSON.parse(result) as {
      readonly files: readonly { readonly name: string }[];
      readonly losses: readonly { readonly severity: string; readonly message: string }[];
      readonly proof: readonly { readonly equal: boolean }[];
    };
    console.log(`    files: ${files.map((file) => file.name).join(", ")}`);
    for (const loss of losses) console.log(`    ${loss.severity === "info" ? "decided" : "lost"}: ${loss.message}`);
    console.log(`    disks proven equal: ${proof.filter((disk) => disk.equal).length} of ${proof.length}`);
    if (qemu) for (const { name, format } of disksOf(result)) await boot(path.join(platform.id, name), format, sum);
  }

  say("5. And back into one package for every importer of OVF.");
  run(["convert", "ferry.ova", "again.ova", "--prove", "--quiet"]);
  run(["disk", "compare", "again.ova!ferry-disk1.vmdk", "ferry.raw"]);
}

try {
  await main();
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  say(failures === 0 ? `All of it worked, in ${seconds} s.` : `${failures} of the steps failed.`);
  process.exitCode = failures === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
