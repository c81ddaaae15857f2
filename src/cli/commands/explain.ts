import { FerryError } from "../../base/errors.js";
import { allCodes, explain as explainQuery } from "../../operations/explain.js";
import { renderExplain } from "../../report/explain-text.js";
import { renderJson } from "../../report/json.js";
import { type CommandDefinition, defineCommand } from "../command.js";
import { exitCodes } from "../exit-codes.js";
import { json } from "../options.js";

/** Characters of standard input: the log of an import, not more. */
const MOST_CHARACTERS = 1024 * 1024;

/** `vmferry explain CODE`, `vmferry explain "error text"`. */
export const explain: CommandDefinition = defineCommand({
  arguments: [
    {
      name: "TEXT...",
      what: "a code such as manifest/weak-algorithm, or what another program printed; '-' reads it from standard input",
      complete: Object.keys(allCodes).sort(),
    },
  ],
  options: { json },
  details: [
    "A code: what is wrong, why it matters, what to do, on which section of the standard it rests, how bad it is by default and under --strict, and an example of wrong and right.",
    "A text: errors of ovftool, vSphere, ESXi, Workstation, VirtualBox, virt-v2v and Proxmox are found in it and explained, with the commands that help. Lines that vmferry printed work too.",
    "Exit code 2: neither a code nor a known message is in it.",
  ],
  examples: [
    "explain manifest/weak-algorithm",
    "explain \"Unsupported hardware family 'virtualbox-2.2'\"",
    "explain - < import.log",
  ],
  async run(words, options, cli) {
    const query = words.length === 1 && words[0] === "-" ? await readAll(cli.stdin) : words.join(" ");
    const result = explainQuery(query);
    await cli.terminal.data(options.json ? renderJson(result) : renderExplain(result, cli.terminal.dataPalette));
    return exitCodes.done;
  },
});

async function readAll(stdin: NodeJS.ReadableStream): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stdin) {
    text += typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
    if (text.length <= MOST_CHARACTERS) continue;
    throw new FerryError("explain/too-long", `the text is longer than ${MOST_CHARACTERS} characters`, {
      hint: "Give the part with the error.",
    });
  }
  return text;
}
