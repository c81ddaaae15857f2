import { SECTOR, toHex } from "../../base/bytes.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import type { DiskFormatId, HashName } from "../../base/ids.js";
import { formatBytes } from "../../base/text.js";
import { compareDisks } from "../../disk/compare.js";
import { diskFormats } from "../../disk/formats.js";
import { hashDisk } from "../../disk/hash.js";
import type { Compression, DiskFormat, DiskStream, VirtualDisk } from "../../disk/model.js";
import { type OpenDiskOptions, openChain, openLayer, openLayers } from "../../disk/open.js";
import { formatByName } from "../../disk/probe.js";
import { checkSectorSize } from "../../disk/sector-size.js";
import type { Context } from "../../io/context.js";
import type { ByteSource, ChunkSet, DiskInput, SourceResolver } from "../../io/source.js";
import {
  type ComparedDisk,
  type CompareResult,
  type DiskResult,
  type HashResult,
  toDiagnosticResult,
} from "../../report/results.js";
import { type ConversionPlan, executeWork, type PlannedDisk, stepsOf, type Work } from "../convert/conversion.js";
import { type LayersOptions, planLayers, planStream } from "../convert/kept-chain.js";
import { entryNamed, type OpenedPackage } from "../open.js";
import { planBacked } from "./backed.js";

/** One disk that a user named: a file, or a member of a package. Whoever opened the source closes it. */
export interface DiskSource {
  readonly name: string;
  /** The file, or the archive that `chunks` lie in. */
  readonly source: ByteSource;
  /** Set for a disk that is scattered over an archive; its format is named then. */
  readonly chunks?: ChunkSet;
  readonly resolver: SourceResolver;
  /** `null`: told by content. */
  readonly format: DiskFormatId | null;
  /** An internal snapshot, by id or name; `null` or left out: the active state. */
  readonly snapshot?: string | null;
  /** As of `OpenDiskOptions`. */
  readonly damaged?: OpenDiskOptions["damaged"];
}

/** Opens a disk with its parents. @throws what `openChain` throws */
export function openDiskSource(disk: DiskSource, ctx: Context): Promise<VirtualDisk> {
  return openChain(inputOf(disk), howToOpen(disk), ctx);
}

/** What a format opens. */
export function inputOf({ chunks, source }: Pick<DiskSource, "chunks" | "source">): DiskInput {
  return chunks === undefined ? { bytes: source } : { chunks };
}

/** Opens a disk without its parents. @throws what `openLayer` throws */
export function openDiskLayer(disk: DiskSource, ctx: Context): Promise<VirtualDisk> {
  return openLayer(inputOf(disk), howToOpen(disk), ctx);
}

function howToOpen({ resolver, format, snapshot = null, damaged = "refuse" }: DiskSource): OpenDiskOptions {
  return { formats: diskFormats, resolver, format, snapshot, damaged };
}

/**
 * Opens a disk of a package by the name of its file, where it lies: nothing is unpacked. Closing it closes the file too.
 * @throws `package/no-member`, and what `openDiskSource` throws
 */
export async function openPackageDisk({ reader }: OpenedPackage, name: string, ctx: Context): Promise<VirtualDisk> {
  const source = await entryNamed(reader, name).open();
  try {
    const disk = await openDiskSource({ name, source, resolver: reader.resolver, format: null }, ctx);
    return { ...disk, close: () => disk.close().finally(() => source.close()) };
  } catch (cause) {
    await source.close();
    throw cause;
  }
}

/** The format that a word names. @throws `disk/unknown-format-name` */
export function formatNamed(name: string): DiskFormat {
  const format = diskFormats.find(name.toLowerCase());
  if (format !== undefined) return format;
  throw new FerryError("disk/unknown-format-name", `there is no disk format called ${name}`, {
    hint: `These are known: ${diskFormats.all.map((known) => known.id).join(", ")}.`,
  });
}

