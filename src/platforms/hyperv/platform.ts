import type { Platform } from "../platform.js";
import { exportHyperv, type HypervOptions, hypervDefaults } from "./export.js";

/** Microsoft Hyper-V: VHDX disks and a script that makes the machine. */
export const hypervPlatform: Platform<HypervOptions> = {
  id: "hyperv",
  label: "Microsoft Hyper-V",
  reads: [],
  defaultTarget: "hyperv-2025",
  defaults: hypervDefaults,
  exportConfig: async (fitted, shapes, target, options) => exportHyperv(fitted, shapes, target, options),
};
