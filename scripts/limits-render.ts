import ts from "typescript";
import { formatBytes } from "../src/base/text.js";

/** `docs/reference/limits.md` from the text of src/base/limits.ts and the values that hold. */
export function renderLimits(text: string, values: Readonly<Record<string, number>>): string {
  const source = ts.createSourceFile("limits.ts", text, ts.ScriptTarget.ES2023, true);
  const rows: string[] = [];
  for (const statement of source.statements) {
    if (!ts.isInterfaceDeclaration(statement) || statement.name.text !== "Limits") continue;
    for (const member of statement.members) {
      const name = member.name?.getText() ?? "";
      const [comment] = ts.getJSDocCommentsAndTags(member);
      const what = comment === undefined ? "" : (ts.getTextOfJSDocComment(comment.comment) ?? "");
      rows.push(
        `| \`${name}\` | ${inWords(name, values[name])} | ${what.replaceAll("|", "\\|").replaceAll(/\s+/g, " ")} |`,
      );
    }
  }
  return [
    "# Limits",
    "",
    "<!-- Generated from src/base/limits.ts by `node dist/scripts/gen-limits.js`. Change the source, not this page. -->",
    "",
    "Every size that comes from input is compared with a limit before it allocates or loops. What is larger ends with `io/limit`",
    "or `xml/limit`, whose message says how much is too much. Where the input is trusted, every command takes others:",
    "`vmferry inspect big.ova --limit members=200000 --limit descriptorBytes=128MiB`. So does the library:",
    "`createContext(runtime, { limits: { members: 1_000_000 } })`. A lower limit is as good: it is tried before anything is allocated.",
    "",
    "| Limit | Value | What |",
    "| --- | --- | --- |",
    ...rows,
    "",
  ].join("\n");
}

function inWords(name: string, value: number | undefined): string {
  if (value === undefined) throw new Error(`defaultLimits has no ${name}`);
  return name.endsWith("Bytes") ? formatBytes(value) : value.toLocaleString("en-US");
}
