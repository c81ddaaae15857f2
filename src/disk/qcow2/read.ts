import { alignUp, type ByteRange, SECTOR } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { JsonValue } from "../../base/ids.js";
import type { Context } from "../../io/context.js";
import type { ByteSource, SourceResolver } from "../../io/source.js";
import { mergeExtents } from "../extents.js";
import type { DiskInfo, DiskParent, VirtualDisk } from "../model.js";
import { openClusters } from "./clusters.js";
import {
  backingFormatNamed,
  parseExtensions,
  parseQcow2Header,
  pieceBytes,
  type Qcow2Extensions,
  type Qcow2Header,
} from "./header.js";
import { type Qcow2Snapshot, readSnapshots, snapshotCalled, snapshotProperty } from "./snapshots.js";
import { type ClusterTables, openClusterTables, PIECE } from "./tables.js";

/** Bytes of the first cluster in which header, extensions and the backing file's name are looked for. */
const HEAD_BYTES = 64 * 1024;
/** Existing L2 tables that are looked at to tell whether an image is compressed. */
const SAMPLED_TABLES = 2;

/** Opens the active state of an image, as one layer. Internal snapshots are listed in the properties. */
export async function openQcow2(source: ByteSource, resolver: SourceResolver, ctx: Context): Promise<VirtualDisk> {
  return openState(source, null, resolver, ctx);
}

/** Opens an image as it was at an internal snapshot, by its id or name. @throws `disk/unknown-snapshot` */
export async function openQcow2Snapshot(
  source: ByteSource,
  snapshot: string,
  resolver: SourceResolver,
  ctx: Context,
): Promise<VirtualDisk> {
  return openState(source, snapshot, resolver, ctx);
}

async function openState(
  source: ByteSource,
  snapshot: string | null,
  resolver: SourceResolver,
  ctx: Context,
): Promise<VirtualDisk> {
  const head = await source.read(0, Math.min(HEAD_BYTES, source.size), ctx.signal);
  const header = parseQcow2Header(head, source.label);
  refuseEncrypted(header, source);
  const areaEnd = Math.min(header.clusterBytes, header.backingName?.offset ?? header.clusterBytes);
  const extensions = parseExtensions(head, { headerBytes: header.headerBytes, end: areaEnd }, source.label);
  reportState(header, source, ctx);
  const backingName = await readBackingName(source, header, ctx);
  const snapshots = await readSnapshots(source, header, ctx);
  const chosen = snapshot === null ? null : snapshotCalled(snapshot, snapshots, source.label);
  const size = alignUp(chosen?.diskBytes ?? header.size, SECTOR);
  const { l1Offset, l1Entries } = chosen ?? header;
  const tables = await openClusterTables(source, { ...header, l1Offset, l1Entries }, size, ctx);
  const compressed = await holdsCompressed(tables, ctx);
  const data = header.externalData ? await openDataFile(source, extensions, resolver) : source;
  const clusters = openClusters({
    header,
    tables,
    source,
    data,
    unallocated: backingName === null ? "zero" : "absent",
  });
  const info: DiskInfo = {
    format: "qcow2",
    variant: compressed ? "compressed" : "uncompressed",
    size,
    logicalSectorSize: 512,
    blockSize: pieceBytes(header),
    parent: backingName === null ? null : parentOf(backingName, extensions),
    identity: null,
    properties: propertiesOf(header, extensions, snapshots),
  };
  const carried = compressed && header.compression === "deflate" && !header.extendedL2;
  return {
    info,
    extents: (range: ByteRange = { offset: 0, length: size }, signal) => mergeExtents(clusters.extents(range, signal)),
    reads: (range, signal) => clusters.reads(range, signal),
    units: () => (carried ? { codec: "deflate", wrapper: "raw", unitBytes: header.clusterBytes } : null),
    close: async () => {
      if (data !== source) await data.close();
    },
  };
}

