import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../../test/support/fast-check.js";
import type { ByteConnection } from "./bytes.js";
import type { NbdExport } from "./export.js";
import {
  COMMANDS,
  ERRORS,
  OPTION_MAGIC,
  OPTION_REPLIES,
  OPTION_REPLY_MAGIC,
  OPTIONS,
  REQUEST_MAGIC,
  SIMPLE_REPLY_MAGIC,
  STRUCTURED_REPLY_MAGIC,
  serverName,
} from "./protocol.js";
import { serveConnection } from "./session.js";

const SIZE = 1 << 20;
/** Data, then a hole, then data. */
const content = new Uint8Array(SIZE).map((_, i) => (i >= 65_536 && i < 131_072 ? 0 : (i % 251) + 1));
const served: NbdExport = {
  name: "disk",
  size: SIZE,
  preferredBytes: 4096,
  async read({ offset, length }) {
    if (offset === 777) throw new Error("the file is gone");
    return content.subarray(offset, offset + length);
  },
  async allocation({ offset, length }, most) {
    const cuts = [0, 65_536, 131_072, SIZE];
    const runs: { length: number; state: number }[] = [];
    for (const [i, start] of cuts.slice(0, -1).entries()) {
      const from = Math.max(start, offset);
      const to = Math.min(cuts[i + 1] ?? SIZE, offset + length);
      if (from < to) runs.push({ length: to - from, state: i === 1 ? 3 : 0 });
    }
    return runs.slice(0, most);
  },
};

/** What a server says to all that a client sends at once. */
async function talk(...said: readonly Uint8Array[]): Promise<Uint8Array> {
  const heard: Uint8Array[] = [];
  const connection: ByteConnection = {
    incoming: (async function* () {
      for (const part of said) yield part;
    })(),
    async write(bytes) {
      heard.push(bytes.slice());
    },
  };
  await serveConnection(connection, new Map([["disk", served]])).catch((cause: unknown) => {
    assert.ok(cause instanceof RangeError, String(cause));
  });
  return Buffer.concat(heard);
}

const hello = Uint8Array.of(0, 0, 0, 3);

function option(id: number, data: Uint8Array = new Uint8Array(), length = data.length): Uint8Array {
  const bytes = new Uint8Array(16 + data.length);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, OPTION_MAGIC);
  view.setUint32(8, id);
  view.setUint32(12, length);
  bytes.set(data, 16);
  return bytes;
}

function request(command: number, offset: number | bigint, length: number, flags = 0): Uint8Array {
  const bytes = new Uint8Array(28);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, REQUEST_MAGIC);
  view.setUint16(4, flags);
  view.setUint16(6, command);
  view.setBigUint64(8, 0xabcn);
  view.setBigUint64(16, BigInt(offset));
  view.setUint32(24, length);
  return bytes;
}

/** `NBD_OPT_GO` with a name and no wishes. */
const go = (name: string): Uint8Array => option(OPTIONS.go, Buffer.concat([serverName(name), new Uint8Array(2)]));

/** Types of the answers to options, without the greeting. */
function replies(heard: Uint8Array): readonly number[] {
  const view = new DataView(heard.buffer, heard.byteOffset, heard.length);
  const types: number[] = [];
  for (let at = 18; at + 20 <= heard.length && view.getBigUint64(at) === OPTION_REPLY_MAGIC; ) {
    types.push(view.getUint32(at + 12));
    at += 20 + view.getUint32(at + 16);
  }
  return types;
}

/** What comes behind the answers to options. */
function transmission(heard: Uint8Array): DataView {
  const view = new DataView(heard.buffer, heard.byteOffset, heard.length);
  let at = 18;
  while (at + 20 <= heard.length && view.getBigUint64(at) === OPTION_REPLY_MAGIC) at += 20 + view.getUint32(at + 16);
  return new DataView(heard.buffer, heard.byteOffset + at, heard.length - at);
}

test("options are answered one by one, also those that nobody knows", async () => {
  const heard = await talk(
    hello,
    option(OPTIONS.list),
    option(OPTIONS.startTls),
    option(4711),
    go("other"),
    option(OPTIONS.setMetaContext, Buffer.concat([serverName("disk"), Uint8Array.of(0, 0, 0, 0)])),
    option(OPTIONS.structuredReply),
    option(OPTIONS.abort),
    go("disk"),
  );
  const { ack, server, unsupported, unknown, invalid } = OPTION_REPLIES;
  assert.deepEqual(replies(heard), [server, ack, unsupported, unsupported, unknown, invalid, ack, ack]);
});

