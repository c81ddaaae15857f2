import type { Platform } from "../platform.js";
import { exportVmware, type VmwareOptions, vmwareDefaults } from "./export.js";
import { readVmx } from "./import.js";

/** VMware's own configuration: VMX and VMDK, for Workstation, Fusion and ESXi. */
export const vmwarePlatform: Platform<VmwareOptions> = {
  id: "vmware",
  label: "VMware (VMX)",
  reads: ["vmx"],
  defaultTarget: "workstation-17",
  defaults: vmwareDefaults,
  choices: {
    disks: [
      "auto",
      "monolithicSparse",
      "streamOptimized",
      "monolithicFlat",
      "twoGbMaxExtentSparse",
      "twoGbMaxExtentFlat",
    ],
  },
  disks: [
    {
      format: "vmdk",
      variants: ["monolithicSparse", "streamOptimized", "monolithicFlat", "twoGbMaxExtentSparse", "twoGbMaxExtentFlat"],
      extension: ".vmdk",
    },
  ],
  readConfig: (text) => readVmx(text),
  exportConfig: async (fitted, shapes, target, options) => exportVmware(fitted, shapes, target, options),
};
