/** What commands ask of a source before they use it. */
import { FerryError } from "../base/errors.js";
import type { Context } from "../io/context.js";
import type { SourceDemands } from "../operations/carry.js";
import type { OpenedPackage } from "../operations/open.js";
import type { OpenedSource } from "../operations/opened.js";
import { ovfOf } from "../operations/source.js";
import type { OptionSpec } from "./command.js";
import type { NamedPackage } from "./named.js";
import { flag, unless } from "./options.js";
import { givenSums, policy, type SumChoice, sumOptions, type TrustChoice, trustOf, trustOptions } from "./trust.js";

/** Options of commands that use a source on conditions. */
export const demandOptions: typeof sumOptions &
  typeof trustOptions & {
    readonly integrity: OptionSpec<boolean>;
    readonly requireSignature: OptionSpec<boolean>;
    readonly policy: OptionSpec<string | null>;
  } = {
  integrity: unless("--no-integrity", "do not check the source against its manifest and signature"),
  requireSignature: flag("--require-signature", "refuse a source that nobody who is trusted signed"),
  policy,
  ...sumOptions,
  ...trustOptions,
};

/**
 * What a source has to stand up to before it is used. Naming anybody to trust asks for a signature. A policy is judged here and now.
 * @throws `policy/refused`, and what reading files throws
 */
export async function demandsOf(
  named: NamedPackage<OpenedPackage | OpenedSource>,
  options: TrustChoice &
    SumChoice & { readonly requireSignature: boolean; readonly integrity: boolean; readonly policy: string | null },
  ctx: Context,
): Promise<SourceDemands> {
  const { trust: given, systemTrust, signer, requireSignature, integrity, policy: file } = options;
  const trusted = given.length > 0 || systemTrust || signer.length > 0 || requireSignature;
  const sums = await givenSums(named, options, ctx);
  if (!integrity && (trusted || sums.length > 0 || file !== null)) {
    throw new FerryError("cli/usage", "--no-integrity switches off what the other options ask for", {
      hint: "Leave out either --no-integrity, or the options about signers, sums and policies.",
    });
  }
  const own = await trustOf(options, ctx);
  if (file !== null) {
    // With it come rules and checks that most runs do not need.
    const { admitPolicy } = await import("./policy.js");
    const opened = "ovf" in named.opened ? ovfOf(named.opened, "a policy judges OVF packages") : named.opened;
    await admitPolicy(file, opened, own, ctx);
  }
  return {
    trust: own,
    trusted,
    ...(named.container === null || sums.length === 0
      ? {}
      : { container: { source: named.container, name: named.fileName, sums } }),
  };
}
