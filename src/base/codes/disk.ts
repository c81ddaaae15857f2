import type { CodeTable } from "./codes.js";

/** Disk images of all formats; each format has a table of its own beside this one. */
export const diskCodes: CodeTable = {
  "disk/more-findings": {
    what: "A check found more of the same than it shows.",
    why: "A destroyed table can have millions of wrong entries, most often with one cause.",
    fix: "Look at the findings that are shown.",
  },
  "disk/data-lost": {
    what: "A part of the guest's disk is lost: its image is cut off or damaged there, and it reads as zeros.",
    why: "Where no table of the image is left that says so, nobody can tell whether something was stored in a range: it counts as lost then.",
    fix: "Fetch the disk again where it can be had. Else check the file systems in it before the guest runs: `data` has every range.",
  },
  "disk/cannot-salvage": {
    kind: "unsupported-feature",
    what: "What is whole of a damaged disk cannot be told from the rest.",
    why: "Only streams have a marker with each grain that says where in the guest's disk it belongs; in other images tables alone do.",
    fix: "Check the image (`vmferry disk check`), mend it (`vmferry disk fix`), or go back to a backup.",
  },
  "disk/cannot-amend": {
    kind: "unsupported-feature",
    what: "A disk image cannot be changed in this way where it lies.",
    why: "The format or its variant has no room for the change, or vmferry does not know how to make it.",
    fix: "Convert the disk instead.",
  },
  "disk/needs-random-target": {
    kind: "unsupported-feature",
    what: "The destination can only be written front to back, and the disk's layout needs more.",
    why: "Tables of a disk format stand before data whose place is known late.",
    fix: "Write to a file or a folder.",
  },
  "disk/sector-size-lost": {
    what: "A disk has logical sectors of 4 KiB, and the format that it is converted to records no sector size.",
    why: "Partition tables count in sectors: a machine that sees sectors of 512 bytes does not find what they point to.",
    fix: "Convert to vhdx, or attach the result as a disk with sectors of 4 KiB.",
  },
  "disk/unknown-compression": {
    kind: "usage",
    what: "A disk was asked for in a compression that its format or variant does not have.",
    why: "Only packed variants are compressed, each in the ways that its readers know.",
    fix: "Choose another compression or variant, or leave the compression out.",
  },
  "disk/no-encoder": {
    kind: "unsupported-feature",
    what: "The Node.js that runs vmferry has no encoder for the compression that was asked for.",
    why: "Zstandard is packed by Node.js itself, from version 22.15 on; older ones can only unpack it.",
    fix: "Run vmferry on a newer Node.js, or leave out the compression: deflate works everywhere.",
  },
  "disk/too-large": {
    kind: "unsupported-feature",
    what: "The disk is larger than the format can hold.",
    why: "Every format has a largest size; going past it would lose data.",
    fix: "Convert to another format or variant, such as qcow2 or vhdx.",
  },
  "disk/not-streamable": {
    kind: "unsupported-feature",
    what: "The disk cannot be read in one pass, from front to back.",
    why: "Its tables say where things lie, and what they point to may have passed already.",
    fix: "Save it to a file, and give its path.",
  },
  "disk/stream-cut-off": {
    kind: "corrupt",
    what: "A disk that was read in one pass ended before its end, or went on after it.",
    why: "Most often the program that fills the pipe failed. The result would lack a part of the disk, so it is not kept.",
    fix: "Look at what the other program says, and run both again.",
  },
  "disk/one-pass": {
    what: "A disk is read in one pass from where it is, and stored nowhere in between.",
    why: "It comes from a platform in a format that can be read so. What is on it is known when it has come: which drivers its guest has is not looked at before.",
    fix: "Nothing has to be done. With --prove the disk is fetched first, and looked at.",
  },
  "disk/stream-order": {
    kind: "unsupported-feature",
    what: "Units of a disk that is read in one pass come in another order than the guest's, and the result needs them in order.",
    why: "Compressed layouts write each table behind its units, and cannot go back.",
    fix: "Save the stream to a file and convert that, or write another format or variant.",
  },
  "disk/stream-size": {
    kind: "usage",
    what: "A raw disk is read in one pass, and nobody says how large it is.",
    why: "Every other format writes the size in front, and a raw disk tells it at its end only.",
    fix: "Save it to a file, and give its path.",
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
  "disk/parent-changed": {
    what: "A disk's parent is not the one that it was made on top of, or was written to since.",
    why: "The child holds only what differs from its parent. Over another content it gives a disk that never was.",
    fix: "Look for the parent as it was when the child was made, such as in a backup.",
  },
  "disk/chain-loop": {
    kind: "corrupt",
    what: "A disk is its own ancestor: the images of a chain name each other in a circle.",
    why: "A file was replaced or renamed. What the disk held cannot be told from such a chain.",
    fix: "Look for the chain as it was when it was made, such as in a backup.",
  },
  "disk/cannot-keep-chain": {
    kind: "unsupported-feature",
    what: "A chain of disks was to be kept, and the format that it is converted to is not written with a parent.",
    why: "vmferry writes QCOW2 with backing files and differencing VHDs; other formats are written standing alone.",
    fix: "Convert to qcow2 or vhd, or leave out `--keep-chain`: the chain is flattened then.",
  },
  "disk/cannot-back": {
    kind: "unsupported-feature",
    what: "A disk cannot be written as changes to the image that was given.",
    why: "QCOW2 names a backing file of most formats, a differencing VHD another VHD of its own size; other formats are written standing alone.",
    fix: "Convert to qcow2, give another base, or leave out `--backing`.",
  },
  "disk/no-snapshots": {
    kind: "usage",
    what: "A snapshot was asked for, and the disk's format keeps none inside of its files.",
    why: "Only QCOW2 does. Others have a file for each snapshot.",
    fix: "Name the file of the snapshot that is meant, or leave out `--snapshot`.",
  },
  "disk/unknown-snapshot": {
    kind: "usage",
    what: "A disk has no snapshot of that id or name.",
    why: "A snapshot may have been deleted, or the word is misspelt. `vmferry disk info` lists them.",
    fix: "Choose one of those in the hint.",
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
  "disk/compressed": {
    what: "A disk file is compressed as a whole, and was not looked into.",
    why: "It has to be unpacked before anything in it can be read. Inspecting unpacks nothing; converting does.",
    fix: "Nothing needs to be done.",
  },
  "disk/unsupported-parent": {
    kind: "unsupported-feature",
    what: "A disk of a package holds only changes to another disk of it.",
    why: "Converted to another platform, such a chain becomes one disk; a package of OVF would have to keep it, and an image that does not know its parent cannot be read over it.",
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
  "disk/not-checked": {
    what: "The structure of a disk image was not checked.",
    why: "Raw disks have no structure; for the others vmferry has no check of that format yet.",
    fix: "Nothing for a raw disk. Else compare it with a copy: `vmferry disk compare`.",
  },
  "disk/parent-not-checked": {
    what: "The parent of a checked disk was not checked.",
    why: "It is not there, or not allowed; each image of a chain is judged by itself, so what was found about the others holds.",
    fix: "Put the parent beside it and allow it with `--allow-external`, or check it by itself.",
  },
  "disk/no-layout": {
    kind: "unsupported-feature",
    what: "vmferry cannot show what lies where in a file of this disk format.",
    why: "Raw disks and chunks of an XVA have no structure of their own; that of space-efficient deltas (seSparse) is not described.",
    fix: "Leave out `--layout` for the extents of the guest's disk.",
  },
  "disk/sizes-differ": {
    what: "Two disks have the same content and different capacities.",
    why: "Formats round capacities in different ways; what one disk has more is zeros.",
    fix: "Nothing, unless the capacities have to be the same.",
  },
  "disk/cannot-shrink": {
    kind: "usage",
    what: "A disk would become smaller.",
    why: "What lies at its end would be lost, and only the guest knows whether that is a part of a file system.",
    fix: "Make the file systems smaller in the guest, and copy them to a new, smaller disk.",
  },
};
