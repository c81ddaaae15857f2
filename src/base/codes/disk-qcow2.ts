import { type CodeTable, DAMAGED } from "./codes.js";

/** QCOW2 images. */
export const qcow2Codes: CodeTable = {
  "qcow2/bad-header": {
    kind: "corrupt",
    what: "A field of a QCOW2 header is out of range, or contradicts another.",
    why: "The tables that the header describes cannot be trusted.",
    fix: DAMAGED,
  },
  "qcow2/backing-name": {
    kind: "usage",
    what: "The parent of a QCOW2 image has a name that is longer than an image can hold.",
    why: "An image keeps the name of its backing file in up to 1,023 bytes.",
    fix: "Give the parent a shorter name.",
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
  "qcow2/overlap": {
    what: "Two structures of a QCOW2 image lie in the same cluster.",
    why: "Writing one destroys the other, and one of the two is wrong already: tables are read as data, or data as tables.",
    fix: "Go back to a backup, or read out what is still right with `vmferry disk convert` to a new image.",
  },
  "qcow2/shared-cluster": {
    what: "Two places of the guest's disk share one cluster of a QCOW2 image.",
    why: "No writer makes such images; where it comes from damage, one of the two places reads wrong bytes.",
    fix: "Check the file system in the guest, or compare the image with a backup.",
  },
  "qcow2/reserved-bits": {
    what: "Bits are set in an entry of a QCOW2 table that have to be zero.",
    why: "The entry was changed by something that is no writer of QCOW2, so its place cannot be trusted; QEMU refuses it.",
    fix: DAMAGED,
  },
  "qcow2/refcount-low": {
    what: "Clusters of a QCOW2 image are used more often than their reference counts say.",
    why: "A program that writes to the image takes them for free or for its own, and overwrites what others still need.",
    fix: "Run `qemu-img check -r all` on a copy before it is written to. Reading it is safe.",
  },
  "qcow2/leak": {
    what: "Clusters of a QCOW2 image are counted as used and nothing uses them.",
    why: "They take room and do no harm: a program ended between taking them and using them.",
    fix: "Nothing has to be done. Converting the image to a new one leaves them out.",
  },
  "qcow2/copied-flag": {
    what: "A flag of a QCOW2 table, which says that a cluster is used once, disagrees with how often it is used.",
    why: "Where the flag is set on a shared cluster, a write changes a snapshot too; where it is missing, a write takes longer.",
    fix: "Run `qemu-img check -r all` on a copy before it is written to. Reading it is safe.",
  },
  "qcow2/bad-refcounts": {
    what: "The table of reference counts of a QCOW2 image, or a block of it, lies outside of the file or across clusters.",
    why: "Reading does not need reference counts; a program that writes to the image does, and destroys what they do not protect.",
    fix: "Convert it to a new image with `vmferry disk convert`.",
  },
  "qcow2/bad-bitmaps": {
    what: "The bitmaps of a QCOW2 image, which incremental backups use, are cut off or lie outside of the file.",
    why: "The guest's content does not depend on them; the next backup has to be a full one.",
    fix: "Remove the bitmaps with `qemu-img bitmap --remove`, and start with a full backup.",
  },
};
