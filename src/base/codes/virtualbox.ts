import type { CodeTable } from "./codes.js";

/** Codes of the area `virtualbox`: machines of VirtualBox, read and written. */
export const virtualboxCodes: CodeTable = {
  "virtualbox/bad-value": {
    what: "An attribute of a machine's settings has a value that it cannot have.",
    why: "The file was made or changed by hand; VirtualBox refuses such a file, or takes its default.",
    fix: "Correct the value at the place that is named.",
  },
  "virtualbox/unknown-controller": {
    what: "A storage controller is of a type that vmferry does not know.",
    why: "Which bus it speaks, and where its drives are, cannot be told.",
    fix: "Move its drives to another controller in VirtualBox first.",
  },
  "virtualbox/disk-elsewhere": {
    what: "A disk of the machine is no file: it lies on an iSCSI server, or nothing names it.",
    why: "Only files are carried over; the machine would lack the disk.",
    fix: "Clone it to a file with `VBoxManage clonemedium`, attach that, and convert again.",
  },
  "virtualbox/encrypted": {
    kind: "unsupported-feature",
    what: "A disk, or the machine as a whole, is encrypted by VirtualBox.",
    why: "Nothing in the image tells it from a plain one; its bytes are of no use without VirtualBox and the password.",
    fix: "Take the encryption off with `VBoxManage encryptmedium` or `VBoxManage encryptvm` first.",
  },
  "virtualbox/secure-boot-unseen": {
    what: "The machine boots by EFI, and its settings do not say whether secure boot is switched on.",
    why: "VirtualBox keeps that in the NVRAM file beside the settings, which is carried over unopened.",
    fix: "Switch secure boot on or off on the new platform as `VBoxManage showvminfo` says (SecureBoot).",
  },
  "virtualbox/uuid-dropped": {
    what: "What the source calls the machine's UUID is none.",
    why: "VirtualBox takes a UUID and nothing else; the guest sees a new one.",
    fix: "Set one with `VBoxManage modifyvm NAME --hardware-uuid UUID`.",
  },
  "virtualbox/secure-boot-by-hand": {
    what: "Secure boot is on in the source, and is not switched on by the settings that are written.",
    why: "VirtualBox keeps its state and its keys in the NVRAM file, which it makes itself.",
    fix: "After registering the machine, make the store, enroll the keys and switch it on with `VBoxManage modifynvram`.",
  },
  "virtualbox/guest-os-unknown": {
    what: "Nothing names the guest system in a way that VirtualBox knows.",
    why: "VirtualBox chooses defaults and fixes by the type of the guest system.",
    fix: "Choose the type with `VBoxManage modifyvm NAME --os-type ID`.",
  },
  "virtualbox/guest-os-mapped": {
    what: "The guest system has another name in VirtualBox.",
    why: "Each platform has a list of its own.",
    fix: "Nothing, or choose another type with `VBoxManage modifyvm NAME --os-type ID`.",
  },
  "virtualbox/chipset-changed": {
    what: "The machine gets the other one of VirtualBox's two chip sets.",
    why: "Its controllers, cards or drives need more room than the chip set of the source has in VirtualBox.",
    fix: "Nothing; Windows may find new devices when it starts.",
  },
  "virtualbox/cores-dropped": {
    what: "How processors are grouped in sockets is lost.",
    why: "VirtualBox has no setting for it.",
    fix: "Nothing, unless a licence counts sockets.",
  },
  "virtualbox/max-cpus-lowered": {
    what: "The machine may have fewer processors while it runs than the source allows.",
    why: "VirtualBox has 64 at most.",
    fix: "Nothing.",
  },
  "virtualbox/boot-by-kind": {
    what: "The boot order names several devices of one kind.",
    why: "VirtualBox's order names kinds of devices, and tries the first of each.",
    fix: "Put the disk to boot from first, or choose with F12 when the machine starts.",
  },
  "virtualbox/video-changed": {
    what: "The graphics card is another one, or has less memory or fewer screens.",
    why: "VirtualBox has three cards of its own, 256 MiB and 64 screens at most.",
    fix: "Choose another one with `VBoxManage modifyvm NAME --graphicscontroller`.",
  },
  "virtualbox/sound-changed": {
    what: "The sound card is another one.",
    why: "VirtualBox has HDA, AC97 and SoundBlaster 16.",
    fix: "Choose another one with `VBoxManage modifyvm NAME --audio-controller`.",
  },
  "virtualbox/usb-merged": {
    what: "USB controllers of one kind become one.",
    why: "VirtualBox has one of each kind.",
    fix: "Nothing.",
  },
  "virtualbox/usb-full": {
    what: "The machine has more USB drives than VirtualBox has ports for.",
    why: "A storage controller for USB has eight ports.",
    fix: "Put some of the drives on another bus.",
  },
  "virtualbox/network-chosen": {
    what: "A network card is connected by NAT, since its own network is not one of VirtualBox's.",
    why: "A network of another platform has no counterpart that starts everywhere; NAT does.",
    fix: "Choose another network with `VBoxManage modifyvm NAME --nic1 ...`.",
  },
  "virtualbox/interface-to-choose": {
    what: "A network card is plugged into an interface of the host that may not be there.",
    why: "A bridge or host-only network goes by the name of the host's interface, and the machine does not start without it.",
    fix: "Name one of the host's with `VBoxManage modifyvm NAME --bridge-adapter1=INTERFACE` or `--host-only-adapter1=INTERFACE`.",
  },
  "virtualbox/serial-dropped": {
    what: "A serial port is left out.",
    why: "VirtualBox has four.",
    fix: "Nothing, or use another port in the guest.",
  },
  "virtualbox/serial-unplugged": {
    what: "A serial port is there, but connected to nothing.",
    why: "VirtualBox knows pipes, files, devices and TCP, and the source's end is none of them or has no name.",
    fix: "Connect it with `VBoxManage modifyvm NAME --uart-mode1 server PATH`.",
  },
  "virtualbox/serial-on-host": {
    what: "A serial port is connected to a file, pipe, device or address of the host, as the source says.",
    why: "What the guest writes goes there as soon as the machine starts.",
    fix: "Look at the path, and change it with `VBoxManage modifyvm NAME --uart-mode1 ...`.",
  },
  "virtualbox/read-only-dropped": {
    what: "A drive that only reads a disk may write to it.",
    why: "VirtualBox says of an image, and not of a drive, that it is only read; another drive writes to this one.",
    fix: "Mount the file system read-only in the guest.",
  },
};
