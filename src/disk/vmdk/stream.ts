import { alignUp, isZero, readU64, SECTOR, viewOf } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import { type ByteReader, byteReader } from "../../io/byte-reader.js";
import type { Context } from "../../io/context.js";
import type { ByteStream } from "../../io/source.js";
import { SEGMENT_BYTES } from "../cells.js";
import type { DiskStream, ReadOp } from "../model.js";
import { parseVmdkDescriptor, type VmdkDescriptor } from "./descriptor.js";
import { countGrains } from "./front-tables.js";
import { GD_AT_END, grainBytes, parseSparseHeader, SPARSE_HEADER_BYTES, type SparseHeader } from "./header.js";
import { capacityOf } from "./hosted.js";
import { GRAIN_MARKER_BYTES } from "./kernel.js";
import { MARKER } from "./markers.js";
import { vmdkInfo } from "./read.js";
import { GrainBatch, SeenGrains } from "./stream-grains.js";

/** Zeros behind the end that are passed over: what block devices and object stores pad uploads with. */
const MOST_PADDING = 64 * 1024 * 1024;
/** Bytes that are passed over at a time. */
const STEP = 1024 * 1024;

/**
 * Reads a streamOptimized VMDK in one pass: grains as they come, found by their markers. Tables are passed over; the end has to be there:
 * the end-of-stream marker, behind a footer where the header leaves the directory to one. QEMU writes neither, and all tables in front:
 * then every grain that they name has to come.
 * @throws `disk/not-streamable` for another variant, a delta, or grains above 4 MiB; `vmdk/bad-header`, `vmdk/bad-descriptor`; while
 *   reading `vmdk/bad-marker`, `vmdk/bad-grain`, `vmdk/no-footer`, `disk/stream-cut-off`
 */
export async function openVmdkStream(input: ByteStream, ctx: Context): Promise<DiskStream> {
  const reader = byteReader(input, ctx.signal);
  const { label } = input;
  const head = await readFront(reader, SPARSE_HEADER_BYTES, label);
  const header = parseSparseHeader(head, label, 0);
  const grain = grainBytes(header);
  if (!header.flags.compressed) throw notStreamable(`${label} is no streamOptimized VMDK`);
  if (grain > SEGMENT_BYTES) throw notStreamable(`${label} has grains of ${grain} bytes`);
  if (header.unclean) {
    ctx.report({
      code: "vmdk/unclean",
      severity: "warning",
      message: `${label} was not closed properly`,
      location: { at: "bytes", file: label, offset: 72, field: "uncleanShutdown" },
      hint: "Shut the machine down where it runs, and copy or export the disk again.",
    });
  }
  const front = await readHead(reader, header, label, ctx);
  const size = capacityOf({ header, descriptor: front.descriptor }, label, ctx);
  const info = vmdkInfo(front.descriptor, { variant: "streamOptimized", size, blockSize: grain });
  if (info.parent !== null) throw notStreamable(`${label} holds only changes to another disk`);
  return {
    info,
    reads: () => readGrains(reader, { header, label, size, grains: front.grains, tableBytes: ctx.limits.tableBytes }),
    units: () => ({ codec: "deflate", wrapper: "zlib", unitBytes: grain }),
    cancel: (reason) => reader.cancel(reason),
  };
}

function notStreamable(message: string): FerryError {
  return new FerryError("disk/not-streamable", `${message}: it cannot be read in one pass`, {
    hint: "Save it to a file, and give its path.",
  });
}

function cutOff(label: string, position: number): FerryError {
  return new FerryError("disk/stream-cut-off", `${label} ends after ${position} bytes, in the middle of the disk`, {
    location: { at: "bytes", file: label, offset: position },
    hint: "The result was not kept. Look at what fills the stream: it may have failed.",
  });
}

/** Bytes that must be there. */
async function readFront(reader: ByteReader, length: number, label: string): Promise<Uint8Array> {
  const bytes = await reader.read(length);
  if (bytes.length < length) throw cutOff(label, reader.position);
  return bytes;
}

async function skipOver(reader: ByteReader, length: number, label: string): Promise<void> {
  if ((await reader.skip(length)) < length) throw cutOff(label, reader.position);
}

/** What stands between header and first grain. */
interface Head {
  readonly descriptor: VmdkDescriptor | null;
  /** Grains that tables in front name; `null`: the tables follow their grains. */
  readonly grains: number | null;
}

