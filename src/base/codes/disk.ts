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
  "disk/unknown-format": {
    kind: "usage",
    what: "A file holds no signature of a disk format, and its name does not say raw.",
    why: "Raw disks have no signature; taking any file for one would hide mistakes.",
    fix: "If it is a raw disk, say so with `--from raw`.",
  },
  "disk/name-disagrees": {
    kind: "usage",
    what: "A file is called one disk format and holds the signature of another.",
    why: "A guest can write any signature into a raw disk, so neither is believed alone.",
    fix: "Say which it is with `--from`.",
  },
  "disk/parent-missing": {
    kind: "not-found",
    what: "A disk holds only changes to another disk, and that one is not there or not allowed.",
    why: "Without its parent the disk is incomplete. Files that an image names are opened only where the caller allows it.",
    fix: "Put the parent beside it and allow it with `--allow-external`, or flatten the chain where it comes from.",
  },
  "disk/unknown-variant": {
    kind: "usage",
    what: "The disk format has no such variant, or vmferry does not write it.",
    why: "A format's variants have their own names; the ones that are written are a part of those that are read.",
    fix: "Choose one of the variants in the hint.",
  },
  "disk/unknown-format-name": {
    kind: "usage",
    what: "No disk format is called so, or a file name does not tell one.",
    why: "The format of a result comes from its name or from an option.",
    fix: "Say it with `--to`, or use a usual extension such as `.vmdk`, `.vhdx`, `.qcow2`, `.raw`.",
  },
  "disk/unsupported-compression": {
    kind: "unsupported-feature",
    what: "A disk file is compressed as a whole.",
    why: "Random access into such a file needs it unpacked first.",
    fix: "Unpack it with gunzip, and drop the compression attribute from the descriptor.",
  },
  "disk/unsupported-parent": {
    kind: "unsupported-feature",
    what: "A disk of a package holds only changes to another disk of it.",
    why: "Chains between the disks of a descriptor are not resolved yet.",
    fix: "Flatten the chain where the package comes from.",
  },
  "disk/format-disagrees": {
    what: "A disk is of another format than the descriptor says.",
    why: "Importers that believe the descriptor will refuse the package or misread the disk.",
    fix: "Correct the format in the descriptor.",
  },
  "disk/capacity-mismatch": {
    what: "Descriptor and disk image give different capacities.",
    why: "One of them is wrong; an importer that believes the smaller one cuts the disk off.",
    fix: "Correct the capacity in the descriptor.",
  },
  "disk/sizes-differ": {
    what: "Two disks have the same content and different capacities.",
    why: "Formats round capacities in different ways; what one disk has more is zeros.",
    fix: "Nothing, unless the capacities have to be the same.",
  },
  "qcow2/bad-header": {
    kind: "corrupt",
    what: "A field of a QCOW2 header is out of range, or contradicts another.",
    why: "The tables that the header describes cannot be trusted.",
    fix: DAMAGED,
  },
  "qcow2/bad-table": {
    kind: "corrupt",
    what: "The L1 table or an L2 table of a QCOW2 image lies outside of the file.",
    why: "Most often the file is cut off.",
    fix: DAMAGED,
  },
  "qcow2/bad-cluster": {
    kind: "corrupt",
    what: "A cluster of a QCOW2 image lies outside of the file, or is no compressed cluster though the table says so.",
    why: "Most often the file is cut off or damaged on the way.",
    fix: DAMAGED,
  },
  "qcow2/bad-snapshots": {
    kind: "corrupt",
    what: "The list of internal snapshots of a QCOW2 image is cut off or too large.",
    why: "The header points to a list that is not there: the file is damaged.",
    fix: DAMAGED,
  },
  "qcow2/unknown-feature": {
    kind: "unsupported-feature",
    what: "A QCOW2 image uses a feature that vmferry does not know.",
    why: "The image says itself that reading it without knowing the feature gives wrong data.",
    fix: "Convert it with the program that made it to an image without the feature.",
  },
  "qcow2/unknown-compression": {
    kind: "unsupported-feature",
    what: "The clusters of a QCOW2 image are compressed by an unknown method.",
    why: "Deflate and Zstandard are known; nobody has defined others.",
    fix: "Convert the image with qemu-img to compression type zlib.",
  },
  "qcow2/encrypted": {
    kind: "unsupported-feature",
    what: "A QCOW2 image is encrypted.",
    why: "Its content cannot be read without the key, and vmferry does not decrypt images.",
    fix: "Decrypt it first: qemu-img convert with the secret.",
  },
  "qcow2/external-data": {
    kind: "unsupported-feature",
    what: "A QCOW2 image keeps its data in another file, which is missing or not allowed.",
    why: "An image from elsewhere could name any file of this machine, so data files are opened only where that is allowed.",
    fix: "Put the data file beside the image and add `--allow-external`, or convert the image with qemu-img.",
  },
  "qcow2/dirty": {
    what: "A QCOW2 image was not closed properly.",
    why: "Its reference counts may be wrong. Reading does not need them; a program that writes to it does.",
    fix: "Run `qemu-img check -r all` on a copy.",
  },
  "qcow2/corrupt": {
    what: "A QCOW2 image is marked as corrupt.",
    why: "QEMU found contradictions in it, so what is read may be wrong.",
    fix: "Run `qemu-img check -r all` on a copy, or go back to a backup.",
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
};
