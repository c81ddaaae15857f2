import type { Writable } from "node:stream";
import { coloured, type Palette, plain } from "../report/palette.js";

/** A standard stream: a terminal says so, and how wide it is. */
export type OutputStream = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** The streams that a terminal stands on, and the environment that decides about colours. */
export interface TerminalStreams {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What the user asked for. */
export interface TerminalOptions {
  readonly quiet: boolean;
  readonly color: boolean;
}

/**
 * Where output goes: data to standard output, all else to standard error. One status line at the bottom of a terminal is
 * taken away before anything else is printed.
 */
export class Terminal {
  readonly #streams: TerminalStreams;
  #options: TerminalOptions = { quiet: false, color: true };
  #status = false;

  constructor(streams: TerminalStreams) {
    this.#streams = streams;
    // A reader that went away (`vmferry inspect x | head -1`) is no error; there is nobody left to tell.
    for (const stream of [streams.stdout, streams.stderr]) stream.on("error", () => {});
  }

  /** Takes the options of the command line, once they are known. */
  configure(options: TerminalOptions): void {
    this.#options = options;
  }

  get quiet(): boolean {
    return this.#options.quiet;
  }

  /** Whether a status line can be shown. */
  get interactive(): boolean {
    return this.#streams.stderr.isTTY === true && !this.quiet && this.#streams.env.TERM !== "dumb";
  }

  /** Characters in a line of standard error. */
  get width(): number {
    return this.#streams.stderr.columns ?? 80;
  }

  /** Colours for standard output. */
  get dataPalette(): Palette {
    return this.#palette(this.#streams.stdout);
  }

  /** Colours for standard error. */
  get notePalette(): Palette {
    return this.#palette(this.#streams.stderr);
  }

  /** Writes a result to standard output. Resolves when the stream has taken it. */
  async data(text: string): Promise<void> {
    this.status(null);
    await new Promise<void>((resolve) => this.#streams.stdout.write(text, () => resolve()));
  }

  /** Writes a line to standard error; silent with `--quiet`. */
  note(line: string): void {
    if (!this.quiet) this.error(line);
  }

  /** Writes a line to standard error, also with `--quiet`. */
  error(line: string): void {
    this.status(null);
    this.#streams.stderr.write(`${line}\n`);
  }

  /** Shows a status line in place of the one before, or takes it away. Does nothing unless `interactive`. */
  status(line: string | null): void {
    if (line === null && !this.#status) return;
    if (line !== null && !this.interactive) return;
    this.#status = line !== null;
    this.#streams.stderr.write(`\r\u001b[2K${line ?? ""}`);
  }

  /** Colours only on a terminal, unless they are forced or switched off: https://no-color.org, https://force-color.org. */
  #palette(stream: OutputStream): Palette {
    const { env } = this.#streams;
    if (!this.#options.color || (env.NO_COLOR ?? "") !== "") return plain;
    if ((env.FORCE_COLOR ?? "") !== "") return coloured;
    return stream.isTTY === true && env.TERM !== "dumb" ? coloured : plain;
  }
}
