import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError, throwIfAborted } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import { type OvfDocument, openOvf } from "../../ovf/document.js";
import type { PackageEntry } from "../../package/model.js";
import { parseXml } from "../../xml/parse.js";

/**
 * Reads and opens a descriptor. Its size is looked at before a byte is read.
 * @throws `xml/limit` for one that is too large, and what `parseXml` and `openOvf` throw
 */
export async function readDescriptorEntry(
  entry: PackageEntry,
  ctx: Context,
  report: (diagnostic: Diagnostic) => void,
): Promise<OvfDocument> {
  throwIfAborted(ctx.signal);
  const source = await entry.open();
  try {
    const { size } = source;
    if (size > ctx.limits.descriptorBytes) {
      throw new FerryError(
        "xml/limit",
        `${entry.name} has ${size} bytes; descriptors may have ${ctx.limits.descriptorBytes}`,
        {
          hint: "Raise the limit descriptorBytes if you trust the package.",
          location: { at: "bytes", file: entry.name, offset: 0 },
        },
      );
    }
    const bytes = await source.read(0, size, ctx.signal);
    return openOvf(parseXml(bytes, entry.name, ctx.limits), report);
  } finally {
    await source.close();
  }
}
