/** Partition tables, as far as a look at a disk needs them. */
import { isZero, toHex, viewOf } from "../base/bytes.js";
import type { Context } from "../io/context.js";
import { Glimpse } from "./glimpse.js";
import type { VirtualDisk } from "./model.js";

/** EFI system partition, as the GUID lies on disk (UEFI 2.10, table 5.7). */
const ESP = "28732ac11ff8d211ba4b00a0c93ec93b";
/** GRUB's BIOS boot partition, "Hah!IdontNeedEFI". */
const BIOS_BOOT = "4861682149646f6e744e656564454649";
/** Partition types of an MBR: EFI system partition, GPT protective. */
const MBR_ESP = 0xef;
const MBR_PROTECTIVE = 0xee;
/** Extended partitions: of DOS, by sectors, and of Linux. */
const MBR_EXTENDED: readonly number[] = [0x05, 0x0f, 0x85];
/** Entries of a GPT that are looked at: 128 are usual. */
const MOST_ENTRIES = 512;

/** A partition of a guest's disk. */
export interface Partition {
  /** Its number, from 1: its place in the table. */
  readonly number: number;
  /** What it is for, as far as starting a machine goes. `protective`: stands for the whole GPT in an MBR; `extended`: holds others. */
  readonly kind: "esp" | "bios-boot" | "protective" | "extended" | "other";
  /** Guest bytes. */
  readonly offset: number;
  /** Guest bytes, as the table says. */
  readonly length: number;
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
    const end = (Number(viewOf(entry).getBigUint64(40, true)) + 1) * sector;
    if (isZero(entry.subarray(0, 16)) || offset >= look.size) continue;
    partitions.push({
      number: i + 1,
      kind: type === ESP ? "esp" : type === BIOS_BOOT ? "bios-boot" : "other",
      offset,
      length: Math.max(0, end - offset),
      // Attribute 2: legacy BIOS bootable, which is what gptmbr of SYSLINUX starts.
      active: Math.floor((entry[48] as number) / 4) % 2 === 1,
    });
  }
  return partitions;
}

function kindOf(type: number): Partition["kind"] {
  if (type === MBR_ESP) return "esp";
  if (type === MBR_PROTECTIVE) return "protective";
  return MBR_EXTENDED.includes(type) ? "extended" : "other";
}

function readMbr(mbr: Uint8Array, sector: number): readonly Partition[] {
  const view = viewOf(mbr);
  const partitions: Partition[] = [];
  for (let at = 446; at < 510; at += 16) {
    const type = mbr[at + 4] as number;
    if (type === 0) continue;
    partitions.push({
      number: (at - 446) / 16 + 1,
      kind: kindOf(type),
      offset: view.getUint32(at + 8, true) * sector,
      length: view.getUint32(at + 12, true) * sector,
      active: mbr[at] === 0x80,
    });
  }
  return partitions;
}

/** The tables of a disk. */
export interface PartitionTables {
  /** The first sector; `null`: the disk is shorter. */
  readonly mbr: Uint8Array | null;
  /** Entries of the MBR; none where it bears no signature. */
  readonly table: readonly Partition[];
  /** Entries of the GPT, where it counts. */
  readonly gpt: readonly Partition[] | null;
}

/** Reads both kinds of table. Sector sizes are the disk's. */
export async function readPartitions(look: Glimpse, sector: number): Promise<PartitionTables> {
  const mbr = await look.read(0, 512);
  const signed = mbr !== null && mbr[510] === 0x55 && mbr[511] === 0xaa;
  const table = signed ? readMbr(mbr, sector) : [];
  return { mbr, table, gpt: mbr === null ? null : await gptInUse(look, sector, table) };
}

/**
 * The partitions of a guest's disk in the order of its table: of its GPT, or the primary ones of its MBR. A disk without a table has none:
 * a file system may start at its first byte. What the guest wrote can be anything: places may lie past the end of the disk.
 * @throws what reading the image throws
 */
export async function listPartitions(disk: VirtualDisk, ctx: Context): Promise<readonly Partition[]> {
  const { gpt, table } = await readPartitions(new Glimpse(disk, ctx), disk.info.logicalSectorSize);
  return gpt ?? table;
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
