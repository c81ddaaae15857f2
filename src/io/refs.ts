import { FerryError } from "../base/errors.js";
import type { SourceRef } from "./source.js";
import { checkRange } from "./sources/memory.js";

/** A ref that only the environment can open. */
export type OpaqueRef = Extract<SourceRef, { kind: "file" | "blob" }>;

/**
 * Whether a thread can read a source by its ref without the source's bytes being copied to it. Bytes in memory that are not shared
 * would be: with each job, all of them.
 */
export function isReopenable(ref: SourceRef): boolean {
  switch (ref.kind) {
    case "file":
    case "blob":
      return true;
    case "shared":
      return ref.buffer instanceof SharedArrayBuffer;
    case "slice":
      return isReopenable(ref.of);
    case "concat":
      return ref.of.every(isReopenable);
  }
}

/**
 * Fills `into` with a source's bytes from `offset`, by its ref: what every `KernelEnv.readInto` is made of.
 * @param open reads what only the environment can open, within the bounds that it knows
 * @throws `io/out-of-bounds`, and what `open` throws
 */
export function readRef(
  ref: SourceRef,
  offset: number,
  into: Uint8Array,
  open: (ref: OpaqueRef, offset: number, into: Uint8Array) => void,
): void {
  switch (ref.kind) {
    case "file":
    case "blob":
      open(ref, offset, into);
      return;
    case "shared":
      checkRange("memory", ref.buffer.byteLength, offset - ref.at, into.length);
      into.set(new Uint8Array(ref.buffer, offset - ref.at, into.length));
      return;
    case "slice":
      checkRange("slice", ref.length, offset, into.length);
      readRef(ref.of, ref.offset + offset, into, open);
      return;
    case "concat":
      readParts(ref, offset, into, open);
      return;
  }
}

function readParts(
  { of, sizes }: Extract<SourceRef, { kind: "concat" }>,
  offset: number,
  into: Uint8Array,
  open: (ref: OpaqueRef, offset: number, into: Uint8Array) => void,
): void {
  const end = offset + into.length;
  let start = 0;
  for (const size of sizes) start += size;
  checkRange("chunks", start, offset, into.length);
  start = 0;
  for (const [i, size] of sizes.entries()) {
    const from = Math.max(offset, start);
    const to = Math.min(end, start + size);
    const part = of[i];
    if (part === undefined) throw new FerryError("internal/bug", "a ref of chunks has more sizes than chunks");
    if (from < to) readRef(part, from - start, into.subarray(from - offset, to - offset), open);
    start += size;
  }
}
