/** Answers to a package's questions as commands get them: from a file, from options, from the terminal. */
import type { KeptAnswer } from "../lifecycle/answers.js";
import { MOST_ANSWERS_BYTES, noAnswers, parseAnswers } from "../operations/answers.js";
import type { GivenAnswer, GivenAnswers, Question } from "../ovf/answers/answers.js";
import type { Cli } from "./command.js";
import { readText } from "./config.js";
import { openLinePrompt } from "./prompt.js";
import { askQuestions } from "./questions.js";

/** What `--values`, `--set` and the option for the configuration say together. */
export interface SaidAnswers {
  readonly configuration: string | null;
  readonly answers: readonly KeptAnswer[];
}

/**
 * The answers of a file and of the command line, which count more.
 * @param file of `--values`; `null`: none
 * @throws `answers/...` for a file that is none of answers
 */
export async function saidAnswers(
  file: string | null,
  set: readonly (readonly [string, string])[],
  configuration: string | null,
): Promise<SaidAnswers> {
  const written: GivenAnswers =
    file === null ? noAnswers : parseAnswers(await readText(file, MOST_ANSWERS_BYTES), file);
  const said = set.map(([key, value]) => ({ key, owner: null, value }));
  return {
    configuration: configuration ?? written.configuration,
    answers: [...written.values.filter(({ key }) => !said.some((one) => one.key === key)).map(plain), ...said],
  };
}

/** Asks on the terminal, where there is one; nothing otherwise. */
export async function askOpen(questions: readonly Question[], cli: Cli): Promise<readonly KeptAnswer[]> {
  const prompt = openLinePrompt(cli);
  if (prompt === null) return [];
  try {
    return (await askQuestions(questions, prompt, (line) => cli.terminal.error(line))).map(plain);
  } finally {
    prompt.close();
  }
}

/** An answer without its place, which is for messages. */
function plain({ key, owner, value }: GivenAnswer): KeptAnswer {
  return { key, owner, value };
}
