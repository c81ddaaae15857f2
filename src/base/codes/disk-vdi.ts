import { type CodeTable, DAMAGED } from "./codes.js";

/** VDI images. */
export const vdiCodes: CodeTable = {
  "vdi/bad-header": {
    kind: "corrupt",
    what: "A field of a VDI header is out of range, or contradicts another.",
    why: "The block map that the header describes cannot be trusted.",
    fix: DAMAGED,
  },
  "vdi/unknown-version": {
    kind: "unsupported-feature",
    what: "A VDI has a version other than 1.x.",
    why: "Version 0 comes from VirtualBox before 2007 and is laid out in another way; later ones do not exist yet.",
    fix: "Let VirtualBox copy it: `VBoxManage clonemedium`.",
  },
  "vdi/bad-map": {
    kind: "corrupt",
    what: "The block map of a VDI goes past the end of the file.",
    why: "Most often the file is cut off.",
    fix: DAMAGED,
  },
  "vdi/bad-block": {
    kind: "corrupt",
    what: "A block of a VDI lies past the end of the file.",
    why: "Most often the file is cut off.",
    fix: DAMAGED,
  },
  "vdi/overlap": {
    what: "Header, block map and blocks of a VDI lie over each other.",
    why: "What belongs to one of them has been written over by another, or an offset is damaged.",
    fix: DAMAGED,
  },
  "vdi/block-count": {
    what: "A VDI counts more blocks than its disk has.",
    why: "Size and number of blocks say the same thing twice, and do not agree.",
    fix: "`vmferry disk fix` corrects the number where nothing lies in the blocks that are too many.",
  },
  "vdi/no-id": {
    what: "A VDI has no identifier, or a differencing one does not say who its parent is.",
    why: "VirtualBox knows disks and their parents by identifiers alone.",
    fix: "Set one with `VBoxManage internalcommands sethduuid` or `sethdparentuuid`.",
  },
  "vdi/shared-block": {
    what: "Two blocks of a VDI's disk lie at the same place of the file.",
    why: "One of the two has lost its content, and a write to one changes the other.",
    fix: "Compare the disk with a backup.",
  },
  "vdi/allocated-count": {
    what: "A VDI counts another number of stored blocks than its block map has.",
    why: "A program that writes on puts new blocks behind as many as are counted: over stored ones, if they are too few.",
    fix: "`vmferry disk fix` corrects the number.",
  },
  "vdi/leaked-blocks": {
    what: "Places between the stored blocks of a VDI belong to no block of the disk.",
    why: "They cost room and nothing else.",
    fix: "Convert the disk to have the room back.",
  },
  "vdi/trailing-bytes": {
    what: "A VDI's file goes on behind its last block.",
    why: "Some programs pad files; the bytes cost room and nothing else.",
    fix: "Nothing needs to be done.",
  },
};
