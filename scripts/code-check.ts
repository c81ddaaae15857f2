import type { CodeTable } from "../src/base/codes/codes.js";
import { scanCodes } from "./code-scan.js";

/** What is wrong between the source and the tables of `src/base/codes`. Each line names a place. */
export interface CodeProblems {
  /** Used in the source but in no table, twice in the tables, or in a table that `all.ts` leaves out. */
  readonly wrong: readonly string[];
  /** In a table, but nowhere in the source. */
  readonly unused: readonly string[];
}

/** Compares the source with the tables. @param files text of `src` by path */
export function checkCodes(files: ReadonlyMap<string, string>, table: CodeTable): CodeProblems {
  const { uses, mentioned, declared } = scanCodes(files);
  const wrong: string[] = [];
  const unused: string[] = [];
  const known = new Map(Object.entries(table));
  for (const { code, file, line } of uses) {
    if (known.has(code)) continue;
    wrong.push(`${file}:${line}  the code ${code} is in no table of src/base/codes`);
  }
  const seen = new Map<string, string>();
  for (const { code, file, line } of declared) {
    const place = `${file}:${line}`;
    const first = seen.get(code);
    if (first !== undefined) wrong.push(`${place}  the code ${code} is in a table already (${first})`);
    else if (!known.has(code)) wrong.push(`${place}  the table of ${code} is not listed in src/base/codes/all.ts`);
    else if (!mentioned.has(code)) unused.push(`${place}  the code ${code} is used nowhere in src`);
    seen.set(code, first ?? place);
  }
  return { wrong, unused };
}

/** `docs/reference/codes.md`: all codes by area. */
export function renderCodes(table: CodeTable): string {
  const areas = new Map<string, [string, CodeTable[keyof CodeTable]][]>();
  for (const [code, entry] of Object.entries(table).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const area = code.slice(0, code.indexOf("/"));
    areas.set(area, [...(areas.get(area) ?? []), [code, entry]]);
  }
  const lines = [
    "# Codes",
    "",
    "<!-- Generated from src/base/codes by `node dist/scripts/gen-codes.js`. Change the tables, not this page. -->",
    "",
    "Every error and finding has a code, `area/what`, that stays the same when its words change. Errors end a run; their",
    "kind decides the exit code ([exit codes](exit-codes.md)). Codes without a kind are findings about the input.",
  ];
  for (const [area, entries] of [...areas].sort(([a], [b]) => (a < b ? -1 : 1))) {
    lines.push("", `## ${area}`, "", "| Code | Kind | What | Why | What to do |", "| --- | --- | --- | --- | --- |");
    for (const [code, entry] of entries) {
      if (entry === undefined) continue;
      const cells = [`\`${code}\``, entry.kind ?? "finding", entry.what, entry.why, entry.fix];
      lines.push(`| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`);
    }
  }
  return `${lines.join("\n")}\n`;
}
