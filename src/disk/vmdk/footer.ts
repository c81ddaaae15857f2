import { isZero, SECTOR, viewOf } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { ByteSource } from "../../io/source.js";
import { GD_AT_END, parseSparseHeader, SPARSE_HEADER_BYTES, SPARSE_MAGIC, type SparseHeader } from "./header.js";

/** Bytes that are looked at first: nearly all footers are there, and whoever told the format has read them already. */
const FIRST_WINDOW = 4 * 1024;
/** Bytes that one further read of the search fetches. */
const WINDOW = 128 * 1024;
/** Zeros at the end of a file that are searched: what block devices, object stores and tape blocks pad uploads with. */
const MOST_PADDING = 64 * 1024 * 1024;

/**
 * The footer of a stream: a copy of its header that names the grain directory. It is the last but one sector, before the end-of-stream
 * marker, which is all zeros like the padding that may follow.
 * @throws `vmdk/no-footer`
 */
export async function findFooter(
  source: ByteSource,
  header: SparseHeader,
  signal: AbortSignal,
): Promise<SparseHeader & { readonly directorySector: number }> {
  let end = source.size - (source.size % SECTOR);
  const stop = Math.max(SECTOR, end - MOST_PADDING);
  const near = Math.max(stop, end - FIRST_WINDOW);
  if (near < end) {
    const footer = footerIn(await source.read(near, end - near, signal), source.label, near, header);
    if (footer !== null) return footer;
  }
  while (end > stop) {
    const from = Math.max(stop, end - WINDOW);
    const bytes = await source.read(from, end - from, signal);
    const footer = footerIn(bytes, source.label, from, header);
    if (footer !== null) return footer;
    // Anything but zeros is the stream itself: its last sectors are no footer.
    if (!isZero(bytes)) break;
    end = from;
  }
  throw new FerryError("vmdk/no-footer", "the header leaves the grain directory to a footer, and there is none", {
    location: { at: "bytes", file: source.label, offset: 56, field: "gdOffset" },
    hint: "The file is cut off: compare its size with the manifest, and fetch it again.",
  });
}

function footerIn(
  bytes: Uint8Array,
  label: string,
  at: number,
  header: SparseHeader,
): (SparseHeader & { readonly directorySector: number }) | null {
  const view = viewOf(bytes);
  for (let i = bytes.length - SECTOR; i >= 0; i -= SECTOR) {
    if (view.getUint32(i, true) !== SPARSE_MAGIC) continue;
    const footer = parseSparseHeader(bytes.subarray(i, i + SPARSE_HEADER_BYTES), label, at + i);
    const { directorySector } = footer;
    if (directorySector !== GD_AT_END && footer.capacitySectors === header.capacitySectors) {
      return { ...footer, directorySector };
    }
  }
  return null;
}
