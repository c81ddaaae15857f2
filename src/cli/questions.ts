import type { SecretRef } from "../base/ids.js";
import { questionWords } from "../operations/answers.js";
import { choicesOf } from "../operations/properties.js";
import type { GivenAnswer, Question } from "../ovf/answers/answers.js";
import { checkValue } from "../ovf/values/check.js";
import { describeQualifiers, describeType } from "../ovf/values/words.js";
import { oneLine } from "../report/layout.js";
import type { LinePrompt } from "./prompt.js";

/** Where passwords may be. */
const REFERENCE = /^(?:env:[^=\s]+|(?:file|cmd):.*\S.*)$/;

/**
 * Asks questions one after the other. What does not fit is asked again; nothing typed is the default. Passwords are asked for by reference.
 * @throws `run/canceled`
 */
export async function askQuestions(
  questions: readonly Question[],
  prompt: LinePrompt,
  say: (line: string) => void,
): Promise<readonly GivenAnswer[]> {
  const answers: GivenAnswer[] = [];
  let [owner, category]: [string | null | undefined, string | null] = [undefined, null];
  for (const [index, question] of questions.entries()) {
    if (question.owner !== owner)
      say(`== ${question.owner === null ? "the whole package" : oneLine(question.owner)} ==`);
    if (question.category !== category && question.category !== null) say(`-- ${oneLine(question.category)} --`);
    [owner, category] = [question.owner, question.category];
    const value = await askOne(question, `${index + 1}/${questions.length}`, prompt, say);
    if (value !== null) answers.push({ key: question.key, owner: question.owner, value });
  }
  return answers;
}

/** `null`: the default. */
async function askOne(
  question: Question,
  number: string,
  prompt: LinePrompt,
  say: (line: string) => void,
): Promise<string | SecretRef | null> {
  const { name, label, description, password, type, qualifiers, required } = question;
  if (description !== null) say(oneLine(description));
  const choices = choicesOf(type, qualifiers);
  for (const [at, choice] of (choices ?? []).entries()) say(`  ${at + 1}) ${oneLine(choice)}`);
  for (;;) {
    const takes = password
      ? "a password: env:NAME, file:PATH or cmd:COMMAND"
      : oneLine(questionWords({ ...question, default: null, otherDefaults: [] }) || describeType(type));
    const own = defaultWords(question);
    const typed = await prompt.ask(`${number} ${oneLine(label ?? name)} (${takes})${own === null ? "" : ` [${own}]`}:`);
    if (typed === "") {
      if (!required) return null;
      say("It has to be answered.");
      continue;
    }
    if (password) {
      if (REFERENCE.test(typed)) return { secret: typed };
      say("Say where it is: env:NAME, file:PATH or cmd:COMMAND. It is not kept itself.");
      continue;
    }
    // A number chooses, unless it is a value of its own.
    const chosen = choices === null || choices.includes(typed) ? undefined : choices[Number(typed) - 1];
    const value = chosen ?? typed;
    const [problem] = checkValue(type, qualifiers, value);
    if (problem === undefined) return value;
    const rule = problem.problem === "type" ? describeType(type) : describeQualifiers(qualifiers).join(", ");
    say(`It does not fit (${oneLine(rule)}): ${problem.why}.`);
  }
}

function defaultWords({ default: own, password, resolved }: Question): string | null {
  if (password) return resolved.value === null ? null : "the package's own";
  return own === null || own === "" ? null : oneLine(own);
}
