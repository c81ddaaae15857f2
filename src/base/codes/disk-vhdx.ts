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
  "vhdx/log-pending": {
    what: "A VHDX was not closed: its log has to be applied.",
    why: "The machine ran or its host failed when the disk was copied. The log is whole, so nothing is lost that the guest had written.",
    fix: "vmferry applies it in memory whenever it reads the disk; `vmferry disk fix` applies it in the file.",
  },
  "vhdx/headers-disagree": {
    what: "Both headers of a VHDX have one sequence number, and say different things.",
    why: "The higher number tells which header counts; here nobody can tell.",
    fix: "Compare the file with the original.",
  },
  "vhdx/regions-disagree": {
    what: "Both region tables of a VHDX are whole, and list different regions.",
    why: "Programs differ in which of them they use, and so in what they read.",
    fix: "Compare the file with the original.",
  },
  "vhdx/overlap": {
    what: "Log, regions or blocks of a VHDX lie over each other or over its headers.",
    why: "What belongs to one of them has been written over by another, or an offset is damaged.",
    fix: DAMAGED,
  },
  "vhdx/shared-block": {
    what: "A block of a VHDX lies over another one.",
    why: "One of the two has lost its content, and a write to one changes the other.",
    fix: "Compare the disk with a backup.",
  },
  "vhdx/no-parent": {
    what: "The parent locator of a differencing VHDX names no file, or holds no identifier.",
    why: "The disk holds only what differs from the parent: without it, it is incomplete.",
    fix: "Attach the disk to its parent again where it comes from, such as with `Set-VHD`.",
  },
  "vhdx/reserved-bits": {
    what: "Bits are set in an entry of a VHDX block table that have to be zero.",
    why: "The entry was changed by something that is no writer of VHDX; what it points to may be right all the same.",
    fix: "Compare the file with the original. Converting the disk writes entries without them.",
  },
  "vhdx/leaked-space": {
    what: "Parts of a VHDX file belong to no block and to no structure.",
    why: "They take room and do no harm: blocks were given up, or a program ended between taking room and using it.",
    fix: "Nothing has to be done. Converting the disk gives the room back.",
  },
};
