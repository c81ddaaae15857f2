import type { Platform } from "../platform.js";
import { exportXenserver, type XenserverOptions, xenserverDefaults } from "./export.js";
import { readOvaXml } from "./import.js";

/** XenServer and XCP-ng: XVA archives of `xe vm-export` and for `xe vm-import`. */
export const xenserverPlatform: Platform<XenserverOptions> = {
  id: "xenserver",
  label: "XenServer and XCP-ng (XVA)",
  reads: ["xva"],
  defaultTarget: "xenserver-8",
  defaults: xenserverDefaults,
  choices: { sum: ["xxh64", "sha1"] },
  archive: "xva",
  readConfig: (text, ctx) => readOvaXml(text, ctx),
  exportConfig: async (fitted, _shapes, _target, options) => exportXenserver(fitted, options),
};
