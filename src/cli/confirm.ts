import type { ReadStream } from "node:tty";
import { canceled } from "../base/errors.js";
import type { Cli } from "./command.js";

/** Characters of an answer. */
const LONGEST = 4096;

/**
 * Asks on the terminal whether to go on. Only `y` and `yes` mean it. `null`: there is no terminal to ask on.
 * @throws `run/canceled`
 */
export async function confirm(question: string, { terminal, stdin, signal }: Cli): Promise<boolean | null> {
  const input = stdin as Partial<ReadStream> & NodeJS.ReadableStream;
  if (input.isTTY !== true) return null;
  terminal.error(`${question} [y/N]`);
  let typed = "";
  try {
    return await new Promise<boolean>((resolve, reject) => {
      const abort = (): void => reject(canceled(signal.reason));
      signal.addEventListener("abort", abort, { once: true });
      input.on("end", () => resolve(false));
      input.on("data", (chunk: Uint8Array | string) => {
        typed += typeof chunk === "string" ? chunk : new TextDecoder().decode(chunk);
        if (/[\r\n]/.test(typed) || typed.length > LONGEST) resolve(/^\s*y(?:es)?\s*[\r\n]/i.test(typed));
      });
      input.resume();
    });
  } finally {
    input.pause();
    input.removeAllListeners("data");
    input.removeAllListeners("end");
  }
}
