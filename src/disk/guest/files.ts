/** A file or directory that a path leads to, symbolic links followed. */
export interface FoundFile {
  readonly type: "file" | "directory" | "other";
  /** Bytes. */
  readonly size: number;
}

/**
 * Files of a guest's file system. Paths count from its root, with `/`. Nothing here fails on what a guest wrote: what is damaged, or leads
 * too far, is not there.
 */
export interface GuestFiles {
  /** What is read may be older than what the guest would see: it was not unmounted, and its journal holds more. */
  readonly stale: boolean;
  find(path: string): Promise<FoundFile | null>;
  /** The first bytes of a file, at most so many. */
  read(path: string, most: number): Promise<Uint8Array | null>;
  /** Names in a directory, without `.` and `..`, in the order in which they lie there. */
  list(path: string): Promise<readonly string[]>;
}
