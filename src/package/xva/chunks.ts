/** The disks of an XVA: numbered members of a tar, whose bytes stand one after the other with gaps of zeros. */

import type { ByteRange } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { ByteSource, ChunkSet } from "../../io/source.js";
import { hasTarChecksum, TAR_BLOCK } from "../tar/header.js";
import { scanTar } from "../tar/scan.js";
import { XVA_CONFIG, xvaMembers } from "./members.js";
import { checkSums, type SumKind } from "./sums.js";

/** A disk of an archive, and where the sums of its chunks stand. */
export interface XvaDisk extends ChunkSet {
  /** The folder of its members, such as `Ref:4`: the VDI record in `ova.xml` that it belongs to. */
  readonly name: string;
  /** Bytes from the first chunk to the end of the last: the VDI's size, or more where the last chunk is padded. */
  readonly size: number;
  /** Triples for each chunk: where its bytes lie, how many, and where its sum lies; -1: it has none. */
  readonly chunks: Float64Array;
  /** How the sums were made. `null`: there are none. */
  readonly sums: SumKind | null;
}

/** What an XVA holds. */
export interface XvaArchive {
  /** Where `ova.xml` lies, which describes machines and disks; `null`: there is none. */
  readonly config: ByteRange | null;
  readonly disks: readonly XvaDisk[];
}

/** Numbers of a list that grows: 8 bytes each. */
class Numbers {
  #values = new Float64Array(192);
  length = 0;

  push(...values: readonly number[]): void {
    if (this.length + values.length > this.#values.length) {
      const wider = new Float64Array(2 * this.#values.length);
      wider.set(this.#values);
      this.#values = wider;
    }
    for (const value of values) this.#values[this.length++] = value;
  }

  set(at: number, value: number): void {
    this.#values[at] = value;
  }

  get(at: number): number {
    return this.#values[at] as number;
  }

  done(): Float64Array {
    return this.#values.slice(0, this.length);
  }
}

/** A disk while its members come. */
interface Growing {
  readonly name: string;
  /** Triples (guest offset, source offset, length), merged where neighbours in the guest are neighbours in the file. */
  readonly runs: Numbers;
  readonly chunks: Numbers;
  end: number;
  sums: SumKind | null;
}

/** Whether a file is an XVA: a tar whose first member is `ova.xml`. */
export async function isXva(source: ByteSource, signal?: AbortSignal): Promise<boolean> {
  return isXvaHead(await source.read(0, Math.min(TAR_BLOCK, source.size), signal));
}

/** The same of a file's first bytes. */
export function isXvaHead(head: Uint8Array): boolean {
  if (head.length < TAR_BLOCK || !hasTarChecksum(head.subarray(0, TAR_BLOCK))) return false;
  return new TextDecoder("latin1").decode(head.subarray(0, XVA_CONFIG.length + 1)) === `${XVA_CONFIG}\0`;
}

/**
 * Finds the disks of an XVA, in the order of the archive. Chunks are not read; what a disk takes in memory is 48 bytes a chunk.
 * @throws `xva/bad-chunk` for numbers that do not rise, `tar/...`, `io/limit`
 */
export async function readXvaDisks(source: ByteSource, ctx: Context): Promise<XvaArchive> {
  const disks: XvaDisk[] = [];
  const tell = xvaMembers(source.label, ctx);
  let config: ByteRange | null = null;
  /** Bytes that the lists of all disks take. */
  let held = 0;
  let open: Growing | null = null;
  for await (const event of scanTar(source, ctx, "chunks")) {
    if (event.event === "damage") throw event.error;
    if (event.event === "end") break;
    if (event.event === "odd") continue;
    const member = tell(event);
    if (member === null) continue;
    if (member.what === "config") {
      config = { offset: event.dataAt, length: event.present };
      continue;
    }
    if (member.what === "sum") {
      // A sum follows its chunk: there is one.
      open?.chunks.set(open.chunks.length - 1, event.dataAt);
      if (open !== null) open.sums = member.kind;
      continue;
    }
    if (member.opens) {
      if (open !== null) disks.push(closed(open, source, ctx));
      open = { name: member.name, runs: new Numbers(), chunks: new Numbers(), end: 0, sums: null };
    }
    if (open === null) throw new FerryError("internal/bug", "a chunk belongs to no disk");
    open.end = member.start + event.size;
    open.chunks.push(event.dataAt, event.size, -1);
    held += 48;
    if (held > ctx.limits.tableBytes) {
      throw new FerryError("io/limit", `the disks of ${source.label} have more than ${held / 48} chunks`, {
        hint: "Raise the limit tableBytes if the archive is trusted.",
      });
    }
    if (event.size > 0) open.runs.push(member.start, event.dataAt, event.size);
  }
  if (open !== null) disks.push(closed(open, source, ctx));
  return { config, disks };
}

function closed(disk: Growing, source: ByteSource, ctx: Context): XvaDisk {
  const runs = disk.runs.done();
  const chunks = disk.chunks.done();
  const { name, sums } = disk;
  return {
    name,
    label: `${source.label}!${name}`,
    source,
    size: disk.end,
    chunks,
    sums,
    runs: (range) => runsIn(runs, range),
    ...(sums === null
      ? {}
      : {
          check: (signal = ctx.signal) => checkSums({ name, source, chunks, sums }, { ...ctx, signal }),
        }),
  };
}

/** The parts of sorted runs that lie in a range. */
function runsIn(runs: Float64Array, range: ByteRange): Float64Array {
  const end = range.offset + range.length;
  let low = 0;
  let high = runs.length / 3;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((runs[3 * middle] as number) + (runs[3 * middle + 2] as number) <= range.offset) low = middle + 1;
    else high = middle;
  }
  let past = low;
  for (high = runs.length / 3; past < high; ) {
    const middle = Math.floor((past + high) / 2);
    if ((runs[3 * middle] as number) < end) past = middle + 1;
    else high = middle;
  }
  const found = runs.slice(3 * low, 3 * past);
  if (found.length === 0) return found;
  const before = Math.max(0, range.offset - (found[0] as number));
  found[0] = (found[0] as number) + before;
  found[1] = (found[1] as number) + before;
  found[2] = (found[2] as number) - before;
  const last = found.length - 3;
  found[last + 2] = Math.min(found[last + 2] as number, end - (found[last] as number));
  return found;
}
