import type { CodeTable } from "./codes.js";

/** Codes of the area `vmware`: VMX files, read and written. */
export const vmwareCodes: CodeTable = {
  "vmware/guest-os-unknown": {
    what: "The guest system became an unknown one.",
    why: "The source does not name it, or by a name that VMware does not know.",
    fix: "Choose the guest system in the machine's settings.",
  },
  "vmware/guest-os-mapped": {
    what: "The guest system got VMware's name for it.",
    why: "The source names it in another platform's words; where those name no version, one stands for the family.",
    fix: "Choose the exact version in the machine's settings, if it matters.",
  },
  "vmware/network-chosen": {
    what: "A network card was plugged into a network that was chosen for it.",
    why: "Workstation and Fusion connect by NAT, bridge or host-only network, ESXi to a port group; the source does not say which.",
    fix: "Choose another network in the machine's settings.",
  },
  "vmware/boot-order-dropped": {
    what: "The boot order of an EFI machine is lost.",
    why: "A VMX file holds a boot order for BIOS alone; EFI keeps it in its NVRAM.",
    fix: "Set the order in the firmware's own menu.",
  },
  "vmware/usb-merged": {
    what: "USB controllers of one kind became one.",
    why: "A VMware machine has one controller for each generation of USB.",
    fix: "Nothing.",
  },
  "vmware/import-disks": {
    what: "The disks have to be imported before ESXi runs them.",
    why: "ESXi runs disks of its own kind only, not sparse disks of hosted products nor stream-optimized ones.",
    fix: "Use `vmkfstools -i SOURCE.vmdk TARGET.vmdk -d thin` on the host, or convert to an OVA and deploy that.",
  },
  "vmware/model-by-default": {
    what: "A VMX file does not say what a controller or a network card is.",
    why: "VMware's products leave out what they mean by default: BusLogic and AMD's card for guests of 32 bits, LSI Logic and Intel's for those of 64.",
    fix: "Nothing, unless the guest has a driver for another one alone: look at its devices before it moves.",
  },
  "vmware/drive-unseen": {
    what: "A VMX file has a drive that its machine does not.",
    why: "VMware passes over drives whose controller is not present, and over disks without a file.",
    fix: "Nothing if the guest never had it. Set the controller's `present` to TRUE if it should have.",
  },
  "vmware/serial-port-changed": {
    what: "A serial port is connected otherwise than it was, or left out.",
    why: "VMware connects a port to a file, a named pipe, a device of the host, and on ESXi to the network; hosted products have four ports.",
    fix: "Choose what the port is connected to in the machine's settings.",
  },
  "vmware/sound-changed": {
    what: "The sound card is another one.",
    why: "VMware has three: HD Audio, Ensoniq's ES1371 and the Sound Blaster 16.",
    fix: "Nothing: the guest finds the new card by itself.",
  },
  "vmware/video-changed": {
    what: "The graphics card is VMware's own, or has another size.",
    why: "VMware has one graphics card, with 4 to 256 MiB and up to 10 displays.",
    fix: "Install VMware Tools, or open-vm-tools, for its driver.",
  },
  "vmware/tpm-new": {
    what: "The TPM comes new and empty, or not at all.",
    why: "Its secrets never leave the old host. On ESXi a TPM needs a key provider that encrypts the machine's files; on BIOS there is none.",
    fix: "Have the recovery keys of encrypted disks at hand. On vSphere add a TPM once the machine is there and a key provider is set up.",
  },
  "vmware/clock-utc": {
    what: "The clock shows UTC, and showed local time.",
    why: "ESXi's hosts have UTC alone; a fixed distance from it would be wrong for half of the year in most places.",
    fix: "Let VMware Tools set the guest's clock, or let the guest take its hardware clock for UTC.",
  },
  "vmware/hardware-lowered": {
    what: "The machine gets an older hardware version than it had.",
    why: "The target does not run the newer one.",
    fix: "Nothing, unless the guest uses something that only the newer version has.",
  },
};
