import { QEMU_DISKS } from "../files.js";
import type { Platform } from "../platform.js";
import { exportXl } from "./export.js";
import { readXl } from "./import.js";
import { type XenOptions, xenDefaults } from "./options.js";

/** Xen by itself: configurations of xl. */
export const xenPlatform: Platform<XenOptions> = {
  id: "xen",
  label: "Xen (xl)",
  reads: ["xl"],
  defaultTarget: "xen",
  defaults: xenDefaults,
  choices: { disks: ["qcow2", "raw"] },
  // blktap reads VHD, where a host still has it (xl-disk-configuration(5)).
  disks: [...QEMU_DISKS, { format: "vhd", variants: ["dynamic"], extension: ".vhd" }],
  namesFolder: true,
  readConfig: (text) => readXl(text),
  exportConfig: async (fitted, _shapes, _target, options) => exportXl(fitted, options),
};
