import { type CodeTable, DAMAGED } from "./codes.js";

/** VHD images. */
export const vhdCodes: CodeTable = {
  "vhd/no-footer": {
    kind: "invalid-format",
    what: "A file does not end as a VHD does, and has no copy of a footer at its start.",
    why: "Size and kind of a VHD are in its last 512 bytes. Most often the file is cut off, or it is no VHD.",
    fix: DAMAGED,
  },
  "vhd/bad-footer": {
    kind: "corrupt",
    what: "A VHD's footer is damaged, and so is its copy, or a field of it is out of range.",
    why: "Size and kind of the disk come from it.",
    fix: DAMAGED,
  },
  "vhd/bad-header": {
    kind: "corrupt",
    what: "The header of a dynamic VHD is damaged or not where the footer says.",
    why: "It says where the block table is and how large blocks are.",
    fix: DAMAGED,
  },
  "vhd/bad-table": {
    kind: "corrupt",
    what: "The block table of a VHD lies outside of the file or is too short for the disk.",
    why: "Most often the file is cut off.",
    fix: DAMAGED,
  },
  "vhd/bad-block": {
    kind: "corrupt",
    what: "A block of a VHD lies outside of the file.",
    why: "Most often the file is cut off.",
    fix: DAMAGED,
  },
  "vhd/cut-off": {
    kind: "corrupt",
    what: "A fixed VHD holds fewer bytes than its footer says.",
    why: "A part in the middle is missing: footer and data do not belong together.",
    fix: DAMAGED,
  },
  "vhd/footer-damaged": {
    what: "The footer of a VHD, or its copy at the start of the file, is damaged or missing; the other one is used.",
    why: "The file is cut off, was being written when it was copied, or its medium fails.",
    fix: "Compare the file with the original.",
  },
  "vhd/footer-stale": {
    what: "The copy of a VHD's footer speaks of another size than the footer itself; the footer counts.",
    why: "The disk was resized by a program that forgot the copy.",
    fix: "Nothing needs to be done.",
  },
  "vhd/size-by-geometry": {
    what: "A VHD's size was taken from its geometry, because its maker goes by that; the size in bytes differs.",
    why: "Virtual PC, Virtual Server and old versions of QEMU show the geometry's size to the guest.",
    fix: "If the disk was enlarged in Hyper-V since, convert it there first: that writes the new maker.",
  },
};
