import type { DiskFormatId, PackageKind } from "../base/ids.js";
import type { FileSet } from "../io/file-set.js";
import type { ByteSource, DiskInput, SourceResolver } from "../io/source.js";

/** What a member is for. */
export type EntryRole = "descriptor" | "manifest" | "certificate" | "disk" | "iso" | "nvram" | "strings" | "file";

/** One file of a package. Opening it unpacks nothing. */
export interface PackageEntry {
  /** Path in the package, with `/`. */
  readonly name: string;
  readonly size: number;
  readonly role: EntryRole;
  /** The files that hold it, in order, where the descriptor cut it into chunks (DSP0243 7.1); their names are in manifests. */
  readonly chunks?: readonly PackageEntry[];
  /** What there is of a file that is cut off with its archive, and that cannot be opened therefore. Left out where it is whole. */
  readonly present?: Pick<PackageEntry, "size" | "open">;
  /** The address of a file on a server, as the descriptor has it: the package names it and does not hold it. */
  readonly outside?: string;
  /** Who opens it closes it. */
  open(): Promise<ByteSource>;
}

/** What a descriptor's `References` says about one file. The package layer is told; it reads no XML. */
export interface PackageReference {
  /** As it stands in the descriptor: relative to it, percent escapes not replaced. */
  readonly href: string;
  /** What the rest of the descriptor uses it for; `null`: only its name can tell. */
  readonly role: EntryRole | null;
  /** Declared bytes as stored, or `null`. */
  readonly size: number | null;
  /** Bytes of each chunk but the last, or `null` where the file is whole. */
  readonly chunkSize: number | null;
}

/** Reads a descriptor's references. Given by a layer that knows OVF. */
export type ReadReferences = (descriptor: PackageEntry) => Promise<readonly PackageReference[]>;

/** A disk of a package. */
export interface PackageDisk {
  readonly name: string;
  /** `null`: probe it. */
  readonly format: DiskFormatId | null;
  open(): Promise<DiskInput>;
}

/** A package that is open for reading. */
export interface PackageReader {
  readonly kind: PackageKind;
  readonly name: string;
  /** Bytes of the container; of all files for a folder. */
  readonly size: number;
  /** The dialect of the archive; `null` for what is no archive, and for archives older than POSIX. */
  readonly tar: "ustar" | "gnu" | "pax" | null;
  readonly descriptor: PackageEntry | null;
  readonly resolver: SourceResolver;
  /** In the order of the package. A chunked file is one entry. */
  readonly entries: readonly PackageEntry[];
  /** Names of the files of an archive in its order, each chunk by itself; left out where files have no order. */
  readonly stored?: readonly string[];
  /** What the descriptor refers to, in its order; empty where nobody told when the package was opened. */
  readonly referenced: readonly PackageEntry[];
  /** By name or `href`, with or without `./` and percent escapes; finds single chunks too. */
  entry(name: string): PackageEntry | undefined;
  disks(): Promise<readonly PackageDisk[]>;
  close(): Promise<void>;
}

/** A package that is being written: a file set whose files become members. */
export interface PackageWriter extends FileSet {
  /** Whether the descriptor has to be the first file that is created, or room kept for it. */
  readonly descriptorFirst: boolean;
  /** Whether every file's size has to be known when it is created. */
  readonly needsSizes: boolean;
  /** Digests of all complete members as lower-case hexadecimal, by name: what a manifest is made of. */
  digests(): Promise<ReadonlyMap<string, string>>;
  /** Completes the package without making it visible, so that it can be read back. `commit` does it too. */
  finish(): Promise<void>;
}
