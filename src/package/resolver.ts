import type { ByteSource, SourceRequest, SourceResolver } from "../io/source.js";
import type { PackageEntry } from "./model.js";
import { folderOf, percentDecoded, resolveName, stripDotSlash } from "./names.js";

/** Finds an entry by a name from a descriptor, manifest or command line. `undefined`: there is none. */
export type EntryLookup = (name: string) => PackageEntry | undefined;

/**
 * A lookup that knows names as they are in the package and as they stand in its descriptor: relative to the
 * descriptor's `folder`, with `./` in front, with percent escapes. Single chunks are found too.
 */
export function entryLookup(entries: readonly PackageEntry[], folder: string): EntryLookup {
  const byName = new Map<string, PackageEntry>();
  for (const entry of entries) {
    byName.set(entry.name, entry);
    for (const chunk of entry.chunks ?? []) byName.set(chunk.name, chunk);
  }
  const find = (name: string): PackageEntry | undefined => {
    const plain = stripDotSlash(name);
    return byName.get(name) ?? byName.get(plain) ?? byName.get(folder + plain);
  };
  return (name) => {
    const decoded = percentDecoded(name);
    return find(name) ?? (decoded === null ? undefined : find(decoded));
  };
}

/** What a package's resolver is made from. */
export interface PackageResolverOptions {
  readonly lookup: EntryLookup;
  /** The entry that a source was opened from, by the source's label; `null`: unknown, names are relative to the root. */
  readonly nameOf: (label: string) => string | null;
  /** Whether an image may name a parent or data file inside of the package. Extents always may. */
  readonly parents: "inside" | "never";
}

/**
 * Answers what images ask for with other files of the same package, by relative names from the asking file's folder.
 * Nothing outside of the package is ever opened, and identities are not searched for.
 */
export function packageResolver(options: PackageResolverOptions): SourceResolver {
  return {
    async open(request: SourceRequest, from: ByteSource): Promise<ByteSource | null> {
      if (request.name === null) return null;
      if (request.purpose !== "extent" && options.parents === "never") return null;
      const name = resolveName(folderOf(options.nameOf(from.label) ?? ""), request.name);
      const entry = name === null ? undefined : options.lookup(name);
      return entry === undefined ? null : entry.open();
    },
  };
}
