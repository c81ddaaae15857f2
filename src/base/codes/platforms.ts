import type { CodeTable } from "./codes.js";
import { fitCodes } from "./fit.js";
import { vmwareCodes } from "./vmware.js";

/** Codes of the areas `fit`, `platform`, `vmware`, `hyperv`, `libvirt`, `xen` and `qemu`: what becomes of a machine on another platform. */
export const platformCodes: CodeTable = {
  ...fitCodes,
  ...vmwareCodes,
  "platform/product-dropped": {
    what: "A product section with its properties is lost.",
    why: "Only OVF describes products and the questions that they ask.",
    fix: "Configure the software in the guest by hand, or convert to OVF.",
  },
  "platform/eula-dropped": {
    what: "A licence text is lost.",
    why: "Only OVF carries licence texts. The licence applies all the same.",
    fix: "Keep the source package, and read the text with `vmferry inspect`.",
  },
  "platform/options-dropped": {
    what: "The package's other configurations are lost.",
    why: "A machine has one configuration; the one chosen was applied.",
    fix: "Convert again with another configuration if you want that one.",
  },
  "platform/startup-dropped": {
    what: "The order in which machines start is lost.",
    why: "The platform's configuration files describe single machines.",
    fix: "Start the machines in the order that the note lists, or set it up on the host.",
  },
  "platform/group-dropped": {
    what: "A group of machines is lost.",
    why: "The platform's configuration files describe single machines.",
    fix: "Nothing, or make a folder or resource pool on the host.",
  },
  "platform/fact-dropped": {
    what: "A fact of the machine is lost: the target's configuration has no word for it.",
    why: "Platforms differ in what they can say: UUID, TPM, VLANs, serial ports, clock and the like.",
    fix: "Set it up by hand on the new platform if the guest needs it.",
  },
  "platform/foreign-dropped": {
    what: "Something that vmferry carries but does not interpret is lost.",
    why: "It is hardware or a setting of another platform, such as a sound card, a serial port or a vendor's own section.",
    fix: "Add it on the new platform by hand if the guest needs it.",
  },
  "platform/network-description-dropped": {
    what: "The description of a network is lost.",
    why: "The platform names networks, but does not describe them.",
    fix: "Nothing.",
  },
  "platform/guest-os-description-dropped": {
    what: "The description of the guest system is lost.",
    why: "The platform has room for an identifier alone, or for nothing.",
    fix: "Nothing.",
  },
  "platform/bounds-dropped": {
    what: "Limits that the author set for processors or memory are lost.",
    why: "The platform has no place for the least and the most that an author allows.",
    fix: "Keep to the limits when you change the machine.",
  },
  "platform/install-dropped": {
    what: "It is lost that the first start is an installation.",
    why: "Only OVF says that a machine first starts to install itself.",
    fix: "Let the first start run until the machine stops by itself.",
  },
  "platform/transport-dropped": {
    what: "The guest gets no OVF environment.",
    why: "It expects one on a CD or through the hypervisor, and the platform's configuration hands it none.",
    fix: "Configure the software in the guest by hand, or convert to OVF.",
  },
  "platform/port-profile-dropped": {
    what: "The port profile of a network card is lost.",
    why: "The platform's configuration has no place for it.",
    fix: "Set up the switch port on the host.",
  },
  "platform/disk-shared": {
    what: "Several drives use one disk.",
    why: "Sharing a disk needs settings that each platform makes in its own way, and a file system made for it.",
    fix: "Set up sharing on the platform, or give each machine a copy.",
  },
  "platform/disk-merged": {
    what: "A base disk becomes part of the disks that are based on it.",
    why: "Disks are written whole, so that no file depends on another.",
    fix: "Nothing.",
  },
  "platform/disk-unattached": {
    what: "A disk that is attached to no machine was left out.",
    why: "The result has no place for a disk without a machine.",
    fix: "Convert it by itself: `vmferry disk convert 'PACKAGE!MEMBER' FILE`.",
  },
  "platform/file-dropped": {
    what: "A file that belongs to no machine was left out.",
    why: "The result has no place for it.",
    fix: "Take it out of the package with `vmferry unpack`.",
  },
  "platform/nvram-dropped": {
    what: "The content of the firmware's memory is lost.",
    why: "Each platform keeps EFI variables in a file format of its own.",
    fix: "If the machine does not find its loader, make a boot entry again, or copy the loader to \\EFI\\BOOT\\BOOTX64.EFI.",
  },
  "libvirt/disk-elsewhere": {
    what: "A disk of a libvirt domain is no file: a block device, a volume of a pool, a disk on a server.",
    why: "What a domain names on its own host is not there where the domain's XML was brought to.",
    fix: "Copy the disk into a file on its host, such as with qemu-img convert, and name it with --map-disk.",
  },
  "libvirt/other-architecture": {
    what: "A libvirt domain runs on processors that are no x86.",
    why: "No target has such processors. Disks can be carried over, but the system on them starts on its own kind alone.",
    fix: "Convert it for its disks, or keep the machine on a host of its architecture.",
  },
  "xen/disk-elsewhere": {
    what: "A disk of a Xen guest is no file: a block device, a logical volume, a disk on a server.",
    why: "What a configuration names on its own host is not there where the configuration was brought to.",
    fix: "Copy the disk into a file on its host, such as with qemu-img convert, and name it with --map-disk.",
  },
  "xen/partition-disk": {
    what: "A disk of a Xen guest is a partition by itself, such as sda1.",
    why: "Its image holds a file system without a partition table, which only a paravirtual guest of Xen sees as a partition.",
    fix: "Make a disk with a partition table and a boot loader, and copy the file system into it, before it is used elsewhere.",
  },
  "libvirt/nvram-kept": {
    what: "The memory of a machine's EFI firmware is taken over as OVMF's variables.",
    why: "It has their size. Boot entries stay, but only firmware of the same build reads them.",
    fix: "Nothing; where the machine does not start, take the `<nvram>` element out of the domain: the firmware starts with an empty memory then.",
  },
  "libvirt/serial-of-host": {
    what: "Serial ports of a machine lead to files, sockets or addresses of the host.",
    why: "They are those of the host that it came from.",
    fix: "Make them, or change the `<serial>` elements, before the machine is started.",
  },
  "libvirt/tpm-empty": {
    what: "A machine's TPM starts empty.",
    why: "What a TPM keeps secret cannot be taken out of it.",
    fix: "Have the recovery keys of encrypted disks at hand, and install swtpm on the host.",
  },
  "libvirt/relative-folder": {
    kind: "usage",
    what: "The folder of a domain's disks is no absolute path.",
    why: "libvirt opens images by absolute paths alone.",
    fix: "Give the absolute path of the folder in which the disks will lie.",
  },
  "libvirt/name-changed": {
    what: "The domain has another name than the machine.",
    why: "libvirt takes no slash in a name. The machine's name is the domain's title.",
    fix: "Nothing.",
  },
  "libvirt/guest-os-dropped": {
    what: "The domain does not name its guest system.",
    why: "The source's name has no exact counterpart in libosinfo's list, and a wrong version would mislead.",
    fix: "Set it with `virt-xml DOMAIN --edit --os-variant NAME` if your tools use it.",
  },
  "libvirt/network-chosen": {
    what: "A network card was plugged into a network of the host.",
    why: "A domain names networks of its host; the source's network has another name, or none.",
    fix: "Choose another network with `virsh edit`, or name one when converting.",
  },
  "qemu/guest-os-dropped": {
    what: "The name of the guest system is lost.",
    why: "QEMU's command line has no place for it.",
    fix: "Nothing.",
  },
  "qemu/annotation-dropped": {
    what: "The machine's annotation is lost.",
    why: "QEMU's command line has no place for it.",
    fix: "Read it in the report beside the result.",
  },
  "qemu/network-chosen": {
    what: "A network card reaches the outside by QEMU's own NAT.",
    why: "A script for any host cannot know the host's bridges; NAT needs no rights.",
    fix: "Edit the script's `-netdev` line.",
  },
  "hyperv/guest-os-dropped": {
    what: "The name of the guest system is lost.",
    why: "Hyper-V keeps no such name. Windows or not decides the template for secure boot.",
    fix: "Nothing.",
  },
  "hyperv/sockets-dropped": {
    what: "The number of cores in a socket is lost.",
    why: "Hyper-V lays out sockets by itself, after the host's NUMA nodes.",
    fix: "If the guest's licences count sockets, look at `Set-VMProcessor -MaximumCountPerNumaSocket`.",
  },
  "hyperv/switch-by-name": {
    what: "Network cards are connected to virtual switches that have the names of their networks.",
    why: "A script for any host cannot know which switch stands for which network.",
    fix: "Give the script `-SwitchMap @{ 'network' = 'switch' }`. A card without a switch stays unconnected, with a warning.",
  },
  "hyperv/boot-order-reduced": {
    what: "The boot order among drives of one kind is lost.",
    why: "A generation 1 machine orders kinds of devices; among disks the first one boots, which the boot disk is.",
    fix: "Nothing, unless the machine has to try several drives.",
  },
  "hyperv/no-network-boot": {
    what: "The machine cannot boot from the network.",
    why: "A generation 1 machine does so by a legacy network adapter alone.",
    fix: "Add one with `Add-VMNetworkAdapter -IsLegacy $true`.",
  },
  "hyperv/not-off": {
    what: "The machine was not off when it was collected.",
    why: "A guest that runs changes its disks while they are copied; what it had in memory is not in them.",
    fix: "Shut the machine down, then collect it and copy its disks again. A saved state is thrown away.",
  },
  "hyperv/checkpoints-dropped": {
    what: "The checkpoints of a machine are lost; its present state is taken.",
    why: "A conversion carries one state of the disks: the one that the machine would start from.",
    fix: "Make a machine of each checkpoint that you need, with `Export-VMSnapshot`, and convert it too.",
  },
  "hyperv/shielded": {
    what: "The machine is shielded: its disks are encrypted.",
    why: "The keys lie in its virtual TPM, which opens on guarded hosts alone.",
    fix: "Take the shielding off on the host, and decrypt the disks in the guest, before you copy them.",
  },
  "hyperv/pass-through": {
    what: "A disk of the machine is a disk of its host.",
    why: "There is no image that could be copied.",
    fix: "Copy the host's disk into an image while it is offline, and name it: `--map-disk ID=PATH`.",
  },
  "hyperv/vhd-set": {
    what: "A disk is a VHD set.",
    why: "A `.vhds` file only names the images that hold the data of a disk that several machines share.",
    fix: "Make one image of it: `Convert-VHD -Path SET.vhds -DestinationPath DISK.vhdx`, and name that: `--map-disk ID=DISK.vhdx`.",
  },
  "hyperv/dynamic-memory-changed": {
    what: "The range of a machine's dynamic memory was changed.",
    why: "Hyper-V counts in steps of 2 MiB, and what a machine starts with lies within the range.",
    fix: "Nothing, or set another range with `Set-VMMemory`.",
  },
  "hyperv/tpm-dropped": {
    what: "The machine gets no TPM.",
    why: "Hyper-V has virtual TPMs of version 2.0 in generation 2 alone.",
    fix: "Have the recovery keys of encrypted disks at hand, or let the machine boot by EFI before you convert it.",
  },
  "hyperv/serial-port-dropped": {
    what: "A serial port is left out, or has nothing at its other end.",
    why: "A machine has COM1 and COM2, and behind them a named pipe of Windows or nothing.",
    fix: "Give it a pipe: `Set-VMComPort -VMName NAME -Number 1 -Path '\\\\.\\pipe\\NAME'`.",
  },
  "hyperv/floppy-implied": {
    what: "An empty floppy drive is not written down.",
    why: "Every generation 1 machine has one, so that an empty one says nothing about it.",
    fix: "Nothing.",
  },
  "hyperv/network-unnamed": {
    what: "A network card is to be connected, to a network that has no name.",
    why: "Adapters are connected to virtual switches by name.",
    fix: "Name the switch when you run the script: `-SwitchMap @{ 'Network Adapter 1' = 'switch' }`.",
  },
  "hyperv/network-dropped": {
    what: "The network of a card that is not connected is lost.",
    why: "An adapter of Hyper-V names a switch only while it is connected to it.",
    fix: "Connect the adapter to that switch if it should be.",
  },
  "hyperv/vhd-impossible": {
    what: "The disks became VHDX although VHD was asked for.",
    why: "Generation 2 takes VHDX alone, and a VHD holds at most 2040 GiB.",
    fix: "Nothing, or convert single disks with `vmferry disk convert`.",
  },
};