function refuseEncrypted(header: Qcow2Header, source: ByteSource): void {
  if (header.encryption === "none") return;
  const method = header.encryption === "aes" ? "AES" : "LUKS";
  throw new FerryError("qcow2/encrypted", `the image is encrypted (${method})`, {
    location: { at: "bytes", file: source.label, offset: 32, field: "crypt_method" },
    hint: "Decrypt it first: qemu-img convert with the secret to an image without encryption.",
  });
}

function reportState(header: Qcow2Header, source: ByteSource, ctx: Context): void {
  const location = { at: "bytes", file: source.label, offset: 72, field: "incompatible_features" } as const;
  if (header.dirty) {
    ctx.report({
      code: "qcow2/dirty",
      severity: "warning",
      message: "the image was not closed properly; its reference counts may be wrong, which reading does not need",
      hint: "Run qemu-img check -r all on a copy before it is written to.",
      location,
    });
  }
  if (header.corrupt) {
    ctx.report({
      code: "qcow2/corrupt",
      severity: "error",
      message: "the image is marked as corrupt; what is read may be wrong",
      hint: "Run qemu-img check -r all on a copy, or go back to a backup.",
      location,
    });
  }
}

async function readBackingName(source: ByteSource, header: Qcow2Header, ctx: Context): Promise<string | null> {
  const place = header.backingName;
  if (place === null) return null;
  if (place.offset + place.length > Math.min(source.size, header.clusterBytes)) {
    throw new FerryError("qcow2/bad-header", "the backing file's name lies outside of the first cluster", {
      location: { at: "bytes", file: source.label, offset: 8, field: "backing_file_offset" },
      hint: "The image is damaged or hostile.",
    });
  }
  return new TextDecoder().decode(await source.read(place.offset, place.length, ctx.signal));
}

function parentOf(name: string, { backingFormat }: Qcow2Extensions): DiskParent {
  const format = backingFormatNamed(backingFormat);
  return { name, identity: null, ...(format === undefined ? {} : { format }) };
}

/** Whether one of the first L2 tables holds a compressed cluster: `qemu-img convert -c` compresses from the start. */
async function holdsCompressed(tables: ClusterTables, ctx: Context): Promise<boolean> {
  let index = tables.nextTable(0);
  for (let looked = 0; looked < SAMPLED_TABLES && index < tables.count; looked++) {
    const { kinds } = await tables.table(index, ctx.signal);
    if (kinds.includes(PIECE.packed)) return true;
    index = tables.nextTable(index + 1);
  }
  return false;
}

/** The file that holds the guest's clusters, where the caller's policy allows it. Its owner is the disk. */
async function openDataFile(
  source: ByteSource,
  extensions: Qcow2Extensions,
  resolver: SourceResolver,
): Promise<ByteSource> {
  const name = extensions.externalDataName;
  const data = await resolver.open({ purpose: "data", name, identity: null }, source);
  if (data !== null) return data;
  throw new FerryError(
    "qcow2/external-data",
    `the image keeps its data in another file (${name ?? "not named"}), which is not there or not allowed`,
    {
      location: { at: "bytes", file: source.label, offset: 72, field: "incompatible_features" },
      hint: "Put the data file beside it and allow it (--allow-external), or convert the image with qemu-img.",
    },
  );
}

function propertiesOf(
  header: Qcow2Header,
  extensions: Qcow2Extensions,
  snapshots: readonly Qcow2Snapshot[],
): Readonly<Record<string, JsonValue>> {
  return {
    compat: header.version === 3 ? "1.1" : "0.10",
    clusterBytes: header.clusterBytes,
    compression: header.compression,
    refcountBits: header.refcountBits,
    lazyRefcounts: header.lazyRefcounts,
    extendedL2: header.extendedL2,
    dirty: header.dirty,
    corrupt: header.corrupt,
    bitmaps: header.bitmaps,
    backingFormat: extensions.backingFormat,
    dataFile: extensions.externalDataName,
    snapshots: snapshots.map(snapshotProperty),
  };
}
