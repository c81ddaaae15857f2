/** One client of the server: negotiation, then requests, until either ends. */

import { type ByteConnection, type CountedReader, countedReader } from "./bytes.js";
import type { Allocation, NbdExport } from "./export.js";
import {
  ALLOCATION,
  blockSizeInfo,
  CHUNK_DONE,
  CHUNKS,
  COMMANDS,
  chunkHeader,
  ERRORS,
  EXPORT_FLAGS,
  errorPayload,
  exportInfo,
  FLAG_REQUEST_ONE,
  greeting,
  holePayload,
  metaContext,
  type NbdRequest,
  NO_ZEROES,
  OPTION_MAGIC,
  OPTION_REPLIES,
  OPTIONS,
  offsetBytes,
  oldExportReply,
  optionReply,
  parseRequest,
  REQUEST_BYTES,
  serverName,
  simpleReply,
  statusPayload,
} from "./protocol.js";

/** The most that one request may read. QEMU asks for 32 MiB at most. */
export const MOST_READ = 33_554_432;
/** The most that an option may say: names are 4096 bytes at most. */
const MOST_OPTION = 16_384;
/** Options that one client may ask: nobody needs more. */
const MOST_OPTIONS = 1000;
/** Extents of one answer. */
const MOST_EXTENTS = 4096;
/** Requests of one client that are worked on at once, and the bytes that they ask for together. */
const AT_ONCE = 16;
const BYTES_AT_ONCE = 64 * 1024 * 1024;
/** The number of `base:allocation` in this server. */
const CONTEXT = 1;
const FLAGS = EXPORT_FLAGS.has | EXPORT_FLAGS.readOnly | EXPORT_FLAGS.multiConnection;

/** What was agreed on. */
interface Agreement {
  readonly served: NbdExport;
  readonly structured: boolean;
  readonly allocation: boolean;
}

/**
 * Serves one connection until the client goes. Errors of reading go to the client; what it sends is never trusted.
 * @param exports by name; the empty name stands for the first
 */
export async function serveConnection(
  connection: ByteConnection,
  exports: ReadonlyMap<string, NbdExport>,
): Promise<void> {
  const reader = countedReader(connection.incoming);
  const agreed = await negotiate(reader, connection, exports);
  if (agreed !== null) await transmit(reader, connection, agreed);
}

