import type { DiagnosticCode } from "../../base/diagnostics.js";
import { type ValidatedFile, type ValidateOptions, validateInput } from "../../operations/validate.js";
import { renderJson } from "../../report/json.js";
import type { ValidateResult } from "../../report/results.js";
import { renderValidate, type SourceLine } from "../../report/validate-text.js";
import { isHttpUrl } from "../../runtime/node/http/address.js";
import { targets } from "../../targets/targets.js";
import { type CommandDefinition, defineCommand } from "../command.js";
import { exitCodes } from "../exit-codes.js";
import { flag, invalid, json, list, unless } from "../options.js";
import { remoteOptions } from "../remote.js";
import { withSession } from "../session.js";
import { openNamedInput } from "../sources.js";

/** `vmferry validate SRC...`. */
export const validate: CommandDefinition = defineCommand({
  arguments: [
    {
      name: "SRC...",
      what: "packages: each an .ova, an .ovf, or a folder with one .ovf; an http(s) URL of the first two",
      complete: "file",
    },
  ],
  options: {
    strict: flag("--strict", "the standard to the letter, not what careful importers take"),
    for: list("--for TARGET", `hold it against a target too: ${targets.all.map(({ id }) => id).join(", ")}`),
    descriptorOnly: flag("--descriptor-only", "look at no file but the descriptor"),
    integrity: unless("--no-integrity", "do not compare files with the manifest, which reads all of them"),
    allow: list("--allow CODE", "leave findings with this code out"),
    json,
    ...remoteOptions,
  },
  details: [
    "Every finding says what is wrong, where, what to do, and on which section of the standard it rests. 'vmferry explain CODE' says more.",
    "Exit code 1: a package is rejected, which is so exactly when a finding is an error.",
  ],
  examples: ["validate appliance.ova", "validate appliance.ovf --strict --descriptor-only --json"],
  async run(names, options, cli) {
    const profiles = options.for.map((id) => {
      const profile = targets.find(id);
      if (profile !== undefined) return profile;
      throw invalid("--for", id, `It is one of: ${targets.all.map((target) => target.id).join(", ")}.`);
    });
    const files: ValidatedFile[] = [];
    const lines: (SourceLine | null)[] = [];
    await withSession(options, cli, async (session) => {
      const how: Omit<ValidateOptions, "digests"> = {
        level: options.strict ? "strict" : "importer",
        targets: profiles,
        allow: new Set(options.allow as readonly DiagnosticCode[]),
        files: options.descriptorOnly ? "ignored" : "judged",
      };
      for (const name of names) {
        // Of a package on a server only headers are fetched: `verify` reads it whole.
        const digests = options.integrity && !isHttpUrl(name) ? "checked" : "unchecked";
        const input = await openNamedInput(name, session);
        try {
          const { file, document } = await validateInput(name, input, { ...how, digests }, session.ctx);
          files.push(file);
          lines.push(document === null ? null : (line) => document.xml.lineText(line));
        } finally {
          await input.close();
        }
      }
    });
    const result: ValidateResult = { schema: "vmferry/validate@1", files };
    await cli.terminal.data(
      options.json ? renderJson(result) : renderValidate(result, lines, cli.terminal.dataPalette),
    );
    return files.some(({ verdict }) => verdict === "reject") ? exitCodes.fallsShort : exitCodes.done;
  },
});
