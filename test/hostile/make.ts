/** A small good package, and ways to lay changed copies of it into a folder. */
import { closeSync, ftruncateSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import type { SparseBytes } from "../../src/io/testing/sparse-bytes.js";
import {
  type DescribedFile,
  descriptorOf,
  diskFile,
  manifestOf,
  type PackageFiles,
  packageOf,
} from "../support/packages.js";
import { type TarPart, tarOf } from "./tar.js";

/** UTF-8. */
export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** An 8 MiB stream-optimized VMDK with a little text in it. */
export const DISK: Uint8Array = await diskFile("vmdk", "streamOptimized", {
  sectors: 16384,
  runs: [{ sector: 256, sectors: 300, content: "text" }],
});

/** The good descriptor: one machine with the disk. */
export const DESCRIPTOR: string = descriptorOf([{ href: "disk.vmdk", use: "disk" }]);

/** The good package: descriptor, disk, manifest. */
export const GOOD: PackageFiles = orderly(packageOf(DESCRIPTOR, { "disk.vmdk": DISK }));

/** The manifest behind the descriptor, as the standard has it. */
function orderly(files: PackageFiles): PackageFiles {
  const { "box.ovf": descriptor, "box.mf": manifest, ...rest } = files;
  if (descriptor === undefined) return files;
  return { "box.ovf": descriptor, ...(manifest === undefined ? {} : { "box.mf": manifest }), ...rest };
}

/** A descriptor with the disk, changed as text. Throws where the change changes nothing. */
export function changed(from: string | RegExp, to: string, text: string = DESCRIPTOR): string {
  const result = text.replace(from, () => to);
  if (result === text) throw new Error(`${from} is not in the text`);
  return result;
}

/** The good package with another descriptor, covered by its manifest. */
export function described(descriptor: string, more: PackageFiles = {}): PackageFiles {
  return orderly(packageOf(descriptor, { "disk.vmdk": DISK, ...more }));
}

/** A package of described files and their bytes, covered by a manifest. */
export function packageWith(files: readonly (DescribedFile & { readonly bytes?: Uint8Array })[]): PackageFiles {
  const bytes: Record<string, Uint8Array> = {};
  for (const file of files) if (file.bytes !== undefined) bytes[file.href] = file.bytes;
  return orderly(packageOf(descriptorOf(files), bytes));
}

/** Members of an archive from files. */
export function parts(files: PackageFiles): TarPart[] {
  return Object.entries(files).map(([name, bytes]) => ({ name, bytes }));
}

type Lay = (folder: string) => string;

/** Lays one file. */
export function file(name: string, bytes: () => Uint8Array | string): Lay {
  return (folder) => {
    writeFileSync(join(folder, name), bytes());
    return name;
  };
}

/** Lays an archive `box.ova`. */
export function ova(make: () => readonly (TarPart | Uint8Array)[]): Lay {
  return file("box.ova", () => tarOf(...make()));
}

/** Lays the archive of a package. */
export function packed(files: () => PackageFiles): Lay {
  return ova(() => parts(files()));
}

/** Lays a package as a folder, whose descriptor is given to commands. */
export function folder(files: () => PackageFiles, given = "box.ovf"): Lay {
  return (place) => {
    for (const [name, bytes] of Object.entries(files())) {
      mkdirSync(dirname(join(place, name)), { recursive: true });
      writeFileSync(join(place, name), bytes);
    }
    return given;
  };
}

/** Lays a file with holes. */
export function sparse(
  name: string,
  make: () => SparseBytes | Promise<SparseBytes>,
): (folder: string) => Promise<string> {
  return async (place) => {
    const bytes = await make();
    writeHoley(join(place, name), bytes);
    return name;
  };
}

/** Writes bytes with their holes. */
export function writeHoley(path: string, bytes: SparseBytes): void {
  const fd = openSync(path, "w");
  ftruncateSync(fd, bytes.size);
  for (const { offset, length } of bytes.runs({ offset: 0, length: bytes.size })) {
    writeSync(fd, bytes.read(offset, length), 0, length, offset);
  }
  closeSync(fd);
}

/** A manifest of files with some lines changed. */
export function manifestText(files: PackageFiles): string {
  return new TextDecoder().decode(manifestOf(files));
}
