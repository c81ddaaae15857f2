import { FerryError } from "../base/errors.js";
import { formatBytes } from "../base/text.js";
import { CHUNK_BYTES, type ChunkSum, takeChunks } from "../disk/chunks.js";
import type { VirtualDisk } from "../disk/model.js";
import { xva } from "../disk/xva/format.js";
import type { Context } from "../io/context.js";
import type { ByteTarget } from "../io/target.js";
import { endXva, writeXvaChunk, writeXvaMember } from "../package/xva/write.js";

/** What an archive is made of. */
export interface XvaContent {
  /** The bytes of `ova.xml`. They come first. */
  readonly config: Uint8Array;
  /** Disks, each under the reference of its record, such as `Ref:4`. In any order. */
  readonly disks: readonly { readonly name: string; readonly disk: VirtualDisk }[];
  /** XXH64, which XenServer 8 and XCP-ng 8 write, or SHA-1 for older ones. */
  readonly sum: ChunkSum;
}

/**
 * Writes an XVA front to back, into a file or a pipe. Chunks are read and summed by all threads; chunks of zeros are left out. Closing
 * the target is up to the caller.
 * @throws `disk/too-large` for a disk with more than a hundred million chunks, and what reading and writing throw
 */
export async function writeXva(to: ByteTarget, { config, disks, sum }: XvaContent, ctx: Context): Promise<void> {
  const sorted = [...disks].sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const { name, disk } of sorted) {
    if (!/^[^/]+$/.test(name)) throw new FerryError("internal/bug", `a disk is called ${name}`);
    if (disk.info.size <= xva.limits.maxSize) continue;
    throw new FerryError(
      "disk/too-large",
      `${name} has ${formatBytes(disk.info.size)}, more than chunks can be numbered`,
      {
        hint: "Split the disk, or copy it to the host by other means.",
      },
    );
  }
  await writeXvaMember(to, "ova.xml", config);
  // The first chunk of the archive says how long a gap is: behind a shorter one no number may be left out.
  const [first] = sorted.filter(({ disk }) => disk.info.size > 0);
  const zeros = first !== undefined && first.disk.info.size < CHUNK_BYTES ? "stored" : "skipped";
  for (const { name, disk } of sorted) {
    await takeChunks(disk, { sum, zeros }, (chunk) => writeXvaChunk(to, name, chunk, sum), ctx);
  }
  await endXva(to);
}
