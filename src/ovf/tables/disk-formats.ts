import type { DiskFormatId } from "../../base/ids.js";

/** What a `Disk`'s format URI names. */
export type NamedFormat =
  | { readonly kind: "disk"; readonly format: DiskFormatId; readonly variant: string | null }
  /** A CD image. */
  | { readonly kind: "iso" };

const VMDK_VARIANTS: ReadonlyMap<string, string> = new Map<string, string>(
  Object.entries({
    streamoptimized: "streamOptimized",
    // OVF 0.9 writers say "sparse" and "compressed" for streams too; the file itself tells.
    sparse: "monolithicSparse",
    compressed: "streamOptimized",
    monolithicsparse: "monolithicSparse",
    monolithic_sparse: "monolithicSparse",
    monolithicflat: "monolithicFlat",
    monolithic_flat: "monolithicFlat",
    twogbmaxextentsparse: "twoGbMaxExtentSparse",
    twogbmaxextentflat: "twoGbMaxExtentFlat",
  }),
);

/** Parts of format URIs, in lower case, in the order of looking. All that are known stand in the notes on platform dialects. */
const URIS: readonly (readonly [part: string, format: DiskFormatId])[] = [
  ["vmdk", "vmdk"],
  ["library/hh831446", "vhdx"],
  ["vhdx", "vhdx"],
  ["vhdspec", "vhd"],
  ["linkid=137171", "vhd"],
  ["bb676673", "vhd"],
  ["vhd", "vhd"],
  ["viewtopic.php?t=8046", "vdi"],
  ["vdi", "vdi"],
  ["qcow", "qcow2"],
  ["wikipedia.org/wiki/byte", "raw"],
  ["http://raw", "raw"],
];

/** The disk format that a URI names; `null` for one that is not known. VMDK variants are in its fragment. */
export function formatOfUri(uri: string): NamedFormat | null {
  const lower = uri.trim().toLowerCase();
  if (/ecma-?119/.test(lower)) return { kind: "iso" };
  for (const [part, format] of URIS) {
    if (!lower.includes(part)) continue;
    const fragment = lower.slice(lower.indexOf("#") + 1);
    const variant = format === "vmdk" && lower.includes("#") ? (VMDK_VARIANTS.get(fragment) ?? null) : null;
    return { kind: "disk", format, variant };
  }
  return null;
}
