import type { CodeTable } from "./codes.js";

/** XVA archives of XenServer and XCP-ng: areas `xva` (disks) and `xenserver` (machines). */
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
  "xenserver/no-machine": {
    what: "An XVA describes no machine.",
    why: "Exports of disks alone, and of snapshots alone, have none that could be converted.",
    fix: "Export the machine itself: `xe vm-export vm=NAME filename=vm.xva`. Single disks are read by `vmferry disk convert`.",
  },
  "xenserver/snapshot-left-out": {
    what: "A snapshot in an XVA, or a machine that is part of the host, is left out.",
    why: "A machine is converted as it is now; what it was once has no place in other formats.",
    fix: "To convert a snapshot, revert to it, or export it: `xe snapshot-export-to-template`.",
  },
  "xenserver/template": {
    what: "An XVA holds a template; it is read as a machine.",
    why: "A template is a machine that is not started but copied.",
    fix: "Make a template of the machine on the new platform.",
  },
  "xenserver/suspended": {
    what: "A machine in an XVA was exported while it was suspended.",
    why: "What was in its memory fits no other platform: to its guest it is as if power was lost.",
    fix: "Resume it, shut its guest down, and export it again.",
  },
  "xenserver/drive-left-out": {
    what: "A drive of a machine in an XVA names a disk that the export does not hold.",
    why: "Exports hold disks, not CD images, and no disks of which the record is missing.",
    fix: "Attach the image on the new platform, or export the machine again.",
  },
  "xenserver/image-elsewhere": {
    what: "A CD drive of a machine in an XVA holds an image of the host's library.",
    why: "Exports name such images and do not hold them.",
    fix: "Put the image into the drive on the new platform if the guest needs it.",
  },
  "xenserver/preserve": {
    what: "A machine in an XVA has MAC addresses or a UUID of its own.",
    why: "XenServer gives an imported machine new ones, unless it is told to preserve them.",
    fix: "Import it with `xe vm-import filename=FILE preserve=true`, once: two machines with one address disturb each other.",
  },
  "xenserver/image-named": {
    what: "A CD image of the source is named in an XVA and not held by it.",
    why: "Archives of XenServer hold disks alone; images lie in ISO libraries of the host.",
    fix: "Put the image into an ISO library under the same name before the import.",
  },
  "xenserver/drive-renumbered": {
    what: "A drive gets another number than its place on the source's bus says.",
    why: "XenServer numbers the drives of all buses in one row, and the first four are emulated.",
    fix: "Nothing, unless the guest names drives by their place.",
  },
  "xenserver/memory-range-widened": {
    what: "The range in which memory may grow and shrink did not hold what the machine starts with.",
    why: "XenServer wants the numbers to rise: least, start, most.",
    fix: "Nothing, or set the range on the host.",
  },
  "xenserver/max-cpus-lowered": {
    what: "The most processors that a machine may have are made whole sockets.",
    why: "XenServer does not start a machine whose processors do not make whole sockets.",
    fix: "Nothing, or change `platform:cores-per-socket`.",
  },
  "xenserver/video-changed": {
    what: "The graphics card becomes one that XenServer has.",
    why: "There are two: standard VGA and Cirrus.",
    fix: "Nothing.",
  },
  "xenserver/template-chosen": {
    what: "No template stands for the guest system.",
    why: "Templates tell XenCenter and Xen Orchestra what a guest is; the machine runs without.",
    fix: "Nothing.",
  },
  "xenserver/serial-port-dropped": {
    what: "A serial port is lost.",
    why: "XenServer gives a machine one, on a terminal of the host; other kinds name files and devices there, which an import must not.",
    fix: "Set `platform:hvm_serial` by hand.",
  },
};
