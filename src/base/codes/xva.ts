import type { CodeTable } from "./codes.js";

/** Disks in XVA archives of XenServer and XCP-ng. */
export const xvaCodes: CodeTable = {
  "xva/bad-chunk": {
    kind: "corrupt",
    what: "The numbered members of an XVA that make up its disks do not stand in order, or one is cut off.",
    why: "Where the bytes of a disk belong follows from the numbers; most often the archive was repacked or cut off.",
    fix: "Export the machine again, and keep the file as it is.",
  },
  "xva/no-archive": {
    kind: "invalid-format",
    what: "What was to be read as a disk of an XVA is not one.",
    why: "XVA files are tar archives whose first member is `ova.xml`; members of other archives cannot be read out of a pipe or a packed file.",
    fix: "Leave out `--from`, or save the archive to a file, unpacked.",
  },
  "xva/which-disk": {
    kind: "not-found",
    what: "An XVA has several disks and none was named, or has none of the name that was given.",
    why: "A machine's disks lie in one archive, each under the reference of its record.",
    fix: "Name one: `vm.xva!Ref:4`. The message lists them.",
  },
  "xva/no-size": {
    what: "`ova.xml` of an XVA does not say how large a disk is.",
    why: "Some writers pad the last chunk, so the end of the chunks may lie behind the end of the disk.",
    fix: "Nothing needs to be done: what is too much is zeros.",
  },
  "xva/size-differs": {
    what: "The chunks of a disk in an XVA end elsewhere than `ova.xml` says.",
    why: "The last chunk is always stored: where the disk ends earlier, the archive is not complete.",
    fix: "Export the machine again.",
  },
  "xva/bad-sum": {
    what: "A chunk of a disk in an XVA does not have the sum that stands behind it.",
    why: "Its bytes changed after the export: on the way, or on a failing medium.",
    fix: "Copy the archive again, or export the machine again.",
  },
  "xva/no-sum": {
    what: "Some chunks of a disk in an XVA have sums, and others have none.",
    why: "Writers sum every chunk or none.",
    fix: "Compare the archive with another copy.",
  },
};
