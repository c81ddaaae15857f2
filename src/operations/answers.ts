/** Files of answers: read with places, and written with the questions beside them. */
import type { Diagnostic } from "../base/diagnostics.js";
import { FerryError } from "../base/errors.js";
import type { SecretRef } from "../base/ids.js";
import { nearest, printable } from "../base/text.js";
import { diagnosticOf } from "../disk/findings.js";
import type { GivenAnswer, GivenAnswers, Question, ResolvedAnswers } from "../ovf/answers/answers.js";
import { checkSecret } from "../ovf/answers/resolve.js";
import { describeQualifiers, describeType } from "../ovf/values/words.js";
import { type YamlNode, yamlTree } from "./yaml.js";

/** Bytes of a file of answers. */
export const MOST_ANSWERS_BYTES: number = 1024 * 1024;

/** Nothing was chosen or answered. */
export const noAnswers: GivenAnswers = Object.freeze({ configuration: null, locale: null, values: [] });

const EXAMPLE = "properties: { hostname: web01 }";
const KEYS = ["configuration", "locale", "properties", "machines"] as const;

/**
 * Answers from the text of a YAML file. Whether a package asks for them is another matter: `resolveAnswers`.
 * @param name how places call the file
 * @throws `config/bad-yaml`, `config/bad-value`, `config/unknown-key`
 */
export function parseAnswers(text: string, name: string): GivenAnswers {
  const root = yamlTree(text, name, EXAMPLE);
  let answers: { -readonly [K in keyof GivenAnswers]: GivenAnswers[K] } = { ...noAnswers };
  for (const [key, { place, value }] of mapOf(root, "the file")) {
    switch (KEYS.find((known) => known === key)) {
      case "configuration":
      case "locale":
        answers = { ...answers, [key]: textOf(value, key) };
        break;
      case "properties":
        answers.values = [...answers.values, ...valuesOf(value, null, key)];
        break;
      case "machines":
        for (const [owner, { value: own }] of mapOf(value, key)) {
          answers.values = [...answers.values, ...valuesOf(own, owner, `${key} ${owner}`)];
        }
        break;
      default: {
        const [like] = nearest(key, KEYS);
        throw new FerryError("config/unknown-key", `there is no setting ${JSON.stringify(key)}`, {
          location: place,
          hint: like === undefined ? `Settings are: ${KEYS.join(", ")}.` : `Did you mean ${like}?`,
        });
      }
    }
  }
  return answers;
}

type MapNode = Extract<YamlNode, { kind: "map" }>;

function mapOf(node: YamlNode, what: string): MapNode["entries"] {
  if (node.kind === "nothing") return new Map();
  if (node.kind === "map") return node.entries;
  throw new FerryError("config/bad-value", `${what} is not a list of \`name: value\``, {
    location: node.place,
    hint: `As in \`${EXAMPLE}\`.`,
  });
}

function textOf(node: YamlNode, what: string): string | null {
  if (node.kind === "nothing") return null;
  if (node.kind === "scalar") return node.text;
  throw new FerryError("config/bad-value", `${what} is not one value`, {
    location: node.place,
    hint: "Lists and maps are no answers: write one value, in quotes where it needs them.",
  });
}

function valuesOf(node: YamlNode, owner: string | null, what: string): readonly GivenAnswer[] {
  return [...mapOf(node, what)].map(([key, { place, value }]) => ({
    key,
    owner,
    value: textOf(value, key),
    location: value.place,
    keyLocation: place,
  }));
}

/** A file of answers to all questions of a package, each with what is asked above it. What has no default is left open, passwords name variables. */
export function renderAnswers(name: string, { deployment, questions }: ResolvedAnswers): string {
  const { configuration, document } = deployment;
  const lines = [
    `# Answers to the questions of ${comment(name)}.`,
    "# Change what is behind the colons, then: vmferry properties PACKAGE --check THIS-FILE",
  ];
  if (configuration !== null) {
    lines.push("", "# The deployment option. There are:");
    for (const option of document.configurations) {
      if (option.id === null) continue;
      const label = deployment.text(option.part("Label"));
      lines.push(`#   ${comment(option.id)}${label === null ? "" : `: ${comment(label)}`}`);
    }
    lines.push(`configuration: ${scalar(configuration)}`);
  }
  if (deployment.locale !== null) lines.push(`locale: ${scalar(deployment.locale)}`);
  const counts = new Map<string, number>();
  for (const { key } of questions) counts.set(key, (counts.get(key) ?? 0) + 1);
  const single = questions.filter(({ key, owner }) => counts.get(key) === 1 || owner === null);
  if (single.length > 0) lines.push("", "properties:", ...questionLines(single, "  ", "single"));
  const several = questions.filter(({ key, owner }) => (counts.get(key) ?? 0) > 1 && owner !== null);
  if (several.length > 0) lines.push("", "# Questions that several machines ask, each by itself.", "machines:");
  for (const owner of new Set(several.map((question) => question.owner))) {
    const own = several.filter((question) => question.owner === owner);
    lines.push(`  ${scalar(owner ?? "")}:`, ...questionLines(own, "    ", "several"));
  }
  return `${lines.join("\n")}\n`;
}

