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
};
