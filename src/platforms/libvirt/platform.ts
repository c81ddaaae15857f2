import { QEMU_DISKS } from "../files.js";
import type { Platform } from "../platform.js";
import { exportLibvirt } from "./export.js";
import { readDomain } from "./import.js";
import { type LibvirtOptions, libvirtDefaults } from "./options.js";

/** libvirt domains of QEMU and KVM. */
export const libvirtPlatform: Platform<LibvirtOptions> = {
  id: "libvirt",
  label: "libvirt (QEMU and KVM)",
  reads: ["libvirt"],
  defaultTarget: "libvirt",
  defaults: libvirtDefaults,
  choices: { type: ["kvm", "qemu"], disks: ["qcow2", "raw"] },
  disks: QEMU_DISKS,
  namesFolder: true,
  readConfig: readDomain,
  exportConfig: async (fitted, shapes, target, options) => exportLibvirt(fitted, shapes, target, options),
};
