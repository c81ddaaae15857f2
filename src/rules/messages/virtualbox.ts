/** What VirtualBox says when it imports. */
import type { ForeignMessage } from "./message.js";

const FIX = ["validate SRC --for virtualbox-7", "fix SRC DEST --for virtualbox-7"];

export const virtualBoxMessages: readonly ForeignMessage[] = [
  {
    program: "virtualbox",
    says: "Unknown resource type {type} in hardware item, line {line}",
    pattern: /unknown resource type (?<type>[0-9]{1,6}) in hardware item, line (?<line>[0-9]{1,8})/i,
    means:
      "The item that ends in line {line} has the resource type {type}, which VirtualBox has no device for, and it does not say that it may be left out. 24 is a video card; 32768 are settings of the firmware, which VirtualBox 7.1 and later know.",
    fix: 'Mark the item ovf:required="false", or remove it.',
    commands: FIX,
    codes: ["target/item-type-refused"],
    seen: ["gusztavvargadr/packer#497", "AlmaLinux/cloud-images#303"],
    example: 'Error reading "box.ovf": Unknown resource type 32768 in hardware item, line 49',
  },
  {
    program: "virtualbox",
    says: "<vbox:Machine> element in OVF contains a medium attachment for the disk image {image} but the OVF describes no such image",
    pattern:
      /<?vbox:Machine>? element in OVF contains a medium attachment for the disk image (?<image>[0-9a-f-]{36})? ?,? ?but the OVF describes no such image/i,
    means:
      "The descriptor holds the machine twice: as OVF, and as VirtualBox's own vbox:Machine, which counts. That one names a disk that DiskSection does not have, by vbox:uuid. Disks were exchanged, and only one of the two was changed.",
    fix: "Remove vbox:Machine: the OVF part is enough. Or give the Disk element the vbox:uuid that is asked for.",
    commands: FIX,
    codes: ["target/virtualbox-machine-stale"],
    seen: ["swcarpentry/DEPRECATED-bc#519", "OSInside/kiwi#1417", "alphagov/gds-boxen#116"],
    example:
      "<vbox:Machine> element in OVF contains a medium attachment for the disk image 08062057-2ef2-4d80-b11a-2654a9c3b050 but the OVF describes no such image.",
  },
  {
    program: "virtualbox",
    says: "The SHA digest of '{file}' does not match the one in '{manifest}'",
    pattern:
      /sha[0-9-]{1,4} digest (?:of )?["'](?<file>[^"']{1,255})["'] does not match the one in ["']?(?<manifest>[^"' ]{1,255})/i,
    means:
      "The file {file} is not the one that the manifest was made for: it was changed after packing, or damaged on the way.",
    fix: "Fetch it again and verify it. Where the descriptor was edited by hand, write the manifest anew.",
    commands: ["verify SRC", "fix SRC DEST"],
    codes: ["manifest/digest-mismatch"],
    seen: [],
    example: 'The SHA1 digest of "WinXP pro.vmdk" does not match the one in "VBox_20100428.mf"',
  },
  {
    program: "virtualbox",
    says: "VERR_TAR_UNSUPPORTED_PAX_TYPE",
    pattern: /VERR_TAR_UNSUPPORTED_(?:PAX_TYPE|SOLARIS_HDR_TYPE)/,
    means:
      "The archive has extended headers of the pax dialect, which VirtualBox does not read. GNU tar with --format=pax and Python's tarfile write them.",
    fix: "Write the archive anew in the plain dialect (ustar), as the standard wants it.",
    commands: ["validate SRC", "fix SRC DEST.ova"],
    codes: ["target/tar-dialect", "package/tar-pax"],
    seen: [],
    example: "Error reading 'x.ova' (VERR_TAR_UNSUPPORTED_PAX_TYPE)",
  },
  {
    program: "virtualbox",
    says: "{error}",
    pattern: /(?<error>VERR_TAR_[A-Z_]{3,60})/,
    means: "VirtualBox cannot read the archive: a header is damaged, the file is cut off, or it is no archive at all.",
    fix: "Compare its size with the original and fetch it again.",
    commands: ["inspect SRC", "verify SRC"],
    codes: ["tar/cut-off", "tar/bad-checksum"],
    seen: [],
    example: "VERR_TAR_UNEXPECTED_EOS",
  },
  {
    program: "virtualbox",
    says: "VERR_VD_VMDK_INVALID_FORMAT",
    pattern: /VERR_VD_VMDK_INVALID_(?:FORMAT|HEADER)/,
    means:
      "A disk is no VMDK that VirtualBox can stream: it is another format under that name, another variant than streamOptimized, or cut off.",
    fix: "Check the disk; where it is sound, write it anew as a stream-optimized VMDK.",
    commands: ["disk info 'SRC!DISK.vmdk'", "disk check 'SRC!DISK.vmdk'", "convert SRC DEST.ova --to ova"],
    codes: ["package/disk-not-stream", "package/disk-format-differs"],
    seen: ["REMnux/salt-states#324"],
    example: "Could not create the imported medium 'disk001.vdi' (VERR_VD_VMDK_INVALID_FORMAT).",
  },
  {
    program: "virtualbox",
    says: "VERR_ZIP_CORRUPTED",
    pattern: /VERR_ZIP_(?:CORRUPTED|ERROR|BAD_HEADER)/,
    means:
      "A packed part of the disk cannot be unpacked: the file is damaged. Where the manifest's digest is right, it was damaged before it was packed.",
    fix: "Verify the package and fetch it again; disk check tells which part of the disk is lost.",
    commands: ["verify SRC", "disk check 'SRC!DISK.vmdk'"],
    codes: [],
    seen: ["pwnedlabs/pwncloudos#8"],
    example: "VMDK: Compressed image is corrupted (VERR_ZIP_CORRUPTED)",
  },
  {
    program: "virtualbox",
    says: "Hard disk item with instance ID {instance} specifies invalid {what}",
    pattern:
      /(?<item>hard disk|cd(?:-rom)?|dvd|floppy)[a-z -]{0,20} item with instance id (?<instance>\S{1,40}) (?:specifies|has) (?:an )?invalid (?<what>host resource|parent)/i,
    means:
      "The item {instance} names a {what} that is not there: Parent must be the InstanceID of a controller, HostResource must lead to a Disk or a File.",
    fix: "Correct the reference. A disk without a Parent, or with an empty one, needs the InstanceID of a controller.",
    commands: ["validate SRC", ...FIX],
    codes: ["target/drive-parent", "target/parent-no-number", "target/host-resource"],
    seen: [],
    example: 'Hard disk item with instance ID 7 specifies invalid host resource "/disk/x", line 90',
  },
  {
    program: "virtualbox",
    says: "{error} on import",
    pattern: /(?<error>NS_ERROR_INVALID_ARG|E_INVALIDARG) \(0x80070057\)/,
    means:
      "A general error, which names no reason: the disk is full, or a machine, a folder or a disk with the same name is there from an earlier import.",
    fix: "Make room; remove what an earlier import has left, also in the list of media; import under another name.",
    commands: FIX,
    codes: [],
    seen: ["marvel-nccr/quantum-mobile#184", "bitcraze/bitcraze-vm#38"],
    example: "Result Code: NS_ERROR_INVALID_ARG (0x80070057)",
  },
  {
    program: "virtualbox",
    says: "Invalid UUID or filename / VERR_ALREADY_EXISTS",
    pattern: /VERR_ALREADY_EXISTS/,
    means: "A file of the machine is there already, from an earlier import or another machine with that name.",
    fix: "Remove it, or import under another name (--vsys 0 --vmname NAME).",
    commands: [],
    codes: [],
    seen: [],
    example: "Could not create the imported medium (VERR_ALREADY_EXISTS)",
  },
  {
    program: "virtualbox",
    says: "VBOX_E_FILE_ERROR",
    pattern: /VBOX_E_FILE_ERROR/,
    means: "VirtualBox could not read a file of the package. The reason stands in the line before.",
    fix: "Explain that line; where there is none, validate the package.",
    commands: ["validate SRC --for virtualbox-7", "verify SRC"],
    codes: [],
    seen: ["sagishahar-zz/lpeworkshop#3"],
    example: "Result Code: VBOX_E_FILE_ERROR (0x80BB0004)",
  },
];
