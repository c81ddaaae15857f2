/*
 * The header of a backup of Proxmox VE (VMA). Source: `vma_spec.txt` and `vma.h` of pve-qemu. All numbers are big-endian but the lengths of
 * blobs. Layout: src/disk/vma/NOTES.md.
 */
import { readU64, toHex, viewOf } from "../../base/bytes.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import { readUuid } from "../../base/guid.js";
import { formatBytes, printable } from "../../base/text.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";

/** Bytes before the blobs: the fixed part with 256 configurations and 255 devices. */
export const VMA_FIXED_BYTES = 12_288;
/** Bytes of a cluster, which one number of an extent stands for. */
export const VMA_CLUSTER = 65_536;
/** Most devices of an archive: numbers 1 to 255. */
const DEVICES = 256;
const CONFIGS = 256;
const SUM_AT = 32;
/** Clusters have 32-bit numbers. */
const MAX_DEVICE_BYTES = 2 ** 32 * VMA_CLUSTER;

/** A disk, or the memory of the machine, as the header names it. */
export interface VmaDevice {
  /** 1 to 255. */
  readonly id: number;
  /** `drive-scsi0`; `vmstate` is memory. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
}

/** The header of an archive. */
export interface VmaHeader {
  readonly uuid: string;
  /** Seconds since 1970. */
  readonly madeAt: number;
  /** Bytes of the header: where the first extent begins. */
  readonly size: number;
  readonly configs: readonly { readonly name: string; readonly bytes: Uint8Array }[];
  readonly devices: readonly VmaDevice[];
  /** The sum that it has does not fit: what it says may be damaged. `null`: it fits. */
  readonly damage: Diagnostic | null;
}

/** Whether a file begins as a VMA. */
export function isVmaHead(head: Uint8Array): boolean {
  return head[0] === 0x56 && head[1] === 0x4d && head[2] === 0x41 && head[3] === 0;
}

/**
 * Reads the header.
 * @throws `vma/bad-header` where it cannot be one, `vma/version`, `io/limit` above `limits.descriptorBytes`
 */
export async function readVmaHeader(source: ByteSource, ctx: Context): Promise<VmaHeader> {
  const bad = (what: string): FerryError =>
    new FerryError("vma/bad-header", `${source.label}: ${what}`, {
      location: { at: "bytes", file: source.label, offset: 0 },
      hint: "Copy the backup again, or make another one.",
    });
  if (source.size < VMA_FIXED_BYTES)
    throw bad(`a VMA begins with ${VMA_FIXED_BYTES} bytes, and there are ${source.size}`);
  const fixed = await source.read(0, VMA_FIXED_BYTES, ctx.signal);
  if (!isVmaHead(fixed)) throw bad("it does not begin as a VMA does");
  const view = viewOf(fixed);
  const version = view.getUint32(4);
  if (version !== 1) {
    throw new FerryError("vma/version", `${source.label} is a VMA of version ${version}`, {
      location: { at: "bytes", file: source.label, offset: 4 },
      hint: "Version 1 is the only one known. Extract it with vma extract on a Proxmox host.",
    });
  }
  const blobsAt = view.getUint32(48);
  const blobBytes = view.getUint32(52);
  const size = view.getUint32(56);
  if (size > ctx.limits.descriptorBytes) {
    throw new FerryError("io/limit", `the header of ${source.label} has ${formatBytes(size)}`, {
      location: { at: "bytes", file: source.label, offset: 56 },
      hint: "Raise the limit descriptorBytes if you trust the archive.",
    });
  }
  if (size < VMA_FIXED_BYTES || size > source.size) throw bad(`its header is to have ${size} bytes`);
  if (blobsAt < VMA_FIXED_BYTES || blobsAt + blobBytes > size) {
    throw bad(`its names are to lie at ${blobsAt}, ${blobBytes} bytes, in a header of ${size}`);
  }
  const header = await source.read(0, size, ctx.signal);
  const blobs = header.subarray(blobsAt, blobsAt + blobBytes);
  const blob = (at: number): Uint8Array => {
    if (at + 2 > blobs.length) throw bad(`a name lies at ${at} of ${blobs.length} bytes`);
    // The only numbers that are little-endian.
    const length = viewOf(blobs).getUint16(at, true);
    if (at + 2 + length > blobs.length) throw bad(`a name at ${at} has ${length} bytes, and ${blobs.length} are there`);
    return blobs.subarray(at + 2, at + 2 + length);
  };
  const name = (at: number, what: string): string => {
    const bytes = blob(at);
    const end = bytes.indexOf(0);
    const text = new TextDecoder("latin1").decode(end < 0 ? bytes : bytes.subarray(0, end));
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,250}$/.test(text))
      throw bad(`${what} is called ${printable(JSON.stringify(text))}`);
    return text;
  };
  const configs: { name: string; bytes: Uint8Array }[] = [];
  for (let i = 0; i < CONFIGS; i++) {
    const nameAt = view.getUint32(2044 + 4 * i);
    const dataAt = view.getUint32(2044 + 4 * CONFIGS + 4 * i);
    if (nameAt === 0 || dataAt === 0) continue;
    configs.push({ name: name(nameAt, "a configuration"), bytes: blob(dataAt).slice() });
  }
  const devices: VmaDevice[] = [];
  for (let id = 1; id < DEVICES; id++) {
    const at = 4096 + 32 * id;
    const nameAt = view.getUint32(at);
    const bytes = readU64(view, at + 8, false);
    if (nameAt === 0 || bytes === 0) continue;
    const device = name(nameAt, "a device");
    if (bytes > MAX_DEVICE_BYTES) throw bad(`${device} is to have ${bytes} bytes`);
    if (devices.some((known) => known.name === device)) throw bad(`two devices are called ${device}`);
    devices.push({ id, name: device, size: bytes });
  }
  return {
    uuid: readUuid(fixed, 8),
    madeAt: readU64(view, 24, false),
    size,
    configs,
    devices,
    damage: sumDamage(header, source.label, ctx),
  };
}

function sumDamage(header: Uint8Array, label: string, ctx: Context): Diagnostic | null {
  const wanted = toHex(header.subarray(SUM_AT, SUM_AT + 16));
  const found = md5Without(header, SUM_AT, ctx);
  if (found === wanted) return null;
  return {
    code: "vma/bad-sum",
    severity: "error",
    message: `the header has the sum ${found}, and should have ${wanted}`,
    location: { at: "bytes", file: label, offset: SUM_AT, length: 16 },
    hint: "Its bytes changed after the backup was made: sizes and configuration may be wrong. Copy the backup again.",
  };
}

/** The MD5 of bytes in which 16 bytes, where it is to stand, count as zeros; lower-case hex digits. */
export function md5Without(bytes: Uint8Array, at: number, ctx: Context): string {
  const hash = ctx.runtime.hash("md5");
  hash.update(bytes.slice(0, at));
  hash.update(new Uint8Array(16));
  hash.update(bytes.slice(at + 16));
  return toHex(hash.digest());
}
