/** Ways to lay damaged and crafted disks. */
import { SparseBytes } from "../../src/io/testing/sparse-bytes.js";
import { damage, fixture } from "../support/damage.js";
import type { HostileCase } from "./case.js";
import { sparse } from "./make.js";

/** A value at a place: 32 bits, bytes, or 64 bits as a bigint. */
export type Change = readonly [at: number, value: number | bigint | Uint8Array];

/** Writes changes into a file. */
export function change(file: SparseBytes, changes: readonly Change[], order: "little" | "big"): SparseBytes {
  for (const [at, value] of changes) {
    if (typeof value !== "bigint") damage(file, at, value, order);
    else {
      const bytes = new Uint8Array(8);
      new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, value), order === "little");
      file.write(at, bytes);
    }
  }
  return file;
}

/** Lays a fixture with changes. */
export function damaged(
  id: string,
  name: string,
  order: "little" | "big",
  ...changes: readonly Change[]
): HostileCase["lay"] {
  return sparse(name, async () => change(await fixture(id), changes, order));
}

/** Lays the first bytes of a fixture. */
export function cut(id: string, name: string, length: (size: number) => number): HostileCase["lay"] {
  return sparse(name, async () => {
    const file = await fixture(id);
    file.truncate(length(file.size));
    return file;
  });
}

/** Lays a file of text. */
export function textFile(name: string, text: string): HostileCase["lay"] {
  return sparse(name, () => {
    const file = new SparseBytes();
    file.write(0, new TextEncoder().encode(text));
    return file;
  });
}
