/** What virt-v2v says when it reads an OVA (`-i ova`). */
import type { ForeignMessage } from "./message.js";

const INSTEAD = ["validate SRC --for libvirt", "convert SRC DEST --to libvirt"];

export const virtV2vMessages: readonly ForeignMessage[] = [
  {
    program: "virt-v2v",
    says: "failed to parse line returned by tar",
    pattern: /failed to parse line returned by tar/i,
    means:
      "virt-v2v reads places of disks from the words that tar prints, and tar speaks another language than English here.",
    fix: "Run it with LC_ALL=C, or unpack the OVA and give it the folder.",
    commands: ["unpack SRC DEST", "convert SRC DEST --to libvirt"],
    codes: [],
    seen: ["libguestfs/virt-v2v#6"],
    example: 'virt-v2v: error: failed to parse line returned by tar: "bloc 0 : -rw-r--r-- ..."',
  },
  {
    program: "virt-v2v",
    says: "checksum of {file} does not match manifest",
    pattern: /checksum of (?:disk )?(?<file>\S{1,255}) does not match manifest/i,
    means:
      "The file {file} is not the one that the manifest was made for: it was changed after packing, or damaged on the way.",
    fix: "Fetch it again and verify it.",
    commands: ["verify SRC"],
    codes: ["manifest/digest-mismatch"],
    seen: [],
    example: "virt-v2v: error: checksum of disk x-disk1.vmdk does not match manifest x.mf (actual ...)",
  },
  {
    program: "virt-v2v",
    says: "unable to parse line from manifest file",
    pattern: /unable to parse line from manifest file:? ?(?<line>"[^"]{1,120})?/i,
    means:
      "A line of the manifest is spelled in a way that virt-v2v does not know. It goes on without checking that file.",
    fix: "Respell the manifest: `SHA256(name)= digest`.",
    commands: ["verify SRC", "fix SRC DEST"],
    codes: ["manifest/odd-spelling"],
    seen: ["libguestfs/virt-v2v#18"],
    example: 'virt-v2v: warning: unable to parse line from manifest file: "SHA256 (x.ovf) = 12ab"',
  },
  {
    program: "virt-v2v",
    says: "no .ovf file was found in the OVA",
    pattern: /(?:could not|no) (?:find )?(?:the |an )?\.?ovf file (?:was found )?in/i,
    means: "virt-v2v looks for one file whose name ends in .ovf at the top of the archive or folder.",
    fix: "Write the archive anew: one descriptor, at the top, with that ending.",
    commands: ["inspect SRC", "fix SRC DEST.ova"],
    codes: ["ovf/no-descriptor"],
    seen: [],
    example: "virt-v2v: error: no .ovf file was found in x.ova",
  },
  {
    program: "virt-v2v",
    says: "could not parse ovf / no machine is read",
    pattern: /(?:i ova|ova|ovf):? [^.]{0,60}(?:could not (?:read|parse|find)|expecting xml expression to return)/i,
    means:
      "virt-v2v 2.2 reads one VirtualSystem of OVF 1.x. Of OVF 2.0, OVF 0.9 and collections it reads nothing, sometimes without an error: a machine with one processor and no disk.",
    fix: "Convert the package here: vmferry reads them all.",
    commands: INSTEAD,
    codes: ["target/namespace-unread", "target/collection-unread"],
    seen: ["libguestfs/virt-v2v#18"],
    example: "virt-v2v: error: -i ova: could not parse ovf:Name from the descriptor",
  },
  {
    program: "virt-v2v",
    says: "no disks were found in the OVF",
    pattern: /(?:no disks|source has no (?:hard )?disks|does not have any disks|must have at least one disk)/i,
    means:
      "No disk of the descriptor leads to a file: Disk elements without fileRef, OVF 2.0, or a collection of machines, none of which virt-v2v reads.",
    fix: "Convert the package here, or give each disk a file.",
    commands: INSTEAD,
    codes: ["target/disk-empty", "target/host-resource", "target/namespace-unread"],
    seen: [],
    example: "virt-v2v: error: source has no disks",
  },
  {
    program: "virt-v2v",
    says: "inspection could not detect the source guest",
    pattern: /inspection could not detect the source guest/i,
    means:
      "The disks were read, but virt-v2v knows no operating system on them: an appliance that it does not know, an encrypted disk, or an empty one.",
    fix: "Convert without changing the guest. The guest then needs the drivers for the new machine already.",
    commands: ["inspect SRC", "convert SRC DEST --to libvirt"],
    codes: [],
    seen: [],
    example: "virt-v2v: error: inspection could not detect the source guest (or physical machine).",
  },
];
