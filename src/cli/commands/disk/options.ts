import { diskFormats } from "../../../disk/formats.js";
import type { ArgumentSpec, OptionSpec } from "../../command.js";
import { choice, flag } from "../../options.js";

/** A disk on the command line. */
export function diskArgument(name: string): ArgumentSpec {
  return { name, what: "a disk image, or PACKAGE!MEMBER for one inside of a package", complete: "file" };
}

const ids: readonly string[] = diskFormats.all.map((format) => format.id);

/** Options of every command that reads a disk. */
export const diskOptions: {
  readonly from: OptionSpec<string | null>;
  readonly allowExternal: OptionSpec<boolean>;
} = {
  from: choice("--from FORMAT", "the format, where content does not tell it or the name disagrees", ids),
  allowExternal: flag("--allow-external", "open parents and data files that the image names, beside it"),
};

/** The policy that `--allow-external` stands for. */
export function externalOf(options: { readonly allowExternal: boolean }): "allowed" | "refused" {
  return options.allowExternal ? "allowed" : "refused";
}

/** Formats that are written, for `--to`. */
export const writtenFormats: readonly string[] = diskFormats.all
  .filter((format) => format.plan !== undefined)
  .map((format) => format.id);
