import type { JsonValue } from "../base/ids.js";
import type { Result } from "./results.js";

/** A result as it goes to standard output: two spaces of indentation, keys in the order of the contract. */
export function renderJson(result: Result): string {
  return `${JSON.stringify(result, null, 2)}\n`;
}

/** An error as `--json` shows it, in place of a result. */
export function renderJsonError(error: JsonValue): string {
  return `${JSON.stringify({ schema: "vmferry/error@1", error }, null, 2)}\n`;
}
