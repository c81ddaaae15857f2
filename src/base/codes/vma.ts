import type { CodeTable } from "./codes.js";

/** Backups of Proxmox VE in VMA files. */
export const vmaCodes: CodeTable = {
  "vma/bad-header": {
    kind: "corrupt",
    what: "The header of a VMA cannot be one.",
    why: "It says where names, configurations and disks lie; most often the file was cut off or changed on the way.",
    fix: "Copy the backup again, or take another one.",
  },
  "vma/version": {
    kind: "unsupported-feature",
    what: "A VMA is of another version than 1.",
    why: "No other version is known.",
    fix: "Extract it with `vma extract` on the host that made it.",
  },
  "vma/bad-sum": {
    what: "The header of a VMA, or of one of its extents, does not have the MD5 sum that stands in it.",
    why: "Its bytes changed after the backup was made. The bytes of disks have no sums of their own.",
    fix: "Copy the backup again, or take another one.",
  },
  "vma/bad-extent": {
    what: "An extent of a VMA names a cluster twice, one that its disk does not have, or more than it has room for.",
    why: "The header of the extent is damaged, or was made by something else than Proxmox VE.",
    fix: "Copy the backup again, or take another one.",
  },
  "vma/cut-off": {
    what: "A VMA ends, or stops making sense, before its last extent does.",
    why: "The backup was broken off, or the file was copied in part.",
    fix: "Copy it again, or take another backup.",
  },
  "vma/missing-clusters": {
    what: "Clusters of a disk are in no extent of a VMA.",
    why: "A complete backup has every cluster, also those of zeros: what is missing was lost.",
    fix: "Take another backup. What is there can be read; what is missing reads as zeros.",
  },
  "vma/no-config": {
    kind: "not-found",
    what: "A VMA holds no configuration of a machine.",
    why: "Backups of Proxmox VE have one (`qemu-server.conf`); other writers may leave it out.",
    fix: "Read its disks one by one: `vmferry disk convert 'FILE.vma!drive-scsi0' disk.qcow2`.",
  },
  "vma/left-behind": {
    what: "A VMA holds more than the machine and its disks, and that is not carried over.",
    why: "Rules of Proxmox VE's firewall and the memory of a machine that ran mean nothing elsewhere.",
    fix: "Set up the firewall of the new host; start the machine from its disks.",
  },
  "vma/not-in-backup": {
    what: "The configuration in a VMA has a drive whose disk or image the backup left out.",
    why: "Drives with `backup=0`, images of CDs and what the TPM keeps are not backed up.",
    fix: "Copy the disk by itself, or give the machine another one.",
  },
  "vma/no-archive": {
    kind: "invalid-format",
    what: "What was to be read as a disk of a VMA is not one.",
    why: "VMA files are known by their first bytes.",
    fix: "Leave out `--from`.",
  },
  "vma/which-disk": {
    kind: "not-found",
    what: "A VMA has several disks and none was named, or has none of the name that was given.",
    why: "All disks of a machine lie in one file, each under the name of its drive.",
    fix: "Name one: `backup.vma!drive-scsi0`. The message lists them.",
  },
};
