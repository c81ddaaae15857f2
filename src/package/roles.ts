import type { EntryRole } from "./model.js";
import { folderOf, withoutExtension } from "./names.js";

const DISKS = /\.(?:vmdk|vhd|vhdx|vdi|qcow2|raw|img)$/;

/** What a file is for as far as its name can tell. Descriptor, manifest and certificate are told by `findParts`. */
export function roleOfName(name: string): EntryRole {
  const plain = name.toLowerCase().replace(/\.(?:gz|bz2|xz)$/, "");
  if (DISKS.test(plain)) return "disk";
  if (plain.endsWith(".iso")) return "iso";
  if (plain.endsWith(".nvram")) return "nvram";
  if (plain.endsWith(".msg")) return "strings";
  return "file";
}

/** The three special files of a package by name. */
export interface PackageParts {
  readonly descriptor: string;
  readonly manifest: string | null;
  readonly certificate: string | null;
}

/** Whether a name is a descriptor's. The standard wants `.ovf`; `.OVF` is seen from Windows. */
export function isDescriptorName(name: string): boolean {
  return name.toLowerCase().endsWith(".ovf");
}

/**
 * The manifest and certificate of a descriptor: beside it and with its base name (DSP0243 5.1). A name that differs
 * in case only is taken where the exact one is not there.
 */
export function findParts(descriptor: string, names: Iterable<string>): PackageParts {
  const base = withoutExtension(descriptor);
  const parts = { manifest: null as string | null, certificate: null as string | null };
  for (const name of names) {
    const folded = name.toLowerCase();
    for (const [part, wanted] of [
      ["manifest", `${base}.mf`],
      ["certificate", `${base}.cert`],
    ] as const) {
      if (name === wanted || (parts[part] === null && folded === wanted.toLowerCase())) parts[part] = name;
    }
  }
  return { descriptor, ...parts };
}

/** Names beside the descriptor that look like a manifest but are none, because their base name is another. */
export function strayManifests(parts: PackageParts, names: Iterable<string>): string[] {
  const folder = folderOf(parts.descriptor);
  return [...names].filter(
    (name) => name.toLowerCase().endsWith(".mf") && name !== parts.manifest && folderOf(name) === folder,
  );
}
