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
  /** Who opens it closes it. */
  open(): Promise<ByteSource>;
}

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
  /** The dialect of the archive; `null` for what is no archive. */
  readonly tar: "ustar" | "gnu" | "pax" | null;
  readonly descriptor: PackageEntry | null;
  readonly resolver: SourceResolver;
  /** In the order of the package. */
  readonly entries: readonly PackageEntry[];
  entry(name: string): PackageEntry | undefined;
  disks(): Promise<readonly PackageDisk[]>;
  close(): Promise<void>;
}

/** A package that is being written: a file set whose files become members. */
export interface PackageWriter extends FileSet {
  readonly descriptorFirst: boolean;
  readonly needsSizes: boolean;
}
