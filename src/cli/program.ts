import { Argument, Command, CommanderError, Option } from "commander";
import type { DiagnosticCode } from "../base/diagnostics.js";
import { FerryError } from "../base/errors.js";
import { version } from "../base/version.js";
import type { Cli, CommandDefinition, CommandEntry, OptionSpec, OptionSpecs, OptionValues } from "./command.js";
import { commands, groups } from "./commands.js";
import { reportError } from "./errors.js";
import { exitCodes } from "./exit-codes.js";
import { commonOptions } from "./options.js";
import { Terminal, type TerminalStreams } from "./terminal.js";

/** What a run of the program stands on: the real process, or a test's stand-in. */
export interface ProgramStreams extends TerminalStreams {
  readonly stdin: NodeJS.ReadableStream;
}

/** Runs one command line and returns the exit code. @param signal aborted by Ctrl-C */
export async function run(argv: readonly string[], streams: ProgramStreams, signal: AbortSignal): Promise<number> {
  const terminal = new Terminal(streams);
  terminal.configure({ quiet: argv.includes("--quiet"), color: !argv.includes("--no-color") });
  const json = argv.includes("--json");
  try {
    return await dispatch(expandHelp(argv), { terminal, signal, stdin: streams.stdin, commands });
  } catch (error) {
    return await reportError(error, { json, debug: (streams.env.VMFERRY_DEBUG ?? "") !== "", signal }, terminal);
  } finally {
    terminal.status(null);
  }
}

/** `help X` is `X --help`, so that only X has to be loaded. */
function expandHelp(argv: readonly string[]): readonly string[] {
  return argv[0] === "help" ? [...argv.slice(1), "--help"] : argv;
}

async function dispatch(argv: readonly string[], cli: Omit<Cli, "limits">): Promise<number> {
  let exitCode: number = exitCodes.done;
  const help: string[] = [];
  const program = quietly(new Command("vmferry"), help)
    .description("Carries virtual machines between platforms as portable OVF packages.")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print help for a command")
    .helpCommand("help [COMMAND...]", "print help for a command")
    .usage("COMMAND [ARGUMENTS] [OPTIONS]")
    .addHelpText("after", "\n`vmferry help COMMAND` describes a command with its options and examples.");
  const parents = new Map<string, Command>();
  for (const { name, summary } of groups) {
    const group = quietly(program.command(name), help).description(summary).usage("COMMAND [ARGUMENTS] [OPTIONS]");
    parents.set(name, group.helpCommand(false));
  }
  const called = calledCommand(argv);
  for (const entry of commands) {
    const [first = "", second] = entry.name.split(" ");
    const parent = second === undefined ? program : parents.get(first);
    if (parent === undefined) throw new FerryError("internal/bug", `the command ${entry.name} has no group`);
    const command = quietly(parent.command(second ?? first), help)
      .summary(entry.summary)
      .description(entry.summary);
    if (entry !== called) continue;
    const definition = await entry.load();
    define(command, definition, async (args, options, common) => {
      exitCode = await definition.run(args, options, { ...cli, limits: common.limit });
    });
  }
  try {
    await program.parseAsync(argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code !== "commander.help" && error.exitCode !== 0) throw usageError(error, called, argv);
    // Help that was asked for is data; help in place of a missing command is not.
    if (error.exitCode === 0) await cli.terminal.data(help.join(""));
    else for (const text of help) cli.terminal.error(text.trimEnd());
    return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  }
  return exitCode;
}

/** The command that the first words name. */
function calledCommand(argv: readonly string[]): CommandEntry | undefined {
  const words = argv.filter((word) => !word.startsWith("-"));
  return commands.find(({ name }) => name.split(" ").every((word, i) => words[i] === word));
}

/** Makes a commander command throw instead of printing and exiting. Help is collected. */
function quietly(command: Command, help: string[]): Command {
  return command
    .exitOverride()
    .configureOutput({
      writeOut: (text) => help.push(text),
      writeErr: (text) => help.push(text),
      outputError: () => {},
    })
    .showSuggestionAfterError(true);
}

/** Declares arguments and options of a command, and what to do when it is called. */
function define(
  command: Command,
  definition: CommandDefinition,
  action: (
    args: readonly string[],
    options: Readonly<Record<string, unknown>>,
    common: OptionValues<typeof commonOptions>,
  ) => Promise<void>,
): void {
  for (const { name, what, optional } of definition.arguments) {
    command.addArgument(new Argument(optional === true ? `[${name}]` : `<${name}>`, what));
  }
  const specs: OptionSpecs = { ...definition.options, ...commonOptions };
  const options = new Map(
    Object.entries(specs).map(([name, spec]) => [name, { spec, option: declare(command, spec) }]),
  );
  for (const paragraph of definition.details) command.addHelpText("after", `\n${paragraph}`);
  const examples = definition.examples.map((example) => `\n  $ vmferry ${example}`);
  if (examples.length > 0) command.addHelpText("after", `\nExamples:${examples.join("")}`);
  command.action(async () => {
    const given: { readonly [name: string]: unknown } = command.opts();
    const values: Record<string, unknown> = {};
    for (const [name, { spec, option }] of options)
      values[name] = spec.read(toList(given[option.attributeName()], option));
    // An optional argument that was left out is undefined.
    const args = command.processedArgs.flat().filter((arg) => arg !== undefined);
    await action(args.map(String), values, values as OptionValues<typeof commonOptions>);
  });
}

function declare(command: Command, spec: OptionSpec<unknown>): Option {
  const [flag = "", value] = spec.flags.split(" ");
  const what = spec.choices === undefined ? spec.what : `${spec.what} (${spec.choices.join(", ")})`;
  const names = spec.short === undefined ? flag : `${spec.short}, ${flag}`;
  const option = new Option(value === undefined ? names : `${names} <${value}>`, what);
  // Values are collected as they come; the option's own `read` judges them.
  if (value !== undefined)
    option.argParser((text: string, before: unknown) => [...(Array.isArray(before) ? before : []), text]);
  command.addOption(option);
  return option;
}

/** What commander kept of an option, as the list of times that it was given. */
function toList(value: unknown, option: Option): readonly string[] {
  // An option and its opposite share a value: a list is never that of the opposite.
  if (Array.isArray(value)) return option.negate ? [] : value.map(String);
  const given = option.negate ? value === false : value === true;
  return given ? [""] : [];
}

const usageCodes: Readonly<Record<string, DiagnosticCode>> = {
  "commander.unknownCommand": "cli/unknown-command",
  "commander.unknownOption": "cli/unknown-option",
  "commander.missingArgument": "cli/missing-argument",
  "commander.optionMissingArgument": "cli/missing-argument",
  "commander.excessArguments": "cli/extra-argument",
  "commander.invalidArgument": "cli/invalid-value",
};

/** Commander's message on one line, with a hint that leads on. */
function usageError(error: CommanderError, called: CommandEntry | undefined, argv: readonly string[]): FerryError {
  const group = groups.find(({ name }) => name === argv[0]);
  const [first = "", ...rest] = error.message.replace(/^error: /, "").split("\n");
  const suggestion = rest
    .join(" ")
    .trim()
    .replace(/^\(|\)$/g, "");
  const help =
    called !== undefined
      ? `\`vmferry help ${called.name}\` shows how it is used.`
      : group !== undefined
        ? `\`vmferry help ${group.name}\` lists its commands.`
        : "`vmferry --help` lists the commands.";
  return new FerryError(usageCodes[error.code] ?? "cli/usage", first, {
    hint: suggestion === "" ? help : `${suggestion} ${help}`,
  });
}
