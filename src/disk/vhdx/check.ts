import { equalBytes, MIB } from "../../base/bytes.js";
import type { Diagnostic, Location } from "../../base/diagnostics.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import { bareOverlay, type Overlay, overlay } from "../changed-file.js";
import { collecting, findingOf } from "../findings.js";
import { openBlockTable } from "./bat.js";
import { batFindings, type Part } from "./check-bat.js";
import {
  findRegions,
  HEADER_BYTES,
  HEADER_SECTION,
  isVhdx,
  parseHeader,
  parseRegionTable,
  REGION_TABLE_BYTES,
  type VhdxHeader,
  type VhdxRegion,
} from "./header.js";
import { readLog } from "./log.js";
import { parentOf, readMetadata, type VhdxMetadata } from "./metadata.js";
import { readHeader, readRegions } from "./read.js";

/**
 * Looks at both headers, the log, both region tables, all regions, the metadata and every entry of the block table. What follows the log is
 * looked at as it will be when the log has been applied.
 * @throws `io/limit` where the log is larger than `limits.diskLogBytes`, or the file too large for its parts to be marked
 */
export async function* checkVhdx(source: ByteSource, ctx: Context): AsyncIterable<Diagnostic> {
  if (source.size < HEADER_SECTION.end || !isVhdx(await source.read(0, 8, ctx.signal))) {
    yield {
      code: "vhdx/bad-header",
      severity: "error",
      message:
        source.size < HEADER_SECTION.end
          ? `the file ends within its headers (${source.size} bytes)`
          : "the file does not begin as a VHDX does",
      hint: "The download may be incomplete: compare its size with the original.",
      location: { at: "bytes", file: source.label, offset: 0, field: "file type identifier" },
    };
    return;
  }
  const header = yield* headerFindings(source, ctx);
  if (header === null) return;
  const file = yield* logFindings(source, header, ctx);
  if (file === null) return;
  const regions = yield* regionFindings(file.source, ctx);
  if (regions === null) return;
  const log: Part = { what: "log", at: header.logAt, length: header.logBytes };
  yield* overlapFindings(file.source, [log, ...regions.map(partOf)]);
  let metadata: VhdxMetadata;
  let bat: VhdxRegion;
  try {
    const found = findRegions(regions, file.source.size, source.label);
    bat = found.bat;
    metadata = await readMetadata(file.source, found.metadata, ctx.signal);
    openBlockTable(file.source, bat, metadata);
  } catch (error) {
    // A 64-bit field above 2^53 is damage.
    yield findingOf(error, ["limit-exceeded"], source.label);
    return;
  }
  yield* parentFindings(file.source, metadata);
  yield* batFindings(file.source, { bat, metadata, parts: [log, ...regions.map(partOf)] }, ctx);
}

function partOf({ id, at, length }: VhdxRegion): Part {
  return { what: `region ${id}`, at, length };
}

function place(source: ByteSource, offset: number, length: number, field: string): Location {
  return { at: "bytes", file: source.label, offset, length, field };
}

/** Both headers (MS-VHDX 2.2.2). */
async function* headerFindings(
  source: ByteSource,
  ctx: Context,
): AsyncGenerator<Diagnostic, VhdxHeader | null, undefined> {
  const kept = collecting(ctx);
  let header: VhdxHeader;
  try {
    header = await readHeader(source, kept.ctx);
  } catch (error) {
    yield findingOf(error, ["limit-exceeded"], source.label);
    return null;
  }
  yield* kept.found;
  const [first, second] = await Promise.all(
    HEADER_SECTION.headers.map((at) => source.read(at, HEADER_BYTES, ctx.signal)),
  );
  const [one, two] = [parseHeader(first as Uint8Array), parseHeader(second as Uint8Array)];
  if (typeof one !== "string" && typeof two !== "string" && one.sequence === two.sequence) {
    if (!equalBytes(first as Uint8Array, second as Uint8Array)) {
      yield {
        code: "vhdx/headers-disagree",
        severity: "error",
        message: `both headers have the sequence number ${one.sequence}, and say different things`,
        hint: "Which of them counts cannot be told: compare the file with the original.",
        location: place(source, HEADER_SECTION.headers[0], HEADER_BYTES, "header"),
      };
    }
  }
  return header;
}

