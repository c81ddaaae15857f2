import { type ByteRange, readU64, viewOf, writeU64 } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { DiskFormatId } from "../../base/ids.js";
import type { Compression } from "../model.js";

/** "QFI\xfb", read as big-endian. */
export const QCOW2_MAGIC = 0x514649fb;
/** Bytes of a version 2 header. */
const V2_BYTES = 72;
/** Bytes of the smallest version 3 header. */
const V3_BYTES = 104;
/** Bytes of the header that we write: with the compression type, as qemu-img writes it. */
const WRITTEN_BYTES = 112;
/** `cluster_bits` below which no file is valid, and above which QEMU opens none. */
const CLUSTER_BITS = { least: 9, most: 21 } as const;
/** A backing file's name (interop document, "backing_file_size"). */
const MOST_NAME_BYTES = 1023;
/** Subclusters of a cluster with extended L2 entries. */
const SUBCLUSTERS = 32;

/** Incompatible features (bytes 72-79): a reader that does not know one must refuse the image. */
const INCOMPATIBLE = { dirty: 1n, corrupt: 2n, externalData: 4n, compressionType: 8n, extendedL2: 16n } as const;
const COMPATIBLE = { lazyRefcounts: 1n } as const;
/** Autoclear features (bytes 88-95). */
const AUTOCLEAR = { bitmaps: 1n, rawExternalData: 2n } as const;

/** Header extensions that are read. */
const EXTENSION = {
  end: 0,
  backingFormat: 0xe2792aca,
  features: 0x6803f857,
  externalData: 0x44415441,
  bitmaps: 0x23852875,
  cryptoHeader: 0x0537be77,
} as const;

/** The header of a QCOW2 image (QEMU, docs/interop/qcow2.txt, "Header"). Offsets and sizes in bytes. */
export interface Qcow2Header {
  readonly version: 2 | 3;
  /** Place of the backing file's name; `null` without a backing file. */
  readonly backingName: { readonly offset: number; readonly length: number } | null;
  readonly clusterBytes: number;
  /** 9 to 21. */
  readonly clusterBits: number;
  /** Guest capacity as stored: not always whole sectors. */
  readonly size: number;
  readonly encryption: "none" | "aes" | "luks";
  readonly l1Entries: number;
  readonly l1Offset: number;
  readonly refcountTableOffset: number;
  readonly refcountTableClusters: number;
  readonly snapshotCount: number;
  readonly snapshotsOffset: number;
  readonly dirty: boolean;
  readonly corrupt: boolean;
  readonly externalData: boolean;
  readonly extendedL2: boolean;
  readonly lazyRefcounts: boolean;
  readonly bitmaps: boolean;
  readonly rawExternalData: boolean;
  /** Bits of a reference count: 1 to 64. */
  readonly refcountBits: number;
  readonly headerBytes: number;
  readonly compression: Compression;
}

/** What follows the header in the first cluster. */
export interface Qcow2Extensions {
  readonly backingFormat: string | null;
  readonly externalDataName: string | null;
  /** Names of incompatible features, by bit. */
  readonly featureNames: ReadonlyMap<number, string>;
  /** The directory of bitmaps, which counts only where the header's autoclear bit says so. */
  readonly bitmaps: { readonly count: number; readonly directory: ByteRange } | null;
  /** The LUKS header of an encrypted image. */
  readonly cryptoHeader: ByteRange | null;
}

function bad(label: string, offset: number, field: string, message: string): FerryError {
  return new FerryError("qcow2/bad-header", message, {
    location: { at: "bytes", file: label, offset, field },
    hint: "The image is damaged or no QCOW2 image: fetch it again, or compare it with its manifest.",
  });
}

/**
 * Parses and checks a header. Unknown incompatible features are refused with the name that the image gives them.
 * @param head the first bytes of the file: 64 KiB, or all of it
 * @throws `qcow2/bad-header`, `qcow2/unknown-feature`, `qcow2/unknown-compression`
 */
