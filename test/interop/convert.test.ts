import assert from "node:assert/strict";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { extname, join, resolve } from "node:path";
import { after, test } from "node:test";
import { alignUp } from "../../src/base/bytes.js";
import { diskFormats, platforms } from "../../src/defaults.js";
import type { ConvertResult } from "../../src/index.js";
import { startFerry } from "../support/ferry.js";
import { packageFixtures } from "../support/fixtures.js";
import { importXva } from "../support/xapi.js";
import { type ExpectedDisk, expectedDisks, MissingDisks } from "./expected.js";
import { lacking, peerPath } from "./peers.js";
import { isDisk, type QemuImg, startQemuImg } from "./qemu.js";
import { run } from "./run.js";
import { scratch } from "./scratch.js";

const ferry = startFerry();
after(() => ferry.close());
// Both before any test is there: nothing is awaited between tests, or the hook above could come too early.
const skip = await lacking("qemu-img", "tar");
const fixtures = await packageFixtures();

const written = platforms.all.filter((platform) => platform.exportConfig !== undefined).map(({ id }) => id);
/** Those whose result is one file. */
const archived: ReadonlySet<string> = new Set(
  platforms.all.flatMap(({ id, archive }) => (archive === undefined ? [] : [id])),
);
const targets = [...written, "ovf", "ova"] as const;

/** The header of a sparse VMDK counts whole grains, and qemu-img believes it; the true size is in the descriptor. */
const VMDK_GRAIN = 65_536;

/** The capacity that qemu-img sees in a disk as it was written. */
function seenCapacity(file: string, capacityBytes: number): number {
  const format = diskFormats.all.find(({ extensions }) => extensions.includes(extname(file)));
  return alignUp(capacityBytes, format?.id === "vmdk" ? VMDK_GRAIN : (format?.limits.sizeMultiple ?? 512));
}

/** Every disk in a folder is sound for qemu-img, holds what one of the expected holds, and none is missing. */
async function checkDisks(folder: string, expected: readonly ExpectedDisk[], qemu: QemuImg): Promise<void> {
  const missing = new MissingDisks(expected);
  for (const name of (await readdir(folder)).filter(isDisk)) {
    const file = join(folder, name);
    await qemu.check(file);
    const guest = await qemu.guestBytes(file);
    const disk = missing.take(guest, name);
    assert.equal(guest.length, seenCapacity(name, disk.capacityBytes), `capacity of ${name}`);
  }
  missing.assertNone();
}

/** The disks of an archive as xapi's importer puts them together. */
async function unpackXva(archive: string, folder: string): Promise<void> {
  const { disks } = importXva(new Uint8Array(await readFile(archive)));
  for (const [id, bytes] of disks) await writeFile(join(folder, `${id.replace(":", "-")}.raw`), bytes);
}

/** `vmferry convert` in a process of its own. */
async function convertByCommand(source: string, destination: string, to: string): Promise<ConvertResult> {
  const args = [resolve("dist/bin/vmferry.js"), "convert", source, destination, "--to", to, "--json", "--quiet"];
  return JSON.parse((await run(process.execPath, args, { timeout: 60_000 })).stdout);
}

for (const [i, { name, source, facts }] of fixtures.entries()) {
  for (const [j, to] of targets.entries()) {
    // Starting the command takes longer than the work: every target and every package goes through it, not every pair.
    const byCommand = (i + j) % targets.length === 0;
    test(`${name} converted to ${to}${byCommand ? " by the command" : ""}: each disk reads as its maker reads it`, {
      skip,
      timeout: 120_000,
    }, async (t) => {
      const folder = await scratch(t, "convert");
      const destination = join(folder, to === "ova" ? "result.ova" : "result");
      const { files } = byCommand
        ? await convertByCommand(source, destination, to)
        : (await ferry.convert(source, destination, { to })).outcome;
      let result = destination;
      if (to === "ova") {
        result = await scratch(t, "members");
        await run(await peerPath("tar"), ["xf", destination, "-C", result], { timeout: 30_000 });
      } else if (archived.has(to)) {
        const archive = byCommand ? destination : join(destination, files[0]?.name ?? "");
        result = await scratch(t, "members");
        await unpackXva(archive, result);
      } else {
        assert.deepEqual((await readdir(result)).sort(), files.map((file) => file.name).sort());
      }
      for (const file of archived.has(to) ? [] : files) {
        if (file.size !== null) assert.equal((await stat(join(result, file.name))).size, file.size, file.name);
      }
      assert.deepEqual(await readdir(folder), [to === "ova" ? "result.ova" : "result"], "nothing else is left");
      const expected = expectedDisks(facts).filter(({ file }) => file !== null || (to !== "ova" && to !== "ovf"));
      await checkDisks(result, expected, await startQemuImg());
    });
  }
}
