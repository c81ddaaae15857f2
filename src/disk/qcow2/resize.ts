import { alignUp, isZero, SECTOR, viewOf, writeU64 } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import type { Fill, Move, Patch } from "../../io/target.js";
import type { AmendPlan } from "../model.js";
import { cannotResize, cannotResizeChild, checkGrowth, resizePlan, zeroFill } from "../resize.js";
import { editRefcounts } from "./edit-refcounts.js";
import { l2Span, parseQcow2Header, type Qcow2Header } from "./header.js";
import { clusterKernel, zstdClusterKernel } from "./kernel.js";
import { type L2Table, openClusterTables, PIECE } from "./tables.js";

const HEAD_BYTES = 64 * 1024;
/** QEMU's own bound. */
const MOST_L1_BYTES: number = 32 * 1024 * 1024;
const AT = { size: 24, l1Entries: 36, l1Offset: 40, refcountTable: 48, refcountTableClusters: 56 } as const;

/**
 * Plans a larger image. The L1 table grows within its clusters; where they are full it moves to the end of the file, and the reference
 * counts follow: of its new clusters, of those that it leaves, and of blocks and a table of counts that are new themselves.
 * @throws `disk/cannot-amend`, `disk/cannot-shrink`, `disk/too-large`, `io/limit` for an L1 table larger than `limits.tableBytes`, and what
 *   opening throws
 */
export async function resizeQcow2(source: ByteSource, size: number, ctx: Context): Promise<AmendPlan> {
  const head = await source.read(0, Math.min(HEAD_BYTES, source.size), ctx.signal);
  const header = parseQcow2Header(head, source.label);
  refuse(header, source.label);
  const { clusterBytes, l1Offset } = header;
  const span = l2Span(header);
  const oldBytes = alignUp(header.size, SECTOR);
  const wanted = alignUp(size, SECTOR);
  checkGrowth(source.label, oldBytes, wanted, (MOST_L1_BYTES / 8) * span);
  const l1Entries = Math.max(header.l1Entries, Math.ceil(wanted / span));
  const oldL1Bytes = header.l1Entries * 8;
  if (l1Entries * 8 > ctx.limits.tableBytes) {
    throw new FerryError("io/limit", `the L1 table would take ${l1Entries * 8} bytes`, {
      hint: "Raise the limit tableBytes if a disk of this size is meant.",
    });
  }
  await checkUnused(source, header, ctx);
  const tail = await lastClusterTail(source, header, ctx);

  const fields = new Uint8Array(head.subarray(0, 72));
  const view = viewOf(fields);
  writeU64(view, AT.size, wanted, false);
  view.setUint32(AT.l1Entries, l1Entries);
  const fills: Fill[] = [...tail];
  const moves: Move[] = [];
  const patches: Patch[] = [{ at: 0, bytes: fields }];
  const roomy = l1Entries * 8 <= alignUp(oldL1Bytes, clusterBytes) && l1Offset !== 0;
  if (roomy) {
    fills.push(...zeroFill(l1Offset + oldL1Bytes, (l1Entries - header.l1Entries) * 8, source.size));
    return resizePlan(source.label, { patches, moves, fills, fileBytes: null });
  }
  const first = Math.ceil(source.size / clusterBytes);
  const l1Clusters = Math.ceil((l1Entries * 8) / clusterBytes);
  const counts = await editRefcounts(
    source,
    header,
    {
      first,
      needed: l1Clusters,
      freed: [{ first: l1Offset / clusterBytes, count: Math.ceil(oldL1Bytes / clusterBytes) }],
    },
    ctx,
  );
  writeU64(view, AT.l1Offset, first * clusterBytes, false);
  writeU64(view, AT.refcountTable, counts.tableOffset, false);
  view.setUint32(AT.refcountTableClusters, counts.tableClusters);
  if (oldL1Bytes > 0) moves.push({ from: l1Offset, to: first * clusterBytes, length: oldL1Bytes });
  patches.push(...counts.patches);
  moves.push(...counts.moves);
  return resizePlan(source.label, { patches, moves, fills, fileBytes: counts.end * clusterBytes });
}

