/** What machines write to their serial ports, printed for people. */
import { open } from "node:fs/promises";
import { StringDecoder } from "node:string_decoder";
import { printable } from "../base/text.js";
import type { RunMachine } from "../lifecycle/run/state.js";
import { machineFiles } from "../lifecycle/run/supervise.js";
import type { Cli } from "./command.js";

/** What a guest wrote, without what would move the cursor or change the terminal. */
export function consoleText(text: string): string {
  return text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the point
    /\u001b\[[0-?]*[ -/]*[@-~]|\u001b[ -/]*[0-~]|[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    "",
  );
}

/** Bytes that are read of a log at once. */
const PIECE = 65_536;
/** Characters of one line: more of it is the next line. */
const LONGEST_LINE = 8192;

/** The console log of a machine, read as it grows. */
export class LogTail {
  readonly #file: string;
  readonly #prefix: string;
  readonly #decoder = new StringDecoder("utf8");
  #offset = 0;
  #line = "";

  /** @param prefix in front of each line */
  constructor(folder: string, index: number, prefix: string) {
    this.#file = machineFiles(folder, index).log;
    this.#prefix = prefix;
  }

  /** Whole lines that have come since. */
  async *more(): AsyncIterable<string> {
    const file = await open(this.#file, "r").catch(() => null);
    if (file === null) return;
    try {
      const buffer = new Uint8Array(PIECE);
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, PIECE, this.#offset);
        if (bytesRead === 0) return;
        this.#offset += bytesRead;
        yield this.#take(this.#decoder.write(Buffer.from(buffer.subarray(0, bytesRead))));
      }
    } finally {
      await file.close();
    }
  }

  /** A line that never ended. */
  rest(): string {
    const line = this.#line;
    this.#line = "";
    return line === "" ? "" : `${this.#prefix}${consoleText(line)}\n`;
  }

  #take(text: string): string {
    const all = this.#line + text;
    const cut = all.length > LONGEST_LINE && !all.includes("\n") ? all.length : all.lastIndexOf("\n") + 1;
    this.#line = all.slice(cut);
    if (cut === 0) return "";
    return all
      .slice(0, cut)
      .replace(/\n$/, "")
      .split("\n")
      .map((line) => `${this.#prefix}${consoleText(line)}\n`)
      .join("");
  }
}

/** The logs of a run's machines. With several, each line says whose it is. */
export function logTails(folder: string, machines: readonly Pick<RunMachine, "id">[]): readonly LogTail[] {
  return machines.map(
    (machine, i) => new LogTail(folder, i, machines.length === 1 ? "" : `${printable(machine.id)}| `),
  );
}

/** Prints logs as they grow, until the signal ends that; what is there by then is printed still. */
export async function followLogs(tails: readonly LogTail[], until: AbortSignal, { terminal }: Cli): Promise<void> {
  const print = async (): Promise<void> => {
    for (const tail of tails) {
      for await (const text of tail.more()) if (text !== "") await terminal.data(text);
    }
  };
  while (!until.aborted) {
    await print();
    await pause(50, until);
  }
  await print();
  for (const tail of tails) {
    const rest = tail.rest();
    if (rest !== "") await terminal.data(rest);
  }
}

function pause(ms: number, until: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      until.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    if (until.aborted) done();
    else until.addEventListener("abort", done);
  });
}
