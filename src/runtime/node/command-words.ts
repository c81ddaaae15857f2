import { FerryError } from "../../base/errors.js";

/**
 * The words of a command that a user wrote, as a shell would tell them apart, and nothing else of a shell: blanks separate words, quotes of both
 * kinds keep them together, a backslash takes the meaning of a blank, a quote or a backslash. No variable, wildcard or pipe means anything: whoever
 * wants those writes `sh -c '...'`.
 * @throws `cli/invalid-value` where a quote is not closed or there is no word
 */
export function commandWords(command: string, option: string): readonly string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote: string | null = null;
  for (let i = 0; i < command.length; i++) {
    const character = command[i] ?? "";
    const next = command[i + 1] ?? "";
    const escapes = quote === null ? /[\s"'\\]/ : /["\\]/;
    if (character === "\\" && quote !== "'" && next !== "" && escapes.test(next)) {
      word = (word ?? "") + next;
      i++;
    } else if (quote !== null) {
      if (character === quote) quote = null;
      else word = (word ?? "") + character;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= "";
    } else if (/\s/.test(character)) {
      if (word !== null) words.push(word);
      word = null;
    } else word = (word ?? "") + character;
  }
  if (word !== null) words.push(word);
  if (quote === null && (words[0] ?? "") !== "") return words;
  const what = quote === null ? "names no program" : "has a quote that is not closed";
  throw new FerryError("cli/invalid-value", `the command of ${option} ${what}`, {
    hint: "Write it as in a shell: PROGRAM ARGUMENT 'an argument with blanks'.",
  });
}
