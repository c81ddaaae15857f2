import { viewOf } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import { FOOTER_BYTES, footerHolds, hasFooterCookie, parseFooter, type VhdFooter } from "./header.js";

const DAMAGED = "The download may be incomplete: compare its size with the original.";

/** The footer at the end of a file and its copy at the start, as they lie. */
export interface FooterPair {
  /** 512 bytes, whatever they are. */
  readonly atEnd: Uint8Array;
  /** Where the footer at the end begins, or would. */
  readonly endAt: number;
  readonly hasEnd: boolean;
  /** The first 512 bytes, or as many as there are. */
  readonly atStart: Uint8Array;
  readonly hasStart: boolean;
}

/** Reads both footers, and says which of them have the cookie of one. */
export async function readFooterPair(source: ByteSource, signal?: AbortSignal): Promise<FooterPair> {
  const tail = await source.read(Math.max(0, source.size - FOOTER_BYTES), Math.min(source.size, FOOTER_BYTES), signal);
  // Virtual PC before 2004 left out the footer's last byte, which is reserved.
  const short = source.size >= FOOTER_BYTES - 1 && hasFooterCookie(tail, tail.length - (FOOTER_BYTES - 1));
  const atEnd = new Uint8Array(FOOTER_BYTES);
  atEnd.set(short ? tail.subarray(tail.length - (FOOTER_BYTES - 1)) : tail);
  const endAt = Math.max(0, source.size - (short ? FOOTER_BYTES - 1 : FOOTER_BYTES));
  const atStart = await source.read(0, Math.min(source.size, FOOTER_BYTES), signal);
  const hasEnd = hasFooterCookie(atEnd, 0);
  const hasStart = atStart.length === FOOTER_BYTES && hasFooterCookie(atStart, 0);
  return { atEnd, endAt, hasEnd, atStart, hasStart };
}

/** A footer, and where it was found. */
export interface FoundFooter {
  readonly footer: VhdFooter;
  /** Where the footer at the file's end begins, or would. */
  readonly dataEnd: number;
}

/**
 * The footer that counts: the one at the end, if it is whole, else its copy at the start. The copy may be older than the footer (a disk that
 * was made larger by some programs) and is then passed over.
 */
export async function readFooter(source: ByteSource, ctx: Context): Promise<FoundFooter> {
  const { atEnd, endAt: dataEnd, hasEnd, atStart, hasStart } = await readFooterPair(source, ctx.signal);
  if (hasEnd && footerHolds(atEnd)) {
    const footer = parseFooter(atEnd, source.label, dataEnd);
    if (footer.type !== "fixed") reportCopy(source, footer, hasStart ? atStart : null, ctx);
    return { footer, dataEnd };
  }
  if (hasStart && footerHolds(atStart)) {
    const footer = parseFooter(atStart, source.label, 0);
    // A fixed disk has no copy: what looks like one is the guest's own first sector.
    if (footer.type !== "fixed") {
      ctx.report({
        code: "vhd/footer-damaged",
        severity: "warning",
        message: hasEnd
          ? "the checksum of the footer is wrong; its copy at the start of the file is used"
          : "there is no footer at the end of the file; its copy at the start is used",
        hint: hasEnd ? "Compare the file with the original." : DAMAGED,
        location: { at: "bytes", file: source.label, offset: dataEnd, length: FOOTER_BYTES, field: "footer" },
      });
      return { footer, dataEnd: hasEnd ? dataEnd : source.size };
    }
  }
  const location = { at: "bytes", file: source.label, offset: dataEnd, length: FOOTER_BYTES, field: "footer" } as const;
  if (hasEnd || hasStart) {
    throw new FerryError("vhd/bad-footer", "the checksum of the footer is wrong, and there is no copy that holds", {
      location,
      hint: "The image is damaged: fetch it again.",
    });
  }
  throw new FerryError("vhd/no-footer", "the file does not end as a VHD does", {
    location,
    hint: `${DAMAGED} If it is a raw disk, say so: --from raw.`,
  });
}

/** Says so when the copy at the start does not agree with the footer that is used. */
function reportCopy(source: ByteSource, footer: VhdFooter, copy: Uint8Array | null, ctx: Context): void {
  const location = { at: "bytes", file: source.label, offset: 0, length: FOOTER_BYTES, field: "footer copy" } as const;
  if (copy === null || !footerHolds(copy)) {
    ctx.report({
      code: "vhd/footer-damaged",
      severity: "warning",
      message: "the copy of the footer at the start of the file is damaged or missing; the footer itself is used",
      hint: "Compare the file with the original.",
      location,
    });
    return;
  }
  // Only looked at: a copy that says something impossible must not stop us.
  const copyBytes = viewOf(copy).getBigUint64(48);
  if (copyBytes === BigInt(footer.currentBytes)) return;
  ctx.report({
    code: "vhd/footer-stale",
    severity: "info",
    message: `the copy of the footer at the start of the file speaks of ${copyBytes} bytes, the footer of ${footer.currentBytes}; the footer counts`,
    hint: "The disk was resized by a program that forgot the copy. Nothing needs to be done.",
    location,
    data: { copyBytes: copyBytes.toString(), footerBytes: footer.currentBytes.toString() },
  });
}
