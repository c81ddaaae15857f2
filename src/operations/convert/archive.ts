/** Conversions whose result is one archive with configuration and disks inside. */
import type { Appliance } from "../../appliance/appliance.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import type { PackageKind } from "../../base/ids.js";
import { formatBytes } from "../../base/text.js";
import { compareDisks } from "../../disk/compare.js";
import { diskFormats } from "../../disk/formats.js";
import type { VirtualDisk } from "../../disk/model.js";
import { checkSectorSize } from "../../disk/sector-size.js";
import { widenDisk } from "../../disk/widen.js";
import type { Context } from "../../io/context.js";
import type { FileSet } from "../../io/file-set.js";
import { noResolver } from "../../io/resolver.js";
import type { ByteSource, ChunkSet } from "../../io/source.js";
import type { ByteTarget } from "../../io/target.js";
import type { PackageReader } from "../../package/model.js";
import type { ExportPlan } from "../../platforms/platform.js";
import { type PlanStep, type ProvenDisk, toDiagnosticResult } from "../../report/results.js";
import { besideIntegrity, checkRoom } from "../carry.js";
import { readXva } from "../xva.js";
import { writeXva } from "../xva-write.js";
import { type ConversionOutcome, type ConversionPlan, type ExecuteOptions, refuseBlocked } from "./conversion.js";

/** What an archive is made of. */
export interface ArchivePlanning {
  readonly reader: PackageReader;
  readonly kind: PackageKind;
  /** Its name in the file set. */
  readonly name: string;
  readonly fitted: Appliance;
  readonly exported: ExportPlan;
  readonly open: ReadonlyMap<string, VirtualDisk>;
  /** For a disk that the package does not hold. */
  readonly empty: (bytes: number) => VirtualDisk;
  readonly losses: readonly Diagnostic[];
}

/** A disk of the archive. */
interface Member {
  readonly id: string;
  readonly name: string;
  readonly disk: VirtualDisk;
}

/** How one kind of archive is written, and its disks found again. */
interface ArchiveWriter {
  write(to: ByteTarget, exported: ExportPlan, members: readonly Member[], ctx: Context): Promise<void>;
  readBack(source: ByteSource, ctx: Context): Promise<readonly (ChunkSet & { readonly name: string })[]>;
  readonly format: "xva";
}

const WRITERS: Readonly<Partial<Record<PackageKind, ArchiveWriter>>> = {
  xva: {
    format: "xva",
    readBack: readXva,
    async write(to, { configs, archive }, members, ctx) {
      const [config] = configs;
      if (config === undefined) throw new FerryError("internal/bug", "an XVA has a description");
      await writeXva(to, { config: config.bytes, disks: members, sum: archive?.sum ?? "xxh64" }, ctx);
    },
  },
};

/** Plans an archive. Nothing is written, and none of its disks is read. */
export function planArchive(planning: ArchivePlanning, ctx: Context): ConversionPlan {
  const { kind, name, fitted, exported, losses } = planning;
  const writer = WRITERS[kind];
  if (writer === undefined) throw new FerryError("internal/bug", `${kind} cannot be written`);
  const members = membersOf(planning, writer, ctx);
  const blocked = losses.filter(({ severity }) => severity === "error");
  return {
    schema: "vmferry/plan@1",
    losses: losses.map(toDiagnosticResult),
    // How many chunks are zeros only the disks tell.
    files: [{ name, size: null }],
    steps: stepsOf(planning, members),
    blocked,
    appliance: fitted,
    executables: [],
    async execute(to, how, scope): Promise<ConversionOutcome> {
      refuseBlocked(blocked);
      return execute(to, { planning, writer, members, exported, name, how }, scope);
    },
  };
}

