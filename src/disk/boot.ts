import { isZero, readU64, viewOf } from "../base/bytes.js";
import { FerryError } from "../base/errors.js";
import type { Context } from "../io/context.js";
import { findEfiLoader } from "./fat.js";
import type { VirtualDisk } from "./model.js";
import { readGuest } from "./read.js";

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
const MOST_ENTRIES = 1024;

interface Partition {
  readonly type: string;
  /** Guest bytes. */
  readonly offset: number;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function readGpt(disk: VirtualDisk, ctx: Context): Promise<readonly Partition[] | null> {
  const sector = disk.info.logicalSectorSize;
  if (disk.info.size < 3 * sector) return null;
  const header = await readGuest(disk, { offset: sector, length: 92 }, ctx);
  if (new TextDecoder("latin1").decode(header.subarray(0, 8)) !== "EFI PART") return null;
  const view = viewOf(header);
  const count = Math.min(view.getUint32(80, true), MOST_ENTRIES);
  const size = view.getUint32(84, true);
  const at = Number(view.getBigUint64(72, true)) * sector;
  if (size < 128 || size > 4096 || at + count * size > disk.info.size) return [];
  const table = await readGuest(disk, { offset: at, length: count * size }, ctx);
  const partitions: Partition[] = [];
  for (let i = 0; i < count; i++) {
    const entry = table.subarray(i * size, (i + 1) * size);
    if (isZero(entry.subarray(0, 16))) continue;
    const first = viewOf(entry).getBigUint64(32, true);
    if (first * BigInt(sector) >= BigInt(disk.info.size)) continue;
    partitions.push({ type: hex(entry.subarray(0, 16)), offset: readU64(viewOf(entry), 32, true) * sector });
  }
  return partitions;
}

function readMbr(mbr: Uint8Array, sector: number): readonly (Partition & { readonly active: boolean })[] {
  const view = viewOf(mbr);
  const partitions = [];
  for (let i = 0; i < 4; i++) {
    const at = 446 + 16 * i;
    const type = mbr[at + 4] as number;
    if (type === 0) continue;
    const offset = view.getUint32(at + 8, true) * sector;
    partitions.push({ type: type.toString(16), offset, active: mbr[at] === 0x80 });
  }
  return partitions;
}

/**
 * Reads partition table and boot loaders through the disk. A few sectors are read, never more than about 1 MiB. What the guest wrote can be
 * anything: nothing here fails on it.
 */
export async function bootFacts(disk: VirtualDisk, ctx: Context): Promise<BootFacts> {
  const none: BootFacts = { partitions: "none", efiLoader: null, biosCode: false, firmware: null };
  if (disk.info.size < 512) return none;
  const mbr = await readGuest(disk, { offset: 0, length: 512 }, ctx);
  const signed = mbr[510] === 0x55 && mbr[511] === 0xaa;
  const hasCode = signed && !isZero(mbr.subarray(0, 440));
  const table = signed ? readMbr(mbr, disk.info.logicalSectorSize) : [];
  const gpt = await readGpt(disk, ctx);
  const gptInUse = gpt !== null && (table.length === 0 || table.some((p) => p.type === MBR_PROTECTIVE.toString(16)));
  const partitions: readonly Partition[] = gptInUse ? gpt : table;
  let efiLoader: string | null = null;
  for (const partition of partitions) {
    if (partition.type !== ESP && partition.type !== MBR_ESP.toString(16)) continue;
    efiLoader ??= await findLoader(disk, partition.offset, ctx);
  }
  const startable = gptInUse
    ? gpt.some((p) => p.type === BIOS_BOOT)
    : table.length === 0 || table.some((p) => p.active);
  // GRUB needs no active partition; an MBR with code and a table without an ESP loader boots by BIOS or not at all.
  const biosCode = hasCode && (startable || (!gptInUse && efiLoader === null));
  return {
    partitions: gptInUse ? "gpt" : table.length > 0 ? "mbr" : "none",
    efiLoader,
    biosCode,
    firmware: biosCode ? "bios" : efiLoader !== null ? "efi" : null,
  };
}

async function findLoader(disk: VirtualDisk, at: number, ctx: Context): Promise<string | null> {
  try {
    return await findEfiLoader(disk, at, ctx);
  } catch (cause) {
    // A file system that points outside of the disk holds no loader that could be started; anything else is a real failure.
    if (cause instanceof FerryError && cause.kind === "out-of-bounds") return null;
    throw cause;
  }
}
