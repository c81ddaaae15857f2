/** The YAML of something that exists: a package, or a machine of any platform. */
import type { Appliance } from "../../appliance/appliance.js";
import { FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { OpenedSource } from "../opened.js";
import { writeSpec } from "./write-spec.js";
import type { WrittenText } from "./written.js";

/** Deployment options that are looked at: each is read by itself. */
const MOST_OPTIONS = 100;

/**
 * Writes the spec that builds what is open. No disk is opened.
 * @param prefix what stands before the name of each file: the folder that they lie in, or `app.ova!`
 * @throws `build/no-files`
 */
export async function specOf(source: OpenedSource, prefix: string, ctx: Context): Promise<WrittenText> {
  const scattered = (await source.reader.disks()).find(({ format }) => format !== null);
  if (scattered !== undefined) {
    throw new FerryError("build/no-files", `the disks of ${source.reader.name} are no files that a spec could name`, {
      hint: "Make files of them first: vmferry convert SRC FOLDER --to vmware, and take that.",
    });
  }
  const quiet: Context = { ...ctx, report: () => {} };
  const appliance = source.appliance({}, ctx);
  const options = new Map<string, Appliance>();
  for (const { id, default: chosen } of appliance.options.slice(0, MOST_OPTIONS)) {
    if (!chosen) options.set(id, source.appliance({ configuration: id }, quiet));
  }
  return writeSpec({ appliance, options, fileName: (name) => `${prefix}${name}` });
}
