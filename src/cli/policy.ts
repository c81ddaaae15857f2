/** Policies at the command line: the file, and the certificates that it names beside it. */
import * as path from "node:path";
import type { Context } from "../io/context.js";
import type { OpenedPackage } from "../operations/open.js";
import { policyFacts } from "../operations/policy/facts.js";
import type { NamedSigner } from "../operations/policy/field.js";
import {
  judgePolicy,
  type Policy,
  type PolicyVerdict,
  parsePolicy,
  policyError,
  underPolicy,
} from "../operations/policy/policy.js";
import type { Trust } from "../package/trust/trust.js";
import type { VerifyResult } from "../report/results.js";
import { readText } from "./config.js";
import { trustOf } from "./trust.js";

/** Bytes of a policy. */
const MOST_POLICY_BYTES = 1024 * 1024;

/** A policy, and whom it and the command line trust together. */
export interface LoadedPolicy {
  readonly policy: Policy;
  readonly trust: Trust;
}

/** Reads a policy and what it names. @throws what reading and parsing them throws */
export async function loadPolicy(file: string, given: Trust, ctx: Context): Promise<LoadedPolicy> {
  const policy = parsePolicy(await readText(file, MOST_POLICY_BYTES), file);
  const names = (key: string): readonly string[] =>
    ((policy.values.get(key) ?? []) as readonly string[]).map((name) => path.resolve(path.dirname(file), name));
  const signers = (policy.values.get("signature.signers") ?? []) as readonly NamedSigner[];
  const own = await trustOf(
    {
      trust: names("signature.authorities"),
      systemTrust: policy.values.get("signature.system-trust") === "yes",
      intermediate: [],
      crl: names("signature.revoked"),
      signer: signers.map(({ fingerprint }) => fingerprint),
      at: null,
    },
    ctx,
  );
  const trust: Trust = {
    anchors: [...given.anchors, ...own.anchors],
    intermediates: given.intermediates,
    crls: [...given.crls, ...own.crls],
    signers: [...given.signers, ...own.signers],
    at: given.at,
  };
  return { policy, trust };
}

/** What a package comes to under a policy. */
async function policyVerdict(
  { policy, trust }: LoadedPolicy,
  opened: OpenedPackage,
  ctx: Context,
): Promise<PolicyVerdict> {
  return judgePolicy(policy, await policyFacts(opened, trust, ctx));
}

/** The result of `verify` under a policy. @param opened `null`: the descriptor cannot be read, and the policy refuses that */
export async function judgedUnder(
  loaded: LoadedPolicy,
  opened: OpenedPackage | null,
  result: VerifyResult,
  ctx: Context,
): Promise<VerifyResult> {
  const verdict = opened === null ? null : await policyVerdict(loaded, opened, ctx);
  return underPolicy(result, loaded.policy, verdict);
}

/** Lets a package pass that a policy accepts. Nothing was written yet. @throws `policy/refused` */
export async function admitPolicy(file: string, opened: OpenedPackage, trust: Trust, ctx: Context): Promise<void> {
  const loaded = await loadPolicy(file, trust, ctx);
  const { verdict, findings } = await policyVerdict(loaded, opened, ctx);
  if (verdict === "refused") throw policyError(opened.reader.name, loaded.policy, findings);
  for (const finding of findings) ctx.report(finding);
}
