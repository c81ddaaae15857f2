import { MIB } from "../base/bytes.js";
import type { Diagnostic } from "../base/diagnostics.js";
import { FerryError, throwIfAborted } from "../base/errors.js";
import type { Context } from "../io/context.js";
import type { ByteSource } from "../io/source.js";
import type { Patch } from "../io/target.js";
import { type Change, overlay } from "./changed-file.js";
import { firstOfEach } from "./findings.js";
import type { AmendPlan } from "./model.js";

/** A check of one image file. */
export type Check = (source: ByteSource, ctx: Context) => AsyncIterable<Diagnostic>;

/** One mend that may be made, or not. */
export interface Mend {
  readonly changes: readonly Change[];
  /** Bytes that the file has afterwards, where it grows. */
  readonly fileBytes?: number;
  /**
   * `always`: the file itself says what is right. `if-sound`: a guess that is proven by nothing of severity error being left once it is
   * made.
   */
  readonly when: "always" | "if-sound";
}

const ZEROS = new Uint8Array(MIB);

/**
 * Plans mends, one over the other, and says what they mend by checking the file as it would be: a finding is mended when it is gone then.
 * Nothing is written.
 * @throws `io/limit` where the changes are larger than `limits.tableBytes`
 */
export async function planRepair(
  source: ByteSource,
  mends: readonly Mend[],
  check: Check,
  ctx: Context,
): Promise<AmendPlan> {
  const before = await allOf(check(source, ctx));
  let made: readonly Mend[] = mends.filter(({ when }) => when === "always");
  let after = made.length === 0 ? before : await checkedWith(source, made, check, ctx);
  const guesses = mends.filter(({ when }) => when === "if-sound");
  if (guesses.length > 0 && after.some(({ severity }) => severity === "error")) {
    const all = [...made, ...guesses];
    const then = await checkedWith(source, all, check, ctx);
    if (!then.some(({ severity }) => severity === "error")) [made, after] = [all, then];
  }
  const stays = new Set(after.map(keyOf));
  const file = fileWith(source, made);
  return {
    patches: patchesOf(file.changed(), source.size, ctx),
    fileBytes: file.source.size === source.size ? null : file.source.size,
    mended: before.filter((finding) => !stays.has(keyOf(finding))),
    left: after,
  };
}

function fileWith(source: ByteSource, mends: readonly Mend[]): ReturnType<typeof overlay> {
  const fileBytes = Math.max(source.size, ...mends.map((mend) => mend.fileBytes ?? 0));
  return overlay(
    source,
    mends.flatMap(({ changes }) => changes),
    fileBytes,
  );
}

function checkedWith(
  source: ByteSource,
  mends: readonly Mend[],
  check: Check,
  ctx: Context,
): Promise<readonly Diagnostic[]> {
  return allOf(check(fileWith(source, mends).source, ctx));
}

async function allOf(findings: AsyncIterable<Diagnostic>): Promise<readonly Diagnostic[]> {
  const all: Diagnostic[] = [];
  for await (const finding of firstOfEach(findings)) all.push(finding);
  return all;
}

/** What makes two findings of two checks the same. */
function keyOf({ code, location, data }: Diagnostic): string {
  return JSON.stringify([code, location ?? null, data ?? null]);
}

/** Changes as patches. Zeros past the end of the file are not written: it grows by them. */
function patchesOf(changes: Iterable<Change>, fileBytes: number, ctx: Context): readonly Patch[] {
  const patches: Patch[] = [];
  let total = 0;
  for (const { at, length, bytes } of changes) {
    throwIfAborted(ctx.signal);
    const end = bytes === null ? Math.min(at + length, fileBytes) : at + length;
    if (end <= at) continue;
    total += end - at;
    if (total > ctx.limits.tableBytes) {
      throw new FerryError("io/limit", `the changes to be made take more than ${ctx.limits.tableBytes} bytes`, {
        hint: "Raise the limit tableBytes if the disk is trusted.",
      });
    }
    if (bytes !== null) patches.push({ at, bytes });
    else {
      for (let from = at; from < end; from += MIB)
        patches.push({ at: from, bytes: ZEROS.subarray(0, Math.min(MIB, end - from)) });
    }
  }
  return patches;
}
