/** Walks over the headers of a tar archive: extension headers are applied, bodies skipped, nothing is judged. */
import { alignUp, isZero } from "../../base/bytes.js";
import { FerryError, throwIfAborted } from "../../base/errors.js";
import { formatBytes } from "../../base/text.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import { parseTarHeader, TAR_BLOCK, type TarHeader } from "./header.js";
import { type PaxRecords, parsePaxRecords, paxSize } from "./pax.js";
import { readAhead } from "./read-ahead.js";

/** The dialects of tar. `v7` is older than POSIX. */
export type TarDialect = "v7" | "ustar" | "gnu" | "pax";

/** What a scan comes across, in the order of the archive. Offsets are bytes from its start. */
export type TarEvent =
  /** A member of any type; its name is as it stands. */
  | {
      readonly event: "member";
      /** The type flag, see `TarHeader.type`. */
      readonly type: string;
      readonly name: Uint8Array;
      readonly size: number;
      readonly mtime: number;
      /** Whether the body is a GNU sparse file of pax kind, not the file's own bytes. */
      readonly sparse: boolean;
      /** Where the first of its headers stands. */
      readonly headerAt: number;
      readonly dataAt: number;
      /** Bytes of the body that are there: less than `size` where the archive is cut off. */
      readonly present: number;
    }
  /** Bytes without meaning that are not as every tar writes them: padding that is not zero, or a checksum in a spelling of its own. */
  | { readonly event: "odd"; readonly what: "padding" | "checksum"; readonly offset: number; readonly length: number }
  /** Nothing can be read from here on. */
  | { readonly event: "damage"; readonly error: FerryError }
  /** The end-of-archive blocks, or the end of the file where there are none. Always the last event. */
  | {
      readonly event: "end";
      readonly offset: number;
      readonly marked: boolean;
      readonly dialect: TarDialect;
      /** Bytes after the first end-of-archive block that are not zero start here; `null`: none were found. */
      readonly trailingAt: number | null;
    };

/** Bytes after the end that are looked at for something other than zeros: more than GNU tar's 10 KiB records. */
const TAIL_WINDOW = 64 * 1024;

const NO_RECORDS: PaxRecords = {};

/** What the extension headers before a member say about it. */
interface Extensions {
  readonly longName: Uint8Array | null;
  readonly pax: PaxRecords;
}

const NO_EXTENSIONS: Extensions = { longName: null, pax: NO_RECORDS };

/** Extension headers by type flag: GNU long name and long link, pax for one member (X: Solaris), pax for all. */
function isExtension(type: string): boolean {
  return type === "L" || type === "K" || type === "x" || type === "X" || type === "g";
}

