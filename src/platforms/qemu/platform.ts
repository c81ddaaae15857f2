import { QEMU_DISKS } from "../files.js";
import type { Platform } from "../platform.js";
import { exportQemu, type QemuOptions, qemuDefaults } from "./export.js";

/** QEMU by itself: a script that starts the machine here and now. */
export const qemuPlatform: Platform<QemuOptions> = {
  id: "qemu",
  label: "QEMU (a script)",
  reads: [],
  defaultTarget: "qemu",
  defaults: qemuDefaults,
  choices: { disks: ["qcow2", "raw"] },
  disks: QEMU_DISKS,
  exportConfig: async (fitted, shapes, target, options) => exportQemu(fitted, shapes, target, options),
};
