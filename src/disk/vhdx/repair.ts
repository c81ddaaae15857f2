import { equalBytes } from "../../base/bytes.js";
import { readGuid } from "../../base/guid.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import { bareOverlay, type Change, type Overlay, overlay } from "../changed-file.js";
import { collecting, findingOf } from "../findings.js";
import type { AmendPlan } from "../model.js";
import { type Mend, planRepair } from "../repair.js";
import { checkVhdx } from "./check.js";
import {
  HEADER_BYTES,
  HEADER_SECTION,
  isVhdx,
  parseHeader,
  parseRegionTable,
  REGION_TABLE_BYTES,
  serializeHeader,
  type VhdxHeader,
} from "./header.js";
import { readLog } from "./log.js";
import { readHeader } from "./read.js";

/**
 * Plans the mends of a VHDX: the log applied (MS-VHDX 2.3.3), a damaged header or region table written again from the other copy. Both
 * headers are written with new sequence numbers and a new file write GUID (2.2.2.1); the data write GUID stays, because the guest's bytes do.
 * @throws `io/limit`, `io/read-failed`
 */
export async function repairVhdx(source: ByteSource, ctx: Context): Promise<AmendPlan> {
  return planRepair(source, await mends(source, ctx), checkVhdx, ctx);
}

async function mends(source: ByteSource, ctx: Context): Promise<readonly Mend[]> {
  if (source.size < HEADER_SECTION.end || !isVhdx(await source.read(0, 8, ctx.signal))) return [];
  const headers = await Promise.all(HEADER_SECTION.headers.map((at) => source.read(at, HEADER_BYTES, ctx.signal)));
  let header: VhdxHeader;
  const changes: Change[] = [];
  let fileBytes = source.size;
  try {
    const parsed = headers.map(parseHeader);
    const [first, second] = parsed;
    // Headers that disagree with one sequence number: nobody can say which counts.
    if (typeof first === "object" && typeof second === "object" && first.sequence === second.sequence) {
      if (!equalBytes(headers[0] as Uint8Array, headers[1] as Uint8Array)) return [];
    }
    header = await readHeader(source, collecting(ctx).ctx);
    if (header.logId !== null) {
      const replay = await readLog(source, header, ctx);
      changes.push(...replay.changes);
      fileBytes = replay.fileBytes;
    }
    const file: Overlay =
      changes.length === 0 && fileBytes === source.size ? bareOverlay(source) : overlay(source, changes, fileBytes);
    const restored = await regionTables(file.source, ctx);
    const whole = header.logId === null && parsed.every((each) => typeof each === "object");
    if (whole && restored.length === 0) return [];
    changes.push(...restored);
  } catch (error) {
    // The check says what is wrong; without a header or with a torn log there is nothing to hold on to.
    findingOf(error, ["limit-exceeded"], source.label);
    return [];
  }
  return [{ changes: [...changes, ...newHeaders(header, headers, ctx)], fileBytes, when: "always" }];
}

/** The region table that does not count, written again from the one that does. */
async function regionTables(source: ByteSource, ctx: Context): Promise<readonly Change[]> {
  const tables = await Promise.all(
    HEADER_SECTION.regionTables.map((at) => source.read(at, REGION_TABLE_BYTES, ctx.signal)),
  );
  const counts = tables.map((bytes) => typeof parseRegionTable(bytes) !== "string");
  const good = tables[counts.indexOf(true)];
  if (good === undefined) return [];
  return HEADER_SECTION.regionTables.flatMap((at, i) =>
    counts[i] === true ? [] : [{ at, length: good.length, bytes: good }],
  );
}

/**
 * Both headers, with an empty log. The one that rules is replaced last, so it gets the higher number; a plan is all of it or nothing, so that
 * the order decides nothing more.
 */
function newHeaders(header: VhdxHeader, old: readonly Uint8Array[], ctx: Context): readonly Change[] {
  const fileWriteId = newGuid(ctx);
  const rules = old.findIndex((bytes) => {
    const parsed = parseHeader(bytes);
    return typeof parsed === "object" && parsed.sequence === header.sequence;
  });
  return HEADER_SECTION.headers.map((at, i) => {
    const sequence = header.sequence + (i === rules ? 2n : 1n);
    const bytes = serializeHeader({ ...header, sequence, fileWriteId, logId: null });
    return { at, length: bytes.length, bytes };
  });
}

/** A random GUID (RFC 9562, version 4). */
function newGuid(ctx: Context): string {
  const bytes = new Uint8Array(ctx.runtime.randomBytes(16));
  // In Microsoft's order the version is the high half of byte 7, the variant that of byte 8.
  bytes[7] = ((bytes[7] as number) % 16) + 0x40;
  bytes[8] = ((bytes[8] as number) % 64) + 0x80;
  return readGuid(bytes, 0);
}
