import { SECTOR } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { DiskInput, SourceResolver } from "../../io/source.js";
import type { DiskFormat, VirtualDisk } from "../model.js";
import { plainKernel } from "../plain.js";
import { checkVhdx } from "./check.js";
import { isVhdx } from "./header.js";
import { layoutVhdx } from "./layout.js";
import { MOST_DISK_BYTES } from "./metadata.js";
import { planVhdx, WRITES } from "./plan.js";
import { openVhdx } from "./read.js";
import { repairVhdx } from "./repair.js";
import { resizeVhdx } from "./resize.js";

/** Hyper-V's disk format (MS-VHDX). Offsets and quirks: NOTES.md beside this file. */
export const vhdx: DiskFormat = {
  id: "vhdx",
  label: "Hyper-V virtual disk",
  extensions: [".vhdx", ".avhdx"],
  ovfUris: ["https://learn.microsoft.com/openspecs/windows_protocols/ms-vhdx"],
  variants: ["dynamic", "fixed", "differencing"],
  writes: WRITES,
  limits: { maxSize: MOST_DISK_BYTES, sizeMultiple: SECTOR, sectorSizes: [512, 4096] },
  kernels: [plainKernel],
  probe: (window) => (isVhdx(window.head) ? { match: "yes" } : null),
  async open(input: DiskInput, _resolver: SourceResolver, ctx: Context): Promise<VirtualDisk> {
    if (!("bytes" in input)) throw new FerryError("internal/bug", "a VHDX is opened from bytes");
    return openVhdx(input.bytes, ctx);
  },
  layout: layoutVhdx,
  check: (source, _resolver, ctx) => checkVhdx(source, ctx),
  async amend(source, change, ctx) {
    if (change.change === "repair") return repairVhdx(source, ctx);
    return resizeVhdx(source, change.size, ctx);
  },
  plan: planVhdx,
};
