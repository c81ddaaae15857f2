import type { Platform } from "../platform.js";
import { exportHyperv, type HypervOptions, hypervDefaults } from "./export.js";
import { readHyperv } from "./import.js";

/** Microsoft Hyper-V: what the collector gathered and what old versions export as XML is read; VHDX disks and a script that makes the machine are written. */
export const hypervPlatform: Platform<HypervOptions> = {
  id: "hyperv",
  label: "Microsoft Hyper-V",
  reads: ["hyperv"],
  defaultTarget: "hyperv-2025",
  defaults: hypervDefaults,
  choices: { disks: ["dynamic", "fixed"], format: ["vhdx", "vhd"] },
  disks: [
    { format: "vhdx", variants: ["dynamic", "fixed"], extension: ".vhdx" },
    { format: "vhd", variants: ["dynamic", "fixed"], extension: ".vhd" },
  ],
  readConfig: (text, ctx) => readHyperv(text, ctx.limits),
  exportConfig: async (fitted, shapes, target, options) => exportHyperv(fitted, shapes, target, options),
};
