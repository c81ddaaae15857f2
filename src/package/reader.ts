import type { RemoteFiles } from "../io/remote.js";
import type { DiskInput } from "../io/source.js";
import type { OnDamage } from "./damage.js";
import type { PackageDisk, PackageEntry, ReadReferences } from "./model.js";

/** How a package is opened. */
export interface OpenPackageOptions {
  /** What to do with damage and unsafe members. `refuse` unless the caller can live with half of a package. */
  readonly onDamage: OnDamage;
  /** Tells what the descriptor refers to; `null`: all roles come from names. */
  readonly references: ReadReferences | null;
  /** Whether images may name parents and data files inside of the package. Extents they always may. */
  readonly parents: "inside" | "never";
  /** Fetches files that the descriptor names by their address; `null`: such references are refused. */
  readonly remote: RemoteFiles | null;
}

/** How packages are opened unless the caller says otherwise. */
export const openPackageDefaults: OpenPackageOptions = Object.freeze({
  onDamage: "refuse",
  references: null,
  parents: "inside",
  remote: null,
});

/** The disks among the entries of a package, whose formats only their bytes can tell. */
export function diskEntries(entries: readonly PackageEntry[]): readonly PackageDisk[] {
  return entries
    .filter((entry) => entry.role === "disk")
    .map((entry) => ({
      name: entry.name,
      format: null,
      open: async (): Promise<DiskInput> => ({ bytes: await entry.open() }),
    }));
}

/** The last part of a path or URL: what a package is called. */
export function lastSegment(label: string): string {
  return /[^/\\]*$/.exec(label.replace(/[/\\]+$/, ""))?.[0] || label;
}
