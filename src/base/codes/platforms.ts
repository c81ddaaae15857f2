import type { CodeTable } from "./codes.js";

/** Codes of the area `platform`. */
export const platformCodes: CodeTable = {};
