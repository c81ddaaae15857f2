import type { CodeTable } from "./codes.js";

/** Codes of the area `ovf`. */
export const ovfCodes: CodeTable = {};
