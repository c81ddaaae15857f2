import { FerryError } from "../base/errors.js";
import type { DiskFormatId } from "../base/ids.js";
import type { Registry } from "../base/registry.js";
import type { Context } from "../io/context.js";
import type { ByteSource, DiskInput, SourceResolver } from "../io/source.js";
import type { DiskFormat, VirtualDisk } from "./model.js";
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
  const below = await resolver.open({ purpose: "parent", name: parent.name, identity: parent.identity }, input.bytes);
  if (below === null) {
    await disk.close();
    throw new FerryError(
      "disk/parent-missing",
      `${input.bytes.label} holds only changes to ${parent.name ?? parent.identity ?? "another disk"}, which is not there or not allowed`,
      { hint: "Put the parent beside it and allow it (--allow-external), or flatten the chain where it comes from." },
    );
  }
  let parentDisk: VirtualDisk;
  try {
    parentDisk = await openLayer({ bytes: below }, { ...options, format: null }, ctx, depth + 1);
  } catch (cause) {
    await below.close();
    await disk.close();
    throw cause;
  }
  const { identity, otherIdentities = [] } = parentDisk.info;
  if (
    parent.identity !== null &&
    identity !== null &&
    parent.identity !== identity &&
    !otherIdentities.includes(parent.identity)
  ) {
    ctx.report({
      code: "disk/parent-changed",
      severity: "error",
      message: `${input.bytes.label} was made on top of ${parent.identity}, and ${below.label} is ${identity}`,
      location: { at: "bytes", file: below.label, offset: 0 },
      hint: "Look for the parent as it was when the child was made: what is read may be a mixture of two states.",
      data: { wanted: parent.identity, found: identity },
    });
  }
  const chain = stackDisk(disk, parentDisk);
  return {
    ...chain,
    async close(): Promise<void> {
      await chain.close();
      await below.close();
    },
  };
}

async function formatOf(
  input: DiskInput,
  formats: Registry<DiskFormatId, DiskFormat>,
  ctx: Context,
): Promise<DiskFormat> {
  if (!("bytes" in input)) throw new FerryError("internal/bug", "a disk in chunks needs its format named");
  return tellFormat(await probeWindow(input.bytes, ctx.signal), formats);
}
