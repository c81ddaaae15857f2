import type { PackageReader } from "../../package/model.js";
import type { Platform } from "../platform.js";
import type { PackageFacts } from "./files.js";

/** Open Virtualization Format: OVA files and OVF folders of every producer. Its documents are read by `importOvf`. */
export const ovfPlatform: Platform = {
  id: "ovf",
  label: "OVF",
  reads: ["ova", "directory"],
  defaultTarget: null,
  defaults: {},
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