export function parseQcow2Header(head: Uint8Array, label: string): Qcow2Header {
  if (head.length < V2_BYTES) throw bad(label, 0, "header", `the header has ${head.length} of ${V2_BYTES} bytes`);
  const view = viewOf(head);
  if (view.getUint32(0) !== QCOW2_MAGIC) throw bad(label, 0, "magic", "there is no QCOW2 header where one is needed");
  const version = view.getUint32(4);
  if (version !== 2 && version !== 3) throw bad(label, 4, "version", `QCOW version ${version} is unknown`);
  const clusterBits = view.getUint32(20);
  if (clusterBits < CLUSTER_BITS.least || clusterBits > CLUSTER_BITS.most) {
    throw bad(label, 20, "cluster_bits", `clusters of 2^${clusterBits} bytes are not possible`);
  }
  const nameOffset = readU64(view, 8, false);
  const nameLength = view.getUint32(16);
  if (nameOffset !== 0 && nameLength > MOST_NAME_BYTES) {
    throw bad(label, 16, "backing_file_size", `a backing file name of ${nameLength} bytes is not possible`);
  }
  const crypt = view.getUint32(32);
  if (crypt > 2) throw bad(label, 32, "crypt_method", `encryption method ${crypt} is unknown`);
  const more = version === 3 ? parseVersion3(view, head, label, clusterBits) : VERSION_2;
  return {
    version,
    backingName: nameOffset === 0 || nameLength === 0 ? null : { offset: nameOffset, length: nameLength },
    clusterBytes: 2 ** clusterBits,
    clusterBits,
    size: readU64(view, 24, false),
    encryption: crypt === 0 ? "none" : crypt === 1 ? "aes" : "luks",
    l1Entries: view.getUint32(36),
    l1Offset: readU64(view, 40, false),
    refcountTableOffset: readU64(view, 48, false),
    refcountTableClusters: view.getUint32(56),
    snapshotCount: view.getUint32(60),
    snapshotsOffset: readU64(view, 64, false),
    ...more,
  };
}

type Version3Fields = Pick<
  Qcow2Header,
  | "dirty"
  | "corrupt"
  | "externalData"
  | "extendedL2"
  | "lazyRefcounts"
  | "bitmaps"
  | "rawExternalData"
  | "refcountBits"
  | "headerBytes"
  | "compression"
>;

const VERSION_2: Version3Fields = {
  dirty: false,
  corrupt: false,
  externalData: false,
  extendedL2: false,
  lazyRefcounts: false,
  bitmaps: false,
  rawExternalData: false,
  refcountBits: 16,
  headerBytes: V2_BYTES,
  compression: "deflate",
};

function parseVersion3(view: DataView, head: Uint8Array, label: string, clusterBits: number): Version3Fields {
  if (head.length < V3_BYTES) throw bad(label, 0, "header", `the header has ${head.length} of ${V3_BYTES} bytes`);
  const headerBytes = view.getUint32(100);
  if (headerBytes < V3_BYTES || headerBytes % 8 !== 0 || headerBytes > 2 ** clusterBits) {
    throw bad(label, 100, "header_length", `a header of ${headerBytes} bytes is not possible`);
  }
  const refcountOrder = view.getUint32(96);
  if (refcountOrder > 6) {
    throw bad(label, 96, "refcount_order", `reference counts of 2^${refcountOrder} bits are not possible`);
  }
  const incompatible = view.getBigUint64(72);
  const known = Object.values(INCOMPATIBLE).reduce((all, bit) => all | bit, 0n);
  const unknown = incompatible & ~known;
  if (unknown !== 0n) throw unknownFeature(unknown, head, headerBytes, label);
  const has = (bits: bigint, bit: bigint): boolean => (bits & bit) !== 0n;
  const type = headerBytes > 104 && head.length > 104 ? (head[104] as number) : 0;
  if (type > 1) {
    throw new FerryError("qcow2/unknown-compression", `compression type ${type} is unknown`, {
      location: { at: "bytes", file: label, offset: 104, field: "compression_type" },
      hint: "Convert the image with a recent qemu-img to one with compression type zlib.",
    });
  }
  if (has(incompatible, INCOMPATIBLE.compressionType) !== (type !== 0)) {
    throw bad(label, 104, "compression_type", "the compression type and the feature bit that announces it disagree");
  }
  const extendedL2 = has(incompatible, INCOMPATIBLE.extendedL2);
  if (extendedL2 && clusterBits < 14) {
    throw bad(label, 20, "cluster_bits", `extended L2 entries need clusters of 16 KiB or more, not 2^${clusterBits}`);
  }
  const autoclear = view.getBigUint64(88);
  return {
    dirty: has(incompatible, INCOMPATIBLE.dirty),
    corrupt: has(incompatible, INCOMPATIBLE.corrupt),
    externalData: has(incompatible, INCOMPATIBLE.externalData),
    extendedL2,
    lazyRefcounts: has(view.getBigUint64(80), COMPATIBLE.lazyRefcounts),
    bitmaps: has(autoclear, AUTOCLEAR.bitmaps),
    rawExternalData: has(autoclear, AUTOCLEAR.rawExternalData),
    refcountBits: 2 ** refcountOrder,
    headerBytes,
    compression: type === 1 ? "zstd" : "deflate",
  };
}

