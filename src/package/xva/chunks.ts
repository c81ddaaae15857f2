/** The disks of an XVA: numbered members of a tar, whose bytes stand one after the other with gaps of zeros. */

import type { ByteRange } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import { printable } from "../../base/text.js";
import type { Context } from "../../io/context.js";
import type { ByteSource, ChunkSet } from "../../io/source.js";
import { hasTarChecksum, TAR_BLOCK } from "../tar/header.js";
import { scanTar, type TarEvent } from "../tar/scan.js";
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
  last: number;
  end: number;
  sums: SumKind | null;
}

const MEMBER = /^(.+)\/([0-9]{8,12})(\.xxhash|\.checksum)?$/;

type Member = Extract<TarEvent, { event: "member" }>;

/** The name of the first member of every XVA. */
const CONFIG = "ova.xml";

/** Whether a file is an XVA: a tar whose first member is `ova.xml`. */
export async function isXva(source: ByteSource, signal?: AbortSignal): Promise<boolean> {
  if (source.size < TAR_BLOCK) return false;
  const head = await source.read(0, TAR_BLOCK, signal);
  return hasTarChecksum(head) && new TextDecoder("latin1").decode(head).startsWith(`${CONFIG}\0`);
}

/**
 * Finds the disks of an XVA, in the order of the archive. Chunks are not read; what a disk takes in memory is 48 bytes a chunk.
 * Gaps in the numbers are zeros: as many bytes each as the first chunk of the archive has, which sets the unit. A member without bytes keeps
 * a connection alive and stands for nothing.
 * @throws `xva/bad-chunk` for numbers that do not rise, `tar/...`, `io/limit`
 */
export async function readXvaDisks(source: ByteSource, ctx: Context): Promise<XvaArchive> {
  const disks: XvaDisk[] = [];
  const names = new Set<string>();
  let config: ByteRange | null = null;
  /** Bytes that the lists of all disks take. */
  let held = 0;
  let unit = 0;
  let open: Growing | null = null;
  const bad = (member: Member, message: string): FerryError =>
    new FerryError("xva/bad-chunk", message, {
      location: { at: "bytes", file: source.label, offset: member.headerAt },
      hint: "The archive is damaged: export the machine again.",
    });
  for await (const event of scanTar(source, ctx, "chunks")) {
    if (event.event === "damage") throw event.error;
    if (event.event === "end") break;
    const text = new TextDecoder("latin1").decode(event.name);
    if (text === CONFIG) config ??= { offset: event.dataAt, length: event.present };
    const match = MEMBER.exec(text);
    if (match === null) continue;
    const [, name = "", digits = "", suffix] = match;
    if (open === null || open.name !== name) {
      if (open !== null) disks.push(closed(open, source, ctx));
      if (names.has(name)) throw bad(event, `the chunks of ${printable(name)} do not stand together`);
      names.add(name);
      if (names.size > ctx.limits.members) {
        throw new FerryError("io/limit", `${source.label} has more than ${ctx.limits.members} disks`, {
          hint: "Raise the limit 'members' if you trust the package.",
        });
      }
      open = { name, runs: new Numbers(), chunks: new Numbers(), last: -1, end: 0, sums: null };
    }
    const number = Number(digits);
    if (suffix !== undefined) {
      if (number !== open.last) throw bad(event, `the sum of chunk ${number} of ${printable(name)} does not follow it`);
      if (open.chunks.length === 0) throw bad(event, `a sum of ${printable(name)} comes before its first chunk`);
      open.chunks.set(open.chunks.length - 1, event.dataAt);
      open.sums = suffix === ".xxhash" ? "xxh64" : "sha1";
      continue;
    }
    if (number <= open.last) throw bad(event, `chunk ${number} of ${printable(name)} follows chunk ${open.last}`);
    if (event.present < event.size) throw bad(event, `chunk ${number} of ${printable(name)} is cut off`);
    if (unit === 0) unit = event.size;
    const start = open.end + (number - open.last - 1) * unit;
    if (!Number.isSafeInteger(start + event.size)) throw bad(event, `chunk ${number} lies past every disk`);
    open.last = number;
    open.end = start + event.size;
    open.chunks.push(event.dataAt, event.size, -1);
    held += 48;
    if (held > ctx.limits.tableBytes) {
      throw new FerryError("io/limit", `the disks of ${source.label} have more than ${held / 48} chunks`, {
        hint: "Raise the limit tableBytes if the archive is trusted.",
      });
    }
    if (event.size > 0) open.runs.push(start, event.dataAt, event.size);
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
