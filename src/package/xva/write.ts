/** Members of an XVA, written front to back. */

import { alignUp, toHex } from "../../base/bytes.js";
import type { ByteTarget } from "../../io/target.js";
import { serializeTarHeader, TAR_BLOCK } from "../tar/header.js";
import type { SumKind } from "./sums.js";

/** Writes a file of the archive. */
export async function writeXvaMember(to: ByteTarget, name: string, bytes: Uint8Array): Promise<void> {
  await to.write(serializeTarHeader({ name, size: bytes.length, mtime: 0 }));
  await to.write(bytes);
  await to.zeros(alignUp(bytes.length, TAR_BLOCK) - bytes.length);
}

/** Writes a chunk and its sum: XXH64 in upper-case digits, SHA-1 in lower-case ones, as xapi does. */
export async function writeXvaChunk(
  to: ByteTarget,
  disk: string,
  chunk: { readonly number: number; readonly bytes: Uint8Array; readonly sum: Uint8Array },
  kind: SumKind,
): Promise<void> {
  const name = `${disk}/${String(chunk.number).padStart(8, "0")}`;
  const digits = toHex(chunk.sum);
  await writeXvaMember(to, name, chunk.bytes);
  const sum = kind === "xxh64" ? digits.toUpperCase() : digits;
  await writeXvaMember(to, `${name}${kind === "xxh64" ? ".xxhash" : ".checksum"}`, new TextEncoder().encode(sum));
}

/** Ends the archive: two blocks of zeros. */
export async function endXva(to: ByteTarget): Promise<void> {
  await to.zeros(2 * TAR_BLOCK);
}
