import type { CodeTable } from "./codes.js";

/** Codes of the area `disk`. */
export const diskCodes: CodeTable = {};
