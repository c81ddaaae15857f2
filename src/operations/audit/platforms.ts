/** What a package would come to on each platform, without touching a disk. */
import type { Appliance } from "../../appliance/appliance.js";
import { fit } from "../../appliance/fit.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import type { TargetId } from "../../base/ids.js";
import type { Context } from "../../io/context.js";
import { judge } from "../../rules/engine.js";
import { targets } from "../../targets/targets.js";
import { factsOf, questionOf, type Subject } from "../validate.js";

/** One target's view of a package. */
export interface PlatformOutlook {
  readonly target: TargetId;
  /** `refused`: it would not take it. `changes`: it takes it, and something is lost or decided. */
  readonly outlook: "fits" | "changes" | "refused";
  /** Findings: those of conversion, and, where the target reads OVF by itself, those of its own import. */
  readonly notes: number;
  /** The worst of them; `null`: there is none. */
  readonly worst: string | null;
}

/** Machines of an appliance from which on targets are not tried: each takes its time. */
const MOST_MACHINES = 500;

/** Every target that is a product, the standard left aside. Empty for appliances of more than `MOST_MACHINES`. */
export async function outlooksOf(
  subject: Subject,
  appliance: Appliance,
  ctx: Context,
): Promise<readonly PlatformOutlook[]> {
  if (appliance.machines.length > MOST_MACHINES) return [];
  const silent: Context = { ...ctx, report: () => {} };
  const outlooks: PlatformOutlook[] = [];
  for (const target of targets.all) {
    if (target.id === "ovf") continue;
    const found: Diagnostic[] = [...fit(appliance, target).notes];
    if (target.reader !== null) {
      for await (const { diagnostic } of judge(factsOf(subject), questionOf({ targets: [target] }), silent)) {
        if (diagnostic.code.startsWith("target/")) found.push(diagnostic);
      }
    }
    const worst =
      found.find(({ severity }) => severity === "error") ??
      found.find(({ severity }) => severity === "warning") ??
      found[0];
    outlooks.push({
      target: target.id,
      outlook:
        worst === undefined || worst.severity === "info" ? "fits" : worst.severity === "error" ? "refused" : "changes",
      notes: found.length,
      worst: worst === undefined || worst.severity === "info" ? null : worst.message,
    });
  }
  return outlooks;
}