async function readHead(reader: ByteReader, header: SparseHeader, label: string, ctx: Context): Promise<Head> {
  const { descriptorSector, descriptorSectors, directorySector } = header;
  const hasDescriptor = descriptorSector > 0 && descriptorSectors > 0;
  const descriptorEnd = hasDescriptor ? descriptorSector + descriptorSectors : 1;
  if (hasDescriptor && descriptorSectors * SECTOR > ctx.limits.diskDescriptorBytes) {
    throw tooMuch(
      label,
      36,
      "descriptorSize",
      `the embedded descriptor would take ${descriptorSectors * SECTOR} bytes`,
    );
  }
  const end = Math.max(header.overheadSectors, 1);
  if (descriptorEnd > end) {
    throw new FerryError(
      "vmdk/bad-header",
      `the first grain stands at sector ${end}, before the end of the descriptor`,
      {
        location: { at: "bytes", file: label, offset: 64, field: "overHead" },
        hint: "The image is damaged or no sparse VMDK: fetch it again, or compare it with its manifest.",
      },
    );
  }
  const tablesInFront = directorySector !== GD_AT_END && directorySector > 0 && directorySector < end;
  const kept = tablesInFront ? end : descriptorEnd;
  if (kept * SECTOR > ctx.limits.tableBytes) {
    throw tooMuch(label, 64, "overHead", `${kept * SECTOR} bytes stand before the first grain`);
  }
  const bytes = await readFront(reader, (kept - 1) * SECTOR, label);
  await skipOver(reader, (end - kept) * SECTOR, label);
  const at = (descriptorSector - 1) * SECTOR;
  return {
    descriptor: hasDescriptor ? parseVmdkDescriptor(bytes.subarray(at, at + descriptorSectors * SECTOR), label) : null,
    grains: tablesInFront ? countGrains(bytes, header, directorySector, label) : null,
  };
}

function tooMuch(label: string, offset: number, field: string, message: string): FerryError {
  return new FerryError("io/limit", message, {
    location: { at: "bytes", file: label, offset, field },
    hint: "The header is damaged or hostile; raise the limits diskDescriptorBytes and tableBytes if the disk is trusted.",
  });
}

interface StreamFacts {
  readonly header: SparseHeader;
  readonly label: string;
  readonly size: number;
  /** Grains that have to come, where tables in front tell. */
  readonly grains: number | null;
  readonly tableBytes: number;
}

async function* readGrains(reader: ByteReader, facts: StreamFacts): AsyncIterable<ReadOp> {
  const { header, label, size } = facts;
  const grain = grainBytes(header);
  const seen = new SeenGrains(facts.tableBytes);
  const batch = new GrainBatch(grain, size, label);
  let footer = false;
  const bad = (message: string): FerryError =>
    new FerryError("vmdk/bad-marker", message, {
      location: { at: "bytes", file: label, offset: reader.position - SECTOR, length: SECTOR },
      hint: "The image is damaged: fetch it again, or compare it with its manifest.",
    });

  for (;;) {
    const sector = await reader.read(SECTOR);
    if (sector.length < SECTOR) {
      if (isZero(sector) && facts.grains !== null && facts.grains === seen.count) break;
      throw cutOff(label, reader.position);
    }
    const view = viewOf(sector);
    const value = readU64(view, 0, true);
    const bytes = view.getUint32(8, true);
    if (bytes > 0) {
      const guest = value * SECTOR;
      const room = grain + grain / 8 + 1024;
      if (guest % grain !== 0 || guest >= size || bytes > room) {
        throw bad(`a marker announces a grain of ${bytes} bytes for sector ${value}, which cannot be`);
      }
      if (!seen.add(guest / grain)) throw bad(`the grain of guest byte ${guest} comes twice`);
      if (!batch.takes(guest)) yield* batch.flush();
      const rest = alignUp(GRAIN_MARKER_BYTES + bytes, SECTOR) - SECTOR;
      batch.add(guest, GRAIN_MARKER_BYTES + bytes, [sector, await readFront(reader, rest, label)]);
      continue;
    }
    const type = view.getUint32(12, true);
    if (type === MARKER.endOfStream && value === 0) break;
    if (type === MARKER.grainTable || type === MARKER.grainDirectory) {
      if (value * SECTOR > facts.tableBytes) throw bad(`a marker announces a table of ${value} sectors`);
      await skipOver(reader, value * SECTOR, label);
    } else if (type === MARKER.footer && value === 1) {
      footer = isFooter(await readFront(reader, SPARSE_HEADER_BYTES, label), facts, reader.position);
    } else {
      throw bad(`a marker of type ${type} with ${value} sectors is unknown`);
    }
  }
  if (facts.grains !== null && facts.grains !== seen.count) throw cutOff(label, reader.position);
  if (header.directorySector === GD_AT_END && !footer) {
    throw new FerryError("vmdk/no-footer", "the header leaves the grain directory to a footer, and there is none", {
      location: { at: "bytes", file: label, offset: reader.position },
      hint: "The file is cut off: compare its size with the manifest, and fetch it again.",
    });
  }
  yield* batch.flush();
  await drain(reader);
}

/** Whether a footer belongs to the header. @throws `vmdk/bad-header` */
function isFooter(bytes: Uint8Array, { header, label }: StreamFacts, end: number): boolean {
  const footer = parseSparseHeader(bytes, label, end - SPARSE_HEADER_BYTES);
  return (
    footer.directorySector !== GD_AT_END &&
    footer.capacitySectors === header.capacitySectors &&
    footer.grainSectors === header.grainSectors
  );
}

/** Reads what follows the end, so that the program before us in the pipe can say whether it failed. */
async function drain(reader: ByteReader): Promise<void> {
  for (let left = MOST_PADDING; left > 0; ) {
    const bytes = await reader.some(Math.min(left, STEP));
    if (bytes.length === 0) return;
    left -= bytes.length;
  }
}
