/** The YAML of something that exists: a package, or a machine of any platform. */
import type { Appliance } from "../../appliance/appliance.js";
import { FerryError } from "../../base/errors.js";
import { plural } from "../../base/text.js";
import type { Context } from "../../io/context.js";
import type { OvfDocument } from "../../ovf/document.js";
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
  const notes = source.ovf === null ? [] : [...untold(source.ovf.document)];
  return writeSpec({ appliance, options, notes, fileName: (name) => `${prefix}${name}` });
}

/** What stands in a descriptor and the model of an appliance has no place for. */
function* untold({ strings, envelope }: OvfDocument): Generator<string> {
  if (strings.length > 0)
    yield `translations: ${plural(strings.length, "bundle")} of messages; a text is { text: ..., de: ... }`;
  for (const holder of [envelope, ...envelope.descendants()]) {
    const where = "kind" in holder ? (holder.id ?? "a machine") : "the appliance";
    for (const product of holder.products) {
      const name = product.product?.text.trim() || product.class || "a product";
      if (product.icons.length > 0) yield `${where}: the icon of ${name}`;
      const urls = [product.productUrl, product.vendorUrl, product.appUrl].filter((url) => url !== null);
      if (urls.length > 0) yield `${where}: ${urls.length === 1 ? "an address" : "addresses"} of ${name}`;
    }
  }
}
