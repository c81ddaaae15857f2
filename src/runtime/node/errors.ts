import { FerryError } from "../../base/errors.js";

const HINTS: Readonly<Record<string, string>> = {
  EACCES: "Check the permissions of the file and of the folders above it.",
  EPERM: "Check the permissions of the file and of the folders above it.",
  EISDIR: "It is a folder; name a file in it.",
  ENOTDIR: "A part of the path is a file, not a folder.",
  ENOSPC: "Free space at the destination, or choose another one.",
  EMFILE: "Raise the limit of open files (ulimit -n).",
  EEXIST:
    "Something with another purpose has that name already: a file where a folder is needed, or a folder where a file is.",
  ENAMETOOLONG: "The file system takes no name of that length: write to a folder with a shorter path.",
  EROFS: "The file system cannot be written to: choose another destination.",
  EIO: "The device reports an error: check it, and copy the file elsewhere.",
};

/** A failed system call as a `FerryError`, with the system's word as its cause. */
export function systemError(doing: "read" | "write", path: string, cause: unknown): FerryError {
  if (cause instanceof FerryError) return cause;
  const name = (cause as NodeJS.ErrnoException).code ?? "";
  const hint = HINTS[name];
  const details = { cause, ...(hint === undefined ? {} : { hint }) };
  if (name === "ENOENT" && doing === "read") {
    return new FerryError("io/not-found", `${path} does not exist`, {
      cause,
      hint: "Check the path for typing errors.",
    });
  }
  if (name === "ENOSPC") return new FerryError("io/no-space", `the destination is full while writing ${path}`, details);
  return doing === "read"
    ? new FerryError("io/read-failed", `${path} could not be read (${name || "unknown error"})`, details)
    : new FerryError("io/write-failed", `${path} could not be written (${name || "unknown error"})`, details);
}
