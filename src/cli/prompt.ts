import type { ReadStream } from "node:tty";
import { canceled } from "../base/errors.js";
import type { Cli } from "./command.js";

/** Characters of an answer. */
const LONGEST = 4096;

/**
 * Asks for a secret on the terminal, without showing what is typed. `null`: there is no terminal to ask on.
 * @throws `run/canceled`
 */
export async function askSecret(question: string, { terminal, stdin, signal }: Cli): Promise<string | null> {
  const input = stdin as Partial<ReadStream> & NodeJS.ReadableStream;
  if (input.isTTY !== true || input.setRawMode === undefined) return null;
  const raw = input.setRawMode.bind(input);
  terminal.error(question);
  raw(true);
  try {
    return await new Promise<string>((resolve, reject) => {
      let typed = "";
      const abort = (): void => reject(canceled(signal.reason));
      signal.addEventListener("abort", abort, { once: true });
      input.on("end", () => reject(canceled()));
      input.on("data", (chunk: Uint8Array | string) => {
        const text = typeof chunk === "string" ? chunk : new TextDecoder().decode(chunk);
        for (const character of text) {
          // Enter; Ctrl-C and Ctrl-D; Backspace.
          if (character === "\r" || character === "\n") return resolve(typed);
          if (character === "\u0003" || character === "\u0004") return reject(canceled());
          if (character === "\u007f" || character === "\b") typed = [...typed].slice(0, -1).join("");
          else if (typed.length < LONGEST) typed += character;
        }
      });
      input.resume();
    });
  } finally {
    raw(false);
    input.pause();
    input.removeAllListeners("data");
    input.removeAllListeners("end");
  }
}

/** Reads lines that somebody types on the terminal, which shows them itself. */
export interface LinePrompt {
  /**
   * Asks one question.
   * @throws `run/canceled` where input ends, or the run does
   */
  ask(question: string): Promise<string>;
  /** Takes nothing more from the terminal. */
  close(): void;
}

/** Lines from the terminal; `null`: there is none to ask on. */
export function openLinePrompt({ terminal, stdin, signal }: Cli): LinePrompt | null {
  const input = stdin as Partial<ReadStream> & NodeJS.ReadableStream;
  if (input.isTTY !== true) return null;
  const decoder = new TextDecoder();
  let typed = "";
  let ended = false;
  let wake: (() => void) | null = null;
  // What is pasted comes at once: lines wait until they are asked for.
  const take = (chunk: Uint8Array | string): void => {
    typed += typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
    // Somebody types no more than this ahead.
    if (typed.length > 16 * LONGEST) typed = typed.slice(0, 16 * LONGEST);
    wake?.();
  };
  const end = (): void => {
    ended = true;
    wake?.();
  };
  input.on("data", take);
  input.on("end", end);
  signal.addEventListener("abort", end, { once: true });
  return {
    async ask(question): Promise<string> {
      terminal.error(question);
      input.resume();
      for (;;) {
        if (signal.aborted) throw canceled(signal.reason);
        const line = /^([^\r\n]*)(?:\r\n|\r|\n)/.exec(typed);
        if (line !== null) {
          typed = typed.slice(line[0].length);
          return (line[1] ?? "").slice(0, LONGEST);
        }
        if (ended) throw canceled();
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    close(): void {
      input.pause();
      input.removeListener("data", take);
      input.removeListener("end", end);
      signal.removeEventListener("abort", end);
    },
  };
}
