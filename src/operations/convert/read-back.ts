/** Reads configurations that were written as if somebody else had: what they say against what they were to say. */
import type { Appliance } from "../../appliance/appliance.js";
import { mergeAppliances } from "../../appliance/merge.js";
import { changesBetween, type FactChange } from "../../appliance/portrait.js";
import { FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import { detectPackage } from "../../package/detect.js";
import { lastPart } from "../../package/machine/locate.js";
import { withoutExtension } from "../../package/names.js";
import { explanationsOf } from "../../platforms/explained.js";
import type { ConfigFiles, ExportPlan, Platform } from "../../platforms/platform.js";

/** What a platform's configurations say, read back. */
export interface ReadBack {
  readonly appliance: Appliance;
  /** Ids of the exported appliance's disks, by the ids that they have in the one read back. */
  readonly diskNames: ReadonlyMap<string, string>;
}

/** Reads the configurations of an export; `null` where the platform writes what it does not read (scripts). */
export function readBackConfigs(platform: Platform, exported: ExportPlan, ctx: Context): ReadBack | null {
  const { readConfig } = platform;
  if (readConfig === undefined) return null;
  const names = new Set([...exported.disks.map(({ name }) => name), ...exported.files.map(({ name }) => name)]);
  const files: ConfigFiles = {
    find(path) {
      const name = names.has(path) ? path : lastPart(path);
      return names.has(name) ? { name, size: 0 } : undefined;
    },
  };
  const parts: Appliance[] = [];
  for (const { name, bytes } of exported.configs) {
    const window = { name, size: bytes.length, head: bytes.subarray(0, 65_536), tail: bytes.subarray(-4096) };
    // The configuration of an archive has no name and no words that tell it by itself.
    const kind = platform.archive ?? detectPackage(window)?.kind;
    if (kind === undefined || !platform.reads.includes(kind)) continue;
    const config = readConfig({ name: withoutExtension(name), label: name, bytes }, ctx);
    parts.push(config.appliance(files, () => {}));
  }
  if (parts.length === 0) return null;
  const appliance = mergeAppliances(null, parts);
  const byFile = new Map(exported.disks.map(({ name, disk }) => [name, disk]));
  return {
    appliance,
    diskNames: new Map(
      appliance.disks.map(({ id, file }) => [
        id,
        file === null ? id : (byFile.get(file) ?? byFile.get(lastPart(file)) ?? id),
      ]),
    ),
  };
}

/** What configurations say otherwise than the machines that they were made of, without a note that accounts for it. */
export function unexplainedChanges(fitted: Appliance, exported: ExportPlan, back: ReadBack): readonly FactChange[] {
  return changesBetween(fitted, back.appliance, back.diskNames).filter(
    (change) => explanationsOf(change, exported.notes).length === 0,
  );
}

/** A change in words. */
export function describeChange({ machine, name, of, from, to }: FactChange): string {
  const what = of === null ? name : `${name} of ${of}`;
  return `${machine}: ${what} is ${to === null ? "gone" : JSON.stringify(to)}, and was ${JSON.stringify(from)}`;
}

/**
 * Proves that a platform's configurations say what they were to say.
 * @throws `convert/config-differs`
 */
export function proveConfigs(platform: Platform, fitted: Appliance, exported: ExportPlan, ctx: Context): void {
  const back = readBackConfigs(platform, exported, ctx);
  if (back === null) return;
  const changes = unexplainedChanges(fitted, exported, back);
  const [first] = changes;
  if (first === undefined) return;
  const more = changes.length === 1 ? "" : `, and ${changes.length - 1} more`;
  throw new FerryError(
    "convert/config-differs",
    `the configuration that was written says otherwise: ${describeChange(first)}${more}`,
    {
      hint: "The result was not kept. This is a fault of vmferry: report it.",
      diagnostics: changes.map((change) => ({
        code: "convert/config-differs",
        severity: "error",
        message: describeChange(change),
      })),
    },
  );
}
