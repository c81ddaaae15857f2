import { type CodeTable, DAMAGED } from "./codes.js";

/** VMDK images. */
export const vmdkCodes: CodeTable = {
  "vmdk/journal": {
    kind: "corrupt",
    what: "A space-efficient sparse extent (seSparse) has a journal that was not replayed.",
    why: "The host stopped while it wrote: the tables do not say yet what the journal does.",
    fix: "Open and close the disk on its host, and copy it again.",
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
  "vmdk/bad-marker": {
    kind: "corrupt",
    what: "A marker of a stream-optimized VMDK is none that the format knows, or says what cannot be.",
    why: "Markers say what follows: behind a wrong one nothing can be found in one pass.",
    fix: DAMAGED,
  },
  "vmdk/no-footer": {
    kind: "corrupt",
    what: "A stream-optimized VMDK has no footer, though its header leaves the grain directory to one.",
    why: "The end of the file is missing: without the directory no grain can be found.",
    fix: "Fetch it again, or compare it with its manifest. Where that cannot be done, `vmferry disk convert --salvage` saves what is whole.",
  },
  "vmdk/bad-name": {
    kind: "usage",
    what: "The files of a split or flat VMDK cannot have this name.",
    why: "Its descriptor quotes the names of the extents, and has no way to write a quotation mark.",
    fix: "Choose a name without quotation marks and control characters.",
  },
  "vmdk/bare-extent": {
    kind: "unsupported-feature",
    what: "An extent of an ESX disk was given without its descriptor.",
    why: "Only the descriptor says which extents belong together and which disk is the parent.",
    fix: "Give the small text file beside it.",
  },
  "vmdk/encrypted": {
    kind: "unsupported-feature",
    what: "The VMDK is encrypted.",
    why: "VMware encrypts the descriptor and the guest's content with a key that is not in the file.",
    fix: "Remove the encryption where the password is known, and export the machine again.",
  },
  "vmdk/extent-missing": {
    kind: "not-found",
    what: "A file that the VMDK's descriptor names is not there, or may not be opened.",
    why: "The descriptor holds no content: that lies in the extents, which are looked for in the same folder and nowhere else.",
    fix: "Put all files of the disk into one folder, under the names in the descriptor.",
  },
  "vmdk/short-extent": {
    kind: "corrupt",
    what: "A flat extent of a VMDK is smaller than its descriptor says.",
    why: "The end of the guest's content is missing.",
    fix: "Copy the file again, and compare its size with the original.",
  },
  "vmdk/unsupported-extent": {
    kind: "unsupported-feature",
    what: "A VMDK has an extent of a kind that vmferry does not read.",
    why: "Mappings to physical disks have no content of their own; space-efficient deltas exist on ESX alone.",
    fix: "Clone or consolidate the disk on the host (`vmkfstools -i`), or export the machine as OVF.",
  },
  "vmdk/capacity-disagrees": {
    what: "Two places in a VMDK say different capacities.",
    why: "One of them was changed without the other, or files of two disks were mixed; rounding to a grain is not meant.",
    fix: "Compare the size with what the machine's descriptor says of this disk.",
  },
  "vmdk/extent-inaccessible": {
    what: "A VMDK keeps the machine from reading a part of its disk.",
    why: "Such parts stand for partitions of a physical disk that belong to somebody else. They are read as zeros.",
    fix: "Nothing, where the machine does not need them.",
  },
  "vmdk/no-descriptor": {
    what: "A sparse VMDK has no descriptor in it.",
    why: "Parts of split disks look like that; alone, such a part is only a piece of the guest's disk.",
    fix: "If a small text file beside it names it, give that one.",
  },
  "vmdk/redundant-tables": {
    what: "The grain tables of a VMDK are damaged, and their second copy is read.",
    why: "VMware keeps all tables twice. The copy may be older than the last writes.",
    fix: "Compare the image with its manifest, and check the file system in it.",
  },
  "vmdk/unclean": {
    what: "A VMDK was not closed properly.",
    why: "It was copied while a machine was using it, or its host failed; tables and content may not fit.",
    fix: "Shut the machine down where it runs, and copy or export the disk again.",
  },
  "vmdk/bad-descriptor": {
    kind: "invalid-format",
    what: "The text descriptor of a VMDK cannot be read.",
    why: "It says which files make up the disk, so nothing can be read without it.",
    fix: "Look at the named line; compare it with a descriptor of the same kind.",
  },
  "vmdk/overlap": {
    what: "Two grains or tables of a VMDK lie over each other, or over its header.",
    why: "One of them holds what belongs to the other: the guest reads wrong bytes in one of the two places.",
    fix: DAMAGED,
  },
  "vmdk/after-end": {
    what: "Bytes other than zeros follow the end of a stream-optimized VMDK.",
    why: "They are no part of the disk. Strict readers refuse such a file, and its digest is not what an export gives.",
    fix: "Compare the size with the manifest; convert the disk to a new stream.",
  },
  "vmdk/unnamed-grains": {
    what: "Grains of a stream-optimized VMDK are in no grain table.",
    why: "Programs that go by the tables read zeros where others find data.",
    fix: "Compare the file with its manifest, and the guest's content with its source.",
  },
  "vmdk/bad-cid": {
    what: "The content id of a VMDK is missing, or no number of eight hexadecimal digits.",
    why: "Snapshots name their parent by it; without it nobody can tell whether a parent was changed.",
    fix: "Write eight hexadecimal digits, such as `CID=12345678`, where no snapshot names the disk.",
  },
};
