import { descriptorOf, type Example } from "./example.js";

/** Lines of an excerpt that are shown: an example is looked at, not studied. */
const MOST_LINES = 16;

/** A namespace that an element declares. */
const DECLARATION = / xmlns(?::[a-z]+)?="[^"]*"/g;

/** Where two descriptors differ, each as XML of a few lines; empty: there is nothing on that side. */
export interface Excerpts {
  readonly invalid: string;
  readonly valid: string;
}

/** The part of two examples in which they differ, with the line before and the line behind it. */
export function excerptsOf(invalid: Example, valid: Example): Excerpts {
  const a = linesOf(descriptorOf(invalid));
  const b = linesOf(descriptorOf(valid));
  const most = Math.min(a.length, b.length);
  let start = 0;
  while (start < most && a[start] === b[start]) start++;
  let end = 0;
  while (end < most - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const first = Math.max(0, start - 1);
  const cut = (lines: readonly string[]): string => dedent(lines.slice(first, lines.length - Math.max(0, end - 1)));
  return { invalid: cut(a), valid: cut(b) };
}

/** One element a line, indented by depth; an element that holds text alone stays in one line. Usual namespace declarations are left out. */
function linesOf(descriptor: string): string[] {
  const usual = new Set(descriptorOf({}).match(DECLARATION));
  const body = descriptor
    .replace(/^<\?xml[^>]*\?>\s*/, "")
    .replaceAll(DECLARATION, (declaration) => (usual.has(declaration) ? "" : declaration));
  const lines: string[] = [];
  let depth = 0;
  for (const line of body.replaceAll(/>\s*</g, ">\n<").replaceAll(/\s+>/g, ">").trim().split("\n")) {
    const closing = line.startsWith("</");
    if (closing) depth--;
    lines.push("  ".repeat(Math.max(0, depth)) + line.trim());
    const opens = /^<[A-Za-z]/.test(line) && !line.endsWith("/>") && !/<\/[^>]+>$/.test(line);
    if (opens) depth++;
  }
  return lines;
}

function dedent(lines: readonly string[]): string {
  const indent = Math.min(...lines.map((line) => /^ */.exec(line)?.[0].length ?? 0));
  const cut = lines.map((line) => line.slice(indent));
  if (cut.length <= MOST_LINES) return cut.join("\n");
  const half = MOST_LINES / 2;
  return [...cut.slice(0, half), "...", ...cut.slice(-half)].join("\n");
}
