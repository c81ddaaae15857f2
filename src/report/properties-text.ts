import { plural } from "../base/text.js";
import { renderFindings } from "./findings.js";
import { oneLine, wrap } from "./layout.js";
import type { Palette } from "./palette.js";
import type { PropertiesResult, QuestionResult } from "./results.js";

/** Columns of descriptions. */
const WIDTH = 96;

/** The questions of a package, as users see them; with answers, what of them falls short. */
export function renderProperties(result: PropertiesResult, palette: Palette): string {
  const { name, questions, configurations, diagnostics } = result;
  const lines = [palette.title(`${oneLine(name)}: ${plural(questions.length, "question")}`)];
  if (configurations.length > 0) {
    lines.push("  deployment options");
    for (const { id, label, chosen } of configurations) {
      lines.push(
        `    ${oneLine(id)}${label === null ? "" : `  ${oneLine(label)}`}${chosen ? palette.dim("  (looked at)") : ""}`,
      );
    }
  }
  let [owner, category]: [string | null | undefined, string | null | undefined] = [undefined, undefined];
  for (const question of questions) {
    if (question.owner !== owner) {
      lines.push("", palette.title(question.owner === null ? "the whole package" : oneLine(question.owner)));
      category = undefined;
    }
    if (question.category !== category && question.category !== null)
      lines.push(`  ${palette.title(oneLine(question.category))}`);
    [owner, category] = [question.owner, question.category];
    lines.push(...questionLines(question, palette));
  }
  const told = diagnostics.filter(({ severity }) => severity !== "info");
  if (told.length > 0) lines.push("", ...renderFindings(told, palette, "  "));
  const verdict = verdictWords(result);
  if (verdict !== null) lines.push("", verdict);
  return `${lines.join("\n")}\n`;
}

function questionLines(question: QuestionResult, palette: Palette): string[] {
  const { name, label, description, takes, required, password, value, secret, from, otherDefaults } = question;
  const lines = [`    ${oneLine(name)}${label === null ? "" : `  ${oneLine(label)}`}`];
  if (description !== null) lines.push(...wrap(oneLine(description).trim(), WIDTH, "      "));
  lines.push(
    `      ${palette.dim(takes.map(oneLine).join(", "))}${required ? palette.dim(", has to be answered") : ""}`,
  );
  if (from !== null) {
    const source = { answer: "answer", configuration: "with this option", default: "default" }[from];
    const shown = secret !== null ? oneLine(secret) : password ? "(not shown)" : JSON.stringify(oneLine(value ?? ""));
    lines.push(`      ${source} ${shown}`);
  }
  for (const other of otherDefaults) {
    lines.push(`      ${palette.dim(`with ${oneLine(other.configuration)} ${JSON.stringify(oneLine(other.value))}`)}`);
  }
  return lines;
}

function verdictWords({ verdict, questions, diagnostics }: PropertiesResult): string | null {
  if (verdict === null) return null;
  const answered = questions.filter(({ from }) => from === "answer").length;
  const rest = questions.length - answered;
  const counts = `${plural(answered, "answer")}${rest === 0 ? "" : `, ${plural(rest, "question")} left to ${rest === 1 ? "its default" : "their defaults"}`}`;
  if (verdict === "complete") return `complete: ${counts}`;
  return `falls short: ${plural(diagnostics.filter(({ severity }) => severity === "error").length, "error")}`;
}
