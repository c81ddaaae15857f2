import { isZero, toHex, viewOf } from "../base/bytes.js";
import type { Context } from "../io/context.js";
import { findEfiLoader } from "./fat.js";
import { Glimpse } from "./glimpse.js";
import type { VirtualDisk } from "./model.js";

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

/** EFI system partition, as the GUID lies on disk (UEFI 2.10, table 5.7). */
const ESP = "28732ac11ff8d211ba4b00a0c93ec93b";
/** GRUB's BIOS boot partition, "Hah!IdontNeedEFI". */
const BIOS_BOOT = "4861682149646f6e744e656564454649";
/** Partition types of an MBR: EFI system partition, GPT protective. */
const MBR_ESP = 0xef;
const MBR_PROTECTIVE = 0xee;
/** Entries of a GPT that are looked at: 128 are usual. */
const MOST_ENTRIES = 512;

interface Partition {
  readonly kind: "esp" | "bios-boot" | "protective" | "other";
  /** Guest bytes. */
  readonly offset: number;
  /** Marked as what a BIOS starts. */
  readonly active: boolean;
}

/** The entries of a GPT (UEFI 2.10, 5.3); `null` where there is none. One that is damaged has no entries. */
async function readGpt(look: Glimpse, sector: number, headerAt: number): Promise<readonly Partition[] | null> {
  const header = await look.read(headerAt, 92);
  if (header === null || new TextDecoder("latin1").decode(header.subarray(0, 8)) !== "EFI PART") return null;
  const view = viewOf(header);
  const count = Math.min(view.getUint32(80, true), MOST_ENTRIES);
  const size = view.getUint32(84, true);
  if (size < 128 || size > 4096) return [];
  const table = await look.read(Number(view.getBigUint64(72, true)) * sector, count * size);
  const partitions: Partition[] = [];
  for (let i = 0; table !== null && i < count; i++) {
    const entry = table.subarray(i * size, (i + 1) * size);
    const type = toHex(entry.subarray(0, 16));
    const offset = Number(viewOf(entry).getBigUint64(32, true)) * sector;
    if (isZero(entry.subarray(0, 16)) || offset >= look.size) continue;
    partitions.push({
      kind: type === ESP ? "esp" : type === BIOS_BOOT ? "bios-boot" : "other",
      offset,
      // Attribute 2: legacy BIOS bootable, which is what gptmbr of SYSLINUX starts.
      active: Math.floor((entry[48] as number) / 4) % 2 === 1,
    });
  }
  return partitions;
}

function readMbr(mbr: Uint8Array, sector: number): readonly Partition[] {
  const view = viewOf(mbr);
  const partitions: Partition[] = [];
  for (let at = 446; at < 510; at += 16) {
    const type = mbr[at + 4] as number;
    if (type === 0) continue;
    partitions.push({
      kind: type === MBR_ESP ? "esp" : type === MBR_PROTECTIVE ? "protective" : "other",
      offset: view.getUint32(at + 8, true) * sector,
      active: mbr[at] === 0x80,
    });
  }
  return partitions;
}

/**
 * Reads partition table and boot loaders through the disk: a few sectors, never more than 2 MiB. What the guest wrote can be anything:
 * nothing here fails on it.
 * @throws what reading the image throws
 */
export async function bootFacts(disk: VirtualDisk, ctx: Context): Promise<BootFacts> {
  const look = new Glimpse(disk, ctx);
  const sector = disk.info.logicalSectorSize;
  const mbr = await look.read(0, 512);
  if (mbr === null) return { partitions: "none", efiLoader: null, biosCode: false, firmware: null };
  const signed = mbr[510] === 0x55 && mbr[511] === 0xaa;
  const hasCode = signed && !isZero(mbr.subarray(0, 440));
  const table = signed ? readMbr(mbr, sector) : [];
  const gpt = await gptInUse(look, sector, table);
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

/** The GPT that counts: of a disk whose MBR says so, or has no entries; an old one under a new MBR does not. */
async function gptInUse(
  look: Glimpse,
  sector: number,
  table: readonly Partition[],
): Promise<readonly Partition[] | null> {
  const isProtected = table.some((partition) => partition.kind === "protective");
  if (!isProtected && table.length > 0) return null;
  const first = await readGpt(look, sector, sector);
  if (first !== null || !isProtected) return first;
  // Firmware goes to the copy in the last sector where the first header is gone.
  return readGpt(look, sector, (Math.floor(look.size / sector) - 1) * sector);
}