function unknownFeature(unknown: bigint, head: Uint8Array, headerBytes: number, label: string): FerryError {
  const names = parseExtensions(head, { headerBytes, end: head.length }, label).featureNames;
  const told: string[] = [];
  for (let bit = 0; bit < 64; bit++) {
    if ((unknown / 2n ** BigInt(bit)) % 2n === 1n) told.push(names.get(bit) ?? `bit ${bit}`);
  }
  return new FerryError("qcow2/unknown-feature", `the image needs a feature that is unknown: ${told.join(", ")}`, {
    location: { at: "bytes", file: label, offset: 72, field: "incompatible_features" },
    hint: "Convert it with the program that made it to an image without the feature.",
  });
}

/**
 * The header extensions, up to the end mark or to where something else begins.
 * @throws `qcow2/bad-header` where one goes past the end of the area
 */
export function parseExtensions(
  head: Uint8Array,
  area: { readonly headerBytes: number; readonly end: number },
  label: string,
): Qcow2Extensions {
  const view = viewOf(head);
  const end = Math.min(area.end, head.length);
  const text = (at: number, length: number): string => new TextDecoder().decode(head.subarray(at, at + length));
  const featureNames = new Map<number, string>();
  let backingFormat: string | null = null;
  let externalDataName: string | null = null;
  let bitmaps: Qcow2Extensions["bitmaps"] = null;
  let cryptoHeader: ByteRange | null = null;
  for (let at = area.headerBytes; at + 8 <= end; ) {
    const type = view.getUint32(at);
    const length = view.getUint32(at + 4);
    if (type === EXTENSION.end) break;
    if (length > end - at - 8) {
      throw bad(label, at + 4, "header extension", `a header extension of ${length} bytes goes past the first cluster`);
    }
    if (type === EXTENSION.backingFormat) backingFormat = text(at + 8, length);
    if (type === EXTENSION.externalData) externalDataName = text(at + 8, length);
    // "Bitmaps extension": number, reserved, bytes and place of the directory. "Full disk encryption header pointer": place, bytes.
    if (type === EXTENSION.bitmaps && length >= 24) {
      const directory = { offset: readU64(view, at + 24, false), length: readU64(view, at + 16, false) };
      bitmaps = { count: view.getUint32(at + 8), directory };
    }
    if (type === EXTENSION.cryptoHeader && length >= 16) {
      cryptoHeader = { offset: readU64(view, at + 8, false), length: readU64(view, at + 16, false) };
    }
    if (type === EXTENSION.features) {
      for (let entry = at + 8; entry + 48 <= at + 8 + length; entry += 48) {
        if (head[entry] !== 0) continue;
        featureNames.set(head[entry + 1] as number, text(entry + 2, 46).replace(/\0.*$/s, ""));
      }
    }
    at += 8 + Math.ceil(length / 8) * 8;
  }
  return { backingFormat, externalDataName, featureNames, bitmaps, cryptoHeader };
}

