import type { Appliance, Attachment, Machine } from "../appliance/appliance.js";
import type { DiskFormatId } from "../base/ids.js";
import { createFileNames, splitFileName } from "./names.js";
import type { DiskFile, DiskKind, ExportDisk } from "./platform.js";

/** What QEMU reads at its best: what platforms that rest on it let choose of each disk. */
export const QEMU_DISKS: readonly DiskKind[] = [
  { format: "qcow2", variants: ["uncompressed", "compressed"], extension: ".qcow2" },
  { format: "raw", variants: ["raw"], extension: ".raw" },
];

/** How disks of a result are written. */
export interface DiskChoice {
  readonly format: DiskFormatId;
  readonly variant: string;
  /** With the dot. */
  readonly extension: string;
  /** Endings that images must have; left out: they keep their own. */
  readonly cdromExtension?: string;
  readonly floppyExtension?: string;
}

/** The files of one result, named after its machines. Each disk and each image is one file, however many machines use it. */
export interface ResultFiles {
  /** Names a machine's configuration file; `beside` gives names with the same stem. */
  machine(machine: Machine, extension: string): { readonly name: string; beside(ending: string): string };
  /** Names one more file. */
  take(stem: string, ending: string): string;
  /** The file behind a drive; `null`: an empty drive. */
  of(machine: Machine, attachment: Attachment): string | null;
  /** Takes a file of the source over under a given name, unless it has one already. The name that it has in the result. */
  keep(asset: string, name: string): string;
  /** The format that a disk's file has. @param id of the disk */
  format(id: string): DiskFormatId;
  disks(): ExportDisk[];
  assets(): { asset: string; name: string }[];
  /** Ids of the source's files that the result holds. */
  kept(): ReadonlySet<string>;
}

/**
 * Starts naming the files of a result.
 * @param wanted what single disks are to be, by their ids
 */
export function createFiles(
  appliance: Appliance,
  choice: DiskChoice,
  wanted: ReadonlyMap<string, DiskFile> = new Map(),
): ResultFiles {
  const names = createFileNames([...wanted.values()].flatMap(({ name }) => name ?? []));
  const disks = new Map<string, ExportDisk>();
  const assets = new Map<string, string>();
  return {
    machine(machine, extension) {
      const name = names.take(machine.name, extension);
      const stem = name.slice(0, -extension.length);
      return { name, beside: (ending) => names.take(stem, ending) };
    },
    take: names.take,
    of(machine, attachment) {
      if (attachment.device === "disk") {
        const id = attachment.disk;
        if (id === null) return null;
        const known = disks.get(id);
        if (known !== undefined) return known.name;
        const number = machine.attachments.filter((a) => a.device === "disk").indexOf(attachment) + 1;
        const own = wanted.get(id);
        const { format, extension } = own?.kind ?? choice;
        const usual = format === choice.format ? choice.variant : own?.kind?.variants[0];
        const variant = own?.variant ?? usual ?? choice.variant;
        const name = own?.name ?? names.take(machine.name, `-disk${number}${extension}`);
        disks.set(id, { disk: id, name, format, variant });
        return name;
      }
      const file = appliance.files.find((f) => f.id === attachment.file);
      if (file === undefined) return null;
      const known = assets.get(file.id);
      if (known !== undefined) return known;
      const { stem, extension } = splitFileName(file.name);
      const name =
        attachment.device === "cdrom"
          ? names.take(stem, choice.cdromExtension ?? (extension || ".iso"))
          : names.take(stem, choice.floppyExtension ?? (extension || ".img"));
      assets.set(file.id, name);
      return name;
    },
    keep(asset, name) {
      const known = assets.get(asset) ?? name;
      assets.set(asset, known);
      return known;
    },
    format: (id) => (wanted.get(id)?.kind ?? choice).format,
    disks: () => [...disks.values()],
    assets: () => [...assets].map(([asset, name]) => ({ asset, name })),
    kept: () => new Set(assets.keys()),
  };
}
