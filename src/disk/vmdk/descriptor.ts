import { decodeText } from "../../base/code-pages.js";
import { FerryError } from "../../base/errors.js";

/** Kinds of extents (VMware Virtual Disk Format 5.0, "The Extent Description"). */
export type ExtentKind = "FLAT" | "SPARSE" | "ZERO" | "VMFS" | "VMFSSPARSE" | "VMFSRDM" | "VMFSRAW" | "SESPARSE";

/** One line of the extent description. */
export interface DescriptorExtent {
  readonly access: "RW" | "RDONLY" | "NOACCESS";
  readonly sectors: number;
  readonly kind: ExtentKind;
  /** `null` for ZERO. */
  readonly file: string | null;
  /** Sectors into the file; only for flat kinds. */
  readonly offset: number;
}

/** The text part of a VMDK. */
export interface VmdkDescriptor {
  readonly createType: string;
  readonly cid: string;
  readonly parentCid: string;
  readonly parentFileNameHint: string | null;
  readonly extents: readonly DescriptorExtent[];
  /** `ddb.` entries, in order, names without the prefix. */
  readonly ddb: ReadonlyMap<string, string>;
}

/** `parentCID` of a disk without a parent. */
export const NO_PARENT = "ffffffff";

const EXTENT_LINE =
  /^(RW|RDONLY|NOACCESS)\s+(\d+)\s+(FLAT|SPARSE|ZERO|VMFS|VMFSSPARSE|VMFSRDM|VMFSRAW|SESPARSE)(?:\s+"([^"]*)"(?:\s+(\d+))?)?\s*$/i;

