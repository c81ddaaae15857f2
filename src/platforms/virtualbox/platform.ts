import type { Platform } from "../platform.js";
import { readVbox } from "./import.js";

/** VirtualBox's own machines: a `.vbox` file beside its disks. */
export const virtualboxPlatform: Platform = {
  id: "virtualbox",
  label: "VirtualBox",
  reads: ["vbox"],
  defaultTarget: null,
  defaults: {},
  readConfig: readVbox,
};
