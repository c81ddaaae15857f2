import * as path from "node:path";
import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import { MOST_ANSWERS_BYTES, noAnswers, parseAnswers, renderAnswers, revealSecrets } from "../../operations/answers.js";
import { answerPackage, propertiesResult } from "../../operations/properties.js";
import { ovfOf } from "../../operations/source.js";
import type { GivenAnswers, ResolvedAnswers } from "../../ovf/answers/answers.js";
import { renderJson } from "../../report/json.js";
import { renderProperties } from "../../report/properties-text.js";
import { readSecret } from "../../runtime/node/secrets.js";
import { type Cli, type CommandDefinition, defineCommand } from "../command.js";
import { readText } from "../config.js";
import { exitCodes } from "../exit-codes.js";
import { flag, json, text } from "../options.js";
import { openNamedSource } from "../packages.js";
import { openLinePrompt } from "../prompt.js";
import { askQuestions } from "../questions.js";
import { allowRemote, remoteOptions } from "../remote.js";
import { type Session, withSession } from "../session.js";
import { writeTextFile } from "../write-text.js";

/** `vmferry properties SRC`. */
export const properties: CommandDefinition = defineCommand({
  arguments: [
    {
      name: "SRC",
      what: "an .ova, an .ovf, or a folder with one .ovf; an http(s) or s3 URL of the first two",
      complete: "file",
    },
  ],
  options: {
    check: text("--check FILE", "hold the answers in this file to the questions"),
    secrets: flag("--secrets", "with --check: read the secrets that the answers refer to, and check them too"),
    ask: flag("--ask", "ask the questions on the terminal"),
    write: { ...text("--write FILE", "write a file of answers, with the questions beside them"), short: "-o" },
    force: flag("--force", "overwrite the file of --write"),
    configuration: text(
      "--configuration ID",
      "the deployment option to look at (default: that of --check, or the package's own)",
    ),
    locale: text("--locale TAG", "the language of the texts, such as de or pt-BR"),
    json,
    allowRemote,
    ...remoteOptions,
  },
  details: [
    "Shows the questions that a package asks whoever deploys it: categories in order, what each takes, and its default in the deployment option. Values of passwords are never shown.",
    "A file of answers is YAML: configuration, locale, properties (KEY: VALUE for every machine that asks), machines (ID, below it KEY: VALUE). Passwords are given by reference: env:NAME, file:PATH, cmd:COMMAND.",
    "Exit code 1: the answers fall short.",
  ],
  examples: [
    "properties appliance.ova",
    "properties appliance.ova --write answers.yaml",
    "properties appliance.ova --check answers.yaml",
    "properties appliance.ova --ask --write answers.yaml",
  ],
  async run([name = ""], options, cli) {
    if (options.secrets && options.check === null) {
      throw new FerryError("cli/usage", "--secrets reads what answers refer to, and there are none", {
        hint: "Name them with --check FILE.",
      });
    }
    return withSession(options, cli, async (session) => {
      const named = await openNamedSource(name, {}, session);
      try {
        const found: Diagnostic[] = [];
        const report = (finding: Diagnostic): void => void found.push(finding);
        const opened = ovfOf(named.opened, "nothing asks questions there");
        const given = await givenAnswers(options);
        let resolved = await answerPackage(opened, given, report, session.ctx);
        if (options.ask) {
          const answers = await ask(resolved, given, cli);
          found.length = 0;
          resolved = await answerPackage(opened, answers, report, session.ctx);
        }
        if (options.secrets) await reveal(resolved, report, session);
        if (options.write !== null) {
          await writeTextFile(options.write, renderAnswers(path.basename(named.name), resolved), options.force);
          cli.terminal.note(`${options.write}: ${resolved.questions.length} questions`);
        }
        const checked = options.check !== null || options.ask ? "answers" : "questions";
        // Without answers nobody is to blame for what is missing.
        const findings = checked === "answers" ? found : found.filter(({ code }) => !code.startsWith("answers/"));
        const result = propertiesResult(named.name, resolved, checked, findings);
        const quiet = options.write !== null && !options.json && checked === "questions";
        if (!quiet) {
          await cli.terminal.data(
            options.json ? renderJson(result) : renderProperties(result, cli.terminal.dataPalette),
          );
        }
        return result.verdict === "short" ? exitCodes.fallsShort : exitCodes.done;
      } finally {
        await named.close();
      }
    });
  },
});

async function givenAnswers({
  check,
  configuration,
  locale,
}: {
  readonly check: string | null;
  readonly configuration: string | null;
  readonly locale: string | null;
}): Promise<GivenAnswers> {
  const answers = check === null ? noAnswers : parseAnswers(await readText(check, MOST_ANSWERS_BYTES), check);
  return { ...answers, configuration: configuration ?? answers.configuration, locale: locale ?? answers.locale };
}

/** @throws `answers/no-terminal`, `run/canceled` */
async function ask({ questions }: ResolvedAnswers, given: GivenAnswers, cli: Cli): Promise<GivenAnswers> {
  const prompt = openLinePrompt(cli);
  if (prompt === null) {
    throw new FerryError("answers/no-terminal", "there is no terminal to ask on", {
      hint: "Write a file of answers with --write FILE, and check it with --check FILE.",
    });
  }
  try {
    const typed = await askQuestions(questions, prompt, (line) => cli.terminal.error(line));
    return { ...given, values: [...given.values, ...typed] };
  } finally {
    prompt.close();
  }
}

async function reveal(
  resolved: ResolvedAnswers,
  report: (finding: Diagnostic) => void,
  session: Session,
): Promise<void> {
  await revealSecrets(resolved, (secret, key) => readSecret(secret, key, session.ctx.signal), report);
}
