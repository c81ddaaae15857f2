import type { Platform } from "../platform.js";
import { readOvaXml } from "./import.js";

/** XenServer and XCP-ng: XVA archives of `xe vm-export`. */
export const xenserverPlatform: Platform = {
  id: "xenserver",
  label: "XenServer and XCP-ng (XVA)",
  reads: ["xva"],
  defaultTarget: null,
  defaults: {},
  readConfig: (text, ctx) => readOvaXml(text, ctx),
};
