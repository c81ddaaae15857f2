/** Questions on a terminal, a line for each answer. */
import { createInterface } from "node:readline/promises";
import { canceled } from "../base/errors.js";
import type { Cli } from "./command.js";

/** Characters of an answer. */
const LONGEST = 4096;

/** One question. */
export interface Question<T> {
  readonly text: string;
  /** What an empty line means, in words. */
  readonly otherwise: string;
  /** The answer's meaning. @throws an error whose message says what is wrong; then it is asked again */
  readonly read: (answer: string) => T;
}

/** Somebody who answers. */
export interface Asking {
  ask<T>(question: Question<T>): Promise<T>;
  close(): void;
}

/** Starts asking; `null`: there is no terminal to ask on. Questions go to standard error, so that results can be piped. */
export function startAsking({ terminal, stdin, signal }: Cli): Asking | null {
  if ((stdin as { readonly isTTY?: boolean }).isTTY !== true) return null;
  const lines = createInterface({ input: stdin, terminal: false });
  const answers: string[] = [];
  const waiting: { resolve(line: string): void; reject(cause: unknown): void }[] = [];
  let ended = false;
  lines.on("line", (line) => {
    const first = waiting.shift();
    if (first === undefined) answers.push(line);
    else first.resolve(line);
  });
  const end = (): void => {
    ended = true;
    for (const one of waiting.splice(0)) one.reject(canceled(signal.reason));
  };
  lines.on("close", end);
  signal.addEventListener("abort", end, { once: true });
  const next = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const known = answers.shift();
      if (known !== undefined) resolve(known);
      else if (ended) reject(canceled(signal.reason));
      else waiting.push({ resolve, reject });
    });
  return {
    async ask({ text, otherwise, read }) {
      for (;;) {
        terminal.error(otherwise === "" ? `${text}: ` : `${text} [${otherwise}]: `);
        const answer = (await next()).trim().slice(0, LONGEST);
        try {
          return read(answer === "" ? otherwise : answer);
        } catch (cause) {
          terminal.error(`${cause instanceof Error ? cause.message : String(cause)}\n`);
        }
      }
    },
    close: () => lines.close(),
  };
}