function refuse(header: Qcow2Header, label: string): void {
  const because = (why: string, hint: string) => cannotResize(label, why, hint);
  if (header.backingName !== null) throw cannotResizeChild(label);
  if (header.encryption !== "none") throw because("it is encrypted", "Decrypt it with qemu-img convert first.");
  if (header.externalData) throw because("its data lie in another file", "Copy it with vmferry disk convert.");
  if (header.dirty || header.corrupt) {
    throw because(
      "it was not closed, or is marked as corrupt",
      "Mend it first: vmferry disk fix, or qemu-img check -r all.",
    );
  }
  if (header.bitmaps) {
    throw because("its dirty bitmaps are of its present size", "Remove them: qemu-img bitmap --remove.");
  }
  if (header.snapshotCount > 0 && header.version === 2) {
    throw because(
      "version 2 does not note the size of snapshots, and it has some",
      "Delete the snapshots, or bring it to version 3: qemu-img amend -o compat=1.1.",
    );
  }
  if (header.l1Offset % header.clusterBytes !== 0) throw because("its L1 table is out of place", "Check it first.");
}

/** Tables may be longer than the disk: what they hold past its end must not become the guest's. */
async function checkUnused(source: ByteSource, header: Qcow2Header, ctx: Context): Promise<void> {
  const span = l2Span(header);
  const used = Math.ceil(header.size / span);
  const at = header.l1Offset + used * 8;
  const length = (header.l1Entries - used) * 8;
  if (header.l1Entries * 8 > MOST_L1_BYTES || header.l1Offset + header.l1Entries * 8 > source.size) {
    throw cannotResize(source.label, "its L1 table does not lie in the file", "Check it with vmferry disk check.");
  }
  if (length > 0 && (await source.read(at, length, ctx.signal)).some((byte) => byte !== 0)) {
    throw cannotResize(source.label, "it holds clusters past its end", "Copy it with vmferry disk convert.");
  }
}

/** The part of the last cluster that lies past the old end, where it is stored; the rest of the last L2 table has to be empty. */
async function lastClusterTail(source: ByteSource, header: Qcow2Header, ctx: Context): Promise<readonly Fill[]> {
  const span = l2Span(header);
  const { clusterBytes, size } = header;
  if (size % span === 0) return [];
  const tables = await openClusterTables(source, header, size, ctx);
  const index = Math.floor(size / span);
  if (tables.nextTable(index) !== index) return [];
  const table = await tables.table(index, ctx.signal);
  const { kinds, places } = table;
  const pieces = kinds.length / places.length;
  const lastUsed = Math.ceil((size % span) / clusterBytes);
  for (let piece = lastUsed * pieces; piece < kinds.length; piece++) {
    if (kinds[piece] === PIECE.absent) continue;
    throw cannotResize(source.label, "it holds clusters past its end", "Copy it with vmferry disk convert.");
  }
  const kept = size % clusterBytes;
  if (kept === 0) return [];
  const last = kinds.subarray((lastUsed - 1) * pieces, lastUsed * pieces);
  if (last[0] === PIECE.packed) await checkPackedTail(source, header, { table, entry: lastUsed - 1, kept }, ctx);
  if (!last.includes(PIECE.plain)) return [];
  return zeroFill((places[lastUsed - 1] as number) + kept, clusterBytes - kept, source.size);
}

/** A compressed cluster cannot be changed where it lies: behind the old end it has to hold zeros, as QEMU packs them. */
async function checkPackedTail(
  source: ByteSource,
  { clusterBytes, compression }: Qcow2Header,
  last: { readonly table: L2Table; readonly entry: number; readonly kept: number },
  ctx: Context,
): Promise<void> {
  const at = last.table.places[last.entry] as number;
  const length = Math.min(last.table.packedBytes?.[last.entry] ?? 0, source.size - at);
  const cluster = new Uint8Array(clusterBytes);
  try {
    const stored = length > 0 ? await source.read(at, length, ctx.signal) : new Uint8Array(0);
    const { codec } = ctx.runtime;
    if (compression === "zstd") codec.unzstdInto(zstdClusterKernel.payload(stored), cluster);
    else codec.inflateInto(clusterKernel.payload(stored), cluster, "raw");
  } catch (cause) {
    if (!(cause instanceof FerryError) || cause.kind !== "corrupt") throw cause;
    throw cannotResize(source.label, "its last cluster cannot be unpacked", "Go back to a backup.");
  }
  if (isZero(cluster.subarray(last.kept))) return;
  throw cannotResize(
    source.label,
    "its last cluster is compressed, and holds something past the end",
    "Copy it with vmferry disk convert.",
  );
}
