import type { PackageKind } from "../../base/ids.js";
import { auditPackage, toAuditResult } from "../../operations/audit/audit.js";
import { underPolicy } from "../../operations/policy/policy.js";
import { verifyPackage } from "../../operations/verify.js";
import { renderJson } from "../../report/json.js";
import type { VerifyResult } from "../../report/results.js";
import { renderVerify } from "../../report/text.js";
import { type Cli, type CommandDefinition, defineCommand } from "../command.js";
import { exitCodes, judge } from "../exit-codes.js";
import { choice, flag, json, workOptions } from "../options.js";
import { openNamedReader } from "../packages.js";
import { loadPolicy, policyVerdict } from "../policy.js";
import { allowRemote, remoteOptions } from "../remote.js";
import { sarifOf } from "../sarif.js";
import { type Session, withSession } from "../session.js";
import { givenSums, policy, sumOptions, trustOf, trustOptions } from "../trust.js";

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
    policy,
    audit: flag("--audit", "say what it asks for, what it would come to on each platform, and what deserves a look"),
    format: choice("--format FORMAT", "how the result is written", ["text", "json", "sarif"]),
    json,
    allowRemote,
    ...remoteOptions,
    ...workOptions,
  },
  details: [
    "Compares every file with the package's manifest, the manifest with its signature, and the package file with sums given from outside. A signature that is right is 'trusted' where the signer's certificate was named (--signer), or somebody who is trusted vouches for it (--trust, --system-trust).",
    "A policy says what a package has to be beyond that: signers, digests, sizes, hardware, properties, targets (docs/how-to/judge-packages-of-strangers.md).",
    "Exit code 1: altered, signed by somebody who is not trusted, or short of what was required.",
  ],
  examples: [
    "verify appliance.ova",
    "verify appliance.ova --sums SHA256SUMS --require-manifest",
    "verify appliance.ova --trust vendors.pem --policy strangers.yaml",
    "verify appliance.ova --audit",
  ],
  async run([name = ""], options, cli) {
    const format = options.json ? "json" : (options.format ?? "text");
    return withSession(options, cli, async (session) => {
      const named = await openNamedReader(name, session);
      try {
        const sums = await givenSums(named, options, session.ctx);
        const given = await trustOf(options, session.ctx);
        const loaded = options.policy === null ? null : await loadPolicy(options.policy, given, session.ctx);
        const { reader, whole, unreadable } = named.opened;
        const verified = await verifyPackage(
          reader,
          {
            findings: session.findings,
            unreadable,
            trust: loaded?.trust ?? given,
            requireManifest: options.requireManifest,
            requireSignature: options.requireSignature,
            ...(named.container === null ? {} : { container: { source: named.container, name: named.fileName, sums } }),
          },
          session.ctx,
        );
        const verdict = loaded === null || whole === null ? null : await policyVerdict(loaded, whole, session.ctx);
        const judged = loaded === null ? verified : underPolicy(verified, loaded.policy, verdict);
        const audit =
          options.audit && whole !== null
            ? toAuditResult(await auditPackage(whole, session.ctx, loaded?.trust ?? given))
            : null;
        const result = { ...judged, audit };
        await cli.terminal.data(render(named.name, reader.kind, result, format, session, cli));
        return result.verdict === "altered" ? exitCodes.fallsShort : judge(result.diagnostics);
      } finally {
        await named.close();
      }
    });
  },
});

function render(
  name: string,
  kind: PackageKind,
  result: VerifyResult,
  format: "text" | "json" | "sarif",
  session: Session,
  cli: Cli,
): string {
  switch (format) {
    case "text":
      return renderVerify(name, result, cli.terminal.dataPalette);
    case "json":
      return renderJson(result);
    case "sarif":
      return sarifOf(name, kind, result.diagnostics, session.runtime);
  }
}
