import { alignUp, viewOf, writeU64 } from "../../base/bytes.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import type { Patch } from "../../io/target.js";
import type { AmendPlan } from "../model.js";
import { stateFindings } from "./check.js";
import { compareCopied, copiedPatches } from "./copied.js";
import { surveyTables } from "./l2-walk.js";
import { type SurveyedImage, surveyPlaces } from "./places.js";
import { compareCounts, countsAsBlock, entriesOfBlock } from "./stored-counts.js";

/** What is mended: it follows from the tables, and nothing that the guest reads changes. */
const MENDED: ReadonlySet<string> = new Set([
  "qcow2/leak",
  "qcow2/refcount-low",
  "qcow2/copied-flag",
  "qcow2/dirty",
  "qcow2/corrupt",
]);
/** Found in tables of reference counts alone: they are made anew. */
const REBUILT = "qcow2/bad-refcounts";
/** Findings of one repair that are named one by one. */
const NAMED = 1000;

/**
 * Plans the repair of reference counts, leaks, copied flags and the marks in the header. Where anything else is wrong, a pointer or an
 * overlap, nothing is mended: clusters that seem to be free may be what a damaged pointer meant.
 * @throws `io/limit`, `qcow2/bad-header`
 */
export async function repairQcow2(source: ByteSource, ctx: Context): Promise<AmendPlan> {
  const mended: Diagnostic[] = [];
  const left: Diagnostic[] = [];
  let blocked = false;
  let rebuild = false;
  const take = (finding: Diagnostic): void => {
    if (finding.code === REBUILT) rebuild = true;
    else if (!MENDED.has(finding.code)) blocked ||= finding.severity === "error";
    const list = MENDED.has(finding.code) || finding.code === REBUILT ? mended : left;
    if (list.length < NAMED) list.push(finding);
  };
  const places = surveyPlaces(source, ctx);
  let step = await places.next();
  for (; !step.done; step = await places.next()) take(step.value);
  const image = step.value;
  if (image === null) return { patches: [], fileBytes: null, mended: [], left };
  for (const finding of stateFindings(image.header, source)) take(finding);
  for await (const finding of surveyTables(image, ctx)) take(finding);
  for await (const finding of compareCounts(image, ctx)) take(finding);
  for await (const finding of compareCopied(image, ctx)) take(finding);
  const highest = 2 ** image.header.refcountBits - 1;
  if (image.usage.counts.some((count) => count > highest)) blocked = true;
  if (blocked) return { patches: [], fileBytes: null, mended: [], left: [...left, ...mended] };
  if (mended.length === 0) return { patches: [], fileBytes: null, mended, left };
  // A header patch may hold both the marks and the place of new tables.
  const header = new Uint8Array(await source.read(0, 104, ctx.signal));
  if (image.header.version === 3) clearMarks(header);
  const missing = image.blocks.some((place, i) => !(place > 0) && needsBlock(image, i));
  const counts = rebuild || missing ? rebuiltCounts(image, header) : await mendedCounts(image, ctx);
  const patches: Patch[] = [{ at: 0, bytes: header }, ...counts.patches];
  let bytes = 0;
  for (const patch of counts.patches) bytes += patch.bytes.length;
  for await (const patch of copiedPatches(image, ctx)) {
    patches.push(patch);
    bytes += patch.bytes.length;
    if (bytes > ctx.limits.tableBytes) {
      throw new FerryError("io/limit", `the repair would change more than ${ctx.limits.tableBytes} bytes of tables`, {
        hint: "Convert the image to a new one, or raise the limit tableBytes.",
      });
    }
  }
  return { patches, fileBytes: counts.fileBytes, mended, left };
}

/** Clears the bits for dirty and corrupt. */
function clearMarks(header: Uint8Array): void {
  const marks = header[79] as number;
  header[79] = marks - (marks % 4);
}

function needsBlock({ header, usage }: SurveyedImage, block: number): boolean {
  const perBlock = entriesOfBlock(header);
  return usage.counts.subarray(block * perBlock, (block + 1) * perBlock).some((count) => count > 0);
}

interface CountPatches {
  readonly patches: readonly Patch[];
  readonly fileBytes: number | null;
}

/** Blocks that differ from what they should be, in their places. */
async function mendedCounts({ source, header, usage, blocks }: SurveyedImage, ctx: Context): Promise<CountPatches> {
  const patches: Patch[] = [];
  for (let block = 0; block < blocks.length; block++) {
    const place = blocks[block] as number;
    if (place === 0) continue;
    const bytes = countsAsBlock(header, usage.counts, block * entriesOfBlock(header));
    const stored = await source.read(place, bytes.length, ctx.signal);
    if (stored.some((byte, i) => byte !== bytes[i])) patches.push({ at: place, bytes });
  }
  return { patches, fileBytes: null };
}

/** New tables of reference counts behind the end of the file; the old ones become free. */
function rebuiltCounts({ source, header, usage, blocks }: SurveyedImage, head: Uint8Array): CountPatches {
  const { clusterBytes } = header;
  const perBlock = entriesOfBlock(header);
  const start = Math.max(usage.counts.length - 1, Math.ceil(source.size / clusterBytes));
  const free = usage.counts[start] === 0 || usage.counts[start] === undefined ? start : start + 1;
  let blockCount = 1;
  let tableClusters = 1;
  for (;;) {
    const total = free + blockCount + tableClusters;
    const blocksNeeded = Math.ceil(total / perBlock);
    const tableNeeded = Math.ceil((blocksNeeded * 8) / clusterBytes);
    if (blocksNeeded <= blockCount && tableNeeded <= tableClusters) break;
    blockCount = Math.max(blockCount, blocksNeeded);
    tableClusters = Math.max(tableClusters, tableNeeded);
  }
  const counts = new Uint32Array(free + blockCount + tableClusters);
  counts.set(usage.counts.subarray(0, free));
  counts.fill(1, free);
  const forget = (place: number, bytes: number): void => {
    for (let at = place; at < place + bytes && at / clusterBytes < free; at += clusterBytes) {
      const cluster = Math.floor(at / clusterBytes);
      counts[cluster] = Math.max(0, (counts[cluster] as number) - 1);
    }
  };
  for (const place of blocks) if (place > 0) forget(place, clusterBytes);
  const oldBytes = header.refcountTableClusters * clusterBytes;
  const { refcountTableOffset: old } = header;
  if (old % clusterBytes === 0 && old + oldBytes <= source.size) forget(old, oldBytes);
  const tableAt = free * clusterBytes;
  const table = new Uint8Array(tableClusters * clusterBytes);
  const patches: Patch[] = [{ at: tableAt, bytes: table }];
  for (let block = 0; block < blockCount; block++) {
    const at = tableAt + (tableClusters + block) * clusterBytes;
    writeU64(viewOf(table), 8 * block, at, false);
    patches.push({ at, bytes: countsAsBlock(header, counts, block * perBlock) });
  }
  writeU64(viewOf(head), 48, tableAt, false);
  viewOf(head).setUint32(56, tableClusters);
  return { patches, fileBytes: alignUp(counts.length * clusterBytes, clusterBytes) };
}
