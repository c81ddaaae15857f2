import type { CodeTable } from "./codes.js";

const DAMAGED = "Verify the package; fetch the file again and compare its size with the manifest.";

/** Disk images: `disk/...` for all formats, `vmdk/...` and so on for one. */
export const diskCodes: CodeTable = {
  "disk/needs-random-target": {
    kind: "unsupported-feature",
    what: "The destination can only be written front to back, and the disk's layout needs more.",
    why: "Tables of a disk format stand before data whose place is known late.",
    fix: "Write to a file or a folder.",
  },
  "disk/too-large": {
    kind: "unsupported-feature",
    what: "The disk is larger than the format can hold.",
    why: "Every format has a largest size; going past it would lose data.",
    fix: "Convert to another format or variant, such as qcow2 or vhdx.",
  },
  "vmdk/bad-header": {
    kind: "corrupt",
    what: "A field of a sparse VMDK's header is out of range.",
    why: "The tables that the header describes cannot be trusted.",
    fix: DAMAGED,
  },
  "vmdk/bad-table": {
    kind: "corrupt",
    what: "A grain directory or grain table of a VMDK points outside of the file.",
    why: "Most often the file is cut off.",
    fix: DAMAGED,
  },
  "vmdk/bad-grain": {
    kind: "corrupt",
    what: "A grain of a VMDK lies outside of the file, or its marker does not fit what is stored.",
    why: "Most often the file is cut off or damaged on the way.",
    fix: DAMAGED,
  },
  "vmdk/no-footer": {
    kind: "corrupt",
    what: "A stream-optimized VMDK has no footer, though its header leaves the grain directory to one.",
    why: "The end of the file is missing: without the directory no grain can be found.",
    fix: DAMAGED,
  },
  "vmdk/bad-descriptor": {
    kind: "invalid-format",
    what: "The text descriptor of a VMDK cannot be read.",
    why: "It says which files make up the disk, so nothing can be read without it.",
    fix: "Look at the named line; compare it with a descriptor of the same kind.",
  },
};
