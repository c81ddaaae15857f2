import { verifyPackage } from "../../operations/verify.js";
import { renderJson } from "../../report/json.js";
import { renderVerify } from "../../report/text.js";
import { type CommandDefinition, defineCommand } from "../command.js";
import { exitCodes, judge } from "../exit-codes.js";
import { flag, json, workOptions } from "../options.js";
import { openNamedReader } from "../packages.js";
import { remoteOptions } from "../remote.js";
import { withSession } from "../session.js";
import { givenSums, sumOptions, trustOf, trustOptions } from "../trust.js";

/** `vmferry verify SRC`. */
export const verify: CommandDefinition = defineCommand({
  arguments: [
    {
      name: "SRC",
      what: "an .ova, an .ovf, or a folder with one .ovf; an http(s) or s3 URL of the first two",
      complete: "file",
    },
  ],
  options: {
    ...sumOptions,
    ...trustOptions,
    requireManifest: flag("--require-manifest", "a package without a manifest falls short"),
    requireSignature: flag("--require-signature", "a package without a signature falls short"),
    json,
    ...remoteOptions,
    ...workOptions,
  },
  details: [
    "Compares every file with the package's manifest, the manifest with its signature, and the package file with sums given from outside. A signature that is right is 'trusted' where the signer's certificate was named (--signer), or somebody who is trusted vouches for it (--trust, --system-trust).",
    "Exit code 1: altered, signed by somebody who is not trusted, or short of what was required.",
  ],
  examples: ["verify appliance.ova", "verify appliance.ova --sums SHA256SUMS --require-manifest"],
  async run([name = ""], options, cli) {
    return withSession(options, cli, async (session) => {
      const named = await openNamedReader(name, session);
      try {
        const sums = await givenSums(named, options, session.ctx);
        const trust = await trustOf(options, session.ctx);
        const result = await verifyPackage(
          named.opened.reader,
          {
            findings: session.findings,
            unreadable: named.opened.unreadable,
            trust,
            requireManifest: options.requireManifest,
            requireSignature: options.requireSignature,
            ...(named.container === null ? {} : { container: { source: named.container, name: named.fileName, sums } }),
          },
          session.ctx,
        );
        const palette = cli.terminal.dataPalette;
        await cli.terminal.data(options.json ? renderJson(result) : renderVerify(named.name, result, palette));
        return result.verdict === "altered" ? exitCodes.fallsShort : judge(result.diagnostics);
      } finally {
        await named.close();
      }
    });
  },
});

/** Sums from the command line and from a file of sums. */
