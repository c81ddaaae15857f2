import type { PackageEntry, PackageReader } from "../package/model.js";

/** The files of a package in the order of an archive (DSP0243 5.3): each once. */
export function archiveOrder(reader: PackageReader, descriptor: PackageEntry): Iterable<PackageEntry> {
  const withRole = (role: string): PackageEntry[] => reader.entries.filter((entry) => entry.role === role);
  const last = new Set([...withRole("manifest"), ...withRole("certificate")]);
  const body = [descriptor, ...reader.referenced, ...reader.entries].filter((entry) => !last.has(entry));
  return new Set([...body, ...last]);
}