/** Guest bytes that one L2 table describes. */
export function l2Span(header: Pick<Qcow2Header, "clusterBytes" | "extendedL2">): number {
  return (header.clusterBytes / (header.extendedL2 ? 16 : 8)) * header.clusterBytes;
}

/** Guest bytes that have a state of their own: a cluster, or with extended L2 entries a part of one. */
export function pieceBytes(header: Pick<Qcow2Header, "clusterBytes" | "extendedL2">): number {
  return header.extendedL2 ? header.clusterBytes / SUBCLUSTERS : header.clusterBytes;
}

/** What the header of an image that we write says. */
export interface NewQcow2Header {
  readonly clusterBits: number;
  readonly size: number;
  readonly l1Entries: number;
  readonly l1Offset: number;
  readonly refcountTableOffset: number;
  readonly refcountTableClusters: number;
  /** The image below; `null`: this one stands alone. */
  readonly backing: { readonly name: string; readonly format: DiskFormatId } | null;
  readonly compression: Compression;
}

/** QEMU's names of formats that a backing file may have ("Backing file format name"), which are those of its block drivers. */
const BACKING_FORMATS: ReadonlyMap<string, DiskFormatId> = new Map([
  ["raw", "raw"],
  ["qcow2", "qcow2"],
  ["vmdk", "vmdk"],
  ["vpc", "vhd"],
  ["vhdx", "vhdx"],
  ["vdi", "vdi"],
]);
/** The format of the image below, as an extension and the end mark after it: without it QEMU probes, and warns. */
const BACKING_EXTENSION_BYTES = 8 + 8 + 8;

/** Formats of backing files that have a name in the header. */
export const BACKED_BY: readonly DiskFormatId[] = [...BACKING_FORMATS.values()];

/** The format that a header extension names; `undefined`: none that is known here. */
export function backingFormatNamed(name: string | null): DiskFormatId | undefined {
  return BACKING_FORMATS.get(name ?? "");
}

/**
 * The bytes of a version 3 header; 16-bit reference counts. Zstandard is an incompatible feature, deflate none. The name of a backing file follows its format.
 * @throws `qcow2/backing-name` where the name is longer than the format allows
 */
export function serializeQcow2Header(header: NewQcow2Header): Uint8Array {
  const { backing } = header;
  const name = new TextEncoder().encode(backing?.name ?? "");
  if (name.length > MOST_NAME_BYTES) {
    throw new FerryError("qcow2/backing-name", `the parent's name takes ${name.length} bytes`, {
      hint: `A backing file's name has ${MOST_NAME_BYTES} bytes at most: choose a shorter one.`,
    });
  }
  // The end mark of the extensions is eight zero bytes after the header.
  const nameAt = WRITTEN_BYTES + BACKING_EXTENSION_BYTES;
  const bytes = new Uint8Array(backing === null ? WRITTEN_BYTES + 8 : nameAt + name.length);
  const view = viewOf(bytes);
  if (backing !== null) {
    const format = new TextEncoder().encode([...BACKING_FORMATS].find(([, id]) => id === backing.format)?.[0] ?? "");
    writeU64(view, 8, nameAt, false);
    view.setUint32(16, name.length);
    view.setUint32(WRITTEN_BYTES, EXTENSION.backingFormat);
    view.setUint32(WRITTEN_BYTES + 4, format.length);
    bytes.set(format, WRITTEN_BYTES + 8);
    bytes.set(name, nameAt);
  }
  view.setUint32(0, QCOW2_MAGIC);
  view.setUint32(4, 3);
  view.setUint32(20, header.clusterBits);
  writeU64(view, 24, header.size, false);
  view.setUint32(36, header.l1Entries);
  writeU64(view, 40, header.l1Offset, false);
  writeU64(view, 48, header.refcountTableOffset, false);
  view.setUint32(56, header.refcountTableClusters);
  view.setUint32(96, 4);
  view.setUint32(100, WRITTEN_BYTES);
  if (header.compression === "zstd") {
    view.setBigUint64(72, INCOMPATIBLE.compressionType);
    bytes[104] = 1;
  }
  return bytes;
}
