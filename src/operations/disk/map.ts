import { FerryError } from "../../base/errors.js";
import { diskFormats } from "../../disk/formats.js";
import type { DiskInfo, Extent, LayoutPart, VirtualDisk } from "../../disk/model.js";
import { probeWindow, tellFormat } from "../../disk/probe.js";
import type { Context } from "../../io/context.js";
import { type DiskSource, openDiskLayer, openDiskSource } from "./disk.js";

/** What a map shows. */
export interface DiskMapOptions {
  /** `file`: this image by itself, where `absent` means its parent's; `chain`: what the guest reads, parents opened. */
  readonly scope: "file" | "chain";
}

/** A disk that is open for showing what lies where. Nothing is collected: a huge disk has millions of extents. */
export interface DiskMap {
  readonly info: DiskInfo;
  /** Extents of the guest's disk: sorted, merged, without gaps. */
  extents(): AsyncIterable<Extent>;
  /** Structures of the file as they lie in it. @throws `disk/no-layout` where the format does not describe them */
  layout(): AsyncIterable<LayoutPart>;
  close(): Promise<void>;
}

/** `vmferry disk map`. Whoever calls closes the map, and then the source. */
export async function diskMap(disk: DiskSource, { scope }: DiskMapOptions, ctx: Context): Promise<DiskMap> {
  const { source } = disk;
  const format =
    disk.format === null
      ? tellFormat(await probeWindow(source, ctx.signal), diskFormats)
      : diskFormats.get(disk.format);
  const virtual: VirtualDisk = scope === "chain" ? await openDiskSource(disk, ctx) : await openDiskLayer(disk, ctx);
  return {
    info: virtual.info,
    extents: () => virtual.extents(undefined, ctx.signal),
    layout(): AsyncIterable<LayoutPart> {
      if (format.layout !== undefined) return format.layout(source, ctx);
      throw new FerryError("disk/no-layout", `vmferry cannot show what lies where in a ${format.id} file`, {
        hint: "Leave out --layout for the extents of the guest's disk.",
      });
    },
    close: () => virtual.close(),
  };
}
