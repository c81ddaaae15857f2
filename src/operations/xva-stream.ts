/** A disk of an XVA that is read as it comes: from standard input, or out of a file that is packed as a whole. */
import { FerryError } from "../base/errors.js";
import { printable } from "../base/text.js";
import { segmentEnd } from "../disk/cells.js";
import { dataReads } from "../disk/data-reads.js";
import type { DiskStream, ReadOp } from "../disk/model.js";
import { xvaInfo } from "../disk/xva/read.js";
import type { Context } from "../io/context.js";
import type { ByteStream } from "../io/source.js";
import { streamXva, type XvaArrival } from "../package/xva/stream.js";
import { diskSizes } from "../platforms/xenserver/records.js";
import { parseXml } from "../xml/parse.js";
import { sizeDiffers, whichDisk } from "./xva.js";

type Chunk = Extract<XvaArrival, { what: "chunk" }>;

/**
 * Opens one disk of an archive, by its name; `null`: the only one. Others are passed over.
 * @param started called once it is known that the disk is read in one pass: what was kept of the stream until then is not needed any more
 * @throws `disk/stream-size` where `ova.xml` does not say how large its disks are, `xva/which-disk`, `xva/bad-chunk`, `disk/stream-cut-off`;
 *   while reading the same
 */
export async function openXvaStream(
  input: ByteStream,
  name: string | null,
  started: () => void,
  ctx: Context,
): Promise<DiskStream> {
  const { label } = input;
  const arrivals = streamXva(input, ctx);
  const { value: first } = await arrivals.next();
  const sizes =
    first?.what === "config"
      ? diskSizes(parseXml(first.bytes, `${label}!ova.xml`, ctx.limits).root)
      : new Map<string, number>();
  if (name === null ? sizes.size === 0 : !sizes.has(name)) throw noSize(label);
  started();
  const disk = await firstChunk(arrivals, label, name, sizes);
  const size = sizes.get(disk.name) ?? -1;
  if (size < 0) throw noSize(label);
  const wholeLabel = `${label}!${disk.name}`;

  async function* reads(): AsyncIterable<ReadOp> {
    let end = 0;
    let last = 0;
    for (let arrival: XvaArrival | undefined = disk; arrival !== undefined; arrival = (await arrivals.next()).value) {
      if (arrival.what !== "chunk") continue;
      if (arrival.name !== disk.name) {
        // Which one was meant nobody has said, and this one was only the first.
        if (name === null)
          throw whichDisk(
            label,
            null,
            new Map([
              [disk.name, size],
              [arrival.name, sizes.get(arrival.name) ?? 0],
            ]),
          );
        continue;
      }
      end = arrival.start + arrival.length;
      last = arrival.length;
      const stop = Math.min(end, size);
      for (let at = arrival.start; at < stop; ) {
        const length = Math.min(stop, segmentEnd(at)) - at;
        yield* dataReads(await arrival.read(length), at, wholeLabel);
        at += length;
      }
    }
    const differs = sizeDiffers({ label, name: disk.name, size, chunksEnd: end, lastBytes: last });
    if (differs === null) return;
    // Of a file this is a finding, and its reader decides; what came once cannot be looked at again.
    throw new FerryError("xva/bad-chunk", differs.message, {
      location: { at: "bytes", file: label, offset: 0 },
      hint: "The result was not kept. Chunks are missing or too many: export the machine again.",
    });
  }

  return {
    info: xvaInfo(size),
    reads,
    units: () => null,
    async cancel(reason): Promise<void> {
      await input.cancel(reason);
    },
  };
}

/** The first chunk of the disk that is wanted; those of others are passed over. @throws `xva/which-disk` where none comes */
async function firstChunk(
  arrivals: AsyncGenerator<XvaArrival>,
  label: string,
  name: string | null,
  sizes: ReadonlyMap<string, number>,
): Promise<Chunk> {
  const passed = new Map<string, number>();
  for (;;) {
    const { value: arrival } = await arrivals.next();
    if (arrival === undefined) throw whichDisk(label, name, passed);
    if (arrival.what !== "chunk") continue;
    if (name === null || arrival.name === name) return arrival;
    passed.set(arrival.name, sizes.get(arrival.name) ?? arrival.start + arrival.length);
  }
}

function noSize(label: string): FerryError {
  return new FerryError("disk/stream-size", `ova.xml of ${printable(label)} does not say how large the disk is`, {
    hint: "Save the archive to a file, and name that.",
  });
}
