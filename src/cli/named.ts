import type { ByteSource } from "../io/source.js";
import type { OpenedPackage } from "../operations/open.js";

/** A package that a command line names, with what has to be closed. */
export interface NamedPackage<T = OpenedPackage> {
  /** What it is called in results and messages: as it was given, without what is secret in an address. */
  readonly name: string;
  /** The name of the package file, for looking it up in a list of sums. */
  readonly fileName: string;
  readonly opened: T;
  /** The package file itself; `null` for a folder. */
  readonly container: ByteSource | null;
  close(): Promise<void>;
}
