import { viewOf } from "../../base/bytes.js";
import { FerryError, throwIfAborted } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import { type BitSet, bitSet } from "../bit-set.js";
import { FileLayout, type PartKind } from "../file-layout.js";
import { collecting } from "../findings.js";
import type { LayoutPart } from "../model.js";
import { parseQcow2Header } from "./header.js";
import { namedTables, surveyTables } from "./l2-walk.js";
import { type SurveyedImage, surveyPlaces } from "./places.js";
import { readSnapshots } from "./snapshots.js";
import { entriesOfBlock, readCount } from "./stored-counts.js";
import { parseL2Table } from "./tables.js";

const HEAD_BYTES = 64 * 1024;

/**
 * Describes an image as it lies: header, tables of references and of clusters, snapshots, clusters, what is counted as used and is not, and
 * what is free. Clusters in an external data file are not in this one.
 * @throws what opening throws, `io/limit`
 */
export async function* layoutQcow2(source: ByteSource, ctx: Context): AsyncIterable<LayoutPart> {
  const quiet = collecting(ctx).ctx;
  const survey = surveyPlaces(source, quiet);
  // Its findings are a check's: a header that cannot be used is thrown.
  let step = await survey.next();
  while (step.done !== true) step = await survey.next();
  const image = step.value;
  if (image === null) {
    parseQcow2Header(await source.read(0, Math.min(HEAD_BYTES, source.size), ctx.signal), source.label);
    throw new FerryError("internal/bug", "a header that can be parsed was not surveyed");
  }
  const layout = new FileLayout(source, ctx);
  const named = bitSet(image.usage.clusters, "clusters", ctx.limits);
  await describeTables(layout, image, named, quiet);
  // What else the survey has counted.
  const other = layout.kind("bitmaps and other tables", "clusters");
  const { clusterBytes } = image.header;
  for (let cluster = 0; cluster < image.usage.clusters; cluster++) {
    if (image.usage.counts[cluster] !== 0 && !named.has(cluster))
      layout.one(other, cluster * clusterBytes, clusterBytes);
  }
  for await (const _ of surveyTables(image, quiet)) throwIfAborted(ctx.signal);
  await describeClusters(layout, image, quiet);
  await describeLeaks(layout, image, quiet);
  yield* layout.parts("free");
}

/** @param named marks clusters that have a name of their own */
async function describeTables(layout: FileLayout, image: SurveyedImage, named: BitSet, ctx: Context): Promise<void> {
  const { source, header, usage } = image;
  const { clusterBytes } = header;
  const mark = (at: number, length: number): void => {
    const last = Math.min(usage.clusters, Math.ceil((at + length) / clusterBytes));
    for (let cluster = Math.floor(at / clusterBytes); cluster < last; cluster++) named.add(cluster);
  };
  const part = (at: number, length: number, what: string, values: LayoutPart["values"]): void => {
    layout.part(at, length, what, values);
    mark(at, length);
  };
  const { version, size, refcountBits, compression } = header;
  part(0, clusterBytes, "header", { version, capacityBytes: size, clusterBytes, refcountBits, compression });
  const tableBytes = header.refcountTableClusters * clusterBytes;
  part(header.refcountTableOffset, tableBytes, "refcount table", { entries: tableBytes / 8 });
  const blocks = layout.kind("refcount blocks", "blocks");
  for (const place of image.blocks) {
    if (!(place > 0)) continue;
    layout.one(blocks, place, clusterBytes);
    mark(place, clusterBytes);
  }
  const whole = (bytes: number): number => Math.ceil(bytes / clusterBytes) * clusterBytes;
  part(header.l1Offset, whole(header.l1Entries * 8), "L1 table", { entries: header.l1Entries });
  const snapshots = await readSnapshots(source, header, ctx);
  const listBytes = snapshots.reduce((sum, { entryBytes }) => sum + entryBytes, 0);
  if (listBytes > 0) {
    part(header.snapshotsOffset, whole(listBytes), "snapshot table", { snapshots: snapshots.length });
  }
  for (const { l1Offset, l1Entries, id, name } of snapshots) {
    part(l1Offset, whole(l1Entries * 8), "L1 table of a snapshot", { id, name, entries: l1Entries });
  }
}

/** L2 tables and the clusters that they name: the active ones first, since snapshots share most of theirs. */
async function describeClusters(layout: FileLayout, image: SurveyedImage, ctx: Context): Promise<void> {
  const taken = bitSet(image.usage.clusters, "clusters", ctx.limits);
  // Snapshots share them too, and where one starts is no whole cluster: all that name it are counted.
  const packed = layout.kind("compressed clusters", "references");
  for (const state of ["active", "all"] as const) {
    const of = state === "active" ? "" : " of snapshots";
    const tables = layout.kind(`L2 tables${of}`, "tables");
    const plain = layout.kind(`clusters${of}`, "clusters");
    for await (const table of namedTables(image, state, ctx)) {
      if (state === "all" && table.active !== null) continue;
      layout.one(tables, table.place, image.header.clusterBytes);
      if (!image.header.externalData) describeEntries(layout, image, { bytes: table.bytes, taken, plain, packed });
    }
  }
}

function describeEntries(
  layout: FileLayout,
  { header, usage }: SurveyedImage,
  to: { readonly bytes: Uint8Array; readonly taken: BitSet; readonly plain: PartKind; readonly packed: PartKind },
): void {
  const { clusterBytes } = header;
  const { places, packedBytes } = parseL2Table(to.bytes, header);
  for (const [i, at] of places.entries()) {
    const packed = packedBytes?.[i] ?? 0;
    const cluster = Math.floor(at / clusterBytes);
    if (at === 0 || cluster >= usage.clusters) continue;
    if (packed > 0) layout.one(to.packed, at, packed);
    else if (!to.taken.has(cluster)) {
      to.taken.add(cluster);
      layout.one(to.plain, at, clusterBytes);
    }
  }
}

/** Clusters that the reference counts hold and nothing uses. */
async function describeLeaks(layout: FileLayout, image: SurveyedImage, ctx: Context): Promise<void> {
  const { source, header, usage, blocks } = image;
  const { clusterBytes } = header;
  const leaked = layout.kind("leaked", "clusters");
  const perBlock = entriesOfBlock(header);
  for (const [block, place] of blocks.entries()) {
    throwIfAborted(ctx.signal);
    if (!(place > 0)) continue;
    const view = viewOf(await source.read(place, clusterBytes, ctx.signal));
    const first = block * perBlock;
    for (let cluster = first; cluster < Math.min(usage.clusters, first + perBlock); cluster++) {
      if (usage.counts[cluster] !== 0 || readCount(view, header.refcountBits, cluster - first) === 0) continue;
      layout.one(leaked, cluster * clusterBytes, clusterBytes);
    }
  }
}
