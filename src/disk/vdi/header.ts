import { isPowerOfTwo, readU64, SECTOR, viewOf, writeU64 } from "../../base/bytes.js";
import { FerryError } from "../../base/errors.js";
import { guidBytes, NIL_GUID, readGuid } from "../../base/guid.js";

/** The signature at byte 64, read as little-endian. */
export const VDI_SIGNATURE = 0xbeda107f;
/** Where the signature stands: behind 64 bytes of free text. */
export const SIGNATURE_AT = 64;
/** Bytes that are read: pre-header, and a header of version 1.1 with the newer geometry. */
export const VDI_HEADER_BYTES = 472;
/** Bytes of the header itself, from byte 72 on: without and with the newer geometry. */
const LEAST_HEADER = 0x180;
const WRITTEN_HEADER = 0x190;
const VERSION_1_1 = 0x00010001;
/** Bytes of the comment, which ends at the first NUL. */
const COMMENT_BYTES = 256;

/** Image types, by their number at byte 76 (VirtualBox, VDICore.h). Type 3, "undo", was never in use. */
const TYPES = { 1: "dynamic", 2: "static", 4: "differencing" } as const;

/** What kind of image it is, in VirtualBox's words (its "fixed" is called static here, as qemu-img does). */
export type VdiVariant = (typeof TYPES)[keyof typeof TYPES];

/** The identifiers of an image; nil where there is none. */
export interface VdiIds {
  /** The image's own. */
  readonly create: string;
  /** Changes with the content. */
  readonly modify: string;
  /** `create` of the parent. */
  readonly link: string;
  /** `modify` of the parent when the child was made. */
  readonly parentModify: string;
}

/** A header of version 1.1. Offsets and sizes in bytes. */
export interface VdiHeader {
  readonly variant: VdiVariant;
  readonly comment: string;
  /** Where the block map stands: 32 bits for each block. */
  readonly mapAt: number;
  /** Where block 0 of the data area stands. */
  readonly dataAt: number;
  /** Guest capacity. */
  readonly size: number;
  readonly blockBytes: number;
  /** Bytes before the data of each block; 0 in all known files. */
  readonly extraBytes: number;
  readonly blocks: number;
  readonly allocated: number;
  readonly ids: VdiIds;
}

/**
 * Parses and checks a header.
 * @param head the first 472 bytes of the file, or all of it
 * @throws `vdi/bad-header`, `vdi/unknown-version`
 */
export function parseVdiHeader(head: Uint8Array, label: string): VdiHeader {
  const bad = (field: string, offset: number, message: string): FerryError =>
    new FerryError("vdi/bad-header", message, {
      location: { at: "bytes", file: label, offset, field },
      hint: "The image is damaged or no VDI: fetch it again, or compare it with its manifest.",
    });
  if (head.length < 72 + LEAST_HEADER)
    throw bad("header", 0, `the file ends in its header, after ${head.length} bytes`);
  const view = viewOf(head);
  if (view.getUint32(SIGNATURE_AT, true) !== VDI_SIGNATURE) {
    throw bad("signature", SIGNATURE_AT, "there is no VDI signature where one is needed");
  }
  const version = view.getUint32(68, true);
  if (Math.floor(version / 65_536) !== 1) {
    throw new FerryError(
      "vdi/unknown-version",
      `VDI version ${Math.floor(version / 65_536)}.${version % 65_536} is unknown`,
      {
        location: { at: "bytes", file: label, offset: 68, field: "version" },
        hint: "Let VirtualBox copy it: VBoxManage clonemedium.",
      },
    );
  }
  const headerBytes = view.getUint32(72, true);
  if (headerBytes < LEAST_HEADER) throw bad("header size", 72, `a header of ${headerBytes} bytes is too small`);
  const type = view.getUint32(76, true);
  const variant = (TYPES as Readonly<Record<number, VdiVariant>>)[type];
  if (variant === undefined) throw bad("type", 76, `image type ${type} is unknown`);
  const blockBytes = view.getUint32(376, true);
  if (!isPowerOfTwo(blockBytes) || blockBytes < SECTOR) {
    throw bad("block size", 376, `blocks of ${blockBytes} bytes are not possible`);
  }
  const size = readU64(view, 368, true);
  const blocks = view.getUint32(384, true);
  if (blocks * blockBytes < size) {
    throw bad("blocks", 384, `${blocks} blocks of ${blockBytes} bytes cannot hold a disk of ${size} bytes`);
  }
  const comment = head.subarray(84, 84 + COMMENT_BYTES);
  const end = comment.indexOf(0);
  return {
    variant,
    comment: new TextDecoder().decode(comment.subarray(0, end < 0 ? COMMENT_BYTES : end)),
    mapAt: view.getUint32(340, true),
    dataAt: view.getUint32(344, true),
    size,
    blockBytes,
    extraBytes: view.getUint32(380, true),
    blocks,
    allocated: view.getUint32(388, true),
    ids: {
      create: readGuid(head, 392),
      modify: readGuid(head, 408),
      link: readGuid(head, 424),
      parentModify: readGuid(head, 440),
    },
  };
}

/** The bytes of a header, as VirtualBox 7 lays it out. */
export function serializeVdiHeader(header: VdiHeader): Uint8Array {
  const bytes = new Uint8Array(VDI_HEADER_BYTES);
  const view = viewOf(bytes);
  const encoder = new TextEncoder();
  bytes.set(encoder.encode("<<< vmferry virtual disk image >>>\n"));
  view.setUint32(SIGNATURE_AT, VDI_SIGNATURE, true);
  view.setUint32(68, VERSION_1_1, true);
  view.setUint32(72, WRITTEN_HEADER, true);
  view.setUint32(76, header.variant === "dynamic" ? 1 : header.variant === "static" ? 2 : 4, true);
  bytes.set(encoder.encode(header.comment).subarray(0, COMMENT_BYTES - 1), 84);
  view.setUint32(340, header.mapAt, true);
  view.setUint32(344, header.dataAt, true);
  // Both geometries are left to VirtualBox, but for the size of a sector.
  view.setUint32(360, SECTOR, true);
  view.setUint32(468, SECTOR, true);
  writeU64(view, 368, header.size, true);
  view.setUint32(376, header.blockBytes, true);
  view.setUint32(380, header.extraBytes, true);
  view.setUint32(384, header.blocks, true);
  view.setUint32(388, header.allocated, true);
  bytes.set(guidBytes(header.ids.create), 392);
  bytes.set(guidBytes(header.ids.modify), 408);
  bytes.set(guidBytes(header.ids.link), 424);
  bytes.set(guidBytes(header.ids.parentModify), 440);
  return bytes;
}

/** Whether a header names a parent. */
export function hasParent({ ids, variant }: VdiHeader): boolean {
  return variant === "differencing" || ids.link !== NIL_GUID;
}
