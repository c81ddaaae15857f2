import type { Context } from "../io/context.js";
import type { DiskFormat, DiskInfo } from "./model.js";

/**
 * Reports `disk/sector-size-lost` where a disk's logical sectors are of a size that a format cannot record. The bytes are carried all the same;
 * but a partition table counts in sectors, and a machine that sees others does not find what it points to.
 */
export function checkSectorSize(info: DiskInfo, name: string, format: DiskFormat, ctx: Context): void {
  const kept = format.limits.sectorSizes ?? [512];
  if (kept.includes(info.logicalSectorSize)) return;
  ctx.report({
    code: "disk/sector-size-lost",
    severity: "warning",
    message: `${name} has sectors of ${info.logicalSectorSize} bytes, which ${format.id} does not record`,
    hint: "Convert to vhdx, or attach the result with sectors of that size (QEMU: logical_block_size=4096).",
    data: { sectorSize: info.logicalSectorSize, format: format.id },
  });
}
