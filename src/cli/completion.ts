import type { ArgumentSpec, CommandDefinition } from "./command.js";
import { commonOptions } from "./options.js";

/** Shells with a completion script. */
export const shells = ["bash", "zsh", "fish"] as const;

/** A command with all that completion needs to know. */
export interface CompletedCommand {
  readonly name: string;
  readonly summary: string;
  readonly definition: Pick<CommandDefinition, "arguments" | "options">;
}

/** A script that a shell evaluates: commands, options, the values of options, and file names. */
export function completionScript(shell: (typeof shells)[number], commands: readonly CompletedCommand[]): string {
  switch (shell) {
    case "bash":
      return bash(commands);
    case "zsh":
      // zsh runs bash completions; one script cannot disagree with the other.
      return `#compdef vmferry\nautoload -U +X bashcompinit && bashcompinit\n${bash(commands)}`;
    case "fish":
      return fish(commands);
  }
}

interface Flag {
  readonly flag: string;
  readonly what: string;
  /** `null`: takes no value. Empty: a file or free text. */
  readonly values: readonly string[] | null;
}

function flagsOf(definition: CompletedCommand["definition"]): Flag[] {
  return Object.values({ ...definition.options, ...commonOptions }).map(({ flags, what, choices }) => {
    const [flag = "", value] = flags.split(" ");
    return { flag, what, values: value === undefined ? null : (choices ?? []) };
  });
}

/** Words that can follow an argument list; `null` where files can. */
function wordsOf(argument: ArgumentSpec | undefined, commands: readonly CompletedCommand[]): readonly string[] | null {
  if (argument === undefined) return [];
  if (argument.complete === "file") return null;
  return argument.complete === "command" ? firstWords(commands) : argument.complete;
}

function firstWords(commands: readonly CompletedCommand[]): string[] {
  return [...new Set(commands.map(({ name }) => name.split(" ")[0] ?? name))];
}

function secondWords(commands: readonly CompletedCommand[], group: string): string[] {
  return commands.filter(({ name }) => name.startsWith(`${group} `)).map(({ name }) => name.slice(group.length + 1));
}

function groupsOf(commands: readonly CompletedCommand[]): string[] {
  return firstWords(commands).filter((word) => secondWords(commands, word).length > 0);
}

/** All words below are our own names: letters, digits, `-` and `.`; none needs quoting. */
function bash(commands: readonly CompletedCommand[]): string {
  const groups = groupsOf(commands);
  const optionCases: string[] = [];
  const valueCases: string[] = [];
  for (const { name, definition } of commands) {
    const flags = flagsOf(definition);
    const words = wordsOf(definition.arguments[0], commands);
    const list = [...(words ?? []), ...flags.map(({ flag }) => flag)].join(" ");
    optionCases.push(`    "${name}") words="${list}"; files=${words === null ? 1 : 0} ;;`);
    for (const { flag, values } of flags) {
      if (values !== null)
        valueCases.push(`    "${name} ${flag}") words="${values.join(" ")}"; files=${values.length === 0 ? 1 : 0} ;;`);
    }
  }
  return `_vmferry() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local command="\${COMP_WORDS[1]}" at=1 words="" files=0
  case "$command" in
    ${groups.join("|")}) command="$command \${COMP_WORDS[2]}"; at=2 ;;
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="${[...firstWords(commands), "help", "--help", "--version"].join(" ")}"
  elif [ "$COMP_CWORD" -eq "$at" ]; then
    case "\${COMP_WORDS[1]}" in
${groups.map((group) => `      ${group}) words="${secondWords(commands, group).join(" ")}" ;;`).join("\n")}
    esac
  else
    case "$command" in
${optionCases.join("\n")}
    help) words="${firstWords(commands).join(" ")}" ;;
    esac
    case "$command $previous" in
${valueCases.join("\n")}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [ "$files" -eq 1 ]; then
    compopt -o filenames 2>/dev/null
    COMPREPLY+=($(compgen -f -- "$current"))
  fi
}
complete -F _vmferry vmferry
`;
}

function fish(commands: readonly CompletedCommand[]): string {
  const groups = groupsOf(commands);
  const lines = ["complete -c vmferry -f"];
  const none = `not __fish_seen_subcommand_from ${[...firstWords(commands), "help"].join(" ")}`;
  for (const word of [...firstWords(commands), "help"]) lines.push(`complete -c vmferry -n "${none}" -a ${word}`);
  for (const group of groups) {
    const words = secondWords(commands, group).join(" ");
    const when = `__fish_seen_subcommand_from ${group}; and not __fish_seen_subcommand_from ${words}`;
    lines.push(`complete -c vmferry -n "${when}" -a "${words}"`);
  }
  for (const { name, definition } of commands) {
    // `convert` stands in `disk convert`, too.
    const outside = name.includes(" ") ? [] : groups.filter((group) => secondWords(commands, group).includes(name));
    const when = [
      ...name.split(" ").map((word) => `__fish_seen_subcommand_from ${word}`),
      ...outside.map((group) => `not __fish_seen_subcommand_from ${group}`),
    ].join("; and ");
    const words = wordsOf(definition.arguments[0], commands);
    if (words === null) lines.push(`complete -c vmferry -n "${when}" -F`);
    else if (words.length > 0) lines.push(`complete -c vmferry -n "${when}" -a "${words.join(" ")}"`);
    for (const { flag, what, values } of flagsOf(definition)) {
      const value = values === null ? "" : values.length === 0 ? " -r -F" : ` -r -f -a "${values.join(" ")}"`;
      lines.push(`complete -c vmferry -n "${when}" -l ${flag.slice(2)}${value} -d '${what.replaceAll("'", "\\'")}'`);
    }
  }
  return `${lines.join("\n")}\n`;
}
