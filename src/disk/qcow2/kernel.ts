import { viewOf } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import type { UnitKernel } from "../model.js";

/**
 * A compressed cluster: a raw deflate stream. Its length is stored in sectors, so other bytes follow it; the stream says itself where
 * it ends.
 */
export const clusterKernel: UnitKernel = Object.freeze({
  id: "qcow2/cluster",
  packing: "raw",
  payload: (stored: Uint8Array): Uint8Array => stored,
  unshrunk: "plain",
});

/** A compressed cluster of compression type 1: one Zstandard frame, cut off from what follows it. */
export const zstdClusterKernel: UnitKernel = Object.freeze({
  id: "qcow2/zstd-cluster",
  packing: "zstd",
  payload: (stored: Uint8Array): Uint8Array => stored.subarray(0, zstdFrameBytes(stored)),
  unshrunk: "plain",
});

const ZSTD_MAGIC = 0xfd2fb528;
const RLE_BLOCK = 1;

/**
 * The length of the Zstandard frame at the start of some bytes (RFC 8878, section 3.1.1).
 * @throws `qcow2/bad-cluster` where no whole frame is there
 */
export function zstdFrameBytes(bytes: Uint8Array): number {
  const view = viewOf(bytes);
  const need = (end: number): void => {
    if (end <= bytes.length) return;
    throw new FerryError("qcow2/bad-cluster", "a compressed cluster holds no whole Zstandard frame", {
      hint: "The image is damaged: fetch it again, or compare it with its manifest.",
    });
  };
  need(5);
  if (view.getUint32(0, true) !== ZSTD_MAGIC) need(Number.POSITIVE_INFINITY);
  const descriptor = bytes[4] as number;
  const singleSegment = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >> 6;
  const contentSizeBytes = sizeFlag === 0 ? (singleSegment ? 1 : 0) : 2 ** sizeFlag;
  const dictionaryIdBytes = [0, 1, 2, 4][descriptor & 3] as number;
  let at = 5 + (singleSegment ? 0 : 1) + dictionaryIdBytes + contentSizeBytes;
  for (let last = false; !last; ) {
    need(at + 3);
    const header = (bytes[at] as number) + 256 * (bytes[at + 1] as number) + 65536 * (bytes[at + 2] as number);
    last = header % 2 === 1;
    const type = Math.floor(header / 2) % 4;
    at += 3 + (type === RLE_BLOCK ? 1 : Math.floor(header / 8));
  }
  const hasChecksum = (descriptor & 4) !== 0;
  at += hasChecksum ? 4 : 0;
  need(at);
  return at;
}
