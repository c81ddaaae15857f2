import type { PackageKind } from "../../base/ids.js";
import type { Context } from "../../io/context.js";
import type { OpenedPackage } from "../../operations/open.js";
import { verifyPackage } from "../../operations/verify.js";
import type { Trust } from "../../package/trust/trust.js";
import { renderJson } from "../../report/json.js";
import type { AuditResult, VerifyResult } from "../../report/results.js";
import { renderVerify } from "../../report/text.js";
import { type Cli, type CommandDefinition, defineCommand } from "../command.js";
import { exitCodes, judge } from "../exit-codes.js";
import { choice, flag, json, workOptions } from "../options.js";
import { openNamedReader } from "../packages.js";
import { allowRemote, remoteOptions } from "../remote.js";
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
        // Rules and targets come with policies and audits: most runs do not need them.
        const policies = options.policy === null ? null : await import("../policy.js");
        const loaded = (await policies?.loadPolicy(options.policy ?? "", given, session.ctx)) ?? null;
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
        const judged =
          policies === null || loaded === null
            ? verified
            : await policies.judgedUnder(loaded, whole, verified, session.ctx);
        const audit =
          options.audit && whole !== null ? await auditOf(whole, loaded?.trust ?? given, session.ctx) : null;
        const result = { ...judged, audit };
        await cli.terminal.data(await render(named.name, reader.kind, result, format, session, cli));
        return result.verdict === "altered" ? exitCodes.fallsShort : judge(result.diagnostics);
      } finally {
        await named.close();
      }
    });
  },
});

async function auditOf(whole: OpenedPackage, trust: Trust, ctx: Context): Promise<AuditResult> {
  const { auditPackage, toAuditResult } = await import("../../operations/audit/audit.js");
  return toAuditResult(await auditPackage(whole, ctx, trust));
}

async function render(
  name: string,
  kind: PackageKind,
  result: VerifyResult,
  format: "text" | "json" | "sarif",
  session: Session,
  cli: Cli,
): Promise<string> {
  switch (format) {
    case "text":
      return renderVerify(name, result, cli.terminal.dataPalette);
    case "json":
      return renderJson(result);
    case "sarif":
      return (await import("../sarif.js")).sarifOf(name, kind, result.diagnostics, session.runtime);
  }
}
