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
    what: "A network card was connected by NAT.",
    why: "Workstation and Fusion connect by NAT, bridge or host-only network; the source's network is none that says which.",
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
};
