import type { Platform } from "../platform.js";
import { exportVirtualbox } from "./export.js";
import { readVbox } from "./import.js";
import type { VirtualboxOptions } from "./options.js";

/** VirtualBox's own machines: a `.vbox` file beside its disks. */
export const virtualboxPlatform: Platform<VirtualboxOptions> = {
  id: "virtualbox",
  label: "VirtualBox",
  reads: ["vbox"],
  defaultTarget: "virtualbox-7",
  defaults: {},
  disks: [
    { format: "vdi", variants: ["dynamic", "static"], extension: ".vdi" },
    { format: "vmdk", variants: ["monolithicSparse", "streamOptimized", "monolithicFlat"], extension: ".vmdk" },
    { format: "vhd", variants: ["dynamic", "fixed"], extension: ".vhd" },
  ],
  readConfig: readVbox,
  exportConfig: async (fitted, shapes, target, options, ctx) => exportVirtualbox(fitted, shapes, target, ctx, options),
};
