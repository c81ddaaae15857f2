import { alignUp, MIB, viewOf } from "../../src/base/bytes.js";
import { uuidBytes } from "../../src/base/guid.js";
import { SparseBytes } from "../../src/io/testing/sparse-bytes.js";

/** What a crafted footer says. */
export interface CraftedFooter {
  readonly type: 2 | 3 | 4 | number;
  readonly bytes: number;
  readonly creator?: string;
  readonly geometry?: readonly [cylinders: number, heads: number, sectors: number];
  readonly id?: string;
  readonly version?: number;
  readonly headerAt?: number;
}

function seal(bytes: Uint8Array, field: number): Uint8Array {
  const view = viewOf(bytes);
  view.setUint32(field, 0);
  view.setUint32(field, 0xffffffff - bytes.reduce((sum, byte) => sum + byte, 0));
  return bytes;
}

/** The 512 bytes of a footer, by the specification's table. */
export function footerBytes(footer: CraftedFooter): Uint8Array {
  const bytes = new Uint8Array(512);
  const view = viewOf(bytes);
  const encoder = new TextEncoder();
  bytes.set(encoder.encode("conectix"));
  view.setUint32(8, 2);
  view.setUint32(12, footer.version ?? 0x10000);
  view.setBigUint64(16, footer.type === 2 ? 0xffffffffffffffffn : BigInt(footer.headerAt ?? 512));
  view.setUint32(24, 0x1e240000);
  bytes.set(encoder.encode(footer.creator ?? "win "), 28);
  view.setUint32(32, 0x60001);
  bytes.set(encoder.encode("Wi2k"), 36);
  view.setBigUint64(40, BigInt(footer.bytes));
  view.setBigUint64(48, BigInt(footer.bytes));
  const [cylinders, heads, sectors] = footer.geometry ?? [0, 0, 0];
  view.setUint16(56, cylinders);
  view.setUint8(58, heads);
  view.setUint8(59, sectors);
  view.setUint32(60, footer.type);
  bytes.set(uuidBytes(footer.id ?? "12345678-9abc-def0-1234-56789abcdef0"), 68);
  return seal(bytes, 64);
}

/** A crafted dynamic header. */
export interface CraftedHeader {
  readonly tableAt: number;
  readonly tableEntries: number;
  readonly blockBytes: number;
  readonly version?: number;
  readonly parent?: { readonly id: string; readonly name: string };
  readonly locators?: readonly {
    readonly platform: string;
    readonly space: number;
    readonly length: number;
    readonly at: number;
  }[];
}

/** The 1024 bytes of a dynamic header, by the specification's table. */
export function dynamicHeaderBytes(header: CraftedHeader): Uint8Array {
  const bytes = new Uint8Array(1024);
  const view = viewOf(bytes);
  const encoder = new TextEncoder();
  bytes.set(encoder.encode("cxsparse"));
  view.setBigUint64(8, 0xffffffffffffffffn);
  view.setBigUint64(16, BigInt(header.tableAt));
  view.setUint32(24, header.version ?? 0x10000);
  view.setUint32(28, header.tableEntries);
  view.setUint32(32, header.blockBytes);
  if (header.parent !== undefined) {
    bytes.set(uuidBytes(header.parent.id), 40);
    for (const [i, unit] of [...header.parent.name].entries()) view.setUint16(64 + 2 * i, unit.charCodeAt(0));
  }
  for (const [i, locator] of (header.locators ?? []).entries()) {
    const at = 576 + 24 * i;
    bytes.set(encoder.encode(locator.platform), at);
    view.setUint32(at + 4, locator.space);
    view.setUint32(at + 8, locator.length);
    view.setBigUint64(at + 16, BigInt(locator.at));
  }
  return seal(bytes, 36);
}

/** A dynamic or differencing file put together by hand. */
export interface CraftedVhd {
  readonly footer: CraftedFooter;
  readonly header?: Partial<CraftedHeader>;
  /** Entries of the block table by block: sectors of the file. */
  readonly blocks: ReadonlyMap<number, number>;
  readonly fileBytes?: number;
}

/** Bytes of the sector bitmap in front of a block of 2 MiB. */
export const CRAFTED_BITMAP = 512;

/** Footer copy, header, table at 1536, whatever the test writes, footer. */
export function craftVhd(shape: CraftedVhd): SparseBytes {
  const entries = Math.ceil(shape.footer.bytes / (2 * MIB));
  const file = new SparseBytes(shape.fileBytes ?? 8 * MIB);
  file.write(0, footerBytes(shape.footer));
  file.write(512, dynamicHeaderBytes({ tableAt: 1536, tableEntries: entries, blockBytes: 2 * MIB, ...shape.header }));
  const table = new Uint8Array(alignUp(4 * entries, 512)).fill(0xff);
  for (const [block, sector] of shape.blocks) viewOf(table).setUint32(4 * block, sector);
  file.write(1536, table);
  file.write(file.size, footerBytes(shape.footer));
  return file;
}
