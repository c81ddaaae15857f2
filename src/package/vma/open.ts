/** The disks of a VMA: clusters in extents, each of which has a header that says whose they are. */
import { toHex, viewOf } from "../../base/bytes.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError, throwIfAborted } from "../../base/errors.js";
import { readUuid } from "../../base/guid.js";
import { formatBytes, plural } from "../../base/text.js";
import type { Context } from "../../io/context.js";
import type { ByteSource, ChunkSet } from "../../io/source.js";
import { Clusters, VMA_BLOCK } from "./clusters.js";
import { md5Without, readVmaHeader, type VmaDevice, type VmaHeader } from "./header.js";

const EXTENT_HEADER = 512;
const CLUSTERS_OF_EXTENT = 59;
const SUM_AT = 24;
/** Damaged extents that are told one by one. */
const TOLD = 100;
/** The device that is the memory of a machine which ran: no disk. */
const MEMORY = "vmstate";

/** A disk of an archive. */
export interface VmaDisk extends ChunkSet {
  /** As the header has it: `drive-scsi0`. */
  readonly name: string;
  /** Clusters that the archive does not have; `null`: it is complete. */
  readonly missing: Diagnostic | null;
}

/** What a VMA holds. */
export interface VmaArchive {
  readonly header: VmaHeader;
  readonly disks: readonly VmaDisk[];
  /** Whether the machine's memory is in it. */
  readonly memory: boolean;
  /** What is damaged. Disks have what could be read. */
  readonly damage: readonly Diagnostic[];
}

/**
 * Finds the disks of an archive. Only headers are read: 512 bytes for up to 3.7 MiB. Damage is a finding of the disks, as far as something can
 * be read.
 * @throws `vma/bad-header`, `vma/version`, `io/limit` where the tables of all disks take more than `limits.tableBytes`
 */
export async function openVma(source: ByteSource, ctx: Context): Promise<VmaArchive> {
  const header = await readVmaHeader(source, ctx);
  const damage: Diagnostic[] = header.damage === null ? [] : [header.damage];
  const devices = await readExtents(source, header, (finding) => damage.push(finding), ctx);
  const disks = header.devices
    .filter(({ name }) => name !== MEMORY)
    .map((device): VmaDisk => diskOf(source, device, devices.get(device.id) as Clusters, damage));
  return { header, disks, memory: header.devices.some(({ name }) => name === MEMORY), damage };
}

function diskOf(source: ByteSource, device: VmaDevice, clusters: Clusters, damage: readonly Diagnostic[]): VmaDisk {
  clusters.finish();
  const missing = missingOf(source, device, clusters);
  const notes = [...damage, ...(missing === null ? [] : [missing])];
  return {
    name: device.name,
    missing,
    label: `${source.label}!${device.name}`,
    source,
    size: device.size,
    runs: (range) => clusters.runs(range),
    ...(notes.length === 0 ? {} : { notes }),
    // Sums stand over the headers alone, which have been read: there is nothing left to read.
    async *check() {
      yield* notes;
    },
  };
}

function missingOf(source: ByteSource, { name }: VmaDevice, clusters: Clusters): Diagnostic | null {
  const first = clusters.firstMissing();
  if (first === null) return null;
  return {
    code: "vma/missing-clusters",
    severity: "error",
    message: `${name}: ${clusters.missing} of ${plural(clusters.total, "cluster")} are in no extent, the first is number ${first}`,
    location: { at: "bytes", file: source.label, offset: 0 },
    hint: "A complete backup has every cluster, also those of zeros: it was cut off, or is damaged. What is missing reads as zeros.",
    data: { disk: name, missing: clusters.missing, total: clusters.total, first },
  };
}

/** What is read of all extents. */
interface Reading {
  readonly source: ByteSource;
  readonly header: VmaHeader;
  readonly devices: ReadonlyMap<number, Clusters>;
  readonly tell: (finding: Diagnostic) => void;
}

