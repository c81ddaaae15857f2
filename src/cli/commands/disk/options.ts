import { diskFormats } from "../../../disk/formats.js";
import type { Compression } from "../../../disk/model.js";
import type { ArgumentSpec, OptionSpec } from "../../command.js";
import { choice, flag, pairs, text } from "../../options.js";
import { allowRemote, remoteOptions } from "../../remote.js";
import type { NamedDiskOptions } from "../../sources.js";

/** A disk on the command line. */
export function diskArgument(name: string): ArgumentSpec {
  return {
    name,
    what: "a disk image or its http(s) URL, PACKAGE!MEMBER for one inside of a package, or - for standard input",
    complete: "file",
  };
}

/** Formats that are read. */
export const formatIds: readonly string[] = diskFormats.all.map((format) => format.id);

/** A disk on the command line that is changed where it lies. */
export const fileArgument: ArgumentSpec = { name: "DISK", what: "the disk's file", complete: "file" };

/** The format, for commands that open no other file. */
export const fromOption: OptionSpec<string | null> = choice(
  "--from FORMAT",
  "the format, where content does not tell it or the name disagrees",
  formatIds,
);

/** Options of every command that reads a disk. */
export const diskOptions: {
  readonly from: OptionSpec<string | null>;
  readonly allowExternal: OptionSpec<boolean>;
  readonly mapDisk: OptionSpec<NonNullable<NamedDiskOptions["mapDisk"]>>;
  readonly allowRemote: typeof allowRemote;
} & typeof remoteOptions = {
  from: fromOption,
  allowExternal: flag("--allow-external", "open parents and data files that the image names, beside it"),
  mapDisk: pairs(
    "--map-disk ID=PATH",
    "open PATH where an image names ID, a path or id of another host, as its parent",
  ),
  allowRemote,
  ...remoteOptions,
};

/** `--snapshot`, for commands that read what a guest reads. */
export const snapshotOption: OptionSpec<string | null> = text(
  "--snapshot NAME",
  "the disk as it was at an internal snapshot, by its id or name (qcow2)",
);

/** How a command opens the disk that its options are about. */
export function howToOpen(options: {
  readonly from: string | null;
  readonly allowExternal: boolean;
  readonly mapDisk: NonNullable<NamedDiskOptions["mapDisk"]>;
  readonly snapshot?: string | null;
}): NamedDiskOptions {
  const { from, mapDisk, snapshot = null } = options;
  return { from, external: externalOf(options), mapDisk, snapshot };
}

/** The policy that `--allow-external` stands for. */
export function externalOf(options: { readonly allowExternal: boolean }): "allowed" | "refused" {
  return options.allowExternal ? "allowed" : "refused";
}

/** Formats that are written, for `--to`. */
export const writtenFormats: readonly string[] = diskFormats.all
  .filter((format) => format.plan !== undefined)
  .map((format) => format.id);

/** Compressions that a format writes, for `--compression`. */
export const compressions: readonly Compression[] = [
  ...new Set(diskFormats.all.flatMap((format) => Object.values(format.compressions ?? {}).flat())),
];