/** Bytes up to the first NUL. */
function untilNul(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

/**
 * Collects which dialect an archive is of: what its extension headers say, else what the magic of its first header says.
 * VirtualBox signs a ustar archive by appending a member with a GNU magic; that makes no GNU archive of it.
 */
function dialectOf(): { see(header: TarHeader): void; result(): TarDialect } {
  let first: TarDialect | null = null;
  let extended: "gnu" | "pax" | null = null;
  return {
    see({ magic, base256, type }): void {
      first ??= magic;
      if (type === "x" || type === "X" || type === "g") extended = "pax";
      else if (base256 || type === "L" || type === "K") extended ??= "gnu";
    },
    result: () => extended ?? first ?? "v7",
  };
}

/** What a scan reads: a file, or what comes from a pipe. Places rise from read to read. */
export interface TarBytes {
  readonly label: string;
  /** Bytes; of a pipe the most that a number can say, and reading past its end throws. */
  readonly size: number;
  read(offset: number, length: number, signal: AbortSignal): Promise<Uint8Array>;
  /** Where something other than zeros stands behind the end; `null`: nowhere, or nobody looks. */
  findTrailing(end: number, signal: AbortSignal): Promise<number | null>;
}

/**
 * Reads every header of an archive. Damage ends the scan with a `damage` event and then `end`.
 * @param bound the limit that the number of headers is held against
 * @throws `io/limit` for too many headers or a too large extension header
 */
export function scanTar(
  source: ByteSource,
  ctx: Context,
  bound: "members" | "chunks" = "members",
): AsyncGenerator<TarEvent> {
  const read = readAhead(source);
  const { label, size } = source;
  return scanTarBytes(
    { label, size, read, findTrailing: (end, signal) => findTrailing(source, end, read, signal) },
    ctx,
    bound,
  );
}

/** The same over whatever gives the bytes of an archive in rising order. @throws what reading throws, too */
export async function* scanTarBytes(
  source: TarBytes,
  ctx: Context,
  bound: "members" | "chunks",
): AsyncGenerator<TarEvent> {
  const { limits, signal } = ctx;
  const file = source.label;
  const { read } = source;
  const dialect = dialectOf();
  let globals = NO_RECORDS;
  let extensions = NO_EXTENSIONS;
  let headerAt = 0;
  let at = 0;
  // Where the body before the next header ends: its padding is read together with that.
  let bodyEnd = 0;

  for (let headers = 1; ; headers++) {
    throwIfAborted(signal);
    if (at + TAR_BLOCK > source.size) {
      const padding = await read(bodyEnd, Math.max(0, Math.min(at, source.size) - bodyEnd), signal);
      if (!isZero(padding)) yield oddPadding(bodyEnd, padding.length);
      const rest = source.size - at;
      if (rest > 0) yield { event: "damage", error: cutOff(`the archive ends ${rest} bytes into a header`, file, at) };
      else if (at !== headerAt) {
        yield { event: "damage", error: cutOff("the archive ends after an extension header", file, headerAt) };
      }
      break;
    }
    const window = await read(bodyEnd, at - bodyEnd + TAR_BLOCK, signal);
    const block = window.subarray(at - bodyEnd);
    if (!isZero(window.subarray(0, at - bodyEnd))) yield oddPadding(bodyEnd, at - bodyEnd);
    if (isZero(block)) {
      const trailingAt = await source.findTrailing(at, signal);
      yield { event: "end", offset: at, marked: true, dialect: dialect.result(), trailingAt };
      return;
    }
    if (headers > limits[bound]) throw tooMany(bound, limits[bound], file, at);

    let header: TarHeader;
    let size: number;
    const dataAt = at + TAR_BLOCK;
    try {
      header = parseTarHeader(block, { file, offset: at });
      dialect.see(header);
      if (!header.canonical) yield { event: "odd", what: "checksum", offset: at, length: TAR_BLOCK };
      if (isExtension(header.type)) {
        const body = await readExtension(header);
        if (header.type === "L") extensions = { ...extensions, longName: untilNul(body) };
        else if (header.type === "g") globals = { ...globals, ...parsePaxRecords(body, { file, offset: dataAt }) };
        else if (header.type !== "K") {
          extensions = { ...extensions, pax: parsePaxRecords(body, { file, offset: dataAt }) };
        }
        bodyEnd = dataAt + header.size;
        at = alignUp(bodyEnd, TAR_BLOCK);
        continue;
      }
      extensions = { ...extensions, pax: { ...globals, ...extensions.pax } };
      // Links, folders, devices and pipes have no body, whatever some tars write as their size.
      const bodiless = header.type >= "1" && header.type <= "6";
      size = bodiless ? 0 : (paxSize(extensions.pax, { file, offset: at }) ?? header.size);
    } catch (error) {
      if (!(error instanceof FerryError) || error.kind === "limit-exceeded") throw error;
      yield { event: "damage", error };
      break;
    }

    const present = Math.min(size, source.size - dataAt);
    yield {
      event: "member",
      type: header.type,
      name: extensions.pax.path ?? extensions.longName ?? header.name,
      size,
      mtime: header.mtime,
      sparse: extensions.pax.sparse === true,
      headerAt,
      dataAt,
      present,
    };
    if (present < size) {
      const message = `the archive ends ${present} bytes into a member of ${size} bytes`;
      yield { event: "damage", error: cutOff(message, file, headerAt) };
      at = source.size;
      break;
    }
    bodyEnd = dataAt + size;
    at = alignUp(bodyEnd, TAR_BLOCK);
    headerAt = at;
    extensions = NO_EXTENSIONS;
  }
  // The padding of the last body may be missing too.
  const offset = Math.min(at, source.size);
  yield { event: "end", offset, marked: false, dialect: dialect.result(), trailingAt: null };

  async function readExtension(header: TarHeader): Promise<Uint8Array> {
    const dataAt = at + TAR_BLOCK;
    if (header.size > limits.tarExtensionBytes) {
      throw new FerryError("io/limit", `an extension header of the archive is ${formatBytes(header.size)} long`, {
        location: { at: "bytes", file, offset: at },
        hint: "Raise the limit 'tarExtensionBytes' if you trust the package.",
      });
    }
    if (header.size > source.size - dataAt) throw cutOff("the archive ends inside an extension header", file, at);
    // A copy: the window that it was read through is larger and should not live on.
    return (await read(dataAt, header.size, signal)).slice();
  }
}

function oddPadding(offset: number, length: number): TarEvent {
  return { event: "odd", what: "padding", offset, length };
}

function cutOff(message: string, file: string, offset: number): FerryError {
  return new FerryError("tar/cut-off", message, {
    location: { at: "bytes", file, offset },
    hint: "The download or copy is incomplete, or a size in the archive lies. Fetch it again.",
  });
}

function tooMany(bound: string, limit: number, file: string, offset: number): FerryError {
  return new FerryError("io/limit", `the archive has more than ${limit} headers`, {
    location: { at: "bytes", file, offset },
    hint: `Raise the limit '${bound}' if you trust the package.`,
  });
}

/** Where something other than zero padding stands after the end; where that is too long to be padding, its end. */
async function findTrailing(
  source: ByteSource,
  end: number,
  read: (offset: number, length: number, signal: AbortSignal) => Promise<Uint8Array>,
  signal: AbortSignal,
): Promise<number | null> {
  const tail = await read(end, Math.min(source.size - end, TAIL_WINDOW), signal);
  const data = tail.findIndex((byte) => byte !== 0);
  if (data >= 0) return end + data;
  return source.size - end > TAIL_WINDOW ? end + TAIL_WINDOW : null;
}
