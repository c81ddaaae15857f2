import type { CodeTable } from "./codes.js";

/** Codes of the area `cli`. */
export const cliCodes: CodeTable = {};
