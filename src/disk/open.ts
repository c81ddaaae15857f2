import type { Diagnostic } from "../base/diagnostics.js";
import { FerryError } from "../base/errors.js";
import type { DiskFormatId } from "../base/ids.js";
import type { Registry } from "../base/registry.js";
import type { Context } from "../io/context.js";
import type { ByteSource, DiskInput, SourceRequest, SourceResolver } from "../io/source.js";
import type { DiskFormat, DiskInfo, DiskParent, VirtualDisk } from "./model.js";
import { probeWindow, tellFormat } from "./probe.js";
import { cannotSalvage, salvageDisk } from "./salvage.js";
import { type SeenFile, seenFile } from "./seen-files.js";
import { stackDisk } from "./stack.js";

/** How a disk is opened. */
export interface OpenDiskOptions {
  readonly formats: Registry<DiskFormatId, DiskFormat>;
  readonly resolver: SourceResolver;
  /** `null`: told by content; raw is never guessed. */
  readonly format: DiskFormatId | null;
  /** An internal snapshot of the disk itself, by id or name; `null` or left out: its active state. */
  readonly snapshot?: string | null;
  /** `salvage`: what is whole of a damaged image, for formats that can. By default damage is refused. Of the disk itself, not of its parents. */
  readonly damaged?: "refuse" | "salvage";
}

/** One layer of an open chain. */
export interface DiskLayer {
  /** The file's name, for messages. */
  readonly label: string;
  /** The layer alone: what it does not have is absent. */
  readonly own: VirtualDisk;
  /** The layer over all below it. Closing it closes them, and the sources that were opened for them. */
  readonly whole: VirtualDisk;
}

/**
 * Opens a disk with all its parents, as one.
 * A parent that is not the one that its child was made on top of is a finding.
 * @throws `disk/unknown-format`, `disk/name-disagrees`, `disk/no-snapshots`, `disk/unknown-snapshot`, `disk/cannot-salvage`, `disk/parent-missing`, `disk/chain-loop` where a disk is its own ancestor,
 *   `io/limit` for chains deeper than `limits.chainDepth`, and whatever the format's `open` throws
 */
export async function openChain(top: DiskInput, options: OpenDiskOptions, ctx: Context): Promise<VirtualDisk> {
  return (await openLayers(top, options, ctx))[0].whole;
}

/** Opens a disk with all its parents, the disk itself first. Closing the first as a whole closes all. @throws what `openChain` throws */
export async function openLayers(
  top: DiskInput,
  options: OpenDiskOptions,
  ctx: Context,
): Promise<readonly [DiskLayer, ...DiskLayer[]]> {
  return openFrom(top, options, ctx, []);
}

async function openFrom(
  input: DiskInput,
  options: OpenDiskOptions,
  ctx: Context,
  above: readonly SeenFile[],
): Promise<readonly [DiskLayer, ...DiskLayer[]]> {
  if (above.length >= ctx.limits.chainDepth) {
    throw new FerryError("io/limit", `the disk chain is deeper than ${ctx.limits.chainDepth} layers`, {
      hint: "The images may name each other in a circle; raise the limit chainDepth if they do not.",
    });
  }
  const seen = "bytes" in input ? [...above, seenFile(input.bytes, above)] : above;
  const own = await openLayer(input, options, ctx);
  const label = "bytes" in input ? input.bytes.label : input.chunks.label;
  const { parent } = own.info;
  if (parent === null || !("bytes" in input)) return [{ label, own, whole: own }];
  try {
    const below = await openParent(parent, input.bytes, options, ctx, seen);
    return [{ label, own, whole: stackDisk(own, below[0].whole) }, ...below];
  } catch (cause) {
    await own.close();
    throw cause;
  }
}

/** Opens one layer alone: what it does not have is absent. @throws what `openChain` throws, but for parents */
export async function openLayer(input: DiskInput, options: OpenDiskOptions, ctx: Context): Promise<VirtualDisk> {
  const { formats, resolver, snapshot = null } = options;
  const format = options.format === null ? await formatOf(input, formats, ctx) : formats.get(options.format);
  if (options.damaged === "salvage") {
    if ("bytes" in input) return salvageDisk(format, input.bytes, ctx);
    throw cannotSalvage(format);
  }
  if (snapshot === null) return format.open(input, resolver, ctx);
  if (format.openSnapshot !== undefined && "bytes" in input) {
    return format.openSnapshot(input.bytes, snapshot, resolver, ctx);
  }
  throw new FerryError("disk/no-snapshots", `a ${format.id} disk has no snapshots inside`, {
    hint: "Its snapshots are files of their own: name the file of the one that is meant.",
  });
}

/** What a resolver is asked for. */
export function parentRequest({ name, identity }: DiskParent): SourceRequest {
  return { purpose: "parent", name, identity };
}

/** The chain below a layer. Closing it as a whole closes the source that was opened for it. */
async function openParent(
  parent: DiskParent,
  child: ByteSource,
  options: OpenDiskOptions,
  ctx: Context,
  above: readonly SeenFile[],
): Promise<readonly [DiskLayer, ...DiskLayer[]]> {
  const below = await options.resolver.open(parentRequest(parent), child);
  if (below === null) {
    throw new FerryError(
      "disk/parent-missing",
      `${child.label} holds only changes to ${parent.name ?? parent.identity ?? "another disk"}, which is not there or not allowed`,
      {
        hint: "Put the parent beside it and allow it (--allow-external), say where it is (--map-disk), or flatten the chain where it comes from.",
      },
    );
  }
  try {
    const [first, ...rest] = await openFrom(
      { bytes: below },
      { ...options, format: parent.format ?? null, snapshot: null, damaged: "refuse" },
      ctx,
      above,
    );
    const changed = parentChanged(child.label, parent, below.label, first.own.info);
    if (changed !== null) ctx.report(changed);
    const { whole } = first;
    return [{ ...first, whole: { ...whole, close: () => whole.close().finally(() => below.close()) } }, ...rest];
  } catch (cause) {
    await below.close();
    throw cause;
  }
}

async function formatOf(
  input: DiskInput,
  formats: Registry<DiskFormatId, DiskFormat>,
  ctx: Context,
): Promise<DiskFormat> {
  if (!("bytes" in input)) throw new FerryError("internal/bug", "a disk in chunks needs its format named");
  return tellFormat(await probeWindow(input.bytes, ctx.signal), formats);
}

/**
 * The finding where a parent is not the one that its child was made on top of, or was written to since; `null` where it is, or nobody can
 * tell.
 * @param child, below how messages name the two files
 */
export function parentChanged(
  child: string,
  { identity: wanted }: DiskParent,
  below: string,
  { identity, otherIdentities = [] }: Pick<DiskInfo, "identity" | "otherIdentities">,
): Diagnostic | null {
  if (wanted === null || identity === null || wanted === identity || otherIdentities.includes(wanted)) return null;
  return {
    code: "disk/parent-changed",
    severity: "error",
    message: `${child} was made on top of ${wanted}, and ${below} is ${identity}`,
    location: { at: "bytes", file: below, offset: 0 },
    hint: "Look for the parent as it was when the child was made: what is read may be a mixture of two states.",
    data: { wanted, found: identity },
  };
}
