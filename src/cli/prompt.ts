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
