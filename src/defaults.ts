/** The tables that vmferry works with: disk formats, platforms, targets, codes. */
export { codes } from "./base/codes/all.js";
export { diskFormats } from "./disk/formats.js";
export { platforms } from "./platforms/platforms.js";
export { targets } from "./targets/targets.js";