async function negotiate(
  reader: CountedReader,
  { write }: ByteConnection,
  exports: ReadonlyMap<string, NbdExport>,
): Promise<Agreement | null> {
  await write(greeting());
  const flags = await reader.read(4);
  if (flags === null) return null;
  const zeroes = (new DataView(flags.buffer).getUint32(0) & NO_ZEROES) === 0 ? "with" : "without";
  const find = (name: string): NbdExport | undefined => (name === "" ? [...exports.values()][0] : exports.get(name));
  let structured = false;
  let contextOf: NbdExport | null = null;
  for (let options = 0; options < MOST_OPTIONS; options++) {
    const head = await reader.read(16);
    if (head === null) return null;
    const view = new DataView(head.buffer);
    if (view.getBigUint64(0) !== OPTION_MAGIC) return null;
    const option = view.getUint32(8);
    const length = view.getUint32(12);
    if (length > MOST_OPTION) {
      await reader.skip(length);
      await write(optionReply(option, OPTION_REPLIES.tooBig, "the option is too long"));
      continue;
    }
    const data = length === 0 ? new Uint8Array() : await reader.read(length);
    if (data === null) return null;
    switch (option) {
      case OPTIONS.exportName: {
        const served = find(new TextDecoder().decode(data));
        // This option has no way to say no.
        if (served === undefined) return null;
        await write(oldExportReply(served.size, FLAGS, zeroes));
        return { served, structured, allocation: contextOf === served };
      }
      case OPTIONS.abort:
        await write(optionReply(option, OPTION_REPLIES.ack));
        return null;
      case OPTIONS.list:
        if (data.length > 0) await write(optionReply(option, OPTION_REPLIES.invalid, "a list has no words"));
        else {
          for (const name of exports.keys()) await write(optionReply(option, OPTION_REPLIES.server, serverName(name)));
          await write(optionReply(option, OPTION_REPLIES.ack));
        }
        break;
      case OPTIONS.structuredReply:
        structured = data.length === 0;
        await write(optionReply(option, structured ? OPTION_REPLIES.ack : OPTION_REPLIES.invalid));
        break;
      case OPTIONS.info:
      case OPTIONS.go: {
        const served = find(nameIn(data) ?? "\0");
        if (served === undefined) {
          await write(optionReply(option, OPTION_REPLIES.unknown, "there is no such export"));
          break;
        }
        await write(optionReply(option, OPTION_REPLIES.info, exportInfo(served.size, FLAGS)));
        await write(optionReply(option, OPTION_REPLIES.info, blockSizeInfo(1, served.preferredBytes, MOST_READ)));
        await write(optionReply(option, OPTION_REPLIES.ack));
        if (option === OPTIONS.go) return { served, structured, allocation: contextOf === served };
        break;
      }
      case OPTIONS.listMetaContext:
      case OPTIONS.setMetaContext: {
        const asked = parseContexts(data);
        const served = asked === null ? undefined : find(asked.name);
        if (asked === null || (option === OPTIONS.setMetaContext && !structured)) {
          await write(optionReply(option, OPTION_REPLIES.invalid, "structured replies come first"));
          break;
        }
        if (served === undefined) {
          await write(optionReply(option, OPTION_REPLIES.unknown, "there is no such export"));
          break;
        }
        const all = option === OPTIONS.listMetaContext && asked.queries.length === 0;
        const wanted = all || asked.queries.some((query) => query === ALLOCATION || query === "base:");
        if (wanted) {
          const id = option === OPTIONS.setMetaContext ? CONTEXT : 0;
          await write(optionReply(option, OPTION_REPLIES.metaContext, metaContext(id, ALLOCATION)));
        }
        if (option === OPTIONS.setMetaContext) contextOf = wanted ? served : null;
        await write(optionReply(option, OPTION_REPLIES.ack));
        break;
      }
      default:
        await write(optionReply(option, OPTION_REPLIES.unsupported));
    }
  }
  return null;
}

/** The name in `NBD_OPT_GO`; `null`: there is none that fits in. */
function nameIn(data: Uint8Array): string | null {
  if (data.length < 4) return null;
  const length = new DataView(data.buffer, data.byteOffset).getUint32(0);
  return length > data.length - 4 ? null : new TextDecoder().decode(data.subarray(4, 4 + length));
}

function parseContexts(data: Uint8Array): { readonly name: string; readonly queries: readonly string[] } | null {
  const name = nameIn(data);
  if (name === null) return null;
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  let at = 4 + view.getUint32(0);
  if (at + 4 > data.length) return null;
  const count = view.getUint32(at);
  at += 4;
  const queries: string[] = [];
  // The option's own length bounds them.
  for (let i = 0; i < count; i++) {
    if (at + 4 > data.length) return null;
    const length = view.getUint32(at);
    at += 4;
    if (length > data.length - at) return null;
    queries.push(new TextDecoder().decode(data.subarray(at, at + length)));
    at += length;
  }
  return { name, queries };
}

