import { SECTOR } from "../../base/bytes.js";
import type { Diagnostic, Location } from "../../base/diagnostics.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import { collecting, findingOf } from "../findings.js";
import { openBlockTable } from "./bat.js";
import { blockFindings } from "./check-blocks.js";
import { parentFindings } from "./check-parent.js";
import { type FoundFooter, readFooter, readFooterPair } from "./footers.js";
import { geometryBytes, geometryOf, MOST_GEOMETRY_SECTORS } from "./geometry.js";
import {
  DYNAMIC_HEADER_BYTES,
  FOOTER_BYTES,
  footerHolds,
  parseDynamicHeader,
  sealedDynamicHeader,
  sizeOf,
  type VhdDynamicHeader,
  type VhdFooter,
} from "./header.js";

const FETCH = "The image is damaged: fetch it again, or compare it with a backup.";

/**
 * Looks at both footers, the dynamic header, the block table, the blocks' places and sector bitmaps, and what is said of a parent.
 * @throws `io/limit` where there are more blocks than fit `limits.tableBytes`
 */
export async function* checkVhd(source: ByteSource, ctx: Context): AsyncIterable<Diagnostic> {
  const kept = collecting(ctx);
  let found: FoundFooter;
  try {
    found = await readFooter(source, kept.ctx);
  } catch (error) {
    yield* kept.found;
    // A 64-bit field above 2^53 is damage.
    yield findingOf(error, ["limit-exceeded"], source.label);
    return;
  }
  yield* kept.found;
  const { footer, dataEnd } = found;
  yield* sizeFindings(source, footer, dataEnd);
  if (footer.type === "fixed") {
    yield* fixedFindings(source, footer, dataEnd);
    return;
  }
  yield* copyFindings(source, ctx);
  const header = yield* headerFindings(source, footer.headerAt ?? 0, ctx);
  if (header === null) return;
  const size = sizeOf(footer).bytes;
  try {
    openBlockTable(source, header, size);
  } catch (error) {
    yield findingOf(error, [], source.label);
    return;
  }
  if (footer.type === "differencing") yield* parentFindings(source, header, ctx);
  yield* blockFindings(source, { header, headerAt: footer.headerAt ?? 0, size, dataEnd, type: footer.type }, ctx);
}

function at(source: ByteSource, offset: number, length: number, field: string): Location {
  return { at: "bytes", file: source.label, offset, length, field };
}

/** A geometry is a way to say the size again. It may be smaller than the disk, never larger. */
function* sizeFindings(source: ByteSource, footer: VhdFooter, dataEnd: number): Iterable<Diagnostic> {
  const reach = geometryBytes(footer.geometry);
  const size = sizeOf(footer);
  if (reach === MOST_GEOMETRY_SECTORS * SECTOR || size.by === "geometry") return;
  const { cylinders, heads, sectors } = geometryOf(footer.currentBytes);
  const { geometry } = footer;
  if (geometry.cylinders === cylinders && geometry.heads === heads && geometry.sectors === sectors) return;
  const past = reach > footer.currentBytes;
  yield {
    code: "vhd/geometry",
    severity: past ? "warning" : "info",
    message: `the geometry ${geometry.cylinders}/${geometry.heads}/${geometry.sectors} reaches to byte ${reach} of ${footer.currentBytes}, and the format's rule gives ${cylinders}/${heads}/${sectors}`,
    hint: past
      ? "Programs that go by the geometry read past the disk's end. Converting the disk writes the right one."
      : "Programs that go by the geometry, such as qemu-img for most makers, see another size.",
    location: at(source, dataEnd + 56, 4, "geometry"),
    data: { bytesByGeometry: reach, bytes: footer.currentBytes },
  };
}

function* fixedFindings(source: ByteSource, footer: VhdFooter, dataEnd: number): Iterable<Diagnostic> {
  const { bytes } = sizeOf(footer);
  if (bytes > dataEnd) {
    yield {
      code: "vhd/cut-off",
      severity: "error",
      message: `the disk has ${bytes} bytes, and there are ${dataEnd} in front of its footer`,
      hint: "A part of the file is missing: fetch it again.",
      location: at(source, dataEnd, FOOTER_BYTES, "footer"),
    };
  }
  const said = Math.max(bytes, footer.currentBytes);
  if (dataEnd > said) {
    yield {
      code: "vhd/excess-bytes",
      severity: "warning",
      message: `${dataEnd - said} bytes between the disk and its footer belong to nothing`,
      hint: "Azure refuses such a disk. If a guest's data is missing, the size in the footer is wrong.",
      location: at(source, said, dataEnd - said, "end of disk"),
    };
  }
}

/** Footer and copy, where both are whole and speak of the same size. */
async function* copyFindings(source: ByteSource, ctx: Context): AsyncIterable<Diagnostic> {
  const { atEnd, hasEnd, atStart, hasStart } = await readFooterPair(source, ctx.signal);
  if (!hasEnd || !hasStart || !footerHolds(atEnd) || !footerHolds(atStart)) return;
  const differs = (from: number, to: number): boolean => {
    for (let i = from; i < to; i++) if (atEnd[i] !== atStart[i]) return true;
    return false;
  };
  // Another size has been reported when the footers were read.
  if (differs(48, 56) || !differs(0, FOOTER_BYTES - 1)) return;
  yield {
    code: "vhd/footer-copy-differs",
    severity: "info",
    message: "the copy of the footer at the start of the file is older than the footer, or newer; the footer counts",
    hint: "Some programs bring only one of them up to date. Nothing needs to be done.",
    location: at(source, 0, FOOTER_BYTES, "footer copy"),
  };
}

/** The dynamic header. One with a wrong checksum is read all the same, for what else there is to say. */
async function* headerFindings(
  source: ByteSource,
  headerAt: number,
  ctx: Context,
): AsyncGenerator<Diagnostic, VhdDynamicHeader | null, undefined> {
  if (headerAt + DYNAMIC_HEADER_BYTES > source.size) {
    yield {
      code: "vhd/bad-header",
      severity: "error",
      message: `the dynamic disk header at ${headerAt} lies past the end of the file`,
      hint: FETCH,
      location: at(source, headerAt, DYNAMIC_HEADER_BYTES, "dynamic disk header"),
    };
    return null;
  }
  const bytes = await source.read(headerAt, DYNAMIC_HEADER_BYTES, ctx.signal);
  try {
    return parseDynamicHeader(bytes, source.label, headerAt, ctx.limits);
  } catch (error) {
    yield findingOf(error, ["limit-exceeded"], source.label);
  }
  try {
    return parseDynamicHeader(sealedDynamicHeader(bytes), source.label, headerAt, ctx.limits);
  } catch (error) {
    // The same that has been reported: it was not the checksum.
    findingOf(error, ["limit-exceeded"], source.label);
    return null;
  }
}
