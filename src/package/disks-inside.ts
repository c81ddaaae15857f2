/** Packages that are one archive with a configuration inside, in which disks lie in pieces: XVA, VMA. */
import type { DiskFormatId, PackageKind } from "../base/ids.js";
import { noResolver } from "../io/resolver.js";
import type { ByteSource, ChunkSet } from "../io/source.js";
import { chunkedSource } from "../io/sources/chunked.js";
import { memorySource } from "../io/sources/memory.js";
import type { PackageEntry, PackageReader } from "./model.js";

/** What such an archive holds. */
export interface DisksInside {
  readonly kind: PackageKind;
  /** Whoever opened it closes it. */
  readonly source: ByteSource;
  /** What the package is called in results. */
  readonly name: string;
  readonly configs: readonly { readonly name: string; readonly bytes: Uint8Array }[];
  readonly format: DiskFormatId;
  /** Disks by the name that the configuration has for them. */
  readonly disks: readonly (ChunkSet & { readonly name: string })[];
  readonly tar: PackageReader["tar"];
}

/** An archive with disks inside, as a package: a disk is an entry of the size that its guest sees. */
export function archiveReader({
  kind,
  source,
  name,
  configs,
  format,
  disks,
  tar,
}: DisksInside): PackageReader & { find(path: string): PackageEntry | undefined } {
  const entries = new Map<string, PackageEntry>();
  for (const { name: config, bytes } of configs) {
    const open = async (): Promise<ByteSource> => memorySource(bytes, `${source.label}!${config}`);
    entries.set(config, { name: config, size: bytes.length, role: "descriptor", open });
  }
  for (const disk of disks) {
    if (entries.has(disk.name)) continue;
    entries.set(disk.name, { name: disk.name, size: disk.size, role: "disk", open: async () => chunkedSource(disk) });
  }
  const all = [...entries.values()];
  const find = (path: string): PackageEntry | undefined => entries.get(path);
  return {
    kind,
    name,
    size: source.size,
    tar,
    descriptor: all.find(({ role }) => role === "descriptor") ?? null,
    resolver: noResolver,
    entries: all,
    referenced: all.filter(({ role }) => role === "disk"),
    entry: find,
    find,
    disks: async () => disks.map((disk) => ({ name: disk.name, format, open: async () => ({ chunks: disk }) })),
    close: async () => {},
  };
}
