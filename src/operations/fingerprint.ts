import { toHex } from "../base/bytes.js";
import type { Runtime } from "../io/context.js";
import type { DiagnosticResult } from "../report/results.js";

/** The descriptor's lines, and how places call its file. */
interface Descriptor {
  readonly file: string;
  /** By number from 1. */
  readonly line: (line: number) => string | null;
}

/** Characters of a tag that count. */
const COUNTED = 400;

/**
 * What tells findings apart from run to run, one for each in order: 32 hexadecimal digits from the code, the message, the file and the tag at
 * the place. The number of the line does not count, so that findings keep theirs when something is added above them; of several
 * that are alike in all of this, each has its own.
 */
export function fingerprintsOf(
  diagnostics: readonly DiagnosticResult[],
  descriptor: Descriptor | null,
  runtime: Runtime,
): readonly string[] {
  const seen = new Map<string, number>();
  const encoder = new TextEncoder();
  return diagnostics.map(({ code, message, location }) => {
    const file = location === null || location.at === "remote" ? "" : location.file;
    const part = location?.at === "member" ? location.member : location?.at === "bytes" ? (location.field ?? "") : "";
    const inside = location?.at === "text" && location.file === descriptor?.file;
    const tag = inside ? tagAt(descriptor?.line(location.line) ?? "", location.column) : "";
    const key = [code, message, file, part, tag].join("\n");
    const count = seen.get(key) ?? 0;
    seen.set(key, count + 1);
    const hash = runtime.hash("sha256");
    hash.update(encoder.encode(`${key}\n${count}`));
    return toHex(hash.digest()).slice(0, 32);
  });
}

/** The tag, or the rest of one, that begins at a column. */
function tagAt(line: string, column: number): string {
  const rest = line.slice(column - 1, column - 1 + COUNTED);
  const end = rest.indexOf(">");
  return (end < 0 ? rest : rest.slice(0, end)).replaceAll(/\s+/g, " ").trim();
}
