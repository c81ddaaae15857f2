import { alignUp, equalBytes, SECTOR, viewOf, writeU64 } from "../../base/bytes.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import { noResolver } from "../../io/resolver.js";
import type { ByteSource } from "../../io/source.js";
import type { Patch } from "../../io/target.js";
import type { AmendPlan } from "../model.js";
import { checkVmdk, tableSums } from "./check.js";
import { walkMarkers } from "./check-stream.js";
import { readDirectoryEntries, wordsOf } from "./check-tables.js";
import { GD_AT_END, parseSparseHeader, SPARSE_HEADER_BYTES, SPARSE_MAGIC, type SparseHeader } from "./header.js";

/** Findings of one repair that are named one by one. */
const NAMED = 1000;

/**
 * Plans the repair of one sparse file: tables restored from their whole copy, the place of the directory where a stream's footer is lost, the
 * mark of an unclean end. Text descriptors and grains have no second copy, and stay.
 * @throws `io/limit`
 */
export async function repairVmdk(source: ByteSource, ctx: Context): Promise<AmendPlan> {
  const found: Diagnostic[] = [];
  for await (const finding of checkVmdk(source, noResolver, ctx)) if (found.length < NAMED) found.push(finding);
  const head = new Uint8Array(await source.read(0, Math.min(SPARSE_HEADER_BYTES, source.size), ctx.signal));
  const isSparse = head.length === SPARSE_HEADER_BYTES && viewOf(head).getUint32(0, true) === SPARSE_MAGIC;
  const nothing: AmendPlan = { patches: [], fileBytes: null, mended: [], left: found };
  if (!isSparse || found.length === 0 || found.some(({ code }) => code === "vmdk/bad-header")) return nothing;
  const header = parseSparseHeader(head, source.label, 0);
  const codes = new Set(found.map(({ code }) => code));
  const patches: Patch[] = [];
  const mended = new Set<string>();
  if (codes.has("vmdk/no-footer")) {
    const directory = await lostDirectory(source, header, ctx);
    if (directory !== null) {
      writeU64(viewOf(head), 56, directory, true);
      mended.add("vmdk/no-footer");
    }
  }
  if (!header.flags.compressed && header.flags.redundantDirectory && header.directorySector !== GD_AT_END) {
    const restored = await restoredTables(source, header, header.directorySector, ctx);
    if (restored !== null) {
      patches.push(...restored);
      for (const code of ["vmdk/bad-table", "vmdk/bad-grain", "vmdk/overlap", "vmdk/redundant-tables"])
        mended.add(code);
    }
  }
  // The mark stays where damage does: it is what makes other programs look.
  if (codes.has("vmdk/unclean") && found.every(({ code, severity }) => severity !== "error" || mended.has(code))) {
    head[72] = 0;
    mended.add("vmdk/unclean");
  }
  if (mended.has("vmdk/no-footer") || mended.has("vmdk/unclean")) patches.push({ at: 0, bytes: head });
  return {
    patches,
    fileBytes: null,
    mended: found.filter(({ code }) => mended.has(code)),
    left: found.filter(({ code }) => !mended.has(code)),
  };
}

/** The directory that the markers of a stream without a footer name. */
async function lostDirectory(source: ByteSource, header: SparseHeader, ctx: Context): Promise<number | null> {
  const walk = walkMarkers(source, header, ctx);
  let step = await walk.next();
  for (; !step.done; step = await walk.next()) {
    // Damage before the directory: its tables may be of another time.
    if (step.value.severity === "error" && step.value.code === "vmdk/bad-grain") return null;
  }
  return step.value.directory;
}

/** The copy that is damaged, written anew from the other one; `null` where both are whole or both are damaged. */
async function restoredTables(
  source: ByteSource,
  header: SparseHeader,
  primary: number,
  ctx: Context,
): Promise<Patch[] | null> {
  const redundant = header.redundantDirectorySector;
  const [first, second] = [
    await tableSums(source, header, primary, ctx),
    await tableSums(source, header, redundant, ctx),
  ];
  if ((first === null) === (second === null)) return null;
  const [good, bad] = first === null ? [redundant, primary] : [primary, redundant];
  const count = Math.ceil(header.capacitySectors / (header.tableEntries * header.grainSectors));
  const tableBytes = header.tableEntries * 4;
  const from = await directoryOf(source, good, count, ctx);
  if (from === null || bad === 0 || bad * SECTOR + count * 4 > source.size) return null;
  const stored = wordsOf(await source.read(bad * SECTOR, count * 4, ctx.signal));
  // VMware, VirtualBox and QEMU put the tables behind their directory, in order.
  const base = bad + alignUp(count * 4, SECTOR) / SECTOR;
  const placeOf = (index: number): number => base + (index * alignUp(tableBytes, SECTOR)) / SECTOR;
  const usual = stored.filter((sector, i) => sector === placeOf(i)).length;
  if (count > 1 && usual * 2 < count) return null;
  const directory = new Uint8Array(alignUp(count * 4, SECTOR));
  const patches: Patch[] = [];
  let bytes = 0;
  for (const [i, sector] of from.entries()) {
    if (sector === 0) continue;
    viewOf(directory).setUint32(4 * i, placeOf(i), true);
    const at = placeOf(i) * SECTOR;
    const table = await source.read(sector * SECTOR, tableBytes, ctx.signal);
    if (at + tableBytes > header.overheadSectors * SECTOR) return null;
    if (equalBytes(table, await source.read(at, tableBytes, ctx.signal))) continue;
    patches.push({ at, bytes: new Uint8Array(table) });
    bytes += tableBytes;
    if (bytes > ctx.limits.tableBytes) {
      throw new FerryError("io/limit", `the repair would change more than ${ctx.limits.tableBytes} bytes of tables`, {
        hint: "Convert the image to a new one, or raise the limit tableBytes.",
      });
    }
  }
  return [{ at: bad * SECTOR, bytes: directory.subarray(0, count * 4) }, ...patches];
}

async function directoryOf(
  source: ByteSource,
  directory: number,
  count: number,
  ctx: Context,
): Promise<Uint32Array | null> {
  const entries = readDirectoryEntries(source, { directory, count }, ctx);
  let step = await entries.next();
  while (!step.done) step = await entries.next();
  return step.value;
}
