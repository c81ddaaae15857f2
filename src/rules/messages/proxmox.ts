/** What Proxmox VE says when it imports OVF (`qm importovf`, and the import of OVAs since 8.3). */
import type { ForeignMessage } from "./message.js";

const FOR = ["validate SRC --for proxmox-8", "fix SRC DEST --for proxmox-8"];

export const proxmoxMessages: readonly ForeignMessage[] = [
  {
    program: "proxmox",
    says: "invalid host resource {resource}, skipping",
    pattern: /invalid host resource (?<resource>\S{0,255}), skipping/i,
    means:
      "A disk is left out. Proxmox takes ovf:/disk/ID only, with letters, digits and -._~ in the id, and only disks that have a file.",
    fix: "Spell HostResource ovf:/disk/ID and give the disk a fileRef; an empty disk is added by hand after the import.",
    commands: FOR,
    codes: ["target/host-resource", "target/disk-id", "target/disk-empty"],
    seen: [],
    example: "invalid host resource /disk/vmdisk1, skipping",
  },
  {
    program: "proxmox",
    says: "invalid or missing controller, skipping",
    pattern: /invalid or missing controller:? ?(?<controller>[^,]{0,60}), skipping/i,
    means:
      "A disk is left out: its item has no Parent, or one that is no InstanceID of the section. Proxmox reads IDE, SCSI and SATA controllers of OVF 1.x.",
    fix: "Give the disk's item the InstanceID of a controller as its Parent.",
    commands: FOR,
    codes: ["target/drive-parent", "target/storage-controller-unknown"],
    seen: [],
    example: "invalid or missing controller: , skipping",
  },
  {
    program: "proxmox",
    says: "invalid file reference {file}, skipping",
    pattern: /invalid file reference (?<file>[^,]{1,255}), skipping/i,
    means: "A disk is left out: its fileRef {file} is the id of no File in References.",
    fix: "Correct fileRef, or add the File element.",
    commands: ["validate SRC"],
    codes: ["ovf/disk-file-unknown"],
    seen: [],
    example: "invalid file reference file9, skipping",
  },
  {
    program: "proxmox",
    says: "referenced path '{path}' is invalid",
    pattern: /referenced path '(?<path>[^']{0,255})' is invalid/i,
    means: "The file's name has blanks, other letters than ASCII, or a folder in it. Proxmox takes plain names only.",
    fix: "Rename the file, in References and in the manifest too.",
    commands: FOR,
    codes: ["target/file-name"],
    seen: [],
    example: "referenced path 'my disk.vmdk' is invalid",
  },
  {
    program: "proxmox",
    says: "error parsing {file}, file seems not to exist at {path}",
    pattern: /error parsing (?<file>[^,]{1,255}), file seems not to exist/i,
    means: "The disk {file} is not beside the descriptor.",
    fix: "Put it there, or correct the name in References.",
    commands: ["validate SRC"],
    codes: ["package/missing-file"],
    seen: [],
    example: "error parsing disk1.vmdk, file seems not to exist at /tmp/disk1.vmdk",
  },
  {
    program: "proxmox",
    says: "error parsing {file}, are you using a symlink ?",
    pattern: /error parsing (?<file>[^,]{1,255}), are you using a symlink/i,
    means:
      "The disk lies outside of the descriptor's folder, or a link leads there. Proxmox reads files of that folder only.",
    fix: "Put the disk itself beside the descriptor.",
    commands: ["validate SRC"],
    codes: [],
    seen: [],
    example: "error parsing disk1.vmdk, are you using a symlink ?",
  },
  {
    program: "proxmox",
    says: "unable to parse the VM name in this OVF manifest, generating a default value",
    pattern: /unable to parse the vm name in this ovf manifest/i,
    means:
      "Proxmox found no Name in a VirtualSystem directly in the Envelope. It reads one machine of OVF 1.x: of OVF 2.0 and of collections it finds nothing.",
    fix: "Where only the name is missing, add it. Otherwise convert the package.",
    commands: ["inspect SRC", "convert SRC DEST --to ova"],
    codes: ["target/namespace-unread", "target/collection-unread"],
    seen: [],
    example: "warning: unable to parse the VM name in this OVF manifest, generating a default value",
  },
];
