import { viewOf } from "../../base/bytes.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import type { Context } from "../../io/context.js";
import type { Patch } from "../../io/target.js";
import { findingAt } from "../findings.js";
import { namedTables } from "./l2-walk.js";
import type { SurveyedImage } from "./places.js";
import { offsetAt } from "./tables.js";

/** Bit 63 of an entry, as the highest of its first byte. */
const COPIED = 128;

/** An entry whose copied flag is wrong. */
interface WrongFlag {
  /** In the file. */
  readonly at: number;
  readonly field: string;
  readonly isSet: boolean;
  readonly uses: number;
}

/** Compares the flags of the active L1 and L2 tables with the uses: set exactly where a cluster is used once. */
export async function* compareCopied(image: SurveyedImage, ctx: Context): AsyncIterable<Diagnostic> {
  for (const flag of wrongL1(image)) yield flagFinding(image, flag);
  for await (const table of namedTables(image, "active", ctx)) {
    for (const flag of wrongL2(image, table.bytes, table.place)) yield flagFinding(image, flag);
  }
}

function flagFinding({ source }: SurveyedImage, { at, field, isSet, uses }: WrongFlag): Diagnostic {
  const spot = { file: source.label, offset: at, field };
  // Without the flag a write copies a cluster that it could change in place: slower, never wrong.
  return isSet
    ? findingAt(
        "qcow2/copied-flag",
        "error",
        { ...spot, hint: "Repair it before it is written to; reading it is safe." },
        `${field} has the copied flag, and its cluster is used ${uses} times`,
      )
    : findingAt("qcow2/copied-flag", "warning", spot, `${field} lacks the copied flag, and its cluster is used once`);
}

function* wrongL1({ header, usage, l2, l2Copied }: SurveyedImage): Iterable<WrongFlag> {
  for (let i = 0; i < header.l1Entries; i++) {
    const place = l2[i] as number;
    if (place === 0) continue;
    const uses = usage.countAt(place);
    const isSet = l2Copied[i] === 1;
    if (isSet !== (uses === 1)) yield { at: header.l1Offset + 8 * i, field: `L1 entry ${i}`, isSet, uses };
  }
}

function* wrongL2({ header, usage }: SurveyedImage, bytes: Uint8Array, place: number): Iterable<WrongFlag> {
  const view = viewOf(bytes);
  const entryBytes = header.extendedL2 ? 16 : 8;
  for (let at = 0; at < bytes.length; at += entryBytes) {
    const flags = bytes[at] as number;
    const cluster = offsetAt(view, at);
    const isPacked = Math.floor(flags / 64) % 2 === 1;
    // Clusters in an external data file are not counted. Compressed ones are judged where they are found.
    if (cluster === 0 || isPacked || header.externalData) continue;
    const uses = usage.countAt(cluster);
    const isSet = flags >= COPIED;
    // Not counted at all: a finding has said that the place is wrong.
    if (uses > 0 && isSet !== (uses === 1)) yield { at: place + at, field: `L2 entry ${at / entryBytes}`, isSet, uses };
  }
}

/** Patches that set and clear the flags as they should be, merged where they lie in one table. */
export async function* copiedPatches(image: SurveyedImage, ctx: Context): AsyncIterable<Patch> {
  const { source, header } = image;
  const flags = [...wrongL1(image)];
  if (flags.length > 0) {
    const bytes = new Uint8Array(await source.read(header.l1Offset, header.l1Entries * 8, ctx.signal));
    for (const { at } of flags) toggle(bytes, at - header.l1Offset);
    yield { at: header.l1Offset, bytes };
  }
  for await (const table of namedTables(image, "active", ctx)) {
    let bytes: Uint8Array | null = null;
    for (const { at } of wrongL2(image, table.bytes, table.place)) {
      bytes ??= new Uint8Array(table.bytes);
      toggle(bytes, at - table.place);
    }
    if (bytes !== null) yield { at: table.place, bytes };
  }
}

function toggle(bytes: Uint8Array, at: number): void {
  const flags = bytes[at] as number;
  bytes[at] = flags >= COPIED ? flags - COPIED : flags + COPIED;
}