async function readExtents(
  source: ByteSource,
  header: VmaHeader,
  report: (finding: Diagnostic) => void,
  ctx: Context,
): Promise<ReadonlyMap<number, Clusters>> {
  const most = ctx.limits.tableBytes;
  let told = 0;
  const tell = (finding: Diagnostic): void => {
    if (++told <= TOLD) report(finding);
  };
  const devices = new Map(header.devices.map(({ id, name, size }) => [id, new Clusters(name === MEMORY ? 0 : size)]));
  const reading: Reading = { source, header, devices, tell };
  const memory = header.devices.find(({ name }) => name === MEMORY)?.id ?? null;
  for (let at = header.size; at < source.size; ) {
    throwIfAborted(ctx.signal);
    if (source.size - at < EXTENT_HEADER) {
      tell(cutOff(source, at, `${source.size - at} bytes follow the last extent`));
      break;
    }
    const bytes = await source.read(at, EXTENT_HEADER, ctx.signal);
    const blocks = readExtent(bytes, at, memory, reading, ctx);
    if (blocks === null) break;
    let held = 0;
    for (const clusters of devices.values()) held += clusters.heldBytes;
    if (held > most) {
      throw new FerryError("io/limit", `the tables of ${source.label} take more than ${formatBytes(most)}`, {
        location: { at: "bytes", file: source.label, offset: at },
        hint: "Raise the limit tableBytes if the archive is trusted.",
      });
    }
    at += EXTENT_HEADER + blocks * VMA_BLOCK;
  }
  return devices;
}

function cutOff(source: ByteSource, at: number, what: string): Diagnostic {
  return {
    code: "vma/cut-off",
    severity: "error",
    message: `${what}: what lies behind ${at} cannot be read`,
    location: { at: "bytes", file: source.label, offset: at },
    hint: "The backup was not written to its end, or is damaged: copy it again, or take another one.",
  };
}

/** Takes the clusters of one extent. Returns its blocks; `null`: nothing can be read from here on. */
function readExtent(
  bytes: Uint8Array,
  at: number,
  memory: number | null,
  { source, header, devices, tell }: Reading,
  ctx: Context,
): number | null {
  const view = viewOf(bytes);
  const finding = (code: Diagnostic["code"], message: string, offset: number, hint: string): void =>
    tell({
      code,
      severity: "error",
      message,
      location: { at: "bytes", file: source.label, offset: at + offset },
      hint,
    });
  if (view.getUint32(0) !== 0x564d4145) {
    tell(cutOff(source, at, "no extent begins where one should"));
    return null;
  }
  if (readUuid(bytes, 8) !== header.uuid) {
    tell(cutOff(source, at, "an extent belongs to another backup"));
    return null;
  }
  const wanted = toHex(bytes.subarray(SUM_AT, SUM_AT + 16));
  const found = md5Without(bytes, SUM_AT, ctx);
  if (found !== wanted) {
    const hint = "Which clusters it holds may be wrong: copy the backup again.";
    finding("vma/bad-sum", `the header of an extent has the sum ${found}, and should have ${wanted}`, SUM_AT, hint);
  }
  const blocks = view.getUint16(6);
  if (blocks > CLUSTERS_OF_EXTENT * 16) {
    tell(cutOff(source, at, `an extent is to have ${blocks} blocks`));
    return null;
  }
  let place = at + EXTENT_HEADER;
  const end = place + blocks * VMA_BLOCK;
  if (end > source.size)
    tell(cutOff(source, at, `an extent is to end at ${end}, and the file has ${source.size} bytes`));
  for (let i = 0; i < CLUSTERS_OF_EXTENT; i++) {
    const info = 40 + 8 * i;
    const mask = view.getUint16(info);
    const id = view.getUint8(info + 3);
    const number = view.getUint32(info + 4);
    if (id === 0) continue;
    const stored = ones(mask) * VMA_BLOCK;
    if (place + stored > Math.min(end, source.size)) {
      if (place + stored > end) {
        finding("vma/bad-extent", `the clusters of an extent need more than its ${blocks} blocks`, info, DAMAGED);
      }
      break;
    }
    const clusters = devices.get(id);
    const wrong = id === memory ? null : clusters === undefined ? "no device" : clusters.add(number, place, mask);
    if (wrong !== null) {
      const what = wrong === "twice" ? "comes twice" : wrong === "outside" ? "lies behind its end" : "has no device";
      finding("vma/bad-extent", `cluster ${number} of device ${id} ${what}`, info, DAMAGED);
    }
    place += stored;
  }
  return end > source.size ? null : blocks;
}

const DAMAGED = "The backup is damaged: copy it again, or take another one. What comes second is left out.";

function ones(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest >>= 1) count += rest & 1;
  return count;
}