/** `vmferry disk info`. */
export async function diskInfo(disk: DiskSource, ctx: Context): Promise<DiskResult> {
  const findings: Diagnostic[] = [];
  const own: Context = { ...ctx, report: (finding) => findings.push(finding) };
  const virtual = await openDiskSource(disk, own);
  try {
    let allocated = 0;
    for await (const extent of virtual.extents(undefined, ctx.signal)) {
      if (extent.kind === "data") allocated += extent.length;
    }
    const { info } = virtual;
    return {
      schema: "vmferry/disk@1",
      format: info.format,
      variant: info.variant,
      capacityBytes: info.size,
      allocatedBytes: allocated,
      fileBytes: disk.source.size,
      blockBytes: info.blockSize,
      parent: info.parent === null ? null : { name: info.parent.name, identity: info.parent.identity },
      identity: info.identity,
      properties: info.properties,
      diagnostics: findings.map(toDiagnosticResult),
    };
  } finally {
    await virtual.close();
  }
}

/** `vmferry disk compare`: by what the guest reads. Zeros past the end of the shorter disk are a finding, not a difference. */
export async function diskCompare(a: DiskSource, b: DiskSource, ctx: Context): Promise<CompareResult> {
  const findings: Diagnostic[] = [];
  const own: Context = { ...ctx, report: (finding) => findings.push(finding) };
  const first = await openDiskSource(a, own);
  try {
    const second = await openDiskSource(b, own);
    try {
      const { firstDifference } = await compareDisks(first, second, own);
      const sizes = [first.info.size, second.info.size] as const;
      if (sizes[0] !== sizes[1]) {
        findings.push({
          code: "disk/sizes-differ",
          severity: "warning",
          message: `the capacities differ: ${formatBytes(sizes[0])} and ${formatBytes(sizes[1])} (${sizes[0]} and ${sizes[1]} bytes)`,
          hint: "Formats round capacities in different ways; what one disk has more was compared with zeros.",
        });
      }
      return {
        schema: "vmferry/compare@1",
        verdict: firstDifference === null ? "equal" : "different",
        a: comparedDisk(a.name, first),
        b: comparedDisk(b.name, second),
        comparedBytes: firstDifference ?? Math.max(...sizes),
        firstDifference,
        diagnostics: findings.map(toDiagnosticResult),
      };
    } finally {
      await second.close();
    }
  } finally {
    await first.close();
  }
}

function comparedDisk(name: string, { info }: VirtualDisk): ComparedDisk {
  return { name, format: info.format, variant: info.variant, capacityBytes: info.size };
}

/** `vmferry disk hash`: the digest that a raw image of the disk would have. */
export async function diskHash(disk: DiskSource, algorithm: HashName, ctx: Context): Promise<HashResult> {
  const findings: Diagnostic[] = [];
  const own: Context = { ...ctx, report: (finding) => findings.push(finding) };
  const virtual = await openDiskSource(disk, own);
  try {
    return {
      schema: "vmferry/hash@1",
      name: disk.name,
      algorithm,
      digest: toHex(await hashDisk(virtual, algorithm, own)),
      capacityBytes: virtual.info.size,
      diagnostics: findings.map(toDiagnosticResult),
    };
  } finally {
    await virtual.close();
  }
}

/** What a user asks of `vmferry disk convert`. */
export interface DiskConvertOptions {
  /** File name of the result; tells the format unless `format` does. */
  readonly name: string;
  readonly format?: DiskFormatId;
  readonly variant?: string;
  readonly level?: number;
  /** Of compressed variants. Left out: the format's default. */
  readonly compression?: Compression;
  /**
   * An image that is there already: only what differs from it is stored. `name`: how the result names it, relative to the result's folder.
   * Not with `keepChain`.
   */
  readonly backing?: { readonly name: string; readonly disk: DiskSource };
  /** Writes a file for each layer of the source's chain, instead of one that holds all of it. */
  readonly keepChain?: boolean;
  /** The capacity is rounded up to a multiple of this: whole sectors, in bytes. */
  readonly roundTo?: number;
  /** `none`: zeros are stored too, and the result takes its full size on the disk. `auto` (default): zeros become holes. */
  readonly sparse?: "auto" | "none";
}

