import { type CodeTable, DAMAGED } from "./codes.js";

/** VHDX images. */
export const vhdxCodes: CodeTable = {
  "vhdx/bad-header": {
    kind: "corrupt",
    what: "Neither header of a VHDX counts, or the file ends within them.",
    why: "The headers say whether a log has to be applied before anything else is read.",
    fix: DAMAGED,
  },
  "vhdx/bad-region": {
    kind: "corrupt",
    what: "The region table of a VHDX, or a region that it lists, is not in order.",
    why: "Without block table and metadata no byte of the disk can be found. Most often the file is cut off.",
    fix: DAMAGED,
  },
  "vhdx/unknown-region": {
    kind: "unsupported-feature",
    what: "A VHDX has a region that must be understood to read it, and vmferry does not know it.",
    why: "Reading on would show wrong data.",
    fix: "Convert the disk to a plain VHDX with the program that made it.",
  },
  "vhdx/bad-metadata": {
    kind: "corrupt",
    what: "An item of a VHDX's metadata is missing or out of range.",
    why: "Block size, disk size and sector size come from it.",
    fix: DAMAGED,
  },
  "vhdx/unknown-metadata": {
    kind: "unsupported-feature",
    what: "A VHDX has a metadata item that must be understood to read it, and vmferry does not know it.",
    why: "Reading on would show wrong data.",
    fix: "Convert the disk to a plain VHDX with the program that made it.",
  },
  "vhdx/bad-block": {
    kind: "corrupt",
    what: "An entry of a VHDX's block table is in an impossible state, or points outside of the file.",
    why: "Most often the file is cut off.",
    fix: DAMAGED,
  },
  "vhdx/bad-log": {
    kind: "corrupt",
    what: "A VHDX was not closed, and its log cannot be applied.",
    why: "Without the log, tables in the file may be torn: reading on could show wrong data.",
    fix: "Start the machine once where it comes from and shut it down, or mount the disk there: that repairs the file. Then copy it again.",
  },
  "vhdx/log-replayed": {
    what: "A VHDX was not closed: its log was applied in memory.",
    why: "The machine ran or its host failed when the disk was copied; what the guest had not written yet is not in it.",
    fix: "Shut the machine down and copy the disk again if its last changes matter.",
  },
  "vhdx/copy-damaged": {
    what: "One of the two copies of a VHDX's header or region table does not count; the other is used.",
    why: "A copy that was being written, or a medium that fails.",
    fix: "Compare the file with the original.",
  },
};
