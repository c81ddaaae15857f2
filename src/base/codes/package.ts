import type { CodeTable } from "./codes.js";

/** Codes of the area `package`. */
export const packageCodes: CodeTable = {};
