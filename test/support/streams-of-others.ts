/** Stream-optimized VMDKs as several programs write them. */
import { readFile } from "node:fs/promises";
import { imageOf } from "../../src/disk/testing/images.js";
import { memorySource } from "../../src/io/sources/memory.js";
import { openOva } from "../../src/package/ova/open.js";
import { diskContext } from "./disks.js";
import { diskFileBytes, diskFixtures, packageFixtures } from "./fixtures.js";
import { diskFileOf } from "./packages.js";

/** A stream, and who wrote it. */
export interface WrittenStream {
  readonly by: string;
  readonly bytes: Uint8Array;
}

/** Sectors of the disk that `ownStream` holds: not a whole number of grains, in two grain tables. */
const OWN_SECTORS = 66_201;

/** A stream of vmferry's own: grains in both of two tables, with text and noise, and holes between them. */
export async function ownStream(): Promise<WrittenStream> {
  const runs = [0, 900, 20_000, 40_000, 64_129, 65_500, 66_000].flatMap((sector, i) => [
    { sector, sectors: 200, content: i % 2 === 0 ? ("text" as const) : ("noise" as const) },
  ]);
  return { by: "vmferry", bytes: await diskFileOf("vmdk", "streamOptimized", imageOf({ sectors: OWN_SECTORS, runs })) };
}

/** One stream of each program. */
export async function writtenStreams(): Promise<readonly WrittenStream[]> {
  const streams: WrittenStream[] = [await ownStream()];
  const fixture = (await diskFixtures()).find(({ variant }) => variant === "streamOptimized");
  const [file] = fixture?.files ?? [];
  if (file !== undefined) streams.push({ by: "qemu-img", bytes: new Uint8Array(await diskFileBytes(file)) });
  for (const name of ["compose-sha256", "vbox-bios-ovf10"]) {
    const found = (await packageFixtures()).find((each) => each.name === name);
    if (found === undefined) throw new Error(`there is no fixture ${name}`);
    const ova = await openOva(memorySource(new Uint8Array(await readFile(found.source)), name), diskContext());
    const disk = ova.entries.find((entry) => entry.name.endsWith(".vmdk"));
    const source = await disk?.open();
    if (source === undefined) throw new Error(`${name} has no disk`);
    streams.push({ by: name, bytes: await source.read(0, source.size) });
  }
  return streams;
}
