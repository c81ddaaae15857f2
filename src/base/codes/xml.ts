import type { CodeTable } from "./codes.js";

/** Codes of the area `xml`. */
export const xmlCodes: CodeTable = {};
