import { viewOf } from "../../base/bytes.js";
import type { Glimpse } from "../glimpse.js";
import { type Partition, readPartitions } from "../partitions.js";
import { logicalVolumes } from "./lvm.js";
import { type Region, regionOf } from "./region.js";
import { type ContentKind, contentKind } from "./signatures.js";

/** Volumes of one disk that are looked at. */
const MOST_VOLUMES = 32;

/** A partition, a logical volume, or a disk without partitions. */
export interface Volume {
  /** `partition 2`, `vg0/root`, `the whole disk`. */
  readonly name: string;
  readonly kind: ContentKind;
  /** Its bytes, or why they are not read. */
  readonly region: Region | string;
  /** Marked as what a BIOS starts. */
  readonly active: boolean;
}

/** All volumes of a disk, in the order of its tables; those of LVM behind the partition that holds them. */
export async function volumesOf(look: Glimpse, sector: number): Promise<readonly Volume[]> {
  const { table, gpt } = await readPartitions(look, sector);
  const volumes: Volume[] = [];
  const primary = gpt ?? table;
  const inside = gpt === null ? await logical(look, table, sector) : [];
  const holders: readonly Partition["kind"][] = ["extended", "protective"];
  const partitions = [...primary.filter(({ kind }) => !holders.includes(kind)), ...inside];
  for (const { number, offset, length, active } of partitions.slice(0, MOST_VOLUMES)) {
    const run = { at: offset, length: Math.max(0, Math.min(length, look.size - offset)) };
    volumes.push(...(await volumeOf(`partition ${number}`, regionOf(look, [run]), active)));
  }
  if (primary.length === 0) volumes.push(...(await volumeOf("the whole disk", look, false)));
  return volumes.slice(0, MOST_VOLUMES);
}

/** Logical partitions, which count from 5: a chain of tables, each with one partition and the place of the next table. */
async function logical(look: Glimpse, table: readonly Partition[], sector: number): Promise<readonly Partition[]> {
  const found: Partition[] = [];
  const start = table.find(({ kind }) => kind === "extended")?.offset;
  for (let at = start; start !== undefined && at !== undefined && found.length < MOST_VOLUMES; ) {
    const bytes: Uint8Array | null = await look.read(at, 512);
    if (bytes === null || bytes[510] !== 0x55 || bytes[511] !== 0xaa) break;
    const view = viewOf(bytes);
    if (bytes[450] === 0) break;
    const offset = at + view.getUint32(454, true) * sector;
    found.push({
      number: 5 + found.length,
      kind: "other",
      offset,
      length: view.getUint32(458, true) * sector,
      active: false,
    });
    // The first table's place counts for all of them.
    at = bytes[466] === 0 ? undefined : start + view.getUint32(470, true) * sector;
  }
  return found;
}

async function volumeOf(name: string, region: Region, active: boolean): Promise<readonly Volume[]> {
  const kind = await contentKind(region);
  const own: Volume = { name, kind, region, active };
  if (kind !== "lvm") return [own];
  const inside = await logicalVolumes(region);
  if (typeof inside === "string") return [{ ...own, region: inside }];
  const volumes: Volume[] = [own];
  for (const volume of inside.slice(0, MOST_VOLUMES)) {
    const isRead = typeof volume.region !== "string";
    const held = isRead ? await contentKind(volume.region as Region) : "unknown";
    volumes.push({ name: volume.name, kind: held, region: volume.region, active: false });
  }
  return volumes;
}
