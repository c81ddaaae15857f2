import { FerryError, throwIfAborted } from "../../base/errors.js";
import type { Limits } from "../../base/limits.js";
import type { Context } from "../../io/context.js";
import { type OvfDocument, openOvf } from "../../ovf/document.js";
import type { PackageReader } from "../../package/model.js";
import { parseXml } from "../../xml/parse.js";
import type { Platform } from "../platform.js";
import type { PackageFacts } from "./files.js";
import { importOvf } from "./import.js";

/** Open Virtualization Format: OVA files and OVF folders of every producer. Read so far, not written. */
export const ovfPlatform: Platform = {
  id: "ovf",
  label: "OVF",
  reads: ["ova", "directory"],
  defaultTarget: null,
  defaults: {},
  async importConfig(files, choice, ctx) {
    const document = await readDescriptor(files, ctx);
    return importOvf(document, factsOf(files), choice, (diagnostic) => ctx.report(diagnostic));
  },
};

/**
 * The descriptor of a package.
 * @throws `ovf/no-descriptor`, `xml/limit` for one that is too large, and what `parseXml` and `openOvf` throw
 */
export async function readDescriptor(files: PackageReader, ctx: Context): Promise<OvfDocument> {
  const entry = files.descriptor;
  if (entry === null) {
    throw new FerryError("ovf/no-descriptor", `${files.name} holds no descriptor`, {
      hint: "An OVF package has one file whose name ends in .ovf.",
    });
  }
  throwIfAborted(ctx.signal);
  checkSize(entry.name, entry.size, ctx.limits);
  const source = await entry.open();
  try {
    const bytes = await source.read(0, source.size, ctx.signal);
    return openOvf(parseXml(bytes, entry.name, ctx.limits), (diagnostic) => ctx.report(diagnostic));
  } finally {
    await source.close();
  }
}

/** What the importer has to know about a package: its members' names and sizes. */
export function factsOf(files: PackageReader): PackageFacts {
  const path = files.descriptor?.name ?? files.name;
  const slash = path.lastIndexOf("/");
  return {
    name: path.slice(slash + 1).replace(/\.(ovf|ova)$/i, ""),
    folder: path.slice(0, slash + 1),
    members: new Map(files.entries.map((entry) => [entry.name, entry.size])),
  };
}

/** Refuses before a byte is read. */
function checkSize(file: string, size: number, limits: Limits): void {
  if (size <= limits.descriptorBytes) return;
  throw new FerryError("xml/limit", `${file} has ${size} bytes; descriptors may have ${limits.descriptorBytes}`, {
    hint: "Raise the limit descriptorBytes if you trust the package.",
    location: { at: "bytes", file, offset: 0 },
  });
}
