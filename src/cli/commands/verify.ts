import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import type { PackageKind } from "../../base/ids.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import { borrowed } from "../../io/sources/borrowed.js";
import type { OpenedPackage, OpenedReader } from "../../operations/open.js";
import { verifyPackage } from "../../operations/verify.js";
import type { Trust } from "../../package/trust/trust.js";
import { renderJson } from "../../report/json.js";
import { type AuditResult, toDiagnosticResult, type VerifyResult } from "../../report/results.js";
import { renderVerify } from "../../report/text.js";
import { type Cli, type CommandDefinition, defineCommand } from "../command.js";
import { exitCodes, judge } from "../exit-codes.js";
import type { NamedPackage } from "../named.js";
import { choice, flag, json, text, workOptions } from "../options.js";
import { openNamedReader } from "../packages.js";
import { allowRemote, remoteOptions } from "../remote.js";
import { fixedTime, type Session, withSession } from "../session.js";
import { type SpecChoice, specOptions } from "../spec-options.js";
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
    rebuild: text("--rebuild SPEC", "build it again from its spec, in memory, and compare every byte"),
    ...specOptions,
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
    "--rebuild proves that a package is what `vmferry build --reproducible` makes of a spec; --var and SOURCE_DATE_EPOCH are those of the build.",
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
    if (options.rebuild === null && (options.var.length > 0 || options.allowExternal)) {
      throw new FerryError("cli/usage", "--var and --allow-external are about a spec, and none is named", {
        hint: "Add --rebuild SPEC.",
      });
    }
    return withSession({ ...options, reproducible: options.rebuild !== null }, cli, async (session) => {
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
        const rebuilt =
          options.rebuild === null
            ? []
            : [toDiagnosticResult(await rebuildOf(options.rebuild, named, options, session))];
        const result = { ...judged, audit, diagnostics: [...judged.diagnostics, ...rebuilt] };
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

/** What building the package again came to. */
async function rebuildOf(
  spec: string,
  named: NamedPackage<OpenedReader>,
  options: SpecChoice,
  session: Session,
): Promise<Diagnostic> {
  const { openNamedSpec, outputsOf } = await import("../specs.js");
  const { rebuildFinding } = await import("../../operations/build/rebuild.js");
  const opened = await openNamedSpec(spec, options, session);
  try {
    const { reader } = named.opened;
    const isArchive = reader.kind === "ova";
    const name = isArchive ? named.fileName : named.name.replace(/[/\\][^/\\]*\.ovf$/i, "");
    const [output] = outputsOf([name], spec, opened);
    if (output === undefined) throw new FerryError("internal/bug", "one package came to no output");
    const wanted = { ...output.wanted, kind: isArchive ? ("ova" as const) : ("ovf" as const) };
    const open = async (file: string): Promise<ByteSource | null> => {
      if (named.container !== null && isArchive) return borrowed(named.container, async () => {});
      return (await reader.entry(file)?.open()) ?? null;
    };
    const there = { name: named.name, reader, open };
    return await rebuildFinding(opened, there, { wanted, modified: fixedTime() }, session.ctx);
  } finally {
    await opened.close();
  }
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
