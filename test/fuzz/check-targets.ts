import type { Diagnostic } from "../../src/base/diagnostics.js";
import { overlay } from "../../src/disk/changed-file.js";
import { diskFormats } from "../../src/disk/formats.js";
import type { DiskFormat } from "../../src/disk/model.js";
import { lawfulLayout } from "../../src/disk/testing/laws.js";
import type { Context } from "../../src/io/context.js";
import type { ByteSource, SourceResolver } from "../../src/io/source.js";
import { memorySource } from "../../src/io/sources/memory.js";
import { checkEdit } from "./amend-targets.js";
import type { FuzzTarget } from "./target.js";

/** Findings of one image that are taken; a destroyed table has one for each entry. */
const MOST_FINDINGS = 5000;

const nobody: SourceResolver = { open: async () => null };

/**
 * A check, and the repair that follows from it: what opens before the repair opens after it, and every patch lies in the file as planned, once.
 */
export function checkTarget(disk: FuzzTarget, format: DiskFormat): FuzzTarget {
  return {
    ...disk,
    name: `${format.id}-check`,
    async run(bytes, ctx) {
      const source = memorySource(bytes, `fuzz${format.extensions[0]}`);
      for (const finding of await findingsOf(format, source, ctx)) {
        const { location } = finding;
        const placed = location?.at === "text" || (location?.at === "bytes" && location.offset >= 0);
        if (!placed) throw new Error(`a finding without a place: ${finding.code}`);
      }
      const plan = await format.amend?.(source, { change: "repair" }, ctx);
      if (plan === undefined) return;
      checkEdit(plan, source);
      if (plan.patches.length > 0 && plan.mended.length === 0 && plan.left.length === 0) {
        throw new Error("something is changed, and nobody says why");
      }
      const end = plan.patches.reduce((most, { at, bytes: patch }) => Math.max(most, at + patch.length), source.size);
      const changes = plan.patches.map(({ at, bytes: patch }) => ({ at, length: patch.length, bytes: patch }));
      const mended = overlay(source, changes, plan.fileBytes ?? end).source;
      if (await opens(format, source, ctx)) {
        const disk = await format.open({ bytes: mended }, nobody, ctx);
        await disk.close();
      }
    },
  };
}

async function findingsOf(format: DiskFormat, source: ByteSource, ctx: Context): Promise<readonly Diagnostic[]> {
  const found: Diagnostic[] = [];
  for await (const finding of format.check?.(source, nobody, ctx) ?? []) {
    found.push(finding);
    if (found.length >= MOST_FINDINGS) break;
  }
  return found;
}

async function opens(format: DiskFormat, source: ByteSource, ctx: Context): Promise<boolean> {
  try {
    await (await format.open({ bytes: source }, nobody, ctx)).close();
    return true;
  } catch {
    // Damaged: opening is the subject of another target.
    return false;
  }
}

/** The layouts of formats that have them: where one comes to an end, it tiles the file. */
export function layoutTargets(targetOf: (format: DiskFormat) => FuzzTarget): readonly FuzzTarget[] {
  return diskFormats.all.flatMap((format) => {
    const { layout } = format;
    if (layout === undefined) return [];
    const run: FuzzTarget["run"] = async (bytes, ctx) => {
      const source = memorySource(bytes, `fuzz${format.extensions[0]}`);
      await lawfulLayout(layout(source, ctx), source.size);
    };
    return [{ ...targetOf(format), name: `${format.id}-layout`, run }];
  });
}

/** Formats that are checked. */
export const checkedFormats: readonly DiskFormat[] = diskFormats.all.filter(({ check }) => check !== undefined);
