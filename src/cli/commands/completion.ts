import { type CommandDefinition, defineCommand } from "../command.js";
import { completionScript, shells } from "../completion.js";
import { exitCodes } from "../exit-codes.js";
import { invalid } from "../options.js";

/** `vmferry completion SHELL`. */
export const completion: CommandDefinition = defineCommand({
  arguments: [{ name: "SHELL", what: shells.join(", "), complete: shells }],
  options: {},
  details: ["Add the line below to the start file of your shell."],
  examples: ["completion bash > ~/.local/share/bash-completion/completions/vmferry"],
  async run([name = ""], _options, cli) {
    const shell = shells.find((candidate) => candidate === name);
    if (shell === undefined) throw invalid("SHELL", name, `It is one of: ${shells.join(", ")}.`);
    const loaded = cli.commands.map(async ({ name, summary, load }) => ({ name, summary, definition: await load() }));
    await cli.terminal.data(completionScript(shell, await Promise.all(loaded)));
    return exitCodes.done;
  },
});
