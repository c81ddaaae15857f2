/** The disks of an XVA: numbered members of a tar, whose bytes stand one after the other with gaps of zeros. */

import type { ByteRange } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import { printable } from "../../base/text.js";
import type { Context } from "../../io/context.js";
import type { ByteSource, ChunkSet } from "../../io/source.js";
import { scanTar, type TarEvent } from "../tar/scan.js";

/** A disk of an archive, and where the sums of its chunks stand. */
export interface XvaDisk extends ChunkSet {
  /** The folder of its members, such as `Ref:4`: the VDI record in `ova.xml` that it belongs to. */
  readonly name: string;
  /** Bytes from the first chunk to the end of the last: the VDI's size, or more where the last chunk is padded. */
  readonly size: number;
  /** Triples for each chunk: where its bytes lie, how many, and where its sum lies; -1: it has none. */
  readonly chunks: Float64Array;
  /** How the sums were made. `null`: there are none. */
  readonly sums: "xxh64" | "sha1" | null;
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
  sums: "xxh64" | "sha1" | null;
}

const MEMBER = /^(.+)\/([0-9]{8,12})(\.xxhash|\.checksum)?$/;

type Member = Extract<TarEvent, { event: "member" }>;

/**
 * Finds the disks of an XVA, in the order of the archive. Chunks are not read; what a disk takes in memory is 48 bytes a chunk.
 * Gaps in the numbers are zeros: as many bytes each as the first chunk of the archive has, which sets the unit. A member without bytes keeps
 * a connection alive and stands for nothing.
 * @throws `xva/bad-chunk` for numbers that do not rise, `tar/...`, `io/limit`
 */
export async function readXvaDisks(source: ByteSource, ctx: Context): Promise<readonly XvaDisk[]> {
  const disks: XvaDisk[] = [];
  const names = new Set<string>();
  let unit = 0;
  let open: Growing | null = null;
  const bad = (member: Member, message: string): FerryError =>
    new FerryError("xva/bad-chunk", message, {
      location: { at: "bytes", file: source.label, offset: member.headerAt },
      hint: "The archive is damaged: export the machine again.",
    });
  for await (const event of scanTar(source, ctx)) {
    if (event.event === "damage") throw event.error;
    if (event.event === "end") break;
    const text = new TextDecoder("latin1").decode(event.name);
    const match = MEMBER.exec(text);
    if (match === null) continue;
    const [, name = "", digits = "", suffix] = match;
    if (open === null || open.name !== name) {
      if (open !== null) disks.push(closed(open, source));
      if (names.has(name)) throw bad(event, `the chunks of ${printable(name)} do not stand together`);
      names.add(name);
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
    if (open.chunks.length * 16 > ctx.limits.tableBytes) {
      throw new FerryError("io/limit", `${printable(name)} has more than ${open.chunks.length / 3} chunks`, {
        hint: "Raise the limit tableBytes if the archive is trusted.",
      });
    }
    if (event.size > 0) open.runs.push(start, event.dataAt, event.size);
  }
  if (open !== null) disks.push(closed(open, source));
  return disks;
}

function closed(disk: Growing, source: ByteSource): XvaDisk {
  const runs = disk.runs.done();
  return {
    name: disk.name,
    label: `${source.label}!${disk.name}`,
    source,
    size: disk.end,
    chunks: disk.chunks.done(),
    sums: disk.sums,
    runs: (range) => runsIn(runs, range),
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
  const found: number[] = [];
  for (let i = low; i < runs.length / 3; i++) {
    const [offset, at, length] = [runs[3 * i] as number, runs[3 * i + 1] as number, runs[3 * i + 2] as number];
    if (offset >= end) break;
    const from = Math.max(offset, range.offset);
    found.push(from, at + from - offset, Math.min(offset + length, end) - from);
  }
  return Float64Array.from(found);
}
