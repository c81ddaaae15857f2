import { isZero } from "../base/bytes.js";
import type { Context } from "../io/context.js";
import { findEfiLoader } from "./fat.js";
import { Glimpse } from "./glimpse.js";
import type { VirtualDisk } from "./model.js";
import { readPartitions } from "./partitions.js";

/** How a disk can be booted, by what lies on it. */
export interface BootFacts {
  readonly partitions: "gpt" | "mbr" | "none";
  /** Path of an EFI loader in an EFI system partition, or `null`. */
  readonly efiLoader: string | null;
  /** Boot code in the first sector, with something to start: an active partition, a BIOS boot partition, or no table at all. */
  readonly biosCode: boolean;
  /** The one firmware that fits; BIOS where both would, since that is what an unsaid firmware means everywhere; `null`: neither. */
  readonly firmware: "bios" | "efi" | null;
}

/**
 * Reads partition table and boot loaders through the disk: a few sectors, never more than 2 MiB. What the guest wrote can be anything:
 * nothing here fails on it.
 * @throws what reading the image throws
 */
export async function bootFacts(disk: VirtualDisk, ctx: Context): Promise<BootFacts> {
  const look = new Glimpse(disk, ctx);
  const { mbr, table, gpt } = await readPartitions(look, disk.info.logicalSectorSize);
  if (mbr === null) return { partitions: "none", efiLoader: null, biosCode: false, firmware: null };
  const signed = mbr[510] === 0x55 && mbr[511] === 0xaa;
  const hasCode = signed && !isZero(mbr.subarray(0, 440));
  const partitions = gpt ?? table;
  let efiLoader: string | null = null;
  for (const { kind, offset } of partitions) if (kind === "esp") efiLoader ??= await findEfiLoader(look, offset);
  const startable =
    (gpt === null && table.length === 0) ||
    [...partitions, ...table].some((partition) => partition.active || partition.kind === "bios-boot");
  // GRUB needs no active partition; an MBR with code and a table without an ESP loader boots by BIOS or not at all.
  const biosCode = hasCode && (startable || (gpt === null && efiLoader === null));
  return {
    partitions: gpt !== null ? "gpt" : table.length > 0 ? "mbr" : "none",
    efiLoader,
    biosCode,
    firmware: biosCode ? "bios" : efiLoader !== null ? "efi" : null,
  };
}
