import type { HostileCase, HostileFamily, Outcome } from "../test/hostile/case.js";

/** `docs/reference/hostile.md` from the corpus of hostile inputs. */
export function renderHostile(families: readonly HostileFamily[]): string {
  const count = families.reduce((sum, { cases }) => sum + cases.length, 0);
  const lines = [
    "# Hostile inputs",
    "",
    "<!-- Generated from test/hostile by `node dist/scripts/gen-hostile.js`. Change the tables there, not this page. -->",
    "",
    `${count} inputs that try something, and the one code that each gets. The tests give every one of them to the commands named, for people and as`,
    "JSON: the code and the exit code have to be these, no other error may be told, nothing may be left at the destination or written beside it,",
    "and time, memory, stack traces and control characters in the output are looked at too. In brackets: the exit code, and the code where a",
    "command says it in other words. 0 is a warning or note, 1 a finding that makes the package fall short, 2 wrong use, 3 an error that ends",
    "the command.",
    "",
  ];
  for (const { title, cases } of families) {
    lines.push(`## ${title}`, "", "| What is tried | Code | Commands |", "| --- | --- | --- |");
    for (const one of cases) lines.push(`| ${cell(one.tries)} | \`${one.code}\` | ${commandsOf(one)} |`);
    lines.push("");
  }
  return lines.join("\n");
}

function commandsOf({ runs, options = [] }: HostileCase): string {
  const shown = Object.entries(runs).map(([name, outcome]) => `${name} (${inBrackets(outcome)})`);
  const more = options.length === 0 ? "" : ` with \`${options.join(" ").replaceAll("FOLDER/", "")}\``;
  return `${shown.join(", ")}${more}`;
}

function inBrackets(outcome: Outcome): string {
  return typeof outcome === "number" ? String(outcome) : `${outcome[0]}, \`${outcome[1]}\``;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
}
