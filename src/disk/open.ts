import { FerryError } from "../base/errors.js";
import type { DiskFormatId } from "../base/ids.js";
import type { Registry } from "../base/registry.js";
import type { Context } from "../io/context.js";
import type { ByteSource, DiskInput, SourceResolver } from "../io/source.js";
import type { DiskFormat, DiskInfo, VirtualDisk } from "./model.js";
import { probeWindow, tellFormat } from "./probe.js";
import { stackDisk } from "./stack.js";

/** How a disk is opened. */
export interface OpenDiskOptions {
  readonly formats: Registry<DiskFormatId, DiskFormat>;
  readonly resolver: SourceResolver;
  /** `null`: told by content; raw is never guessed. */
  readonly format: DiskFormatId | null;
}

/**
 * Opens a disk with all its parents, as one.
 * A parent that is not the one that its child was made on top of is a finding.
 * @throws `disk/unknown-format`, `disk/name-disagrees`, `disk/parent-missing`, `io/limit` for chains deeper than
 *   `limits.chainDepth`, and whatever the format's `open` throws
 */
export async function openChain(top: DiskInput, options: OpenDiskOptions, ctx: Context): Promise<VirtualDisk> {
  return openLayer(top, options, ctx, 1);
}

async function openLayer(
  input: DiskInput,
  options: OpenDiskOptions,
  ctx: Context,
  depth: number,
): Promise<VirtualDisk> {
  const { formats, resolver } = options;
  if (depth > ctx.limits.chainDepth) {
    throw new FerryError("io/limit", `the disk chain is deeper than ${ctx.limits.chainDepth} layers`, {
      hint: "The images may name each other in a circle; raise the limit chainDepth if they do not.",
    });
  }
  const format = options.format === null ? await formatOf(input, formats, ctx) : formats.get(options.format);
  const disk = await format.open(input, resolver, ctx);
  const { parent } = disk.info;
  if (parent === null || !("bytes" in input)) return disk;
  try {
    return stackDisk(disk, await openParent(parent, input.bytes, options, ctx, depth + 1));
  } catch (cause) {
    await disk.close();
    throw cause;
  }
}

/** The disk below a layer. It closes the source that was opened for it. */
async function openParent(
  parent: NonNullable<DiskInfo["parent"]>,
  child: ByteSource,
  options: OpenDiskOptions,
  ctx: Context,
  depth: number,
): Promise<VirtualDisk> {
  const below = await options.resolver.open({ purpose: "parent", ...parent }, child);
  if (below === null) {
    throw new FerryError(
      "disk/parent-missing",
      `${child.label} holds only changes to ${parent.name ?? parent.identity ?? "another disk"}, which is not there or not allowed`,
      { hint: "Put the parent beside it and allow it (--allow-external), or flatten the chain where it comes from." },
    );
  }
  try {
    const disk = await openLayer({ bytes: below }, { ...options, format: null }, ctx, depth);
    const { identity, otherIdentities = [] } = disk.info;
    const wanted = parent.identity;
    if (wanted !== null && identity !== null && wanted !== identity && !otherIdentities.includes(wanted)) {
      ctx.report({
        code: "disk/parent-changed",
        severity: "error",
        message: `${child.label} was made on top of ${wanted}, and ${below.label} is ${identity}`,
        location: { at: "bytes", file: below.label, offset: 0 },
        hint: "Look for the parent as it was when the child was made: what is read may be a mixture of two states.",
        data: { wanted, found: identity },
      });
    }
    return { ...disk, close: () => disk.close().finally(() => below.close()) };
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