/** A disk that comes once, open. Whoever opened it closes it. */
export interface ComingDisk {
  readonly name: string;
  readonly stream: DiskStream;
}

/** A planned conversion with the disk that it holds open. */
export interface OpenDiskConversion {
  readonly plan: Omit<ConversionPlan, "appliance">;
  readonly findings: readonly Diagnostic[];
  close(): Promise<void>;
}

/**
 * Plans the conversion of one disk.
 * @throws `disk/unknown-format-name` where neither option nor name tells the format, `disk/cannot-keep-chain`, `disk/cannot-back`, and what
 *   opening and planning throw
 */
export async function planDiskConversion(
  disk: DiskSource | ComingDisk,
  options: DiskConvertOptions,
  ctx: Context,
): Promise<OpenDiskConversion> {
  const format =
    options.format === undefined ? formatByName(options.name, diskFormats) : diskFormats.get(options.format);
  if (format === null || format.plan === undefined) {
    throw new FerryError(
      "disk/unknown-format-name",
      `the name ${options.name} does not tell a disk format that is written`,
      {
        hint: `Say it with --to; one of: ${diskFormats.all
          .filter((known) => known.plan !== undefined)
          .map((known) => known.id)
          .join(", ")}.`,
      },
    );
  }
  const findings: Diagnostic[] = [];
  const own: Context = { ...ctx, report: (finding) => findings.push(finding) };
  const how = {
    name: options.name,
    format,
    variant: options.variant,
    level: options.level,
    compression: options.compression,
    roundTo: options.roundTo ?? SECTOR,
    sparse: options.sparse ?? "auto",
  };
  const { disks, close } = await ("stream" in disk
    ? planComing(disk, how, own)
    : options.backing === undefined
      ? planStored(disk, how, options.keepChain === true, own)
      : planOver(disk, options.backing, how, own));
  const work: Work = { reader: null, disks, copies: [], blocked: [], generated: () => [] };
  return {
    plan: {
      schema: "vmferry/plan@1",
      losses: [],
      files: disks.flatMap(({ plan }) => [...plan.files]),
      steps: stepsOf(work, [], []),
      blocked: [],
      executables: [],
      execute: (to, by, scope) => executeWork(work, to, { ...by, integrity: false }, scope),
    },
    findings,
    close,
  };
}

/** Disks of a result, and what closes their sources. */
interface PlannedDisks {
  readonly disks: readonly PlannedDisk[];
  close(): Promise<void>;
}

async function planStored(
  disk: DiskSource,
  how: LayersOptions,
  keepChain: boolean,
  ctx: Context,
): Promise<PlannedDisks> {
  const layers = await openLayers(inputOf(disk), howToOpen(disk), ctx);
  const [top] = layers;
  try {
    checkSectorSize(top.whole.info, disk.name, how.format, ctx);
    const disks = await planLayers(keepChain ? layers : [{ ...top, own: top.whole }], how, ctx);
    return { disks, close: () => top.whole.close() };
  } catch (cause) {
    await top.whole.close();
    throw cause;
  }
}

async function planOver(
  disk: DiskSource,
  { name, disk: below }: NonNullable<DiskConvertOptions["backing"]>,
  how: LayersOptions,
  ctx: Context,
): Promise<PlannedDisks> {
  const whole = await openDiskSource(disk, ctx);
  try {
    checkSectorSize(whole.info, disk.name, how.format, ctx);
    const base = await openDiskSource(below, ctx);
    const close = (): Promise<void> => base.close().finally(() => whole.close());
    try {
      const { source, resolver } = below;
      return { disks: [await planBacked(disk.name, whole, { name, source, resolver, whole: base }, how, ctx)], close };
    } catch (cause) {
      await base.close();
      throw cause;
    }
  } catch (cause) {
    await whole.close();
    throw cause;
  }
}

async function planComing({ name, stream }: ComingDisk, how: LayersOptions, ctx: Context): Promise<PlannedDisks> {
  checkSectorSize(stream.info, name, how.format, ctx);
  return { disks: [await planStream(name, stream, how, ctx)], close: async () => {} };
}
