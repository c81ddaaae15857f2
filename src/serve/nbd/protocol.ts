/**
 * The Network Block Device protocol as bytes: fixed newstyle negotiation, simple and structured replies, `base:allocation`. Source: the protocol's
 * description, doc/proto.md of NetworkBlockDevice/nbd.
 */

/** What a server begins with. */
export const NBD_MAGIC = 0x4e42444d41474943n;
/** What stands before each option. */
export const OPTION_MAGIC = 0x49484156454f5054n;
export const OPTION_REPLY_MAGIC = 0x3e889045565a9n;
export const REQUEST_MAGIC = 0x25609513;
export const SIMPLE_REPLY_MAGIC = 0x67446698;
export const STRUCTURED_REPLY_MAGIC = 0x668e33ef;

/** Flags of the handshake. */
export const FIXED_NEWSTYLE = 1;
export const NO_ZEROES = 2;

/** Options of a client. */
export const OPTIONS = {
  exportName: 1,
  abort: 2,
  list: 3,
  startTls: 5,
  info: 6,
  go: 7,
  structuredReply: 8,
  listMetaContext: 9,
  setMetaContext: 10,
} as const;

/** Replies to options. Errors have the highest bit. */
export const OPTION_REPLIES = {
  ack: 1,
  server: 2,
  info: 3,
  metaContext: 4,
  unsupported: 0x80000001,
  policy: 0x80000002,
  invalid: 0x80000003,
  unknown: 0x80000006,
  tooBig: 0x80000009,
} as const;

/** Kinds of information about an export. */
export const INFO = { export: 0, name: 1, description: 2, blockSize: 3 } as const;

/** Flags of an export. */
export const EXPORT_FLAGS = { has: 1, readOnly: 2, multiConnection: 0x100 } as const;

/** Commands of the transmission. */
export const COMMANDS = {
  read: 0,
  write: 1,
  disconnect: 2,
  flush: 3,
  trim: 4,
  cache: 5,
  writeZeroes: 6,
  blockStatus: 7,
} as const;

/** One extent is enough. */
export const FLAG_REQUEST_ONE = 8;

/** Chunks of structured replies. */
export const CHUNKS = { none: 0, offsetData: 1, offsetHole: 2, blockStatus: 5, error: 0x8001 } as const;
export const CHUNK_DONE = 1;

/** Errors, by the numbers of Linux. */
export const ERRORS = { permission: 1, io: 5, invalid: 22, shutdown: 108 } as const;

/** States of `base:allocation`. */
export const STATE_HOLE = 1;
export const STATE_ZERO = 2;

/** The only context that is served. */
export const ALLOCATION = "base:allocation";

const encoder = new TextEncoder();

/** The server's first bytes. */
export function greeting(): Uint8Array {
  const bytes = new Uint8Array(18);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, NBD_MAGIC);
  view.setBigUint64(8, OPTION_MAGIC);
  view.setUint16(16, FIXED_NEWSTYLE | NO_ZEROES);
  return bytes;
}

/** An answer to an option. */
export function optionReply(option: number, type: number, data: Uint8Array | string = new Uint8Array()): Uint8Array {
  const payload = typeof data === "string" ? encoder.encode(data) : data;
  const bytes = new Uint8Array(20 + payload.length);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, OPTION_REPLY_MAGIC);
  view.setUint32(8, option);
  view.setUint32(12, type >>> 0);
  view.setUint32(16, payload.length);
  bytes.set(payload, 20);
  return bytes;
}

/** `NBD_INFO_EXPORT`: size and flags. */
export function exportInfo(size: number, flags: number): Uint8Array {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, INFO.export);
  view.setBigUint64(2, BigInt(size));
  view.setUint16(10, flags);
  return bytes;
}

/** `NBD_INFO_BLOCK_SIZE`: the least, the best and the most that one request may ask for. */
export function blockSizeInfo(least: number, preferred: number, most: number): Uint8Array {
  const bytes = new Uint8Array(14);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, INFO.blockSize);
  view.setUint32(2, least);
  view.setUint32(6, preferred);
  view.setUint32(10, most);
  return bytes;
}

/** The answer to `NBD_OPT_EXPORT_NAME`, which has no header. */
export function oldExportReply(size: number, flags: number, zeroes: "with" | "without"): Uint8Array {
  const bytes = new Uint8Array(zeroes === "with" ? 134 : 10);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(size));
  view.setUint16(8, flags);
  return bytes;
}

/** The name of an export in `NBD_REP_SERVER`. */
export function serverName(name: string): Uint8Array {
  const text = encoder.encode(name);
  const bytes = new Uint8Array(4 + text.length);
  new DataView(bytes.buffer).setUint32(0, text.length);
  bytes.set(text, 4);
  return bytes;
}

/** A context with its number, in `NBD_REP_META_CONTEXT`. */
export function metaContext(id: number, name: string): Uint8Array {
  const bytes = serverName(name);
  new DataView(bytes.buffer).setUint32(0, id);
  return bytes;
}

/** A request of the transmission. */
export interface NbdRequest {
  readonly flags: number;
  readonly command: number;
  /** As it came: it is sent back, and means nothing here. */
  readonly cookie: bigint;
  readonly offset: bigint;
  readonly length: number;
}

/** Bytes of a request's header. */
export const REQUEST_BYTES = 28;

/** Takes a request apart; `null`: it is none. */
export function parseRequest(bytes: Uint8Array): NbdRequest | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint32(0) !== REQUEST_MAGIC) return null;
  return {
    flags: view.getUint16(4),
    command: view.getUint16(6),
    cookie: view.getBigUint64(8),
    offset: view.getBigUint64(16),
    length: view.getUint32(24),
  };
}

/** A reply without structure: an error, or 0 with the bytes behind it. */
export function simpleReply(error: number, cookie: bigint): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, SIMPLE_REPLY_MAGIC);
  view.setUint32(4, error);
  view.setBigUint64(8, cookie);
  return bytes;
}

/** The header of a chunk of a structured reply, with `payload` bytes behind it. */
export function chunkHeader(flags: number, type: number, cookie: bigint, payload: number): Uint8Array {
  const bytes = new Uint8Array(20);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, STRUCTURED_REPLY_MAGIC);
  view.setUint16(4, flags);
  view.setUint16(6, type);
  view.setBigUint64(8, cookie);
  view.setUint32(16, payload);
  return bytes;
}

/** An offset, before the data of `NBD_REPLY_TYPE_OFFSET_DATA`. */
export function offsetBytes(offset: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(offset));
  return bytes;
}

/** A stretch that reads as zeros. */
export function holePayload(offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(offset));
  view.setUint32(8, length);
  return bytes;
}

/** An error with its message. */
export function errorPayload(error: number, message: string): Uint8Array {
  const text = encoder.encode(message).subarray(0, 4096);
  const bytes = new Uint8Array(6 + text.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, error);
  view.setUint16(4, text.length);
  bytes.set(text, 6);
  return bytes;
}

/** Extents of a context. */
export function statusPayload(
  context: number,
  extents: readonly { readonly length: number; readonly state: number }[],
): Uint8Array {
  const bytes = new Uint8Array(4 + 8 * extents.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, context);
  for (const [i, { length, state }] of extents.entries()) {
    view.setUint32(4 + 8 * i, length);
    view.setUint32(8 + 8 * i, state);
  }
  return bytes;
}
