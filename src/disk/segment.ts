import { alignDown, alignUp } from "../base/bytes.js";
import type { Location } from "../base/diagnostics.js";
import { FerryError } from "../base/errors.js";
import type { Kernel, KernelEnv } from "../io/pool.js";
import type { SourceRef } from "../io/source.js";
import type { UnitKernel } from "./model.js";
import type { SegmentJob, SegmentOutput, SegmentRead } from "./segment-job.js";
import { cutRead, stripBytesOf, writePlain } from "./strips.js";
import { type CarriedUnit, isCarriable, packUnits } from "./units.js";

export type { SegmentJob, SegmentOutput, SegmentRead, SegmentWrite } from "./segment-job.js";

/** The most that may lie between two stored units for one read to fetch both. */
const READ_GAP = 64 * 1024;
/** The most that one read fetches. */
const READ_SPAN = 8 * 1024 * 1024;

/** What reading needs of an environment. */
export type ReadEnv = Pick<KernelEnv, "codec" | "readInto">;

/** A buffer that grows and is used again by the next job of the thread. */
export class Scratch {
  #bytes = new Uint8Array(0);

  take(length: number): Uint8Array {
    if (this.#bytes.length < length) this.#bytes = new Uint8Array(alignUp(length, 1024 * 1024));
    return this.#bytes.subarray(0, length);
  }
}

/** Calls `visit` with each stored unit of a read, fetching neighbours together. */
function eachStored(
  read: SegmentRead,
  env: ReadEnv,
  scratch: Scratch,
  visit: (index: number, stored: Uint8Array) => void,
): void {
  const { table } = read;
  const count = table.length / 2;
  const offset = (i: number): number => table[2 * i] as number;
  const size = (i: number): number => table[2 * i + 1] as number;
  for (let first = 0; first < count; ) {
    const start = offset(first);
    let end = start + size(first);
    let next = first + 1;
    // Neighbours in the file, in ascending order and close by, share one read.
    while (next < count && offset(next) >= offset(next - 1) && offset(next) <= end + READ_GAP) {
      const stop = Math.max(end, offset(next) + size(next));
      if (stop - start > READ_SPAN) break;
      end = stop;
      next++;
    }
    const bytes = scratch.take(end - start);
    env.readInto(read.source, start, bytes);
    for (let i = first; i < next; i++) visit(i, bytes.subarray(offset(i) - start, offset(i) - start + size(i)));
    first = next;
  }
}

/** Plain bytes go where they belong without a copy; units that are neighbours in the file as in the guest, by one read. */
function readPlain(read: SegmentRead, offset: number, guest: Uint8Array, env: ReadEnv): void {
  const { table, unitBytes } = read;
  const count = table.length / 2;
  const start = read.outOffset - offset;
  for (let first = 0; first < count; ) {
    const stored = table[2 * first] as number;
    let next = first + 1;
    while (next < count && table[2 * next] === stored + (next - first) * unitBytes) next++;
    const unitStart = start - read.skip + first * unitBytes;
    const from = Math.max(unitStart, start);
    const to = Math.min(unitStart + (next - first) * unitBytes, start + read.length);
    if (from < to) env.readInto(read.source, stored + from - unitStart, guest.subarray(from, to));
    first = next;
  }
}

/** What is wanted of packed units. Units that are not kept are unpacked in any case. */
interface Wanted {
  /** Plain bytes of those that are kept, too. */
  readonly plain: boolean;
  readonly packed: boolean;
}

/** Runs the reads of a job into `guest`, zeros between them. Returns the packed units that are kept, by guest offset. */
function fillGuest(
  job: Pick<SegmentJob, "offset" | "reads">,
  kernels: ReadonlyMap<string, UnitKernel>,
  env: ReadEnv,
  buffers: { readonly guest: Uint8Array; readonly stored: Scratch; readonly unit: Scratch },
  want: Wanted,
): ReadonlyMap<number, CarriedUnit> {
  const { guest } = buffers;
  const kept = new Map<number, CarriedUnit>();
  let filled = 0;
  for (const read of job.reads) {
    const start = read.outOffset - job.offset;
    const end = start + read.length;
    if (start > filled) guest.fill(0, filled, start);
    filled = Math.max(filled, end);
    const { packing, payload: payloadOf } = kernelOf(kernels, read.kernel);
    const unitStart = (i: number): number => start - read.skip + i * read.unitBytes;
    if (packing === "none") {
      readPlain(read, job.offset, guest, env);
      continue;
    }
    eachStored(read, env, buffers.stored, (i, stored) => {
      const payload = payloadOf(stored);
      const from = unitStart(i);
      const whole = from >= start && from + read.unitBytes <= guest.length && from + read.unitBytes <= end;
      // A unit that ends past the disk may be packed short, or hold anything there: it is packed anew.
      if (want.packed && whole && packing !== "zstd" && isCarriable(payload, packing, read.unitBytes)) {
        kept.set(job.offset + from, { payload: payload.slice(), wrapper: packing });
        if (!want.plain) return;
      }
      const into = whole ? guest.subarray(from, from + read.unitBytes) : buffers.unit.take(read.unitBytes);
      let made: number;
      try {
        made = unpack(env, packing, payload, into);
      } catch (cause) {
        throw unitError(cause, read, i, job.offset + from);
      }
      // The last unit of a disk may be short: the rest of it is zeros.
      if (made < into.length) into.fill(0, made);
      if (whole) return;
      const first = Math.max(from, start);
      const last = Math.min(from + read.unitBytes, end);
      guest.set(into.subarray(first - from, last - from), first);
    });
  }
  if (filled < guest.length) guest.fill(0, filled);
  return kept;
}

/** Reads guest bytes into `guest`, which starts at guest offset `offset`; what no read covers becomes zeros. */
export function readSegment(
  offset: number,
  reads: readonly SegmentRead[],
  kernels: ReadonlyMap<string, UnitKernel>,
  env: ReadEnv,
  buffers: { readonly guest: Uint8Array; readonly stored: Scratch; readonly unit: Scratch },
): void {
  fillGuest({ offset, reads }, kernels, env, buffers, { plain: true, packed: false });
}

function unpack(env: ReadEnv, packing: "zlib" | "raw" | "zstd", payload: Uint8Array, into: Uint8Array): number {
  return packing === "zstd" ? env.codec.unzstdInto(payload, into) : env.codec.inflateInto(payload, into, packing);
}

/** A codec knows bytes alone: tells in which guest bytes and where in the file the damage is. */
function unitError(cause: unknown, read: SegmentRead, unit: number, guestOffset: number): unknown {
  if (!(cause instanceof FerryError) || cause.code !== "io/codec-failed") return cause;
  const location = placeOf(read.source, read.table[2 * unit] as number);
  return new FerryError(
    cause.code,
    `the compressed unit of guest byte ${guestOffset} is damaged, or unpacks to more than it may`,
    {
      cause: cause.cause,
      hint: "The image is damaged. Compare it with its manifest ('vmferry verify') or its sum, and fetch it again.",
      ...(location === null ? {} : { location }),
    },
  );
}

/** Where bytes of a source lie in a file; `null`: in none, or in one of several. */
function placeOf(source: SourceRef, offset: number): Location | null {
  if (source.kind === "slice") return placeOf(source.of, source.offset + offset);
  if (source.kind !== "file") return null;
  return { at: "bytes", file: source.path.replace(/^.*[/\\]/, ""), offset };
}

function kernelOf(kernels: ReadonlyMap<string, UnitKernel>, id: string): UnitKernel {
  const kernel = kernels.get(id);
  if (kernel === undefined) throw new FerryError("internal/bug", `no unit kernel is called ${id}`);
  return kernel;
}

/** Unit kernels by id. */
export function kernelTable(unitKernels: Iterable<UnitKernel>): ReadonlyMap<string, UnitKernel> {
  const kernels = new Map<string, UnitKernel>();
  for (const kernel of unitKernels) kernels.set(kernel.id, kernel);
  return kernels;
}

/**
 * The one kernel that moves guest bytes: read, unpack, drop zeros, pack, frame, write, for every target of a segment.
 * Formats add only their unit kernels.
 */
export function createSegmentKernel(unitKernels: Iterable<UnitKernel>): Kernel<SegmentJob, readonly SegmentOutput[]> {
  const kernels = kernelTable(unitKernels);
  const guestScratch = new Scratch();
  const storedScratch = new Scratch();
  const unitScratch = new Scratch();

  /** Every write goes to its place at once, strip by strip. */
  function inPlace(job: SegmentJob, env: KernelEnv): readonly SegmentOutput[] {
    const outputs = job.writes.map(({ length, unitBytes }) => new Uint32Array(Math.ceil(length / unitBytes)));
    const stripBytes = stripBytesOf(job.reads);
    const storesZeros = job.writes.some(({ zeros }) => zeros === "stored");
    const end = job.offset + job.length;
    for (let from = job.offset; from < end; ) {
      const to = Math.min(alignDown(from, stripBytes) + stripBytes, end);
      const reads = job.reads.flatMap((read) => cutRead(read, from, to) ?? []);
      if (reads.length > 0 || storesZeros) {
        const bytes = guestScratch.take(to - from);
        readSegment(from, reads, kernels, env, { guest: bytes, stored: storedScratch, unit: unitScratch });
        for (const [i, write] of job.writes.entries()) {
          writePlain(write, outputs[i] as Uint32Array, { bytes, offset: from }, env);
        }
      }
      from = to;
    }
    return outputs.map((stored) => ({ stored, payload: null, payloadBytes: 0 }));
  }

  /** Writes whose bytes, or some of them, are handed back. */
  function handedBack(job: SegmentJob, env: KernelEnv): readonly SegmentOutput[] {
    const want: Wanted = {
      plain: job.writes.some((write) => !write.carry),
      packed: job.writes.some((write) => write.carry),
    };
    const guest = guestScratch.take(job.length);
    const carried = fillGuest(job, kernels, env, { guest, stored: storedScratch, unit: unitScratch }, want);
    return job.writes.map((write) => {
      if (write.target !== null && write.at !== null) {
        const stored = new Uint32Array(Math.ceil(write.length / write.unitBytes));
        writePlain(write, stored, { bytes: guest, offset: job.offset }, env);
        return { stored, payload: null, payloadBytes: 0 };
      }
      const from = write.offset - job.offset;
      const bytes = guest.subarray(from, from + write.length);
      return packUnits(write, kernelOf(kernels, write.kernel), bytes, write.carry ? carried : null, env.codec);
    });
  }

  return {
    id: "disk/segment",
    run(job, env): readonly SegmentOutput[] {
      return job.writes.every((write) => write.target !== null && write.at !== null)
        ? inPlace(job, env)
        : handedBack(job, env);
    },
    transfers(outputs): ArrayBuffer[] {
      return outputs.flatMap((output) => (output.payload === null ? [] : [output.payload]));
    },
  };
}
