import { alignUp, isZero, SECTOR, viewOf } from "../../base/bytes.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError, throwIfAborted } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import { vmdkFinding } from "./check-tables.js";
import type { SparseHeader } from "./header.js";

/** Bytes that are read at once: markers stand in every few sectors. */
const WINDOW = 1024 * 1024;
const END = 0;
const TABLE = 1;
const DIRECTORY = 2;
const FOOTER = 3;

/** What the markers of a stream say. Twelve bytes of memory for each grain. */
export interface StreamMarkers {
  /** The sector of a grain's marker and the guest sector in it, ascending by place. */
  guestOf(sector: number): number | null;
  readonly grains: number;
  /** Sector of the directory behind its marker; `null`: no marker names one. */
  readonly directory: number | null;
  /** Whether the end-of-stream marker was found. */
  readonly ended: boolean;
}

/** Walks a stream by its markers, as readers do that get it once. @throws `io/limit` */
export async function* walkMarkers(
  source: ByteSource,
  header: SparseHeader,
  ctx: Context,
): AsyncGenerator<Diagnostic, StreamMarkers> {
  let places = new Float64Array(1024);
  let guests = new Float64Array(1024);
  let grains = 0;
  let directory: number | null = null;
  let ended = false;
  let window = new Uint8Array(0);
  let windowAt = 0;
  const most = header.grainSectors * SECTOR * 1.125 + 1024;
  let at = header.overheadSectors * SECTOR;
  while (at + SECTOR <= source.size) {
    throwIfAborted(ctx.signal);
    if (at < windowAt || at + SECTOR > windowAt + window.length) {
      window = new Uint8Array(await source.read(at, Math.min(WINDOW, source.size - at), ctx.signal));
      windowAt = at;
    }
    const view = viewOf(window.subarray(at - windowAt, at - windowAt + SECTOR));
    const value = view.getUint32(4, true) * 2 ** 32 + view.getUint32(0, true);
    const size = view.getUint32(8, true);
    const place = { offset: at, field: "marker" };
    if (size > 0) {
      if (at + 12 + size > source.size || size > most) {
        yield vmdkFinding(
          "vmdk/bad-grain",
          "error",
          source,
          place,
          `a grain of ${size} packed bytes does not fit there`,
        );
        break;
      }
      if (value % header.grainSectors !== 0 || value >= header.capacitySectors) {
        yield vmdkFinding(
          "vmdk/bad-marker",
          "error",
          source,
          place,
          `a grain is for guest sector ${value}, where none starts`,
        );
      }
      const [method, flags] = [view.getUint8(12), view.getUint8(13)];
      if (method % 16 !== 8 || (method * 256 + flags) % 31 !== 0) {
        yield vmdkFinding(
          "vmdk/bad-grain",
          "error",
          source,
          place,
          `the grain for guest sector ${value} is no zlib stream`,
        );
      }
      if (grains === places.length) {
        if (grains * 32 > ctx.limits.tableBytes) {
          throw new FerryError("io/limit", `the stream has more than ${grains} grains`, {
            hint: "Raise the limit tableBytes if the disk is trusted.",
          });
        }
        [places, guests] = [widened(places), widened(guests)];
      }
      places[grains] = at / SECTOR;
      guests[grains++] = value;
      at = alignUp(at + 12 + size, SECTOR);
      continue;
    }
    const type = view.getUint32(12, true);
    if (type === END && value === 0) {
      ended = true;
      if (!isZero(window.subarray(at - windowAt, at - windowAt + SECTOR))) {
        yield vmdkFinding("vmdk/bad-marker", "warning", source, place, "the end-of-stream marker is not all zeros");
      }
      at += SECTOR;
      break;
    }
    if (![TABLE, DIRECTORY, FOOTER].includes(type) || at + (1 + value) * SECTOR > source.size) {
      yield vmdkFinding(
        "vmdk/bad-marker",
        "error",
        source,
        place,
        `there is no marker where one is needed (type ${type})`,
      );
      break;
    }
    if (type === DIRECTORY) directory = at / SECTOR + 1;
    at += (1 + value) * SECTOR;
  }
  if (ended) yield* restIsZero(source, at, ctx);
  return {
    grains,
    directory,
    ended,
    guestOf(sector): number | null {
      let [low, high] = [0, grains];
      while (low < high) {
        const middle = Math.floor((low + high) / 2);
        if ((places[middle] as number) < sector) low = middle + 1;
        else high = middle;
      }
      return low < grains && places[low] === sector ? (guests[low] as number) : null;
    },
  };
}

function widened(values: Float64Array): Float64Array<ArrayBuffer> {
  const wider = new Float64Array(values.length * 2);
  wider.set(values);
  return wider;
}

/** Uploads are padded with zeros; anything else behind the end is no part of the stream. */
async function* restIsZero(source: ByteSource, from: number, ctx: Context): AsyncIterable<Diagnostic> {
  for (let at = from; at < source.size; at += WINDOW) {
    throwIfAborted(ctx.signal);
    if (isZero(await source.read(at, Math.min(WINDOW, source.size - at), ctx.signal))) continue;
    yield vmdkFinding("vmdk/after-end", "warning", source, { offset: from }, "bytes follow the end-of-stream marker");
    return;
  }
}
