import type { Context } from "../../io/context.js";
import { entryLabel, readSmallEntry } from "../entries.js";
import type { PackageEntry, PackageReader } from "../model.js";
import { type Manifest, parseManifest } from "./text.js";

/** The entry of a role that a package has at most one of. */
export function findRole(reader: PackageReader, role: "manifest" | "certificate"): PackageEntry | null {
  return reader.entries.find((entry) => entry.role === role) ?? null;
}

/**
 * Reads a package's manifest; `null` where it has none. Findings go to `ctx.report`, see `parseManifest`.
 * @throws `io/limit` where it is larger than the limit `manifestBytes`
 */
export async function readManifest(reader: PackageReader, ctx: Context): Promise<Manifest | null> {
  const entry = findRole(reader, "manifest");
  if (entry === null) return null;
  const bytes = await readSmallEntry(entry, ctx.limits.manifestBytes, ctx);
  return parseManifest(bytes, entry.name, ctx, entryLabel(reader.name, entry.name));
}
