import type { DiskFormatId } from "../base/ids.js";
import { createRegistry, type Registry } from "../base/registry.js";
import type { DiskFormat } from "./model.js";
import { qcow2 } from "./qcow2/format.js";
import { raw } from "./raw/format.js";
import { vdi } from "./vdi/format.js";
import { vhd } from "./vhd/format.js";
import { vhdx } from "./vhdx/format.js";
import { vma } from "./vma/format.js";
import { vmdk } from "./vmdk/format.js";
import { xva } from "./xva/format.js";

/** Every disk format, in the order in which they are probed. */
export const diskFormats: Registry<DiskFormatId, DiskFormat> = createRegistry<DiskFormatId, DiskFormat>([
  vmdk,
  qcow2,
  vhdx,
  vhd,
  vdi,
  raw,
  xva,
  vma,
]);
