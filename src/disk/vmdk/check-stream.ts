import { SECTOR } from "../../base/bytes.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import { findingAt } from "../findings.js";
import { MAY_BE_RIGHT } from "./check-tables.js";
import type { SparseHeader } from "./header.js";
import { MARKER, restIsZero, type StreamMarker, streamMarkers } from "./markers.js";

/** What the markers of a stream say. Sixteen bytes of memory for each grain. */
export interface StreamMarkers {
  /** The guest sector in the marker of a grain, by the marker's sector; `null`: no grain is there. */
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
  for await (const marker of streamMarkers(source, header, ctx)) {
    yield* markerFindings(marker, source, header);
    if (marker.kind === "grain" && marker.fits) {
      if (grains === places.length) {
        if (grains * 32 > ctx.limits.tableBytes) {
          throw new FerryError("io/limit", `the stream has more than ${grains} grains`, {
            hint: "Raise the limit tableBytes if the disk is trusted.",
          });
        }
        [places, guests] = [widened(places), widened(guests)];
      }
      places[grains] = marker.at / SECTOR;
      guests[grains++] = marker.guest;
    }
    if (marker.kind === "metadata" && marker.type === MARKER.grainDirectory) directory = marker.at / SECTOR + 1;
    if (marker.kind === "end") {
      ended = true;
      if (!(await restIsZero(source, marker.end, ctx))) {
        const place = { offset: marker.end };
        yield findingAt(
          "vmdk/after-end",
          "warning",
          { file: source.label, ...place, hint: MAY_BE_RIGHT },
          "bytes follow the end-of-stream marker",
        );
      }
    }
  }
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

/** What is wrong with one marker. */
function* markerFindings(marker: StreamMarker, source: ByteSource, header: SparseHeader): Iterable<Diagnostic> {
  const place = { offset: marker.at, field: "marker" };
  if (marker.kind === "unknown") {
    const message = `there is no marker where one is needed (type ${marker.type})`;
    yield findingAt("vmdk/bad-marker", "error", { file: source.label, ...place }, message);
  }
  if (marker.kind === "end" && !marker.clean) {
    yield findingAt(
      "vmdk/bad-marker",
      "warning",
      { file: source.label, ...place, hint: MAY_BE_RIGHT },
      "the end-of-stream marker is not all zeros",
    );
  }
  if (marker.kind !== "grain") return;
  const { guest, packedBytes, fits, zlib } = marker;
  if (!fits) {
    const message = `a grain of ${packedBytes} packed bytes does not fit there`;
    yield findingAt("vmdk/bad-grain", "error", { file: source.label, ...place }, message);
    return;
  }
  if (guest % header.grainSectors !== 0 || guest >= header.capacitySectors) {
    const message = `a grain is for guest sector ${guest}, where none starts`;
    yield findingAt("vmdk/bad-marker", "error", { file: source.label, ...place }, message);
  }
  const [method, flags] = zlib;
  if (method % 16 !== 8 || (method * 256 + flags) % 31 !== 0) {
    const message = `the grain for guest sector ${guest} is no zlib stream`;
    yield findingAt("vmdk/bad-grain", "error", { file: source.label, ...place }, message);
  }
}

function widened(values: Float64Array): Float64Array<ArrayBuffer> {
  const wider = new Float64Array(values.length * 2);
  wider.set(values);
  return wider;
}
