/** What a package would come to on each platform, without touching a disk. */
import type { Appliance } from "../../appliance/appliance.js";
import { fit } from "../../appliance/fit.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import type { TargetId } from "../../base/ids.js";
import type { Context } from "../../io/context.js";
import type { AuditResult } from "../../report/results.js";
import { judge } from "../../rules/engine.js";
import { rules } from "../../rules/rules.js";
import { targets } from "../../targets/targets.js";
import { factsOf, questionOf, type Subject } from "../validate.js";

/** One target's view of a package. */
export type PlatformOutlook = NonNullable<AuditResult["platforms"]>[number];

/** Machines of an appliance from which on targets are not tried: each takes its time. */
const MOST_MACHINES = 500;

/** Every target that is a product, the standard left aside. `null` for appliances of more than `MOST_MACHINES`. */
export async function outlooksOf(
  subject: Subject,
  appliance: Appliance,
  ctx: Context,
): Promise<readonly PlatformOutlook[] | null> {
  if (appliance.machines.length > MOST_MACHINES) return null;
  const silent: Context = { ...ctx, report: () => {} };
  const known = targets.all.filter(({ id }) => id !== "ovf");
  const found = new Map(known.map((target) => [target.id, [...fit(appliance, target).notes]]));
  const question = questionOf({
    // Findings of the other rules are the same for all.
    rules: rules.filter((rule) => rule.targets !== undefined),
    targets: known.filter(({ reader }) => reader !== null),
  });
  for await (const { diagnostic, facts } of judge(factsOf(subject), question, silent)) {
    if (facts.target !== null) found.get(facts.target.id)?.push(diagnostic);
  }
  return known.map(({ id }) => outlookOf(id, found.get(id) ?? []));
}

function outlookOf(target: TargetId, found: readonly Diagnostic[]): PlatformOutlook {
  const worst =
    found.find(({ severity }) => severity === "error") ?? found.find(({ severity }) => severity === "warning");
  const outlook = worst === undefined ? "fits" : worst.severity === "error" ? "refused" : "changes";
  return { target, outlook, notes: found.length, worst: worst?.message ?? null };
}
