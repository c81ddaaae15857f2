import { viewOf } from "../../base/bytes.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { throwIfAborted } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import { findingAt } from "../findings.js";
import type { Qcow2Header } from "./header.js";
import type { SurveyedImage } from "./places.js";

/** Reference counts of one refcount block. */
export function entriesOfBlock(header: Pick<Qcow2Header, "clusterBytes" | "refcountBits">): number {
  return (header.clusterBytes * 8) / header.refcountBits;
}

/** A count in a block: big-endian; those below a byte count from the lowest bit (interop document, "Refcount block entry"). */
export function readCount(view: DataView, bits: number, index: number): number {
  switch (bits) {
    case 8:
      return view.getUint8(index);
    case 16:
      return view.getUint16(2 * index);
    case 32:
      return view.getUint32(4 * index);
    case 64:
      return view.getUint32(8 * index) * 2 ** 32 + view.getUint32(8 * index + 4);
    default: {
      const each = 8 / bits;
      return Math.floor(view.getUint8(Math.floor(index / each)) / 2 ** (bits * (index % each))) % 2 ** bits;
    }
  }
}

/** Stores a count that fits. */
export function writeCount(view: DataView, bits: number, index: number, count: number): void {
  switch (bits) {
    case 8:
      view.setUint8(index, count);
      break;
    case 16:
      view.setUint16(2 * index, count);
      break;
    case 32:
      view.setUint32(4 * index, count);
      break;
    case 64:
      view.setUint32(8 * index, Math.floor(count / 2 ** 32));
      view.setUint32(8 * index + 4, count % 2 ** 32);
      break;
    default: {
      const each = 8 / bits;
      const at = Math.floor(index / each);
      const weight = 2 ** (bits * (index % each));
      view.setUint8(at, view.getUint8(at) + (count - readCount(view, bits, index)) * weight);
    }
  }
}

/** A refcount block as it should be, for clusters from `first` on. Clusters that the file does not have count nothing. */
export function countsAsBlock(header: Qcow2Header, counts: Uint32Array, first: number): Uint8Array {
  const bytes = new Uint8Array(header.clusterBytes);
  const view = viewOf(bytes);
  const last = Math.min(counts.length, first + entriesOfBlock(header));
  for (let cluster = first; cluster < last; cluster++) {
    const count = counts[cluster] as number;
    if (count > 0) writeCount(view, header.refcountBits, cluster - first, count);
  }
  return bytes;
}

/** A run of clusters whose counts are wrong in the same way. */
interface WrongRun {
  readonly kind: "low" | "leak";
  readonly first: number;
  readonly stored: number;
  readonly used: number;
  last: number;
}

/** Compares the stored reference counts with how often each cluster is used. Runs of clusters are one finding. */
export async function* compareCounts(image: SurveyedImage, ctx: Context): AsyncIterable<Diagnostic> {
  const { source, header, usage, blocks } = image;
  const { counts } = usage;
  const perBlock = entriesOfBlock(header);
  const inFile = Math.ceil(source.size / header.clusterBytes);
  let run: WrongRun | null = null;
  for (let block = 0; block < blocks.length; block++) {
    throwIfAborted(ctx.signal);
    const place = blocks[block] as number;
    // A finding has said so, and nobody knows what is stored.
    if (Number.isNaN(place)) continue;
    const view = place === 0 ? null : viewOf(await source.read(place, header.clusterBytes, ctx.signal));
    const first = block * perBlock;
    for (let cluster = first; cluster < Math.min(counts.length, first + perBlock); cluster++) {
      const used = counts[cluster] as number;
      const stored = view === null ? 0 : readCount(view, header.refcountBits, cluster - first);
      if (stored === used || (cluster >= inFile && used === 0)) continue;
      const kind = stored < used ? "low" : "leak";
      if (run !== null && run.kind === kind && run.last === cluster - 1 && run.stored === stored && run.used === used) {
        run.last = cluster;
        continue;
      }
      if (run !== null) yield wrongCounts(image, run);
      run = { kind, first: cluster, stored, used, last: cluster };
    }
  }
  if (run !== null) yield wrongCounts(image, run);
}

function wrongCounts({ source, header }: SurveyedImage, { kind, first, last, stored, used }: WrongRun): Diagnostic {
  const clusters = last - first + 1;
  const which = clusters === 1 ? `cluster ${first} is` : `clusters ${first} to ${last} are each`;
  const spot = {
    file: source.label,
    offset: first * header.clusterBytes,
    data: { clusters, stored, used },
  };
  return kind === "low"
    ? findingAt(
        "qcow2/refcount-low",
        "error",
        { ...spot, hint: "Repair it before it is written to; reading it is safe." },
        `${which} used ${used} times and counted ${stored} times`,
      )
    : findingAt(
        "qcow2/leak",
        "warning",
        { ...spot, hint: "They take room and do no harm; a converted copy leaves them out." },
        `${which} counted ${stored} times and used ${used} times`,
      );
}
