import type { ByteSource } from "./source.js";

/**
 * The files under one folder, for packages that are a descriptor beside its files. Names are relative with `/`; callers
 * pass only names that they have checked. Links are followed: a folder belongs to the user, as an archive does not. Whoever opens what a file of
 * somebody else's names asks `outside` first.
 */
export interface FolderAccess {
  /** For messages: the folder's path. */
  readonly label: string;
  /** Names of the files directly in the folder, sorted; subfolders are left out. @throws `io/not-found`, `io/read-failed` */
  list(): Promise<readonly string[]>;
  /** Bytes of a file; `null` where there is no file of that name. @throws `io/read-failed` */
  size(name: string): Promise<number | null>;
  /** Where a file really lies, if a link leads out of the folder to it; `null`: it lies inside, or there is none. Left out: there are no links. */
  outside?(name: string): Promise<string | null>;
  /** Who opens it closes it. @throws `io/not-found`, `io/read-failed` */
  open(name: string): Promise<ByteSource>;
}