function membersOf(
  { fitted, exported, open, empty }: ArchivePlanning,
  writer: ArchiveWriter,
  ctx: Context,
): readonly Member[] {
  return exported.disks.map(({ disk: id, name }) => {
    const disk = fitted.disks.find((known) => known.id === id);
    if (disk === undefined) throw new FerryError("internal/bug", `an export names the disk ${id}, which is not there`);
    const source = open.get(id) ?? empty(disk.capacityBytes);
    checkSectorSize(source.info, name, diskFormats.get(writer.format), ctx);
    return { id, name, disk: widenDisk(source, disk.capacityBytes) };
  });
}

function stepsOf({ name, exported, losses }: ArchivePlanning, members: readonly Member[]): PlanStep[] {
  return [
    ...members.map(
      ({ name: member, disk: { info } }): PlanStep => ({
        action: "transcode",
        subject: `${name}!${member}`,
        detail: `${info.format} ${info.variant} to chunks, ${formatBytes(info.size)}`,
      }),
    ),
    ...exported.configs.map(
      (config): PlanStep => ({ action: "generate", subject: `${name}!${config.name}`, detail: "" }),
    ),
    ...losses.flatMap(({ severity, code, message }): PlanStep[] =>
      severity === "warning" ? [{ action: "drop", subject: code, detail: message }] : [],
    ),
  ];
}

interface Execution {
  readonly planning: ArchivePlanning;
  readonly writer: ArchiveWriter;
  readonly members: readonly Member[];
  readonly exported: ExportPlan;
  readonly name: string;
  readonly how: ExecuteOptions;
}

async function execute(to: FileSet, execution: Execution, ctx: Context): Promise<ConversionOutcome> {
  const { planning, writer, members, exported, name, how } = execution;
  await checkRoom(to, () => dataBytes(members, ctx));
  let size = 0;
  const carryOut = async (own: Context): Promise<void> => {
    const target = await to.create(name, null);
    await writer.write(target, exported, members, own);
    await target.close();
    size = target.position;
  };
  // Chunks are cut and summed on the way: other results of the same source have nothing of it.
  const { shared } = how;
  const outcome = await (shared === undefined
    ? besideIntegrity(planning.reader, how, ctx, carryOut)
    : carryOut(ctx).then(() => shared.copied()));
  const proof = how.prove === true ? await prove(to, execution, ctx) : null;
  const threads = Math.max(1, ctx.runtime.pool.size);
  return { ...outcome, proof, codec: null, threads, files: [{ name, size }] };
}

async function dataBytes(members: readonly Member[], ctx: Context): Promise<number> {
  let bytes = 0;
  for (const { disk } of members) {
    for await (const extent of disk.extents(undefined, ctx.signal)) if (extent.kind === "data") bytes += extent.length;
  }
  return bytes;
}

/** Reads every disk back out of the archive and compares it with its source. */
async function prove(to: FileSet, { writer, members, name }: Execution, ctx: Context): Promise<readonly ProvenDisk[]> {
  if (to.readBack === undefined) {
    throw new FerryError("convert/cannot-prove", `${to.label} cannot be read back`, {
      hint: "Write to a file, or leave out --prove.",
    });
  }
  const source = await to.readBack(name);
  try {
    const inside = new Map((await writer.readBack(source, ctx)).map((chunks) => [chunks.name, chunks]));
    const proof: ProvenDisk[] = [];
    for (const { name: member, disk } of members) {
      const label = `${name}!${member}`;
      // A disk without bytes has no chunks.
      if (disk.info.size === 0) continue;
      const chunks = inside.get(member);
      const back = chunks && (await diskFormats.get(writer.format).open({ chunks }, noResolver, ctx));
      const difference = back === undefined ? 0 : (await compareDisks(disk, back, ctx)).firstDifference;
      if (difference !== null) {
        throw new FerryError("convert/not-proven", `${label} differs from its source at guest byte ${difference}`, {
          hint: "The result was not kept. Run again; if it stays, report it.",
        });
      }
      proof.push({ name: label, equal: true, comparedBytes: disk.info.size });
    }
    return proof;
  } finally {
    await source.close();
  }
}
