import { FerryError } from "../../base/errors.js";
import type { PackageReader } from "../../package/model.js";
import type { Platform } from "../platform.js";
import { readDescriptorEntry } from "./descriptor.js";
import type { PackageFacts } from "./files.js";
import { importOvf } from "./import.js";
import { readMessageFiles } from "./message-files.js";

/** Open Virtualization Format: OVA files and OVF folders of every producer. Read so far, not written. */
export const ovfPlatform: Platform = {
  id: "ovf",
  label: "OVF",
  reads: ["ova", "directory"],
  defaultTarget: null,
  defaults: {},
  async importConfig(files, choice, ctx) {
    if (files.descriptor === null) {
      throw new FerryError("ovf/no-descriptor", `${files.name} holds no descriptor`, {
        hint: "An OVF package has one file whose name ends in .ovf.",
      });
    }
    const report = ctx.report.bind(ctx);
    const document = await readDescriptorEntry(files.descriptor, ctx, report);
    const messages = await readMessageFiles(document, files, ctx, report);
    return importOvf(document, { ...factsOf(files), messages }, choice, report);
  },
};

/** What the importer has to know about a package. */
export function factsOf(files: PackageReader): PackageFacts {
  const path = files.descriptor?.name ?? files.name;
  return {
    name: path.slice(path.lastIndexOf("/") + 1).replace(/\.(ovf|ova)$/i, ""),
    find: (href) => files.entry(href),
    fetched(href) {
      const entry = files.entry(href);
      return entry?.outside === href ? entry : undefined;
    },
    references: files.referenced.length > 0 ? "reported" : "report",
  };
}
