import type { ByteRange } from "../../base/bytes.js";
import type { Extent, LayoutPart, VirtualDisk } from "../model.js";

/** A law of a disk that does not hold. */
export class LawBroken extends Error {
  override readonly name = "LawBroken";
}

function broken(law: string, got: unknown): LawBroken {
  return new LawBroken(`${law}: ${JSON.stringify(got)}`);
}

/**
 * The extents of a range, after proof that they tile it exactly, in order, and that neighbours differ in kind.
 * @throws LawBroken
 */
export async function lawfulExtents(disk: VirtualDisk, range?: ByteRange): Promise<readonly Extent[]> {
  const whole = range ?? { offset: 0, length: disk.info.size };
  const extents: Extent[] = [];
  let at = whole.offset;
  for await (const extent of disk.extents(range)) {
    if (extent.length <= 0) throw broken("an extent is not empty", extent);
    if (extent.offset !== at) throw broken(`an extent starts where the last one ended (${at})`, extent);
    if (extents.at(-1)?.kind === extent.kind) throw broken("extents of a kind are merged", extent);
    at += extent.length;
    extents.push(extent);
  }
  if (at !== whole.offset + whole.length) throw broken("extents tile the range", { end: at, ...whole });
  return extents;
}

/**
 * The layout of a file, after proof that it tiles the file exactly, in order.
 * @throws LawBroken
 */
export async function lawfulLayout(
  parts: AsyncIterable<LayoutPart>,
  fileBytes: number,
): Promise<readonly LayoutPart[]> {
  const all: LayoutPart[] = [];
  let at = 0;
  for await (const part of parts) {
    if (part.length <= 0) throw broken("a part is not empty", part);
    if (part.offset !== at) throw broken(`a part starts where the last one ended (${at})`, part);
    if (part.what === "") throw broken("a part has a name", part);
    at += part.length;
    all.push(part);
  }
  if (at !== fileBytes) throw broken("parts tile the file", { end: at, fileBytes });
  return all;
}

/**
 * Proves that the reads of a range are sorted, cover all its data extents and nothing else, and point into their sources.
 * @throws LawBroken
 */
export async function checkReads(disk: VirtualDisk, range: ByteRange): Promise<void> {
  const data = (await lawfulExtents(disk, range)).filter((extent) => extent.kind === "data");
  const covered: { offset: number; end: number }[] = [];
  for (const op of await disk.reads(range)) {
    const { outOffset, length, skip, unitBytes, table } = op;
    const units = table.length / 2;
    const shape = { outOffset, length, skip, unitBytes, units };
    if (length <= 0) throw broken("a read is not empty", shape);
    if (skip < 0 || skip >= unitBytes) throw broken("a read starts within its first unit", shape);
    if (units !== Math.ceil((skip + length) / unitBytes)) throw broken("a read has a place for each unit", shape);
    for (let i = 0; i < units; i++) {
      const [at, stored] = [table[2 * i] as number, table[2 * i + 1] as number];
      if (at < 0 || stored <= 0 || at + stored > op.source.size) {
        throw broken("a unit lies within its source", { ...shape, i, at, stored, size: op.source.size });
      }
    }
    const last = covered.at(-1);
    if (last !== undefined && outOffset < last.end) throw broken("reads are sorted and do not overlap", shape);
    if (last !== undefined && outOffset === last.end) last.end += length;
    else covered.push({ offset: outOffset, end: outOffset + length });
  }
  const wanted = data.map(({ offset, length }) => ({ offset, end: offset + length }));
  if (JSON.stringify(covered) !== JSON.stringify(wanted)) {
    throw broken("reads cover exactly the data", { range, covered: covered.slice(0, 20), wanted: wanted.slice(0, 20) });
  }
}
