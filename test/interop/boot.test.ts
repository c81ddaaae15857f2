/** What a disk boots by, on partition tables and FAT file systems that other programs made. */
import assert from "node:assert/strict";
import { open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { type BootFacts, bootFacts } from "../../src/disk/boot.js";
import { openRaw } from "../../src/disk/raw/read.js";
import { createContext, createRuntime } from "../../src/node.js";
import { openFileSource } from "../../src/runtime/node/file-source.js";
import { lacking, peerPath } from "./peers.js";
import { run } from "./run.js";
import { scratch } from "./scratch.js";

const runtime = createRuntime({ workers: 0 });
after(() => runtime.close());

/** Sectors of 512 bytes. */
const FIRST = 2048;

async function factsOf(file: string): Promise<BootFacts> {
  const source = await openFileSource(file, runtime.native);
  try {
    return await bootFacts(openRaw(source), createContext(runtime));
  } finally {
    await source.close();
  }
}

for (const [kind, mebibytes] of [
  [12, 8],
  [16, 64],
  [32, 300],
] as const) {
  test(`a loader on FAT${kind} of mkfs.vfat, ${mebibytes} MiB, in a GPT of sgdisk is found where mtools put it`, {
    skip: await lacking("mkfs.vfat", "mmd", "mcopy", "sgdisk"),
    timeout: 60_000,
  }, async (t) => {
    const disk = join(await scratch(t, "boot"), "disk.raw");
    const [vfat, mmd, mcopy, sgdisk] = await Promise.all(
      (["mkfs.vfat", "mmd", "mcopy", "sgdisk"] as const).map(peerPath),
    );
    const handle = await open(disk, "w");
    await handle.truncate((mebibytes + 2) * 2 ** 20);
    await handle.close();
    await run(sgdisk as string, ["-n", `1:${FIRST}:+${mebibytes - 1}M`, "-t", "1:ef00", disk], { timeout: 20_000 });
    assert.equal((await factsOf(disk)).partitions, "gpt");
    const sectors = (mebibytes - 1) * 2048;
    const make = ["-F", `${kind}`, "--offset", `${FIRST}`, disk, `${sectors / 2}`];
    await run(vfat as string, make, { timeout: 20_000 });
    assert.deepEqual(await factsOf(disk), { partitions: "gpt", efiLoader: null, biosCode: false, firmware: null });

    const loader = join(await scratch(t, "loader"), "shimx64.efi");
    await writeFile(loader, "MZ");
    const at = ["-i", `${disk}@@${FIRST * 512}`];
    const how = { timeout: 20_000 };
    // Enough folders that the root's entries go on in another cluster.
    for (const folder of [
      ...Array.from({ length: 40 }, (_, i) => `::A folder with a long name ${i}`),
      "::EFI",
      "::EFI/debian",
    ]) {
      await run(mmd as string, [...at, folder], how);
    }
    await run(mcopy as string, [...at, loader, "::EFI/debian/shimx64.efi"], how);
    const efiLoader = "\\EFI\\DEBIAN\\SHIMX64.EFI";
    assert.deepEqual(await factsOf(disk), { partitions: "gpt", efiLoader, biosCode: false, firmware: "efi" });

    // Without its first GPT header the disk still boots by the second.
    const torn = await open(disk, "r+");
    await torn.write(Buffer.alloc(512), 0, 512, 512);
    await torn.close();
    assert.deepEqual((await factsOf(disk)).efiLoader, efiLoader);
  });
}
