import type { Appliance, Attachment, Machine } from "../appliance/appliance.js";
import type { DiskFormatId } from "../base/ids.js";
import { createFileNames, splitFileName } from "./names.js";
import type { ExportDisk } from "./platform.js";

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
  disks(): ExportDisk[];
  assets(): { asset: string; name: string }[];
  /** Ids of the source's files that the result holds. */
  kept(): ReadonlySet<string>;
}

/** Starts naming the files of a result. */
export function createFiles(appliance: Appliance, choice: DiskChoice): ResultFiles {
  const names = createFileNames();
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
        const name = names.take(machine.name, `-disk${number}${choice.extension}`);
        disks.set(id, { disk: id, name, format: choice.format, variant: choice.variant });
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
    disks: () => [...disks.values()],
    assets: () => [...assets].map(([asset, name]) => ({ asset, name })),
    kept: () => new Set(assets.keys()),
  };
}
