import { diffPackages } from "../../operations/diff/packages.js";
import { renderJson } from "../../report/json.js";
import { renderPackageDiff, renderPackageDiffMarkdown } from "../../report/package-diff-text.js";
import type { DiffResult } from "../../report/results.js";
import { type ArgumentSpec, type Cli, type CommandDefinition, defineCommand } from "../command.js";
import { exitCodes } from "../exit-codes.js";
import { choice, flag, invalid, json, text, unless, workOptions } from "../options.js";
import { openNamedSource } from "../packages.js";
import { allowRemote, remoteOptions } from "../remote.js";
import { withSession } from "../session.js";

const formats = ["text", "json", "markdown"] as const;

function side(name: string): ArgumentSpec {
  return {
    name,
    what: "an .ova, an .ovf, a machine's configuration, or a folder with one; an http(s) or s3 URL of an .ova or .ovf",
    complete: "file",
  };
}

/** `vmferry diff A B`. */
export const diff: CommandDefinition = defineCommand({
  arguments: [side("A"), side("B")],
  options: {
    disks: unless("--no-disks", "do not compare what is on disks"),
    deep: flag("--deep", "read and hash the other files too, rather than believe the manifests"),
    configuration: text(
      "--configuration ID",
      "the deployment option to look at in both (default: each package's own, and what others change)",
    ),
    locale: text("--locale TAG", "the language of the texts, such as de or pt-BR"),
    format: choice("--format FORMAT", "how the result is written", formats),
    json,
    allowRemote,
    ...remoteOptions,
    ...workOptions,
  },
  details: [
    "Says in words what changed between two packages or machines of any platform: machines and their hardware, disks, networks, products and their properties, licences, deployment options, start order, who signed, files. Values of passwords are never shown.",
    "Disks are compared by what guests read, whatever the formats: holes are not read. Other files are compared by the digests in the manifests, or with --deep by their content.",
    "Between two platforms facts count by what they mean; what only one of them says is listed and is no difference.",
    "Exit code 1: different.",
  ],
  examples: ["diff before.ova after.ova", "diff app.ova vm.vmx --no-disks", "diff old.ova new.ova --format markdown"],
  async run([first = "", second = ""], options, cli) {
    if (options.json && options.format !== null && options.format !== "json") {
      throw invalid("--format", options.format, "Leave --json out: one result has one format.");
    }
    return withSession(options, cli, async (session) => {
      const a = await openNamedSource(first, {}, session);
      try {
        const b = await openNamedSource(second, {}, session);
        try {
          const { configuration, locale } = options;
          const result = await diffPackages(
            { name: a.name, opened: a.opened },
            { name: b.name, opened: b.opened },
            {
              choice: {
                ...(configuration === null ? {} : { configuration }),
                ...(locale === null ? {} : { locale }),
              },
              disks: options.disks ? "compared" : "left",
              files: options.deep ? "deep" : "manifest",
              findings: session.findings,
            },
            session.ctx,
          );
          await cli.terminal.data(render(result, options.json ? "json" : (options.format ?? "text"), cli));
          return result.verdict === "same" ? exitCodes.done : exitCodes.fallsShort;
        } finally {
          await b.close();
        }
      } finally {
        await a.close();
      }
    });
  },
});

function render(result: DiffResult, format: (typeof formats)[number], cli: Cli): string {
  switch (format) {
    case "text":
      return renderPackageDiff(result, cli.terminal.dataPalette);
    case "json":
      return renderJson(result);
    case "markdown":
      return renderPackageDiffMarkdown(result);
  }
}
