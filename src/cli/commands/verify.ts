import { readFile, stat } from "node:fs/promises";
import * as path from "node:path";
import { FerryError } from "../../base/errors.js";
import type { HashName } from "../../base/ids.js";
import type { Context } from "../../io/context.js";
import { type GivenSum, verifyPackage } from "../../operations/verify.js";
import { parseManifest } from "../../package/manifest/text.js";
import { renderJson } from "../../report/json.js";
import { renderVerify } from "../../report/text.js";
import { type CommandDefinition, defineCommand } from "../command.js";
import { exitCodes, judge } from "../exit-codes.js";
import { flag, invalid, json, list, text, workOptions } from "../options.js";
import { remoteOptions } from "../remote.js";
import { withSession } from "../session.js";
import { openNamedPackage } from "../sources.js";

/** Bytes of a file of sums: a few thousand lines. */
const MOST_SUMS_BYTES = 4 * 1024 * 1024;

/** `vmferry verify SRC`. */
export const verify: CommandDefinition = defineCommand({
  arguments: [
    {
      name: "SRC",
      what: "an .ova, an .ovf, or a folder with one .ovf; an http(s) URL of the first two",
      complete: "file",
    },
  ],
  options: {
    sha256: list("--sha256 HEX", "the SHA-256 that the package file has to have"),
    sums: text("--sums FILE", "a file of sums, as sha256sum writes it, with a line for the package file"),
    requireManifest: flag("--require-manifest", "a package without a manifest falls short"),
    requireSignature: flag("--require-signature", "a package without a checked signature falls short"),
    json,
    ...remoteOptions,
    ...workOptions,
  },
  details: [
    "Compares every file with the package's manifest, and the package file with sums given from outside. Certificates are named, not checked yet.",
    "Exit code 1: altered, or short of what was required.",
  ],
  examples: ["verify appliance.ova", "verify appliance.ova --sums SHA256SUMS --require-manifest"],
  async run([name = ""], options, cli) {
    return withSession(options, cli, async (session) => {
      const named = await openNamedPackage(name, { onDamage: "report" }, session);
      try {
        const sums = await givenSums(named.fileName, options, session.ctx);
        if (sums.length > 0 && named.container === null) {
          throw new FerryError("cli/sums-need-a-file", `${named.name} is a folder, and sums are of a package file`, {
            hint: "Give the .ova, or the .ovf that the sum is of.",
          });
        }
        const result = await verifyPackage(
          named.opened.reader,
          {
            findings: session.findings,
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
async function givenSums(
  name: string,
  options: { readonly sha256: readonly string[]; readonly sums: string | null },
  ctx: Context,
): Promise<readonly GivenSum[]> {
  const sums: GivenSum[] = options.sha256.map((digest) => {
    if (!/^[0-9a-fA-F]{64}$/.test(digest)) throw invalid("--sha256", digest, "It has 64 hexadecimal digits.");
    return { algorithm: "sha256" as HashName, digest: digest.toLowerCase() };
  });
  if (options.sums === null) return sums;
  const file = options.sums;
  const found = await stat(file).catch(() => null);
  if (found === null) {
    throw new FerryError("io/not-found", `${file} does not exist`, { hint: "Check the path for typing errors." });
  }
  if (found.size > MOST_SUMS_BYTES) {
    throw new FerryError("io/limit", `${file} has ${found.size} bytes, which is too much for a file of sums`);
  }
  const listed = parseManifest(new Uint8Array(await readFile(file)), file, { ...ctx, report: () => {} });
  const own = listed.entries.filter((entry) => path.basename(entry.name) === name);
  if (own.length === 0) {
    throw new FerryError("cli/sum-not-listed", `${file} has no line for ${name}`, {
      hint: "Is it the right file of sums, and was the package renamed?",
    });
  }
  return [...sums, ...own.map(({ algorithm, digest }) => ({ algorithm, digest }))];
}
