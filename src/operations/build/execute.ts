/** Writes the packages of a spec: each disk is read once for all of them. */
import { FerryError, isCanceled } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { FileSet } from "../../io/file-set.js";
import type { PackageReader } from "../../package/model.js";
import { besideIntegrity, type CarryOutcome } from "../carry.js";
import type { ConversionOutcome, ConversionPlan } from "../convert/conversion.js";
import { shareWork } from "../convert/shared-work.js";
import { together } from "../together.js";

/** A package, and where its files go. */
export interface PlannedOutput {
  readonly plan: ConversionPlan;
  readonly to: FileSet;
}

/**
 * Fills the file set of each package. The caller commits all of them, or aborts them where this throws.
 * @throws `convert/blocked`, and what conversions throw
 */
export async function executeBuild(
  reader: PackageReader,
  outputs: readonly PlannedOutput[],
  options: { readonly prove: boolean },
  ctx: Context,
): Promise<readonly ConversionOutcome[]> {
  const { ctx: own, watch } = together(ctx, () => false);
  let checked: Promise<CarryOutcome> | null = null;
  const begun = (): Promise<CarryOutcome> =>
    checked ?? Promise.reject(new FerryError("internal/bug", "no check was begun"));
  const sharing = shareWork(outputs.length, begun);
  // Nothing vouches for the files of a spec: there is no manifest.
  checked = watch(besideIntegrity(reader, { integrity: false }, own, () => sharing.copied));
  checked.catch((cause) => sharing.fail(cause));
  const lanes = outputs.map(({ plan, to }, index) => {
    const shared = sharing.lanes[index];
    if (shared === undefined) throw new FerryError("internal/bug", "a package without a lane");
    const lane = watch(plan.execute(to, { integrity: false, prove: options.prove, shared }, own));
    lane.catch((cause) => sharing.fail(cause));
    return lane;
  });
  const settled = await Promise.allSettled([checked, ...lanes]);
  const failures = settled.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
  if (failures.length > 0) throw failures.find((cause) => !isCanceled(cause)) ?? failures[0];
  return Promise.all(lanes);
}
