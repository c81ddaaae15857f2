import type { DiskFormatId } from "../base/ids.js";
import { createRegistry, type Registry } from "../base/registry.js";
import type { DiskFormat } from "./model.js";
import { raw } from "./raw/format.js";
import { vmdk } from "./vmdk/format.js";

/** Every disk format, in the order in which they are probed. */
export const diskFormats: Registry<DiskFormatId, DiskFormat> = createRegistry<DiskFormatId, DiskFormat>([vmdk, raw]);
