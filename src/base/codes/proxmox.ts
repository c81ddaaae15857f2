import type { CodeTable } from "./codes.js";

/** What becomes of a machine on Proxmox VE. */
export const proxmoxCodes: CodeTable = {
  "proxmox/bad-name": {
    kind: "usage",
    what: "A storage or a bridge of Proxmox VE cannot be called so.",
    why: "The name goes into settings in which commas and blanks mean something else.",
    fix: "Give the name as the host has it: `pvesm status` lists storages, the network page of a node its bridges.",
  },
  "proxmox/one-file": {
    what: "One file stands for two volumes of a machine of Proxmox VE.",
    why: "Volumes of several storages may have one name; beside the configuration there can be but one file of it.",
    fix: "Keep them apart, and say where each lies with `--map-disk`.",
  },
  "proxmox/name-changed": {
    what: "The machine has another name on Proxmox VE.",
    why: "It takes names of hosts: letters, digits and hyphens between dots.",
    fix: "Nothing.",
  },
  "proxmox/guest-os-mapped": {
    what: "The guest system got Proxmox VE's name for it.",
    why: "It tells few systems apart: all of Linux is one, Windows goes by version.",
    fix: "Change `ostype` if it is not right.",
  },
  "proxmox/memory-starts-full": {
    what: "The machine starts with all of its memory.",
    why: "Proxmox VE starts a machine with the most that it may have, and takes memory back afterwards.",
    fix: "Lower `memory` if the host has not that much.",
  },
  "proxmox/one-scsi-controller": {
    what: "A drive moved to another kind of SCSI controller.",
    why: "All drives on SCSI of a machine hang on one kind of controller (`scsihw`).",
    fix: "See that the guest has a driver for it, or move the drive to another bus before.",
  },
  "proxmox/drive-renumbered": {
    what: "A drive has another number.",
    why: "Chips of LSI Logic take seven drives each, and numbers end at 30.",
    fix: "Nothing, unless the guest names its disks by their place.",
  },
  "proxmox/no-room": {
    what: "A drive has no place on SCSI.",
    why: "A machine has 31 places there.",
    fix: "Move drives to another bus before, or leave some out.",
  },
  "proxmox/controllers-implied": {
    what: "Controllers without drives are not written.",
    why: "Proxmox VE makes the controllers that its drives need, and USB by itself.",
    fix: "Nothing.",
  },
  "proxmox/device-changed": {
    what: "A serial port, sound card or graphics card became another one, or has no place.",
    why: "Proxmox VE has four serial ports, which end in a socket or a device of the host, three sound cards, and its own list of graphics cards.",
    fix: "Choose another one in the machine's hardware if the guest needs it.",
  },
  "proxmox/network-chosen": {
    what: "A network card was plugged into a bridge that the source does not name.",
    why: "Proxmox VE connects by bridges of the host, or by NAT; the source's network is neither.",
    fix: "Give the bridge when the machine is made: `import.sh --bridge NAME`.",
  },
  "proxmox/vlan-dropped": {
    what: "The VLAN of a network card is lost.",
    why: "Only cards on a bridge have one.",
    fix: "Plug the card into a bridge.",
  },
  "proxmox/read-only-dropped": {
    what: "A disk that is only read becomes writable.",
    why: "Only drives on SCSI and virtio can be read-only.",
    fix: "Move the drive to SCSI or virtio, where the guest can boot from it.",
  },
};
