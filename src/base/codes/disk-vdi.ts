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
};
