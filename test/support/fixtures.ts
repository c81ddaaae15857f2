import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import type { InspectResult } from "../../src/report/results.js";

/** A disk of a package as the program that made the package reads it. */
export interface DiskReading {
  readonly id: string;
  readonly file: string;
  /** By the descriptor. */
  readonly capacityBytes: number;
  readonly readBy: "VBoxManage" | "vmdk-convert";
  /** Of exactly `capacityBytes`. */
  readonly guestSha256: string;
}

/** What is in a package, written down from how it was made: `test/fixtures/README.md`. */
export interface PackageFacts
  extends Pick<InspectResult, "package" | "descriptor" | "manifest" | "certificate" | "appliance"> {
  readonly source: string;
  readonly made: { readonly program: string; readonly version: string };
  readonly disks: readonly DiskReading[];
}

/** A package that another program made. */
export interface PackageFixture {
  readonly name: string;
  /** What to give to a command: an OVA, or a folder. */
  readonly source: string;
  readonly facts: PackageFacts;
}

/** A disk that qemu-img or VirtualBox made, and how it reads it. */
export interface DiskFixture {
  readonly id: string;
  readonly format: string;
  readonly variant: string;
  /** The first one is the disk to open; the others lie beside it. */
  readonly files: readonly { readonly name: string; readonly packed: "gzip" | null }[];
  readonly capacityBytes: number;
  readonly guestSha256: string;
  /** Who made it, and what it was read by; qemu-img where nothing is said. */
  readonly readBy?: "VBoxManage";
  /** Codes that whoever reads it must report; none where nothing is said. */
  readonly findings?: readonly string[];
}

const PACKAGES = "test/fixtures/packages";
const DISKS = "test/fixtures/disks";

/** All packages, by name. `at`: another folder that `make.sh` has filled; the facts are the same. */
export async function packageFixtures(at: string = PACKAGES): Promise<readonly PackageFixture[]> {
  const entries = await readdir(PACKAGES, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.sort().map(async (name) => {
      const facts: PackageFacts = JSON.parse(await readFile(join(PACKAGES, name, "facts.json"), "utf8"));
      return { name, source: resolve(at, name, facts.source), facts };
    }),
  );
}

/** All disks. */
export async function diskFixtures(): Promise<readonly DiskFixture[]> {
  return JSON.parse(await readFile(join(DISKS, "facts.json"), "utf8"));
}

/** One file of a disk, unpacked. */
export async function diskFileBytes(file: DiskFixture["files"][number]): Promise<Uint8Array> {
  const bytes = await readFile(join(DISKS, file.packed === null ? file.name : `${file.name}.gz`));
  return file.packed === null ? bytes : gunzipSync(bytes);
}

/** Puts a disk's files into a folder, unpacked. Returns the path of the one to open. */
export async function placeDisk(disk: DiskFixture, folder: string): Promise<string> {
  for (const file of disk.files) await writeFile(join(folder, file.name), await diskFileBytes(file));
  return join(folder, disk.files[0]?.name ?? "");
}

/** Bytes of a file or of all files in a folder. */
export async function sizeOf(source: string): Promise<number> {
  const found = await stat(source);
  if (!found.isDirectory()) return found.size;
  const sizes = await Promise.all((await readdir(source)).map(async (name) => (await stat(join(source, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
