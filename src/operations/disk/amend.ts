import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import type { DiskFormatId } from "../../base/ids.js";
import { formatBytes } from "../../base/text.js";
import { diskFormats } from "../../disk/formats.js";
import type { AmendPlan, DiskFormat } from "../../disk/model.js";
import { probeWindow, tellFormat } from "../../disk/probe.js";
import type { Context, EditableFile } from "../../io/context.js";
import type { SourceResolver } from "../../io/source.js";
import { type AmendResult, toDiagnosticResult } from "../../report/results.js";

/** A disk that is changed where it lies. Whoever opened the file closes it. */
export interface EditableDisk {
  readonly name: string;
  readonly file: EditableFile;
  readonly resolver: SourceResolver;
  /** `null`: told by content. */
  readonly format: DiskFormatId | null;
}

/** Whether the change is made, or only planned. */
export type AmendMode = "apply" | "plan";

/** Another capacity: all of it, or what comes to the present one. In bytes. */
export type NewCapacity = { readonly bytes: number } | { readonly addBytes: number };

/**
 * `vmferry disk fix`: looks at every structure of an image, mends what has one right answer, and looks again.
 * @throws `disk/cannot-amend` where the format has no repair, and what opening and applying throw
 */
export async function diskFix(disk: EditableDisk, mode: AmendMode, ctx: Context): Promise<AmendResult> {
  const format = await formatOf(disk, ctx);
  const { check, amend } = format;
  if ((check === undefined || amend === undefined) && disk.file.findings.length === 0) {
    throw new FerryError("disk/cannot-amend", `a disk of format ${format.id} has nothing that could be mended`, {
      hint: "Disks of this format hold no structures of their own, or vmferry cannot check them.",
    });
  }
  const quiet: Context = { ...ctx, report: () => {} };
  const before = await checked(format, disk, ctx);
  const fileBytes = disk.file.source.size;
  const plan = (await amend?.(disk.file.source, { change: "repair" }, quiet)) ?? NOTHING;
  const applied = mode === "apply" && changes(plan);
  if (applied) await disk.file.apply(plan, ctx.signal);
  // What a dry run would leave is what the plan says of it; after a repair the disk itself is asked.
  const left = applied ? await checked(format, disk, ctx) : changes(plan) ? plan.left : before;
  const capacity = await capacityOf(disk, quiet).catch(() => null);
  return {
    schema: "vmferry/amend@1",
    change: "repair",
    name: disk.name,
    format: format.id,
    applied,
    capacityBytes: { before: capacity, after: capacity },
    fileBytes: { before: fileBytes, after: applied ? disk.file.source.size : (plan.fileBytes ?? fileBytes) },
    mended: plan.mended.map(toDiagnosticResult),
    left: left.map(toDiagnosticResult),
    diagnostics: disk.file.findings.map(toDiagnosticResult),
  };
}

/**
 * `vmferry disk resize`: gives a disk a larger capacity where it lies; what is new reads as zeros. Afterwards the disk is opened again.
 * @throws `disk/cannot-shrink`, `disk/cannot-amend`, `disk/too-large`, and what opening and applying throw
 */
export async function diskResize(
  disk: EditableDisk,
  capacity: NewCapacity,
  mode: AmendMode,
  ctx: Context,
): Promise<AmendResult> {
  const format = await formatOf(disk, ctx);
  if (format.amend === undefined) {
    throw new FerryError("disk/cannot-amend", `a disk of format ${format.id} cannot be resized where it lies`, {
      hint: "Convert it to another format: vmferry disk convert.",
    });
  }
  const findings: Diagnostic[] = [...disk.file.findings];
  const own: Context = { ...ctx, report: (finding) => findings.push(finding) };
  const before = await capacityOf(disk, own);
  const size = "bytes" in capacity ? capacity.bytes : before + capacity.addBytes;
  if (size < before) {
    throw new FerryError(
      "disk/cannot-shrink",
      `the disk has ${formatBytes(before)} (${before} bytes) and cannot shrink to ${formatBytes(size)} (${size} bytes)`,
      { hint: "Make the file systems smaller in the guest, and copy them to a new, smaller disk." },
    );
  }
  const most = format.limits.maxSize;
  if (size > most) {
    throw new FerryError("disk/too-large", `${format.label}: ${formatBytes(most)} at most, not ${formatBytes(size)}`, {
      hint: "Convert to another format, such as qcow2 or raw.",
    });
  }
  const quiet: Context = { ...ctx, report: () => {} };
  const fileBytes = disk.file.source.size;
  const plan: AmendPlan | null =
    size === before ? null : await format.amend(disk.file.source, { change: "resize", size }, quiet);
  const applied = mode === "apply" && plan !== null;
  if (applied) await disk.file.apply(plan, ctx.signal);
  return {
    schema: "vmferry/amend@1",
    change: "resize",
    name: disk.name,
    format: format.id,
    applied,
    capacityBytes: { before, after: applied ? await capacityOf(disk, quiet) : size },
    fileBytes: { before: fileBytes, after: applied ? disk.file.source.size : (plan?.fileBytes ?? fileBytes) },
    mended: (plan?.mended ?? []).map(toDiagnosticResult),
    left: (plan?.left ?? []).map(toDiagnosticResult),
    diagnostics: findings.map(toDiagnosticResult),
  };
}

/** The plan for formats in which nothing can be mended. */
const NOTHING: AmendPlan = { patches: [], fileBytes: null, mended: [], left: [] };

function changes({ patches, moves = [], fills = [], mended }: AmendPlan): boolean {
  return patches.length + moves.length + fills.length + mended.length > 0;
}

async function formatOf({ file, format }: EditableDisk, ctx: Context): Promise<DiskFormat> {
  return format === null
    ? tellFormat(await probeWindow(file.source, ctx.signal), diskFormats)
    : diskFormats.get(format);
}

/** The capacity of the image alone: parents have no say in it, and need not be there. */
async function capacityOf(disk: EditableDisk, ctx: Context): Promise<number> {
  const layer = await (await formatOf(disk, ctx)).open({ bytes: disk.file.source }, disk.resolver, ctx);
  try {
    return layer.info.size;
  } finally {
    await layer.close();
  }
}

async function checked({ check }: DiskFormat, { file, resolver }: EditableDisk, ctx: Context): Promise<Diagnostic[]> {
  const findings: Diagnostic[] = [];
  const own: Context = { ...ctx, report: (finding) => findings.push(finding) };
  for await (const finding of check?.(file.source, resolver, own) ?? []) findings.push(finding);
  return findings;
}