test("a read is answered with the bytes, the empty name is the first export", async () => {
  const heard = await talk(hello, go(""), request(COMMANDS.read, 1000, 500), request(COMMANDS.disconnect, 0, 0));
  const view = transmission(heard);
  assert.deepEqual([view.getUint32(0), view.getUint32(4), view.getBigUint64(8)], [SIMPLE_REPLY_MAGIC, 0, 0xabcn]);
  assert.deepEqual(
    new Uint8Array(view.buffer, view.byteOffset + 16, view.byteLength - 16),
    Uint8Array.from(content.subarray(1000, 1500)),
  );
});

test("with structured replies holes are told and not sent", async () => {
  const heard = await talk(hello, option(OPTIONS.structuredReply), go("disk"), request(COMMANDS.read, 0, SIZE));
  const view = transmission(heard);
  assert.equal(view.byteLength, 3 * 20 + 8 + 65_536 + 12 + 8 + (SIZE - 131_072));
  assert.deepEqual([view.getUint32(0), view.getUint16(4), view.getUint16(6)], [STRUCTURED_REPLY_MAGIC, 0, 1]);
  const second = 28 + 65_536;
  assert.deepEqual([view.getUint16(second + 4), view.getUint16(second + 6)], [0, 2]);
  assert.equal(view.getUint16(second + 32 + 4), 1, "the last chunk says that it is");
});

test("what would change the disk, lies outside of it, fails or is no command gets an error, and the connection goes on", async () => {
  const cases = [
    [request(COMMANDS.write, 0, 4), ERRORS.permission],
    [request(COMMANDS.trim, 0, 4), ERRORS.permission],
    [request(COMMANDS.read, SIZE - 1, 2), ERRORS.invalid],
    [request(COMMANDS.read, 2n ** 64n - 1n, 2), ERRORS.invalid],
    [request(COMMANDS.read, 0, 0xffff_ffff), ERRORS.invalid],
    [request(COMMANDS.read, 777, 1), ERRORS.io],
    [request(COMMANDS.blockStatus, 0, 512), ERRORS.invalid],
    [request(99, 0, 0), ERRORS.invalid],
    [request(COMMANDS.flush, 0, 0), 0],
  ] as const;
  for (const [asked, error] of cases) {
    const payload = asked[7] === COMMANDS.write ? [new Uint8Array(4)] : [];
    const view = transmission(await talk(hello, go("disk"), asked, ...payload, request(COMMANDS.read, 5, 1)));
    assert.deepEqual([view.getUint32(4), view.byteLength], [error, 33], `command ${asked[7]}`);
  }
});

test("extents of base:allocation, one of them where one is asked for", async () => {
  const queries = Buffer.concat([serverName("disk"), Uint8Array.of(0, 0, 0, 1), serverName("base:allocation")]);
  for (const [flags, extents] of [
    [0, 3],
    [8, 1],
  ] as const) {
    const heard = await talk(
      hello,
      option(OPTIONS.structuredReply),
      option(OPTIONS.setMetaContext, queries),
      go("disk"),
      request(COMMANDS.blockStatus, 0, SIZE, flags),
    );
    const view = transmission(heard);
    assert.deepEqual([view.getUint16(6), view.getUint32(16)], [5, 4 + 8 * extents]);
    assert.deepEqual([view.getUint32(24), view.getUint32(28)], [65_536, 0]);
  }
});

test("an option that is too long is taken off the line, and the next one answered", async () => {
  const long = option(OPTIONS.list, new Uint8Array(20_000));
  assert.deepEqual(replies(await talk(hello, long, option(OPTIONS.list))), [
    OPTION_REPLIES.tooBig,
    OPTION_REPLIES.server,
    OPTION_REPLIES.ack,
  ]);
});

test("whatever a client sends, the connection ends and nothing breaks", async () => {
  const anything = fc.oneof(
    fc.uint8Array({ maxLength: 64 }),
    fc
      .record({ id: fc.nat(12), data: fc.uint8Array({ maxLength: 40 }), length: fc.nat(50) })
      .map(({ id, data, length }) => option(id, data, length)),
    fc
      .record({ command: fc.nat(9), offset: fc.bigInt(0n, 2n ** 64n - 1n), length: fc.nat(100) })
      .map(({ command, offset, length }) => request(command, offset, length)),
    fc.constantFrom(go("disk"), option(OPTIONS.structuredReply)),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(anything, { maxLength: 12 }), async (parts) => {
      await talk(hello, ...parts);
    }),
    { numRuns: 400 },
  );
});