/** Whether some bytes begin as a descriptor does: the comment line, in any capitals, after blanks and other comments. */
export function looksLikeDescriptor(head: Uint8Array): boolean {
  const text = new TextDecoder("latin1").decode(head.subarray(0, 1024));
  return /^\s*(?:#[^\n]*\n\s*)*?#\s*Disk\s+DescriptorFile/i.test(text);
}

/**
 * Parses a descriptor. NULs at its end (the padding of an embedded one) are dropped.
 * @throws `vmdk/bad-descriptor`
 */
export function parseVmdkDescriptor(bytes: Uint8Array, label: string): VmdkDescriptor {
  let end = bytes.indexOf(0);
  if (end < 0) end = bytes.length;
  const text = decodeDescriptor(bytes.subarray(0, end));
  const header = new Map<string, string>();
  const ddb = new Map<string, string>();
  const extents: DescriptorExtent[] = [];
  for (const [i, raw] of text.split(/\r\n|\n|\r/).entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const extent = EXTENT_LINE.exec(line);
    if (extent !== null) {
      extents.push({
        access: (extent[1] as string).toUpperCase() as DescriptorExtent["access"],
        sectors: Number(extent[2]),
        kind: (extent[3] as string).toUpperCase() as ExtentKind,
        file: extent[4] ?? null,
        offset: Number(extent[5] ?? 0),
      });
      continue;
    }
    const at = line.indexOf("=");
    if (at < 0) {
      throw new FerryError(
        "vmdk/bad-descriptor",
        `line ${i + 1} of the disk descriptor is neither a setting nor an extent`,
        {
          location: { at: "text", file: label, line: i + 1, column: 1 },
          hint: "The descriptor is damaged, or of a kind that vmferry does not know.",
        },
      );
    }
    const key = line.slice(0, at).trim();
    const value = line
      .slice(at + 1)
      .trim()
      .replace(/^"(.*)"$/, "$1");
    if (/^ddb\./i.test(key)) ddb.set(key.slice(4), value);
    else header.set(key.toLowerCase(), value);
  }
  if ([...header.keys()].some((key) => key.startsWith("encryption."))) {
    throw new FerryError("vmdk/encrypted", `${label} is an encrypted disk`, {
      hint: "Remove the encryption in VMware, where its password is known, and export the machine again.",
    });
  }
  for (const extent of extents) {
    if (!Number.isSafeInteger(extent.sectors * 512) || !Number.isSafeInteger(extent.offset * 512)) {
      throw new FerryError("vmdk/bad-descriptor", `an extent of ${extent.sectors} sectors is not possible`, {
        location: { at: "text", file: label, line: 1, column: 1 },
        hint: "The descriptor is damaged or hostile.",
      });
    }
  }
  return {
    createType: header.get("createtype") ?? "",
    cid: (header.get("cid") ?? "").toLowerCase(),
    parentCid: (header.get("parentcid") ?? NO_PARENT).toLowerCase(),
    parentFileNameHint: header.get("parentfilenamehint") ?? null,
    extents,
    ddb,
  };
}

/** A descriptor's text in the encoding that it names itself: `UTF-8`, or the code page of a Windows host. */
function decodeDescriptor(bytes: Uint8Array): string {
  const named = /^\s*encoding\s*=\s*"?([\w-]+)"?\s*$/im.exec(new TextDecoder("latin1").decode(bytes))?.[1];
  try {
    return decodeText(named ?? "utf-8", bytes, "replace");
  } catch {
    // An encoding that this system does not know: the names of files are all that it matters for.
    return new TextDecoder("utf-8").decode(bytes);
  }
}

/** Characters that a quoted name in a descriptor cannot hold. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the point
const UNQUOTABLE = /["\u0000-\u001f\u007f]/g;

/** The name under which a file with everything in it names itself. Nobody opens it, so what cannot be quoted is replaced. */
export function innerName(name: string): string {
  return name.replace(/^.*\//, "").replace(UNQUOTABLE, "_");
}

/**
 * The name of an extent beside its descriptor: `disk.vmdk` and `-flat` make `disk-flat.vmdk`. Both may stand in a folder.
 * @throws `vmdk/bad-name` where a descriptor cannot hold it
 */
export function extentName(name: string, suffix: string): string {
  if (name.search(UNQUOTABLE) >= 0) {
    throw new FerryError("vmdk/bad-name", `a VMDK descriptor cannot name files after ${JSON.stringify(name)}`, {
      hint: "Choose a name without quotation marks and control characters.",
    });
  }
  const stem = name.replace(/\.vmdk$/i, "");
  return `${stem}${suffix}.vmdk`;
}

/** What a descriptor that we write says. */
export interface NewDescriptor {
  readonly createType: string;
  /** Eight hexadecimal digits, not `ffffffff`. */
  readonly cid: string;
  /** What VirtualBox knows the image by; `null` and left out: it gives one. */
  readonly uuid?: string | null;
  readonly extents: readonly DescriptorExtent[];
  /** Guest sectors, for the geometry. */
  readonly capacitySectors: number;
  readonly adapterType: "ide" | "lsilogic";
}

/** A descriptor's text, as VMware's own tools lay it out; LF line ends. */
export function serializeVmdkDescriptor(descriptor: NewDescriptor): string {
  const { heads, sectors, cylinders } = geometryOf(descriptor.capacitySectors, descriptor.adapterType);
  const extents = descriptor.extents.map((extent) => {
    const file = extent.file === null ? "" : ` "${extent.file}"`;
    const offset = extent.kind === "FLAT" || extent.kind === "VMFS" ? ` ${extent.offset}` : "";
    return `${extent.access} ${extent.sectors} ${extent.kind}${file}${offset}`;
  });
  return [
    "# Disk DescriptorFile",
    "version=1",
    'encoding="UTF-8"',
    `CID=${descriptor.cid}`,
    `parentCID=${NO_PARENT}`,
    `createType="${descriptor.createType}"`,
    "",
    "# Extent description",
    ...extents,
    "",
    "# The Disk Data Base",
    "#DDB",
    "",
    'ddb.virtualHWVersion = "4"',
    `ddb.geometry.cylinders = "${cylinders}"`,
    `ddb.geometry.heads = "${heads}"`,
    `ddb.geometry.sectors = "${sectors}"`,
    `ddb.adapterType = "${descriptor.adapterType}"`,
    ...(typeof descriptor.uuid !== "string" ? [] : [`ddb.uuid.image = "${descriptor.uuid}"`]),
    "",
  ].join("\n");
}

/** The geometry that VMware's BIOS shows: 16 heads and 63 sectors for IDE, 255 and 63 for large SCSI disks. */
function geometryOf(
  capacitySectors: number,
  adapter: NewDescriptor["adapterType"],
): { cylinders: number; heads: number; sectors: number } {
  if (adapter === "ide") {
    return { cylinders: Math.min(16383, Math.floor(capacitySectors / (16 * 63))), heads: 16, sectors: 63 };
  }
  // VMware's rule for SCSI: 64 × 32 up to 1 GiB, 128 × 32 up to 2 GiB, 255 × 63 beyond.
  const [heads, sectors] =
    capacitySectors <= 2_097_152 ? [64, 32] : capacitySectors <= 4_194_304 ? [128, 32] : [255, 63];
  return { cylinders: Math.floor(capacitySectors / (heads * sectors)), heads, sectors };
}
