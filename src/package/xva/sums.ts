/** The sums of an XVA's chunks. */

import { toHex } from "../../base/bytes.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError, throwIfAborted } from "../../base/errors.js";
import { formatBytes, printable } from "../../base/text.js";
import { xxh64 } from "../../io/checksums/xxh64.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";

/** How the chunks of an archive are summed: XXH64 since XenServer 8, SHA-1 before. */
export type SumKind = "xxh64" | "sha1";

/** Digits of a sum as it stands in its member. */
const DIGITS: Readonly<Record<SumKind, number>> = { xxh64: 16, sha1: 40 };

/** Chunks with sums, as triples (offset in the source, bytes, where the sum lies or -1). */
export interface SummedChunks {
  readonly name: string;
  readonly source: ByteSource;
  readonly chunks: Float64Array;
  readonly sums: SumKind;
}

/** The sum of a chunk, in lower-case hex digits. */
export function sumOf(kind: SumKind, bytes: Uint8Array, ctx: Context): string {
  if (kind === "xxh64") return toHex(xxh64(bytes));
  const hash = ctx.runtime.hash("sha1");
  hash.update(bytes);
  return toHex(hash.digest());
}

/**
 * Holds every chunk against its sum: one is read while the one before is summed, so no more than two are in memory.
 * @throws `io/limit` for a chunk larger than `limits.unitBytes`, and what reading throws
 */
export async function* checkSums(disk: SummedChunks, ctx: Context): AsyncGenerator<Diagnostic> {
  const { name, source, chunks, sums } = disk;
  let without = 0;
  let next = readChunk(disk, 0, ctx);
  for (let at = 0; at < chunks.length; at += 3) {
    throwIfAborted(ctx.signal);
    const chunk = await next;
    next = readChunk(disk, at + 3, ctx);
    // Who stops asking for findings does not ask what became of it.
    next.catch(() => {});
    if (chunk === null) {
      without++;
      continue;
    }
    const found = sumOf(sums, chunk.bytes, ctx);
    if (found === chunk.sum.toLowerCase()) continue;
    yield {
      code: "xva/bad-sum",
      severity: "error",
      message: `a chunk of ${printable(name)} has the sum ${found}, and should have ${printable(chunk.sum)}`,
      location: { at: "bytes", file: source.label, offset: chunks[at] as number },
      hint: "Its bytes changed after they were exported: copy the archive again, or export the machine again.",
    };
  }
  if (without > 0) {
    yield {
      code: "xva/no-sum",
      severity: "warning",
      message: `${without} of the ${chunks.length / 3} chunks of ${printable(name)} have no sums`,
      hint: "Writers of archives leave none out: some may have been removed.",
    };
  }
}

/** A chunk and what its sum should be; `null`: it has none, or there is no such chunk. */
async function readChunk(
  { name, source, chunks, sums }: SummedChunks,
  at: number,
  { limits, signal }: Context,
): Promise<{ readonly bytes: Uint8Array; readonly sum: string } | null> {
  const [offset = 0, length = 0, sumAt = -1] = chunks.subarray(at, at + 3);
  if (sumAt < 0) return null;
  if (length > limits.unitBytes) {
    throw new FerryError("io/limit", `a chunk of ${printable(name)} has ${formatBytes(length)}`, {
      location: { at: "bytes", file: source.label, offset },
      hint: "Raise the limit unitBytes if the archive is trusted.",
    });
  }
  const digits = await source.read(sumAt, Math.min(DIGITS[sums], source.size - sumAt), signal);
  return { bytes: await source.read(offset, length, signal), sum: new TextDecoder("latin1").decode(digits) };
}
