import type { Platform } from "../platform.js";
import { exportLibvirt, type LibvirtOptions, libvirtDefaults } from "./export.js";

/** libvirt domains of QEMU and KVM. */
export const libvirtPlatform: Platform<LibvirtOptions> = {
  id: "libvirt",
  label: "libvirt (QEMU and KVM)",
  reads: [],
  defaultTarget: "libvirt",
  defaults: libvirtDefaults,
  namesFolder: true,
  exportConfig: async (fitted, shapes, target, options) => exportLibvirt(fitted, shapes, target, options),
};
