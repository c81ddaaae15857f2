/** Logical volumes of LVM 2, as far as they lie one to one on one disk. Offsets: LVM's own lib/format_text/layout.h. */
import { viewOf } from "../../base/bytes.js";
import { type LvmSection, type LvmValue, parseLvmText } from "./lvm-text.js";
import { type Region, type Run, regionOf } from "./region.js";

/** Units in which LVM counts. */
const SECTOR = 512;
const LABEL_SECTORS = 4;
const PV_HEADER = 40;
const MDA_HEADER = 512;
const MDA_MAGIC = " LVM2 x[5A%r0N*>";
/** Bytes of the text that describes a volume group. One of a hundred volumes has 60 KiB. */
const MOST_TEXT = 512 * 1024;
/** Volumes of one group, and runs of one volume, that are looked at. */
const MOST_VOLUMES = 64;
const MOST_RUNS = 256;

/** A logical volume. */
export interface LogicalVolume {
  /** `group/volume`. */
  readonly name: string;
  /** Its bytes, or why they are not read. */
  readonly region: Region | string;
}

/** The logical volumes of the group that a physical volume belongs to; a reason where the group is not read. */
export async function logicalVolumes(physical: Region): Promise<readonly LogicalVolume[] | string> {
  const header = await pvHeader(physical);
  if (header === null) return "its label is damaged";
  const text = await metadata(physical, header.metadataAt);
  if (text === null) return "the description of its volume group cannot be read";
  const [name, group] = [...parseLvmText(text).sections][0] ?? [];
  if (name === undefined || group === undefined) return "the description of its volume group is empty";
  const extentBytes = numberOf(group.values.get("extent_size")) * SECTOR;
  const mine = [...(group.sections.get("physical_volumes")?.sections ?? [])].find(
    ([, pv]) => textOf(pv.values.get("id")).replaceAll("-", "") === header.id,
  );
  if (mine === undefined || extentBytes === 0) return "the description of its volume group does not name it";
  const [self, pv] = mine;
  const start = numberOf(pv.values.get("pe_start")) * SECTOR;
  const volumes = [...(group.sections.get("logical_volumes")?.sections ?? [])].slice(0, MOST_VOLUMES);
  return volumes.map(([volume, described]) => {
    const runs = runsOf(described, self, start, extentBytes);
    return { name: `${name}/${volume}`, region: typeof runs === "string" ? runs : regionOf(physical, runs) };
  });
}

interface PvHeader {
  readonly id: string;
  /** Where its metadata areas start. */
  readonly metadataAt: readonly number[];
}

async function pvHeader(physical: Region): Promise<PvHeader | null> {
  for (let sector = 0; sector < LABEL_SECTORS; sector++) {
    const bytes = await physical.read(sector * SECTOR, SECTOR);
    if (bytes === null || latin1(bytes.subarray(0, 8)) !== "LABELONE") continue;
    const view = viewOf(bytes);
    const at = view.getUint32(20, true);
    if (at + PV_HEADER > SECTOR) return null;
    // Two lists of places and lengths, each with a pair of zeros at its end: data, then metadata.
    const lists: number[][] = [[], []];
    let list = 0;
    for (let pair = at + PV_HEADER; pair + 16 <= SECTOR && list < 2; pair += 16) {
      const offset = Number(view.getBigUint64(pair, true));
      if (offset === 0) list++;
      else lists[list]?.push(offset);
    }
    return { id: latin1(bytes.subarray(at, at + 32)), metadataAt: lists[1] ?? [] };
  }
  return null;
}

/** The text of the first metadata area that holds one. It lies in a ring behind the area's header. */
async function metadata(physical: Region, places: readonly number[]): Promise<string | null> {
  for (const at of places) {
    const header = await physical.read(at, MDA_HEADER);
    if (header === null || latin1(header.subarray(4, 20)) !== MDA_MAGIC) continue;
    const view = viewOf(header);
    const areaBytes = Number(view.getBigUint64(32, true));
    const offset = Number(view.getBigUint64(40, true));
    const length = Number(view.getBigUint64(48, true));
    const isLawful = length > 0 && length <= MOST_TEXT && offset >= MDA_HEADER && offset < areaBytes;
    if (!isLawful || length > areaBytes - MDA_HEADER) continue;
    const first = await physical.read(at + offset, Math.min(length, areaBytes - offset));
    if (first === null) continue;
    const rest =
      first.length === length ? new Uint8Array(0) : await physical.read(at + MDA_HEADER, length - first.length);
    if (rest !== null) return new TextDecoder().decode(first) + new TextDecoder().decode(rest);
  }
  return null;
}

/** Where the extents of a volume lie on this physical volume; a reason where not all of them lie there in order. */
function runsOf(volume: LvmSection, self: string, start: number, extentBytes: number): readonly Run[] | string {
  const segments = [...volume.sections].filter(([name]) => /^segment\d+$/.test(name)).map(([, segment]) => segment);
  segments.sort((a, b) => numberOf(a.values.get("start_extent")) - numberOf(b.values.get("start_extent")));
  if (segments.length === 0 || segments.length > MOST_RUNS) return "its segments are not described";
  const runs: Run[] = [];
  let next = 0;
  for (const { values } of segments) {
    const type = textOf(values.get("type"));
    const stripes = values.get("stripes");
    if (type !== "striped" || !Array.isArray(stripes) || stripes.length !== 2) {
      return type === "striped" ? "it is spread over several disks" : `it is a volume of the type ${type.slice(0, 40)}`;
    }
    if (stripes[0] !== self) return "a part of it lies on another disk";
    if (numberOf(values.get("start_extent")) !== next) return "its segments do not follow each other";
    const count = numberOf(values.get("extent_count"));
    runs.push({ at: start + numberOf(stripes[1]) * extentBytes, length: count * extentBytes });
    next += count;
  }
  return runs;
}

function numberOf(value: LvmValue | undefined): number {
  return typeof value === "number" && value >= 0 ? value : 0;
}

function textOf(value: LvmValue | undefined): string {
  return typeof value === "string" ? value : "";
}

function latin1(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}
