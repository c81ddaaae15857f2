/** What of copies is done, in a file beside them that survives a kill. */
import { type FileHandle, open, readFile, stat } from "node:fs/promises";
import { FerryError } from "../../base/errors.js";
import type { CopyLog, LoggedWrite } from "../../io/copy-log.js";
import type { SourceRef, Stamp } from "../../io/source.js";
import { systemError } from "./errors.js";
import { sameStamp, stampOf } from "./file-source.js";

/** Guest bytes between two checkpoints: a few seconds of work. */
const EVERY_BYTES = 256 * 1024 * 1024;
/** Bytes of a log, at most: 4 for each unit of a disk, and an honest one stays far below. */
const MOST_BYTES = 2 ** 31 - 1;

/** A log with what its file set does for it. */
export interface NodeCopyLog extends CopyLog {
  close(): Promise<void>;
}

/** One line of the log: JSON. The first says which work it belongs to. */
type Line =
  | { readonly work: string }
  | {
      readonly file: string;
      readonly sources: readonly (readonly [path: string, stamp: Stamp])[];
      readonly writes: readonly LoggedLine[];
    };
type LoggedLine = readonly [offset: number, length: number, payloadBytes: number, stored: string];

/**
 * Opens a log, or begins one.
 * @param work tells one conversion from another
 * @param how `sync` makes the bytes of a file safe
 * @throws `convert/cannot-resume` where the log is of other work
 */
export async function openCopyLog(
  file: string,
  work: string,
  { sync, everyBytes = EVERY_BYTES }: { readonly sync: (name: string) => Promise<void>; readonly everyBytes?: number },
): Promise<NodeCopyLog> {
  const { lines: known, bytes } = await readLog(file);
  const [first] = known;
  if (first !== undefined && !("work" in first && first.work === work)) {
    throw new FerryError("convert/cannot-resume", `${file} belongs to another conversion, or to other options`, {
      hint: "Run the command as it was run first, or leave out --resume to begin anew.",
    });
  }
  let handle: FileHandle;
  try {
    handle = await open(file, "a");
    await handle.truncate(bytes);
    if (first === undefined) await handle.appendFile(`${JSON.stringify({ work })}\n`);
    await handle.sync();
  } catch (cause) {
    throw systemError("write", file, cause);
  }
  return {
    everyBytes,
    async earlier(name) {
      const writes: LoggedWrite[] = [];
      for (const line of known) {
        if (!("file" in line) || line.file !== name) continue;
        for (const [path, stamp] of line.sources) await checkSource(path, stamp);
        for (const [offset, length, payloadBytes, stored] of line.writes) {
          writes.push({ offset, length, payloadBytes, stored: unpackSizes(stored) });
        }
      }
      return writes;
    },
    async add(name, writes, sources) {
      await sync(name);
      const files = new Map(sources.flatMap((source) => filesOf(source)));
      const line: Line = {
        file: name,
        sources: [...files],
        writes: writes.map(({ offset, length, payloadBytes, stored }) => [
          offset,
          length,
          payloadBytes,
          packSizes(stored),
        ]),
      };
      try {
        await handle.appendFile(`${JSON.stringify(line)}\n`);
        await handle.sync();
      } catch (cause) {
        throw systemError("write", file, cause);
      }
    },
    close: () => handle.close(),
  };
}

/** The lines of a log, and how far they go: the last one may be cut off, and then does not count. */
async function readLog(file: string): Promise<{ readonly lines: readonly Line[]; readonly bytes: number }> {
  const found = await stat(file).catch(() => null);
  if (found === null || found.size > MOST_BYTES) return { lines: [], bytes: 0 };
  const lines: Line[] = [];
  let bytes = 0;
  for (const text of (await readFile(file, "utf8")).split("\n").slice(0, -1)) {
    try {
      lines.push(JSON.parse(text) as Line);
      bytes += Buffer.byteLength(text) + 1;
    } catch (cause) {
      // Written half: what follows was not made safe.
      if (cause instanceof SyntaxError) break;
      throw cause;
    }
  }
  return { lines, bytes };
}

/** The files that a source is a part of. */
function filesOf(source: SourceRef): readonly (readonly [string, Stamp])[] {
  if (source.kind === "file") return [[source.path, source.stamp]];
  if (source.kind === "slice") return filesOf(source.of);
  return source.kind === "concat" ? source.of.flatMap(filesOf) : [];
}

async function checkSource(path: string, stamp: Stamp): Promise<void> {
  const found = await stat(path).catch(() => null);
  if (found !== null && sameStamp(stampOf(found), stamp)) return;
  throw new FerryError("convert/cannot-resume", `${path} was changed since the conversion was interrupted`, {
    hint: "Leave out --resume to begin anew.",
  });
}

/** Sizes of units as text: most of them are the same, or none. */
function packSizes(sizes: Uint32Array): string {
  return Buffer.from(sizes.buffer, sizes.byteOffset, sizes.byteLength).toString("base64");
}

function unpackSizes(text: string): Uint32Array {
  const bytes = Buffer.from(text, "base64");
  const sizes = new Uint32Array(bytes.length >>> 2);
  new Uint8Array(sizes.buffer).set(bytes.subarray(0, sizes.byteLength));
  return sizes;
}
