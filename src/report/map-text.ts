/** The map of a disk as text and as JSON, made piece by piece: a disk can have millions of extents. */
import type { JsonValue } from "../base/ids.js";
import { formatBytes, plural } from "../base/text.js";
import { jsonText } from "./json.js";
import { oneLine } from "./layout.js";
import type { Palette } from "./palette.js";
import type { MapExtent, MapPart, MapResult } from "./results.js";

/** Characters that are handed on at once. */
const CHUNK = 32 * 1024;

/** Everything about a map but its rows. */
export type MapHead = Omit<MapResult, "extents" | "layout">;

/** What a map shows: one of the two. */
export type MapRows =
  | { readonly kind: "extents"; readonly rows: AsyncIterable<MapExtent> }
  | { readonly kind: "layout"; readonly rows: AsyncIterable<MapPart>; readonly fileBytes: number };

/** The document of `schema` `vmferry/map@1`: a row on each line. */
export function renderMapJson(head: MapHead, map: MapRows): AsyncIterable<string> {
  return inChunks(jsonLines(head, map));
}

async function* jsonLines(head: MapHead, { kind, rows }: MapRows): AsyncIterable<string> {
  yield "{\n";
  for (const [key, value] of Object.entries(head)) yield `  ${JSON.stringify(key)}: ${jsonText(value)},\n`;
  if (kind === "layout") yield '  "extents": null,\n';
  yield `  ${JSON.stringify(kind)}: [`;
  let first = true;
  for await (const row of rows) {
    const { offset, length } = row;
    // What rows may have beyond the contract stays out.
    const shown =
      "kind" in row ? { offset, length, kind: row.kind } : { offset, length, what: row.what, values: row.values };
    yield `${first ? "" : ","}\n    ${jsonText(shown)}`;
    first = false;
  }
  yield `${first ? "" : "\n  "}]${kind === "extents" ? ',\n  "layout": null' : ""}\n}\n`;
}

/** A table for people: offsets and lengths in bytes, aligned; a line with sums at the end of extents. */
export function renderMapText(head: MapHead, map: MapRows, palette: Palette): AsyncIterable<string> {
  return inChunks(textLines(head, map, palette));
}

async function* textLines(head: MapHead, map: MapRows, palette: Palette): AsyncIterable<string> {
  const { file, format, variant, capacityBytes } = head;
  yield `${palette.title(oneLine(file))}  ${format} ${oneLine(variant)}, ${formatBytes(capacityBytes)}\n`;
  const widest = map.kind === "extents" ? capacityBytes : map.fileBytes;
  const width = Math.max("offset".length, String(widest).length);
  const row = (offset: string, length: string, what: string): string =>
    `  ${offset.padStart(width)}  ${length.padStart(width)}  ${what}`;
  yield `${palette.dim(row("offset", "length", map.kind === "extents" ? "kind" : "what"))}\n`;
  if (map.kind === "layout") {
    for await (const { offset, length, what, values } of map.rows) {
      yield `${row(String(offset), String(length), [oneLine(what), ...valuesOf(values)].join("  "))}\n`;
    }
    return;
  }
  let count = 0;
  const sums: Record<MapExtent["kind"], number> = { data: 0, zero: 0, absent: 0 };
  for await (const { offset, length, kind } of map.rows) {
    yield `${row(String(offset), String(length), kind)}\n`;
    sums[kind] += length;
    count++;
  }
  const parts = Object.entries(sums).filter(([, bytes]) => bytes > 0);
  yield `${[plural(count, "extent"), ...parts.map(([kind, bytes]) => `${formatBytes(bytes)} ${kind}`)].join(", ")}\n`;
}

function valuesOf(values: Readonly<Record<string, JsonValue>>): string[] {
  return Object.entries(values).map(([key, value]) => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return `${oneLine(key)}=${oneLine(text)}`;
  });
}

/** Small pieces joined to larger ones, so that not every line is a write. */
async function* inChunks(pieces: AsyncIterable<string>): AsyncIterable<string> {
  let waiting = "";
  for await (const piece of pieces) {
    waiting += piece;
    if (waiting.length < CHUNK) continue;
    yield waiting;
    waiting = "";
  }
  if (waiting !== "") yield waiting;
}
