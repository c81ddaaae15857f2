import type { Appliance } from "../../appliance/appliance.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError, throwIfAborted } from "../../base/errors.js";
import { formatBytes } from "../../base/text.js";
import { compareDisks } from "../../disk/compare.js";
import { copyDisk } from "../../disk/copy.js";
import { diskFormats } from "../../disk/formats.js";
import type { DiskFormat, DiskStream, VirtualDisk, WritePlan } from "../../disk/model.js";
import { openChain } from "../../disk/open.js";
import { canCarry } from "../../disk/units.js";
import type { Context } from "../../io/context.js";
import type { FileSet } from "../../io/file-set.js";
import type { SourceResolver } from "../../io/source.js";
import type { PackageEntry, PackageReader } from "../../package/model.js";
import type { PlanResult, PlanStep, ProvenDisk } from "../../report/results.js";
import { besideIntegrity, bytesOf, type CarryOptions, type CarryOutcome, carryEntry, checkRoom } from "../carry.js";
import { carryUnpacked } from "../unpacked.js";

/** How a conversion is carried out. */
export interface ExecuteOptions extends CarryOptions {
  /** Read the result back and compare guest content. */
  readonly prove?: boolean;
  /** What several results have in common: one pass over each disk, one check of the source. Left out: this result is alone. */
  readonly shared?: SharedWork;
}

/** The part of one result in work that several share. */
export interface SharedWork {
  /** Copies a disk into this result, together with all others that want it. Resolves to final sizes by file. */
  copy(
    item: PlannedDisk,
    files: FileSet,
    ctx: Context,
  ): Promise<{ readonly codec: string | null; readonly files: ReadonlyMap<string, number> }>;
  /** Called when this result has everything. Resolves to what the check of the source came to, when all others have, too. */
  copied(): Promise<CarryOutcome>;
}

/** What a conversion came to. */
export interface ConversionOutcome extends CarryOutcome {
  readonly proof: readonly ProvenDisk[] | null;
  readonly codec: string | null;
  readonly threads: number | null;
  readonly files: readonly { readonly name: string; readonly size: number | null }[];
}

/** A conversion that was planned and not carried out. */
export interface ConversionPlan extends PlanResult {
  /** Losses of severity error. Where there is one, the plan cannot be executed. */
  readonly blocked: readonly Diagnostic[];
  readonly appliance: Appliance;
  /** Files of the result that are scripts. */
  readonly executables: readonly string[];
  /** Files of disks by the disks' ids; left out: the disks are parts of an archive. */
  readonly diskFiles?: ReadonlyMap<string, string>;
  /**
   * Fills the file set. The caller commits it, or aborts it where this throws.
   * @throws `convert/blocked`, `package/not-intact`, `io/no-space`, `convert/not-proven` and what reading and writing throw
   */
  execute(to: FileSet, options: ExecuteOptions, ctx: Context): Promise<ConversionOutcome>;
}

/** A disk of the result. */
export interface PlannedDisk {
  readonly id: string;
  readonly name: string;
  readonly source: VirtualDisk | DiskStream;
  /** What of the source is written, where that is one layer of a chain that is kept. */
  readonly own?: VirtualDisk;
  readonly format: DiskFormat;
  readonly variant: string;
  readonly plan: WritePlan;
  /** Opens what lies below the result, where that is no part of it. */
  readonly parents?: SourceResolver;
}

/** Everything of a result but its first lines. */
export interface Work {
  /** The package whose manifest is the gate; `null`: there is none. */
  readonly reader: PackageReader | null;
  readonly disks: readonly PlannedDisk[];
  /** Files that are carried as they are; `disk` where one is a disk, for the proof. `packed`: with gzip, and unpacked on the way. */
  readonly copies: readonly {
    readonly entry: PackageEntry;
    readonly name: string;
    readonly disk?: VirtualDisk;
    readonly packed?: true;
  }[];
  /** Names of disks and copies in the order in which they have to be written; disks first otherwise. */
  readonly order?: readonly string[];
  readonly blocked: readonly Diagnostic[];
  /** Called when all disks and copies stand: what is generated. */
  readonly generated: (
    integrity: CarryOutcome["integrity"],
  ) => readonly { readonly name: string; readonly bytes: Uint8Array }[];
}

/** @throws `convert/blocked` where the target cannot take a machine */
export function refuseBlocked(blocked: readonly Diagnostic[]): void {
  const [first] = blocked;
  if (first === undefined) return;
  throw new FerryError("convert/blocked", `the target cannot take this machine: ${first.message}`, {
    hint: first.hint ?? "Look at the plan with --dry-run.",
    diagnostics: blocked,
  });
}

/**
 * Carries out the parts that every conversion has: space first, disks through the engine, copies, integrity beside them as a gate, generated files last,
 * and the proof.
 */
