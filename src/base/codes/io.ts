import type { CodeTable } from "./codes.js";

/** Reading and writing bytes. */
export const ioCodes: CodeTable = {
  "io/not-found": {
    kind: "not-found",
    what: "A file or folder does not exist.",
    why: "There is nothing to read at the given place.",
    fix: "Check the path for typing errors and the current folder.",
  },
  "io/read-failed": {
    kind: "io",
    what: "The system could not read a file.",
    why: "Permissions, a failing device or a file that became shorter.",
    fix: "Check permissions and the device; copy the file elsewhere and try again.",
  },
  "io/write-failed": {
    kind: "io",
    what: "The system could not write a file.",
    why: "Permissions, a full disk or a failing device. Nothing was left under the final name.",
    fix: "Free space or choose another destination.",
  },
  "io/out-of-bounds": {
    kind: "out-of-bounds",
    what: "A read went past the end of its source.",
    why: "A structure in the input points outside of the file, or the file is cut off.",
    fix: "The download may be incomplete: compare its size with the manifest.",
  },
  "io/changed": {
    kind: "integrity",
    what: "A source file was changed while it was read.",
    why: "What was read no longer belongs together, so the result cannot be trusted.",
    fix: "Stop whatever writes to the file and run again.",
  },
  "io/in-use": {
    kind: "usage",
    what: "Another process is writing the same result.",
    why: "Two that go on with one interrupted conversion would write into each other's files.",
    fix: "Wait until the other one has ended.",
  },
  "io/exists": {
    kind: "usage",
    what: "The destination exists already.",
    why: "vmferry overwrites nothing unless told to.",
    fix: "Choose another destination, or add `--force`.",
  },
  "io/no-space": {
    kind: "io",
    what: "There is not enough free space for the result.",
    why: "The planned files are larger than the free space at the destination.",
    fix: "Free space or choose a destination on another device.",
  },
  "io/limit": {
    kind: "limit-exceeded",
    what: "A size in the input is larger than a limit.",
    why: "Limits keep hostile or damaged input from using up memory and time.",
    fix: "If the input is trusted, raise the named limit.",
  },
  "io/no-zstd": {
    kind: "unsupported-feature",
    what: "A file or stream is packed with Zstandard as a whole, and this Node.js has no decoder for that.",
    why: "Node.js has one from version 22.15 on.",
    fix: "Unpack it on the way: `zstd -dc vm.xva.zst | vmferry disk convert - vm.qcow2`.",
  },
  "io/codec-failed": {
    kind: "corrupt",
    what: "A compressed unit could not be unpacked.",
    why: "Its bytes are damaged or are no deflate stream, or they unpack to more than the unit may hold.",
    fix: "Verify the package; fetch it again.",
  },
  "io/busy": {
    kind: "io",
    what: "Another process changes the file at the moment.",
    why: "Two changes of one file at the same time would destroy it.",
    fix: "Wait for the other process to end, or stop it, and run again.",
  },
  "io/unfinished-change": {
    kind: "integrity",
    what: "A change of the file was interrupted, and its undo journal lies beside it.",
    why: "The file may be half old and half new.",
    fix: "Run the command that changed it again (`vmferry edit`, `vmferry sign`), or `vmferry disk fix` on a disk: opening the file for a change puts the old bytes back first.",
  },
  "io/change-undone": {
    what: "An interrupted change of the file was undone.",
    why: "The process that made it was stopped, and the journal beside the file held the old bytes.",
    fix: "Nothing needs to be done; run the change again if it is still wanted.",
  },
  "io/journal-dropped": {
    what: "The undo journal of a change that never began was removed.",
    why: "The process was stopped before the journal was complete; the file itself was not touched.",
    fix: "Nothing needs to be done; run the change again if it is still wanted.",
  },
  "io/foreign-journal": {
    kind: "integrity",
    what: "The undo journal beside a file belongs to another file.",
    why: "The file was replaced or copied after a change of it was interrupted: putting the journal's bytes back could destroy it.",
    fix: "Restore the file that was being changed, or remove the journal if this file is known to be good.",
  },
};
