/** The questions that a package asks, as users see them, and answers held to them. */
import type { Diagnostic } from "../base/diagnostics.js";
import type { Context } from "../io/context.js";
import type { GivenAnswers, Question, ResolvedAnswers } from "../ovf/answers/answers.js";
import { resolveAnswers } from "../ovf/answers/resolve.js";
import { parseQualifiers } from "../ovf/values/qualifiers.js";
import { parsePropertyType } from "../ovf/values/types.js";
import { describeQualifiers, describeType } from "../ovf/values/words.js";
import { readMessageFiles } from "../platforms/ovf/message-files.js";
import { type PropertiesResult, type QuestionResult, toDiagnosticResult } from "../report/results.js";
import type { OpenedPackage } from "./open.js";

/** Resolves answers against an open package, with the texts in its files. @throws as `resolveAnswers`, and what reading throws */
export async function answerPackage(
  { document, reader }: OpenedPackage,
  given: GivenAnswers,
  report: (finding: Diagnostic) => void,
  ctx: Context,
): Promise<ResolvedAnswers> {
  // What is wrong with the files was told when the package was opened.
  const files = await readMessageFiles(document, reader, ctx, () => {});
  return resolveAnswers(document, given, report, { files });
}

/**
 * The document of `vmferry properties`.
 * @param checked whether answers were given; else there is no verdict
 */
export function propertiesResult(
  name: string,
  resolved: ResolvedAnswers,
  checked: "answers" | "questions",
  findings: readonly Diagnostic[],
): PropertiesResult {
  const { deployment, questions } = resolved;
  const { configuration, locale, document } = deployment;
  const short = findings.some(({ severity }) => severity === "error");
  const chosen = document.configurations.find(({ id }) => id === configuration);
  return {
    schema: "vmferry/properties@1",
    name,
    verdict: checked === "questions" ? null : short ? "short" : "complete",
    configuration,
    configurations: document.configurations.flatMap((option) =>
      option.id === null
        ? []
        : [
            {
              id: option.id,
              label: deployment.text(option.part("Label")),
              description: deployment.text(option.part("Description")),
              chosen: option.id === chosen?.id,
            },
          ],
    ),
    locale,
    questions: questions.map(toQuestion),
    diagnostics: findings.map(toDiagnosticResult),
  };
}

function toQuestion(question: Question): QuestionResult {
  const { key, name, owner, product, category, label, description, type, qualifiers, password, required } = question;
  const { value, from } = question.resolved;
  return {
    key,
    name,
    owner,
    product,
    category,
    label,
    description,
    type,
    qualifiers,
    takes: [password ? "password" : describeType(type), ...describeQualifiers(qualifiers)],
    choices: choicesOf(type, qualifiers),
    password,
    required,
    default: question.default,
    otherDefaults: question.otherDefaults,
    value: password || typeof value !== "string" ? null : value,
    secret: value !== null && typeof value === "object" ? value.secret : null,
    from: value === null ? null : from === "choice" ? "answer" : from,
  };
}

/** The values that there are to choose from; `null`: any. Ranges of numbers are none. */
export function choicesOf(type: string, qualifiers: string | null): readonly string[] | null {
  const written = parsePropertyType(type);
  if (written?.type.kind === "string" && written.type.choices !== null) return written.type.choices;
  const map = (qualifiers === null ? null : parseQualifiers(qualifiers))?.find(({ name }) => /^valuemap$/i.test(name));
  return map?.values?.every((value) => !value.includes("..")) === true ? map.values : null;
}
