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
};