export async function executeWork(
  work: Work,
  to: FileSet,
  options: ExecuteOptions,
  ctx: Context,
): Promise<ConversionOutcome> {
  const { reader } = work;
  refuseBlocked(work.blocked);
  await checkRoom(to, () => bytesNeeded(work, ctx));
  const files = new Map<string, number | null>();
  let codec: string | null = null;
  let threads: number | null = null;
  const { shared } = options;
  const carryOut = async (own: Context): Promise<void> => {
    for (const item of inOrder(work)) {
      throwIfAborted(own.signal);
      if ("entry" in item) {
        const { entry, name } = item;
        if (item.packed === true) files.set(name, await carryUnpacked(entry, to, own, name));
        else {
          await carryEntry(entry, to, own, name);
          files.set(name, entry.size);
        }
        continue;
      }
      const result = await (shared === undefined ? copyAlone(item, to, own) : shared.copy(item, to, own));
      codec = result.codec ?? codec;
      threads = Math.max(1, own.runtime.pool.size);
      for (const [name, size] of result.files) files.set(name, size);
    }
  };
  const outcome =
    shared === undefined
      ? await besideIntegrity(reader, options, ctx, carryOut)
      : await carryOut(ctx).then(() => shared.copied());
  const proof = options.prove === true ? await prove(work, to, ctx) : null;
  for (const { name, bytes } of work.generated(outcome.integrity)) {
    const target = await to.create(name, bytes.length);
    await target.write(bytes);
    await target.close();
    files.set(name, bytes.length);
  }
  return {
    ...outcome,
    proof,
    codec,
    threads,
    files: [...files].map(([name, size]) => ({ name, size })),
  };
}

async function copyAlone({ source, plan }: PlannedDisk, files: FileSet, ctx: Context): ReturnType<SharedWork["copy"]> {
  const result = await copyDisk(source, [{ plan, files }], ctx);
  return { codec: result.codec, files: result.files[0] ?? new Map() };
}

function inOrder(work: Work): readonly (PlannedDisk | Work["copies"][number])[] {
  const items = [...work.disks, ...work.copies];
  const { order } = work;
  if (order === undefined) return items;
  return items.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
}

/** Bytes that a result takes at most; disks that come once, and those whose size compression decides, are left out. */
async function bytesNeeded(work: Work, ctx: Context): Promise<number> {
  let needed = 0;
  for (const disk of work.disks) {
    const read = disk.own ?? disk.source;
    if (disk.plan.acceptsUnits !== null || !("extents" in read)) continue;
    for await (const extent of read.extents(undefined, ctx.signal)) {
      if (extent.kind === "data") needed += extent.length;
    }
  }
  return needed + bytesOf(work.copies.map(({ entry }) => entry));
}

/** Reads every disk back and compares it with its source. */
async function prove(work: Work, to: FileSet, ctx: Context): Promise<readonly ProvenDisk[]> {
  if (to.readBack === undefined) {
    throw new FerryError("convert/cannot-prove", `${to.label} cannot be read back`, {
      hint: "Write to a file or a folder, or leave out --prove.",
    });
  }
  const readBack = to.readBack.bind(to);
  const proof: ProvenDisk[] = [];
  const beside: SourceResolver = { open: async ({ name }) => readBack(name ?? "") };
  const written = work.disks.map(({ name, source, format, parents = beside }) => {
    if ("extents" in source) return { name, source, format: format.id, resolver: parents };
    throw new FerryError("convert/cannot-prove", `${name} was made from a stream, which cannot be read again`, {
      hint: "Save the source to a file, or leave out --prove.",
    });
  });
  const carried = work.copies.flatMap(({ name, disk }) => (disk === undefined ? [] : [{ name, source: disk }]));
  for (const { name, source, format, resolver } of [
    ...written,
    ...carried.map((disk) => ({ ...disk, format: disk.source.info.format, resolver: beside })),
  ]) {
    const file = await readBack(name);
    try {
      const back = await openChain({ bytes: file }, { formats: diskFormats, resolver, format }, ctx);
      const { firstDifference } = await compareDisks(source, back, ctx).finally(() => back.close());
      if (firstDifference !== null) {
        throw new FerryError("convert/not-proven", `${name} differs from its source at guest byte ${firstDifference}`, {
          hint: "The result was not kept. Run again; if it stays, report it.",
        });
      }
      proof.push({ name, equal: true, comparedBytes: Math.max(source.info.size, back.info.size) });
    } finally {
      await file.close();
    }
  }
  return proof;
}

/** The steps of a plan, in words. */
export function stepsOf(
  work: Pick<Work, "disks" | "copies">,
  generated: readonly string[],
  losses: readonly Diagnostic[],
): PlanStep[] {
  const steps: PlanStep[] = [];
  for (const disk of work.disks) {
    const carried = canCarry(disk.source.units(), disk.plan.acceptsUnits);
    steps.push({
      action: carried ? "copy" : "transcode",
      subject: disk.name,
      detail: `${disk.source.info.format} ${disk.source.info.variant} to ${disk.format.id} ${disk.variant}, ${formatBytes(disk.source.info.size)}${carried ? ", compressed grains pass unopened" : ""}`,
    });
  }
  for (const { entry, name, packed } of work.copies) {
    const how = packed === true ? ", unpacked" : "";
    steps.push({ action: "copy", subject: name, detail: `${entry.name}, ${formatBytes(entry.size)}${how}` });
  }
  for (const name of generated) steps.push({ action: "generate", subject: name, detail: "" });
  for (const loss of losses) {
    if (loss.severity === "warning") steps.push({ action: "drop", subject: loss.code, detail: loss.message });
  }
  return steps;
}
