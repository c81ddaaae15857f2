import type { Platform } from "../platform.js";
import { readXl } from "./import.js";

/** Xen by itself: configurations of xl. */
export const xenPlatform: Platform = {
  id: "xen",
  label: "Xen (xl)",
  reads: ["xl"],
  defaultTarget: null,
  defaults: {},
  readConfig: (text) => readXl(text),
};
