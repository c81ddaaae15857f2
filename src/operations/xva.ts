/** The disks of XVA archives by name, with the sizes that `ova.xml` says. */
import type { Diagnostic } from "../base/diagnostics.js";
import { FerryError } from "../base/errors.js";
import { formatBytes, printable } from "../base/text.js";
import type { Context } from "../io/context.js";
import type { ByteSource } from "../io/source.js";
import { readXvaDisks, type XvaDisk } from "../package/xva/chunks.js";
import { diskSizes } from "../platforms/xenserver/records.js";
import { parseXml } from "../xml/parse.js";

/** Names of disks that a message lists. */
const LISTED = 20;

/** An XVA whose members were found. */
export interface OpenedXva {
  /** The bytes of `ova.xml`; `null`: there is none. */
  readonly config: Uint8Array | null;
  readonly disks: readonly XvaDisk[];
}

/**
 * The disks of an XVA, each as large as `ova.xml` says: last chunks may be padded.
 * @throws `xva/bad-chunk`, `tar/...`, `io/limit`, and `xml/...` where `ova.xml` cannot be read
 */
export async function readXva(source: ByteSource, ctx: Context): Promise<readonly XvaDisk[]> {
  return (await openXva(source, ctx)).disks;
}

/** The same with the bytes of `ova.xml`. @throws what `readXva` throws */
export async function openXva(source: ByteSource, ctx: Context): Promise<OpenedXva> {
  const { config, disks } = await readXvaDisks(source, ctx);
  if (config === null) return { config, disks: disks.map((disk) => sized(disk, undefined)) };
  const { descriptorBytes } = ctx.limits;
  if (config.length > descriptorBytes) {
    throw new FerryError("io/limit", `ova.xml has ${formatBytes(config.length)}`, {
      location: { at: "bytes", file: source.label, offset: config.offset },
      hint: "Raise the limit descriptorBytes if you trust the archive.",
    });
  }
  const bytes = await source.read(config.offset, config.length, ctx.signal);
  const sizes = diskSizes(parseXml(bytes, `${source.label}!ova.xml`, ctx.limits).root);
  return { config: bytes, disks: disks.map((disk) => sized(disk, sizes.get(disk.name))) };
}

/**
 * One disk of an XVA, by its name: the folder of its members. `null`: the only one.
 * @throws `xva/which-disk`, and what `readXva` throws
 */
export async function xvaDisk(source: ByteSource, name: string | null, ctx: Context): Promise<XvaDisk> {
  const disks = await readXva(source, ctx);
  const found = name === null ? (disks.length === 1 ? disks[0] : undefined) : disks.find((disk) => disk.name === name);
  if (found !== undefined) return found;
  throw whichDisk(source.label, name, new Map(disks.map((disk) => [disk.name, disk.size])));
}

/** The error for a disk that was not named, or that is not there. @param disks bytes by name */
export function whichDisk(label: string, name: string | null, disks: ReadonlyMap<string, number>): FerryError {
  const [first] = disks.keys();
  if (first === undefined) {
    return new FerryError("xva/which-disk", `${label} has no disks`, {
      hint: "It was exported without them, as templates and metadata are.",
    });
  }
  const all = [...disks].map(([disk, size]) => `${printable(disk)} (${formatBytes(size)})`);
  const listed = all.slice(0, LISTED).join(", ");
  const rest = all.length > LISTED ? ` and ${all.length - LISTED} more` : "";
  const what = name === null ? "has several disks" : `has no disk ${printable(name)}`;
  return new FerryError("xva/which-disk", `${label} ${what}; there are: ${listed}${rest}`, {
    hint: `Name one behind an exclamation mark: '${label}!${printable(first)}'.`,
  });
}

/** A disk with the size that its record says. */
function sized(disk: XvaDisk, size: number | undefined): XvaDisk {
  const { source } = disk;
  const location = { at: "bytes", file: source.label, offset: 0 } as const;
  if (size === undefined) {
    return {
      ...disk,
      notes: [
        {
          code: "xva/no-size",
          severity: "warning",
          message: `ova.xml does not say how large ${printable(disk.name)} is; its chunks end at ${disk.size} bytes`,
          location,
          hint: "The end may be padded with zeros to a whole chunk, which guests do not mind.",
        },
      ],
    };
  }
  const lastBytes = disk.chunks.length === 0 ? 0 : (disk.chunks[disk.chunks.length - 2] as number);
  const differs = sizeDiffers({ label: source.label, name: disk.name, size, chunksEnd: disk.size, lastBytes });
  return { ...disk, size, ...(differs === null ? {} : { notes: [differs] }) };
}

/** Where the chunks of a disk end, and where they should. In bytes. */
export interface XvaEnd {
  readonly label: string;
  readonly name: string;
  readonly size: number;
  readonly chunksEnd: number;
  /** Of the last chunk, which may be padded. */
  readonly lastBytes: number;
}

/** The finding that chunks are missing or too many; `null`: they end where the disk does. */
export function sizeDiffers({ label, name, size, chunksEnd, lastBytes }: XvaEnd): Diagnostic | null {
  if (chunksEnd >= size && chunksEnd < size + Math.max(1, lastBytes)) return null;
  return {
    code: "xva/size-differs",
    severity: "error",
    message: `${printable(name)} has ${size} bytes by ova.xml, and its chunks end at ${chunksEnd}`,
    location: { at: "bytes", file: label, offset: 0 },
    hint: "Chunks are missing or too many: export the machine again.",
    data: { size, chunksEnd },
  };
}
