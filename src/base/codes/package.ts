import type { CodeTable } from "./codes.js";

/** Codes of the areas `package`, `tar` and `manifest`. */
export const packageCodes: CodeTable = {
  "package/unsafe-name": {
    kind: "invalid-format",
    what: "A file name in the package is absolute, leaves its folder, is too long, or holds characters that mean something to a file system or terminal.",
    why: "Unpacking it could write outside of the destination, on this system or another.",
    fix: "Do not unpack the package with other tools. Ask who made it for one with plain relative names.",
  },
  "package/duplicate-name": {
    kind: "invalid-format",
    what: "Two files in the package have the same name, names that differ in case only, or one has the name of the other's folder.",
    why: "Tools disagree on which one counts, so what was verified may not be what is used.",
    fix: "Fetch the package again, or pack it again with each file once.",
  },
  "package/line-ends-changed": {
    what: "A text of the package has other line ends, another byte order mark or another end than when the manifest was made; with those its digest is right.",
    why: "An editor or a transfer in text mode changed it. Importers compare bytes and refuse the package.",
    fix: "Put the bytes back: `vmferry fix`. Transfer packages in binary mode.",
  },
  "package/bytes-appended": {
    what: "Something follows the end of a file; without it the file is what the manifest says.",
    why: "Block devices, object stores and broken downloads pad files. Importers compare all bytes and refuse the package.",
    fix: "Cut the file to its size: `vmferry fix`.",
  },
  "package/files-swapped": {
    what: "Two or more files of the package lie under each other's names: each is what the manifest says of another one.",
    why: "Machines would get the wrong disks.",
    fix: "Give them their names back: `vmferry fix`.",
  },
  "package/file-renamed": {
    what: "A file that the manifest lists is missing, and another one that it does not list has its digest.",
    why: "It was renamed, and the descriptor does not find it any more.",
    fix: "Give it its name back: `vmferry fix`.",
  },
  "package/altered-but-whole": {
    what: "A disk is not what the manifest says, and everything in it is whole.",
    why: "It was not damaged on the way: it was exchanged for another one, or written again by a program.",
    fix: "Ask who changed it. If you did, `vmferry fix --accept-changes` takes it as it is.",
  },
  "package/no-descriptor": {
    kind: "invalid-format",
    what: "There is no OVF descriptor.",
    why: "Without a descriptor nobody knows which machine the files make up.",
    fix: "Check that this is the right file or folder; a bare disk is given by its own name.",
  },
  "package/many-descriptors": {
    kind: "usage",
    what: "There is more than one OVF descriptor.",
    why: "A package has one; in an archive the first counts, in a folder nobody can tell.",
    fix: "Name the descriptor instead of the folder, or take the others out of the archive.",
  },
  "package/stray-manifest": {
    what: "A manifest lies beside the descriptor but has another base name.",
    why: "The manifest of x.ovf is x.mf. Another one may belong to something else and is not used.",
    fix: "Rename the manifest if it belongs to this descriptor.",
  },
  "package/outside-reference": {
    what: "The descriptor refers to something outside of the package.",
    why: "A URL, an absolute path or a path with '..' can reach files that have nothing to do with the package.",
    fix: "Put the file into the package and refer to it by its relative name. If you trust who made the package, `--allow-remote` fetches files by http and https.",
  },
  "package/missing-file": {
    what: "The descriptor refers to a file that the package does not have.",
    why: "Importers refuse the package, or make a machine that lacks a disk.",
    fix: "Fetch the package again, or put the file beside the descriptor.",
  },
  "package/link-outside": {
    what: "A file of a folder is a link that leads out of it.",
    why: "Whoever made the folder chose where it leads: to a disk elsewhere, as ova-compose does, or to any file of this machine. Of a package it is a warning; of a machine's configuration such a link is not followed.",
    fix: "Put the file itself into the folder. If you know where the link leads, `--allow-external` follows it.",
  },
  "package/size-differs": {
    what: "A file's size is not the one that the descriptor gives.",
    why: "The file may be cut off or replaced, or the descriptor was written before the file.",
    fix: "Check the manifest; fetch the package again where it does not agree.",
  },
  "package/missing-chunk": {
    what: "A chunk of a file is missing between others.",
    why: "A file that was cut into chunks is whole only with all of them.",
    fix: "Fetch the package again.",
  },
  "package/chunk-size": {
    what: "A chunk of a file has another size than the descriptor's chunk size.",
    why: "All chunks but the last have the same size; another one means lost or mixed bytes.",
    fix: "Fetch the package again.",
  },
  "package/needs-random-target": {
    kind: "unsupported-feature",
    what: "An OVA cannot be written to this destination.",
    why: "Headers in the archive are written after the files, which a pipe or an upload does not allow.",
    fix: "Write the OVA to a file.",
  },
  "tar/bad-checksum": {
    kind: "corrupt",
    what: "The checksum of a header in the archive is wrong.",
    why: "The file is damaged, is no tar archive, or a size before this place is wrong.",
    fix: "Fetch the archive again and compare its digest with the publisher's.",
  },
  "tar/bad-number": {
    kind: "corrupt",
    what: "A number in a header of the archive cannot be read.",
    why: "The header is damaged or was made to confuse.",
    fix: "Fetch the archive again and compare its digest with the publisher's.",
  },
  "tar/bad-pax": {
    kind: "corrupt",
    what: "A pax extended header of the archive cannot be read.",
    why: "The header is damaged or was made to confuse.",
    fix: "Fetch the archive again and compare its digest with the publisher's.",
  },
  "tar/cut-off": {
    kind: "corrupt",
    what: "The archive ends inside of a member or header.",
    why: "The download or copy is incomplete, or a size in the archive lies.",
    fix: "Fetch the package again, and compare its size with the original. Where that cannot be done, `vmferry fix SRC DEST --salvage` saves what is whole.",
  },
  "tar/unsupported-member": {
    kind: "unsupported-feature",
    what: "The archive holds a link, a device or another thing that is no plain file.",
    why: "A package consists of files; links and devices in archives are a way to write where one should not.",
    fix: "Pack it again with the files themselves, for instance with `tar --dereference`.",
  },
  "tar/name-encoding": {
    what: "A name in the archive is not UTF-8.",
    why: "Other tools may show it differently or not find it.",
    fix: "Rename the file and pack the archive again.",
  },
  "tar/no-end": {
    what: "The archive has no end-of-archive blocks.",
    why: "VirtualBox 7 writes archives so. Another one may have lost members at its end, for instance the manifest.",
    fix: "Compare its size with the publisher's. Nothing has to be done where VirtualBox made it.",
  },
  "tar/odd-padding": {
    what: "Padding between the files of an archive is not zero.",
    why: "It means nothing and no manifest covers it: something is hidden there, or a byte was damaged.",
    fix: "Pack the archive again.",
  },
  "tar/odd-checksum": {
    what: "The checksum of a header is right and spelled as no tar spells it.",
    why: "All other bytes of a header are under the sum; these are not, so one of them may have been damaged.",
    fix: "Nothing has to be done. Pack the archive again to be rid of it.",
  },
  "tar/trailing-data": {
    what: "Data follows the end of the archive.",
    why: "Other tools do not see it, and no manifest covers it.",
    fix: "Pack the archive again.",
  },
  "manifest/odd-spelling": {
    what: "The manifest is understood but not written as the standard says.",
    why: "Some importers cannot read such lines, and then verify nothing or refuse the package.",
    fix: "Nothing has to be done for vmferry. Make the manifest anew for importers that are strict.",
  },
  "manifest/bad-line": {
    what: "A line of the manifest cannot be understood.",
    why: "The file that it stands for is not verified.",
    fix: "Fetch the manifest again, or make it anew if you trust the files.",
  },
  "manifest/unknown-algorithm": {
    what: "The manifest uses a digest algorithm that vmferry does not know.",
    why: "The file that the line stands for is not verified.",
    fix: "Make the manifest anew with SHA256 if you trust the files.",
  },
  "manifest/bad-digest": {
    what: "A digest in the manifest has the wrong length or is not hexadecimal.",
    why: "The file that the line stands for is not verified.",
    fix: "Fetch the manifest again, or make it anew if you trust the files.",
  },
  "manifest/digest-mismatch": {
    what: "A file's digest is not the one in the manifest.",
    why: "The file was altered or damaged after the manifest was made.",
    fix: "Fetch the package again. Where you changed the file yourself, make the manifest anew.",
  },
  "manifest/missing-file": {
    what: "The manifest lists a file that the package does not have.",
    why: "The package is incomplete, or a file was renamed after the manifest was made.",
    fix: "Fetch the package again. Where you took the file out yourself, make the manifest anew.",
  },
  "manifest/not-covered": {
    what: "The manifest does not list a file that the package uses.",
    why: "Nobody can tell whether that file was changed.",
    fix: "Make the manifest anew if you trust the file. VirtualBox leaves out CD images.",
  },
  "manifest/duplicate-entry": {
    what: "The manifest lists a file more than once.",
    why: "With the same digest it is untidy; with two digests at least one is wrong.",
    fix: "Make the manifest anew.",
  },
  "manifest/lists-itself": {
    what: "The manifest lists itself or the certificate.",
    why: "Both are made after the digests were taken, so the line can never be right.",
    fix: "Make the manifest anew without the line.",
  },
  "manifest/weak-algorithm": {
    what: "Files are covered by SHA1 or MD5 only.",
    why: "Such digests show accidents, but no longer prove that nobody changed a file on purpose.",
    fix: "Make the manifest anew with SHA256.",
  },
  "package/unknown-kind": {
    kind: "usage",
    what: "A file is no package that vmferry knows.",
    why: "Packages are told by their content; this one has no tar header and is no XML descriptor.",
    fix: "Give an `.ova`, an `.ovf`, or a folder with one `.ovf`; for a bare disk use `vmferry disk`.",
  },
  "package/not-ovf": {
    kind: "usage",
    what: "A machine of a platform was given where an OVF package is needed.",
    why: "Rules, manifests and signatures belong to OVF packages; a platform's own configuration has none.",
    fix: "Convert it first: vmferry convert SRC DEST.ova --to ova.",
  },
  "package/unreadable-kind": {
    kind: "unsupported-feature",
    what: "A package was recognised, and its kind is not read yet.",
    why: "Its format is one that vmferry does not read, such as Hyper-V's binary VMCX, which nobody has documented.",
    fix: "Export the machine as OVF where it comes from; of Hyper-V collect it with the script that `vmferry collect hyperv` prints.",
  },
  "package/no-member": {
    kind: "not-found",
    what: "A package has no member of the given name.",
    why: "The name is misspelt, or a file that the descriptor refers to is missing.",
    fix: "Look at the members with `vmferry inspect`.",
  },
  "package/not-intact": {
    kind: "integrity",
    what: "A file of the package is not what its manifest says, met while the package was used.",
    why: "It was altered or damaged after the manifest was made. Nothing of the result was kept.",
    fix: "Fetch the package again. If you know why it differs, use `--no-integrity`.",
  },
  "package/not-trusted": {
    kind: "untrusted",
    what: "A package was to be used on condition that somebody who is trusted signed it, and nobody did.",
    why: "It is not signed, or its signer is not among those that were named, or the manifest leaves files out.",
    fix: "Look at it with `vmferry verify`; ask its vendor.",
  },
  "package/sum-mismatch": {
    kind: "integrity",
    what: "The package does not have the sum that was given.",
    why: "It is another file, or it was altered or damaged on the way.",
    fix: "Fetch it again, and compare the sum with the vendor's.",
  },
  "manifest/absent": {
    what: "The package has no manifest.",
    why: "Nobody can tell whether its files were changed.",
    fix: "Ask for a package with a manifest, or for a sum to compare with.",
  },
};