function questionLines(questions: readonly Question[], indent: string, among: "single" | "several"): string[] {
  const lines: string[] = [];
  let category: string | null = null;
  const written = new Set<string>();
  for (const question of questions) {
    // Packages that ask twice by one key get one answer.
    if (written.has(question.name)) continue;
    written.add(question.name);
    lines.push("");
    if (question.category !== category && question.category !== null) {
      lines.push(`${indent}# == ${comment(question.category)} ==`);
    }
    category = question.category;
    for (const text of [question.label, question.description]) {
      if (text !== null)
        lines.push(
          ...text.split(/\r\n|[\n\r\u0085\u2028\u2029]/).map((line) => `${indent}# ${comment(line)}`.trimEnd()),
        );
    }
    lines.push(
      `${indent}# ${comment(questionWords(question))}`,
      `${indent}${scalar(question.name)}:${answerText(question, among)}`,
    );
  }
  return lines;
}

/** What a question takes, in words. */
export function questionWords(question: Question): string {
  const { type, qualifiers, password, required, default: own, otherDefaults } = question;
  const words = [password ? "password" : describeType(type), ...describeQualifiers(qualifiers)];
  if (required) words.push("has to be answered");
  if (own !== null && own !== "") words.push(`default ${JSON.stringify(own)}`);
  for (const { configuration, value } of otherDefaults) words.push(`with ${configuration} ${JSON.stringify(value)}`);
  return words.join(", ");
}

function answerText(question: Question, among: "single" | "several"): string {
  const { password, name: short, owner, resolved, default: own } = question;
  // What takes over another value goes on to do so.
  const value = resolved.reference === null ? resolved.value : own;
  if (value !== null && typeof value === "object") return ` ${scalar(value.secret)}`;
  if (password) {
    const name = `${owner !== null && among === "several" ? `${owner}_` : ""}${short}`
      .toUpperCase()
      .replace(/[^A-Z0-9]+/g, "_");
    return ` ${scalar(`env:${name.replace(/^(?=\d)|^$/, "_")}`)}`;
  }
  return value === null || value === "" ? "" : ` ${scalar(value)}`;
}

/** Text that YAML takes as it is: plain where that is plain to see, else in double quotes, of which JSON's are some. */
function scalar(text: string): string {
  const plain =
    /^(?:[A-Za-z_][\w.:/-]*|-?\d{1,30}(?:\.\d{1,30})?)$/.test(text) && !/^(?:null|yes|no|on|off|y|n)$|:$/i.test(text);
  return plain ? text : JSON.stringify(text).replaceAll(/[\u007f-\u009f\u2028\u2029\ufeff]/g, escapedCharacter);
}

function escapedCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** Text on one line of a comment. */
function comment(text: string): string {
  return printable(text.replaceAll(/[\s\u0085\u2028\u2029]+/g, " "));
}

/**
 * Reads the secrets that answers refer to, and holds them to their questions. What cannot be read is a finding.
 * @param reveal reads one; the name is for its messages
 * @returns the secrets by their references
 */
export async function revealSecrets(
  { questions }: ResolvedAnswers,
  reveal: (secret: SecretRef, name: string) => Promise<string>,
  report: (finding: Diagnostic) => void,
): Promise<ReadonlyMap<string, string>> {
  const secrets = new Map<string, string>();
  for (const question of questions) {
    const { value } = question.resolved;
    if (value === null || typeof value === "string") continue;
    try {
      const secret = secrets.get(value.secret) ?? (await reveal(value, question.key));
      secrets.set(value.secret, secret);
      for (const finding of checkSecret(question, secret)) report(finding);
    } catch (cause) {
      if (!(cause instanceof FerryError) || cause.kind === "canceled" || cause.kind === "internal") throw cause;
      report({ ...diagnosticOf(cause), severity: "error" });
    }
  }
  return secrets;
}
