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
  "vhd/geometry": {
    what: "The geometry of a VHD is not the one that the format's rule gives for its size.",
    why: "Programs that go by the geometry see another size; one that reaches past the disk's end makes them read past it.",
    fix: "Convert the disk: that writes the right geometry.",
  },
  "vhd/excess-bytes": {
    what: "There is more between the start of a fixed VHD and its footer than the disk has bytes.",
    why: "Azure refuses such disks, and the size in the footer may be wrong.",
    fix: "Convert the disk to `fixed`, once it is clear that no data of the guest is missing.",
  },
  "vhd/footer-copy-differs": {
    what: "The copy of a VHD's footer and the footer itself say different things, though not about the size.",
    why: "Some programs bring only one of them up to date.",
    fix: "Nothing needs to be done; `vmferry disk fix` writes the footer over its copy.",
  },
  "vhd/overlap": {
    what: "Structures of a VHD, or a block and a structure, lie over each other.",
    why: "What belongs to one of them has been written over by another, or an offset is damaged.",
    fix: DAMAGED,
  },
  "vhd/shared-block": {
    what: "A block of a VHD lies over another one.",
    why: "One of the two has lost its content, and a write to one changes the other.",
    fix: "Compare the disk with a backup.",
  },
  "vhd/bitmap-disagrees": {
    what: "The sector bitmap of a dynamic VHD's block leaves out sectors that hold data.",
    why: "Programs that go by the bitmap show zeros there; others, qemu and vmferry among them, show the data.",
    fix: "`vmferry disk fix` marks the whole block as present.",
  },
  "vhd/bad-locator": {
    what: "A differencing VHD says that the name of its parent lies outside of the file.",
    why: "Programs that know no other way to the parent do not find it.",
    fix: "Attach the disk to its parent again where it comes from, such as with `Set-VHD`.",
  },
  "vhd/no-parent": {
    what: "A differencing VHD holds no name or no identifier of its parent.",
    why: "It holds only what differs from the parent: without it the disk is incomplete.",
    fix: "Attach the disk to its parent again where it comes from, such as with `Set-VHD`.",
  },
};