/** The log, applied in memory (MS-VHDX 2.3). `null`: nothing behind it can be trusted. */
async function* logFindings(
  source: ByteSource,
  header: VhdxHeader,
  ctx: Context,
): AsyncGenerator<Diagnostic, Overlay | null, undefined> {
  const { logId, logAt, logBytes } = header;
  if (logId === null) {
    if (logBytes % MIB === 0 && logAt % MIB === 0 && logAt >= HEADER_SECTION.end && logAt + logBytes <= source.size) {
      return bareOverlay(source);
    }
    yield {
      code: "vhdx/bad-log",
      severity: "warning",
      message: `the place for the log, ${logBytes} bytes at ${logAt}, is not made of whole MiB of the file`,
      hint: "Nothing is in it, so reading is safe; a program that wants to write may refuse the disk.",
      location: place(source, logAt, logBytes, "log"),
    };
    return bareOverlay(source);
  }
  try {
    const replay = await readLog(source, header, ctx);
    yield {
      code: "vhdx/log-pending",
      severity: "warning",
      message: `the disk was not closed: its log of ${replay.entries === 1 ? "1 entry" : `${replay.entries} entries`} has to be applied`,
      hint: "vmferry does so in memory whenever it reads the disk; `vmferry disk fix` does so in the file.",
      location: place(source, logAt, logBytes, "log"),
      data: { entries: replay.entries, changes: replay.changes.length },
    };
    return overlay(source, replay.changes, replay.fileBytes);
  } catch (error) {
    yield findingOf(error, [], source.label);
    return null;
  }
}

/** Both region tables and what they list (MS-VHDX 2.2.3). */
async function* regionFindings(
  source: ByteSource,
  ctx: Context,
): AsyncGenerator<Diagnostic, readonly VhdxRegion[] | null, undefined> {
  const kept = collecting(ctx);
  let regions: readonly VhdxRegion[];
  try {
    regions = await readRegions(source, kept.ctx);
  } catch (error) {
    yield findingOf(error, ["limit-exceeded"], source.label);
    return null;
  }
  yield* kept.found;
  const [first, second] = await Promise.all(
    HEADER_SECTION.regionTables.map((at) => source.read(at, REGION_TABLE_BYTES, ctx.signal)),
  );
  const whole = [first, second].every((bytes) => typeof parseRegionTable(bytes as Uint8Array) !== "string");
  if (whole && !equalBytes(first as Uint8Array, second as Uint8Array)) {
    yield {
      code: "vhdx/regions-disagree",
      severity: "warning",
      message: "the two region tables are whole and say different things; the first one is used",
      hint: "Other programs may use the second one: compare the file with the original.",
      location: place(source, HEADER_SECTION.regionTables[1], REGION_TABLE_BYTES, "region table copy"),
    };
  }
  return regions;
}

function* overlapFindings(source: ByteSource, parts: readonly Part[]): Iterable<Diagnostic> {
  const headers: Part = { what: "header section", at: 0, length: HEADER_SECTION.end };
  const sorted = [headers, ...parts].filter(({ length }) => length > 0).sort((a, b) => a.at - b.at);
  let before = headers;
  for (const part of sorted) {
    if (part !== headers && part.at < before.at + before.length) {
      yield {
        code: "vhdx/overlap",
        severity: "error",
        message: `the ${part.what} at ${part.at} lies over the ${before.what}`,
        hint: "The image is damaged: fetch it again.",
        location: place(source, part.at, part.length, part.what),
      };
    }
    if (part.at + part.length > before.at + before.length) before = part;
  }
}

function* parentFindings(source: ByteSource, metadata: VhdxMetadata): Iterable<Diagnostic> {
  if (!metadata.hasParent) return;
  const { name, identity } = parentOf(metadata.parent);
  if (name !== null && identity !== null) return;
  yield {
    code: "vhdx/no-parent",
    severity: "error",
    message:
      name === null ? "the parent locator names no file" : "the parent locator holds no identifier of the parent",
    hint: "Attach the disk to its parent where it comes from: it is incomplete without.",
    location: { at: "bytes", file: source.label, offset: 0, field: "parent locator" },
  };
}
