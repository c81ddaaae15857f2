import type { JsonValue } from "../base/ids.js";
import { printable } from "../base/text.js";
import type { Result } from "./results.js";

/** A result as it goes to standard output: two spaces of indentation, keys in the order of the contract. */
export function renderJson(result: Result): string {
  return `${jsonText(result, 2)}\n`;
}

/** An error as `--json` shows it, in place of a result. */
export function renderJsonError(error: JsonValue): string {
  return `${jsonText({ schema: "vmferry/error@1", error }, 2)}\n`;
}

/**
 * JSON that can be shown: what steers a terminal and is no escape in JSON by itself (the second set of control characters, marks of direction)
 * is written as `\\uXXXX`, which means the same.
 */
export function jsonText(value: unknown, indent = 0): string {
  // Such characters stand in strings alone, and there the notation for a terminal is JSON's own.
  return printable(JSON.stringify(value, null, indent));
}
