/**
 * Backups of Proxmox VE (VMA), made from the documentation of the format (`vma_spec.txt` of pve-qemu). Only a host of Proxmox VE can make one, so
 * tests write theirs. Shares nothing with the reader.
 */
import { createHash } from "node:crypto";

/** A disk of an archive. */
export interface CraftedDevice {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What an archive is made of. */
export interface CraftedVma {
  readonly configs: Readonly<Record<string, string>>;
  readonly devices: readonly CraftedDevice[];
  /** Clusters of all devices in the order in which they are written, as (index of a device, number); left out: one device after the other. */
  readonly order?: readonly (readonly [device: number, cluster: number])[];
  readonly uuid?: string;
}

const CLUSTER = 65536;
const BLOCK = 4096;

function md5Into(bytes: Buffer, at: number): Buffer {
  bytes.fill(0, at, at + 16);
  createHash("md5").update(bytes).digest().copy(bytes, at);
  return bytes;
}

/** The bytes of an archive. */
export function craftVma({ configs, devices, order, uuid = "0123456789abcdef0123456789abcdef" }: CraftedVma): Buffer {
  const id = Buffer.from(uuid, "hex");
  const blobs: Buffer[] = [Buffer.from([0])];
  let blobEnd = 1;
  const blob = (data: Buffer): number => {
    const length = Buffer.alloc(2);
    length.writeUInt16LE(data.length);
    blobs.push(length, data);
    const at = blobEnd;
    blobEnd += 2 + data.length;
    return at;
  };
  const fixed = Buffer.alloc(12288);
  fixed.write("VMA\0", 0, "latin1");
  fixed.writeUInt32BE(1, 4);
  id.copy(fixed, 8);
  fixed.writeBigInt64BE(1_700_000_000n, 24);
  for (const [i, [name, text]] of Object.entries(configs).entries()) {
    fixed.writeUInt32BE(blob(Buffer.from(`${name}\0`)), 2044 + 4 * i);
    fixed.writeUInt32BE(blob(Buffer.from(text)), 3068 + 4 * i);
  }
  for (const [i, { name, bytes }] of devices.entries()) {
    const at = 4096 + 32 * (i + 1);
    fixed.writeUInt32BE(blob(Buffer.from(`${name}\0`)), at);
    fixed.writeBigUInt64BE(BigInt(bytes.length), at + 8);
  }
  fixed.writeUInt32BE(12288, 48);
  fixed.writeUInt32BE(blobEnd, 52);
  fixed.writeUInt32BE(12288 + blobEnd, 56);
  const parts: Buffer[] = [md5Into(Buffer.concat([fixed, ...blobs]), 32)];

  const all = devices.flatMap(({ bytes }, device) =>
    Array.from({ length: Math.ceil(bytes.length / CLUSTER) }, (_, cluster) => [device, cluster] as const),
  );
  const clusters = order ?? all;
  for (let first = 0; first < clusters.length; first += 59) {
    const header = Buffer.alloc(512);
    header.write("VMAE", 0, "latin1");
    id.copy(header, 8);
    const data: Buffer[] = [];
    for (const [i, [device, cluster]] of clusters.slice(first, first + 59).entries()) {
      let mask = 0;
      const start = cluster * CLUSTER;
      for (let block = 0; block < 16; block++) {
        const stored = Buffer.alloc(BLOCK);
        const from = start + block * BLOCK;
        stored.set((devices[device] as CraftedDevice).bytes.subarray(from, from + BLOCK));
        if (stored.every((byte) => byte === 0)) continue;
        mask |= 1 << block;
        data.push(stored);
      }
      header.writeUInt16BE(mask, 40 + 8 * i);
      header.writeUInt8(device + 1, 40 + 8 * i + 3);
      header.writeUInt32BE(cluster, 40 + 8 * i + 4);
    }
    header.writeUInt16BE(data.length, 6);
    parts.push(md5Into(header, 24), ...data);
  }
  return Buffer.concat(parts);
}

/** An archive whose sums fit again after its bytes were changed. @param extents places of the headers of extents */
export function mendVmaSums(bytes: Buffer, extents: readonly number[] = []): Buffer {
  const size = bytes.readUInt32BE(56);
  md5Into(bytes.subarray(0, size), 32);
  for (const at of extents) md5Into(bytes.subarray(at, at + 512), 24);
  return bytes;
}
