import type { Limits } from "../base/limits.js";
import type { Terminal } from "./terminal.js";

/** What a running command is given beside its arguments. */
export interface Cli {
  readonly terminal: Terminal;
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
  readonly stdin: NodeJS.ReadableStream;
  /** What input may ask for: the usual limits, and what `--limit` changed of them. */
  readonly limits: Limits;
  /** Every command, for those that speak about others. */
  readonly commands: readonly CommandEntry[];
}

/** One line of the list of commands. The definition is loaded when the command is called, or for its help. */
export interface CommandEntry {
  /** `inspect`, `disk convert`. */
  readonly name: string;
  readonly summary: string;
  load(): Promise<CommandDefinition>;
}

/** A positional argument. `name` in capitals; `...` behind it takes all that follow. */
export interface ArgumentSpec {
  readonly name: string;
  readonly what: string;
  /** What shells complete it with. */
  readonly complete: "file" | "command" | readonly string[];
  readonly optional?: true;
}

/** One option and how its value is read. */
export interface OptionSpec<T> {
  /** As in help: `--to TARGET`, `--json`, `--no-integrity`. */
  readonly flags: string;
  /** A letter for it: `-o`. */
  readonly short?: `-${string}`;
  readonly what: string;
  readonly choices?: readonly string[];
  /** Whether it may be given more than once. */
  readonly repeated?: true;
  /** The value from all times that it was given; an empty list where it was not. @throws an error with a message for the user */
  read(given: readonly string[]): T;
}

/** Options by the name that a command uses for them. */
export type OptionSpecs = { readonly [name: string]: OptionSpec<unknown> };

/** The values of some options. */
export type OptionValues<O extends OptionSpecs> = {
  readonly [K in keyof O]: O[K] extends OptionSpec<infer T> ? T : never;
};

/** A command before its option types are forgotten. */
export interface CommandSpec<O extends OptionSpecs> {
  readonly arguments: readonly ArgumentSpec[];
  readonly options: O;
  /** Paragraphs for `vmferry help COMMAND`, below the summary. */
  readonly details: readonly string[];
  /** Command lines, without `vmferry`. */
  readonly examples: readonly string[];
  /** Returns the exit code. */
  run(args: readonly string[], options: OptionValues<O>, cli: Cli): Promise<number>;
}

/** One command of `vmferry`: a file in `commands/`, loaded when it is called. */
export type CommandDefinition = Omit<CommandSpec<OptionSpecs>, "run"> & {
  run(args: readonly string[], options: Readonly<Record<string, unknown>>, cli: Cli): Promise<number>;
};

/** Checks a command's `run` against its own options. */
export function defineCommand<const O extends OptionSpecs>(spec: CommandSpec<O>): CommandDefinition {
  return { ...spec, run: (args, options, cli) => spec.run(args, options as OptionValues<O>, cli) };
}