/** Requests are worked on beside each other and answered as they are done; writes of answers do not mix. */
async function transmit(reader: CountedReader, connection: ByteConnection, agreed: Agreement): Promise<void> {
  const running = new Set<Promise<void>>();
  let last: Promise<void> = Promise.resolve();
  let broken: unknown = null;
  let asked = 0;
  const send = (parts: readonly Uint8Array[]): Promise<void> => {
    last = last.then(async () => {
      for (const part of parts) await connection.write(part);
    });
    return last;
  };
  for (;;) {
    const head = await reader.read(REQUEST_BYTES);
    const request = head === null ? null : parseRequest(head);
    if (request === null || request.command === COMMANDS.disconnect || broken !== null) break;
    // What is to be written is taken off the line, and refused.
    if (request.command === COMMANDS.write) await reader.skip(request.length);
    const bytes = request.command === COMMANDS.read ? Math.min(request.length, MOST_READ) : 0;
    while (running.size > 0 && (running.size >= AT_ONCE || asked + bytes > BYTES_AT_ONCE)) await Promise.race(running);
    asked += bytes;
    const work = answer(request, agreed)
      .then(send)
      .catch((cause: unknown) => {
        broken ??= cause;
      })
      .finally(() => {
        running.delete(work);
        asked -= bytes;
      });
    running.add(work);
  }
  await Promise.all(running);
}

async function answer(
  request: NbdRequest,
  { served, structured, allocation }: Agreement,
): Promise<readonly Uint8Array[]> {
  const { command, cookie, length } = request;
  const fail = (error: number, message: string): readonly Uint8Array[] => {
    if (!structured) return [simpleReply(error, cookie)];
    const payload = errorPayload(error, message);
    return [chunkHeader(CHUNK_DONE, CHUNKS.error, cookie, payload.length), payload];
  };
  if (command === COMMANDS.flush || command === COMMANDS.cache) return done(structured, cookie);
  if (command === COMMANDS.write || command === COMMANDS.trim || command === COMMANDS.writeZeroes) {
    return fail(ERRORS.permission, "the export is read-only");
  }
  const offset = Number(request.offset);
  if (request.offset + BigInt(length) > BigInt(served.size))
    return fail(ERRORS.invalid, "the range lies outside of the disk");
  try {
    if (command === COMMANDS.read) {
      if (length > MOST_READ) return fail(ERRORS.invalid, `one request reads at most ${MOST_READ} bytes`);
      if (length === 0) return done(structured, cookie);
      return await readAnswer(served, { offset, length }, { structured, cookie });
    }
    if (command === COMMANDS.blockStatus && structured && allocation && length > 0) {
      const most = (request.flags & FLAG_REQUEST_ONE) === 0 ? MOST_EXTENTS : 1;
      const payload = statusPayload(CONTEXT, await served.allocation({ offset, length }, most));
      return [chunkHeader(CHUNK_DONE, CHUNKS.blockStatus, cookie, payload.length), payload];
    }
  } catch (cause) {
    return fail(ERRORS.io, cause instanceof Error ? cause.message : String(cause));
  }
  return fail(ERRORS.invalid, "there is no such command");
}

function done(structured: boolean, cookie: bigint): readonly Uint8Array[] {
  return [structured ? chunkHeader(CHUNK_DONE, CHUNKS.none, cookie, 0) : simpleReply(0, cookie)];
}

interface Reply {
  readonly structured: boolean;
  readonly cookie: bigint;
}

/** Data, and with structured replies holes as such: no zeros are sent. */
async function readAnswer(
  served: NbdExport,
  range: { readonly offset: number; readonly length: number },
  { structured, cookie }: Reply,
): Promise<readonly Uint8Array[]> {
  if (!structured) return [simpleReply(0, cookie), await served.read(range)];
  const parts: Uint8Array[] = [];
  const runs = await served.allocation(range, MOST_EXTENTS);
  const told = runs.reduce((sum, run) => sum + run.length, 0);
  const all: readonly Allocation[] =
    told === range.length ? runs : [...runs, { length: range.length - told, state: 0 }];
  let at = range.offset;
  for (const [i, { length, state }] of all.entries()) {
    const flags = i === all.length - 1 ? CHUNK_DONE : 0;
    if (state === 0) {
      const data = await served.read({ offset: at, length });
      parts.push(chunkHeader(flags, CHUNKS.offsetData, cookie, 8 + length), offsetBytes(at), data);
    } else {
      const hole = holePayload(at, length);
      parts.push(chunkHeader(flags, CHUNKS.offsetHole, cookie, hole.length), hole);
    }
    at += length;
  }
  return parts;
}
