/** Reading over HTTP from servers that are good, slow, broken, changed and hostile. */
// Long: all that a server can do to a reader stands in one list.
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { concatBytes } from "../../src/base/bytes.js";
import type { DiagnosticCode } from "../../src/base/diagnostics.js";
import { FerryError } from "../../src/base/errors.js";
import type { ByteSource } from "../../src/index.js";
import { type HttpOptions, openHttpSource } from "../../src/node.js";
import { hasCode } from "../support/errors.js";
import { type ServerOptions, serve, type TestServer, type Turn } from "../support/http-server.js";

const MIB = 2 ** 20;
/** No two blocks of it are equal. */
const content = new Uint8Array(3 * MIB + 777).map((_, i) => (i * 7 + Math.floor(i / 251) * 13) % 256);
const patient: HttpOptions = { retryDelayMs: 5, timeoutMs: 2000 };
const servers: TestServer[] = [];
after(async () => {
  for (const server of servers) await server.close();
});

async function started(options: ServerOptions = {}): Promise<TestServer> {
  const server = await serve(
    { "a/disk.img": content, "small.txt": content.subarray(0, 1000), empty: new Uint8Array(0) },
    options,
  );
  servers.push(server);
  return server;
}

async function using<T>(
  server: TestServer,
  work: (source: ByteSource) => Promise<T>,
  options: HttpOptions = {},
  path = "a/disk.img",
): Promise<T> {
  const source = await openHttpSource(`${server.origin}/${path}`, { ...patient, ...options });
  try {
    return await work(source);
  } finally {
    await source.close();
  }
}

async function streamed(source: ByteSource): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source.stream()) chunks.push(chunk);
  return concatBytes(chunks);
}

/** Opening, or reading all, ends with a code. */
async function fails(
  server: TestServer,
  code: DiagnosticCode,
  options: HttpOptions = {},
  path?: string,
): Promise<void> {
  await assert.rejects(using(server, streamed, options, path), hasCode(code));
}

describe("a good server", () => {
  it("is asked once for the head of a file, and the head tells size and state", async () => {
    const server = await started();
    await using(server, async (source) => {
      assert.equal(source.size, content.length);
      assert.equal(source.label, `${server.origin}/a/disk.img`);
      assert.equal(source.ref(), null);
      assert.deepEqual(await source.read(10, 70_000), content.slice(10, 70_010));
      assert.equal(server.requests.length, 1);
      assert.deepEqual(await source.read(MIB, 2 * MIB), content.slice(MIB, 3 * MIB));
      assert.deepEqual(await streamed(source), content);
      assert.equal(server.requests.length, 3, "a large read and a stream are a request each");
      assert.equal(server.requests[0]?.headers["accept-encoding"], "identity");
      assert.equal(server.requests[1]?.headers["if-range"], '"one"');
      await source.checkUnchanged?.();
    });
  });

  it("is asked for no state that it does not surely know: weak ETags are compared, not sent", async () => {
    const server = await started({ headers: { etag: 'W/"one"' } });
    await using(server, async (source) => {
      await source.read(MIB, 10);
      assert.equal(server.requests[1]?.headers["if-range"], undefined);
    });
  });

  it("hands out files that are small or empty", async () => {
    const server = await started();
    assert.deepEqual(await using(server, streamed, {}, "small.txt"), content.slice(0, 1000));
    assert.equal((await using(server, streamed, {}, "empty")).length, 0);
  });

  it("sees at most as many connections at once as are allowed", async () => {
    let now = 0;
    let most = 0;
    const server = await started({
      async turn({ serve: answer }) {
        most = Math.max(most, ++now);
        await new Promise((resolve) => setTimeout(resolve, 20));
        now--;
        await answer();
      },
    });
    await using(
      server,
      (source) => Promise.all(Array.from({ length: 12 }, (_, i) => source.read(MIB + i * 1000, MIB))),
      { connections: 3 },
    );
    assert.equal(most, 3);
  });
});

describe("a server that knows no ranges", () => {
  const whole = ({ request, serve: answer }: Turn): Promise<void> => {
    delete request.headers.range;
    return answer();
  };

  it("is refused before the body of a large file is read", async () => {
    const server = await started({ turn: whole });
    server.files.set("large", new Uint8Array(64 * MIB));
    await fails(server, "http/no-ranges", {}, "large");
    assert.ok(server.bytes() < 32 * MIB, `${server.bytes()} bytes were sent`);
  });

  it("serves small files as a whole, and is not asked for them again", async () => {
    const server = await started({ turn: whole });
    await using(
      server,
      async (source) => {
        assert.deepEqual(await streamed(source), content.slice(0, 1000));
        assert.deepEqual(await source.read(5, 100), content.slice(5, 105));
        await source.checkUnchanged?.();
      },
      {},
      "small.txt",
    );
    assert.equal(server.requests.length, 1);
  });

  it("is refused where it does not say how much it sends", async () => {
    await fails(await started({ turn: ({ response }) => response.writeHead(200).write("endless") }), "http/no-ranges");
  });
});

describe("a bad network", () => {
  it("is mended at the byte where an answer breaks off", async () => {
    const server = await started({ turn: ({ serve: answer }) => answer({ cutAt: 300_000 }) });
    assert.deepEqual(await using(server, streamed), content);
    const starts = server.requests.slice(1).map(({ headers }) => Number(/=(\d+)-/.exec(headers.range ?? "")?.[1]));
    assert.ok(starts.length >= 10 && starts.every((start, i) => start === 0 || start > (starts[i - 1] ?? -1)));
    assert.ok(server.bytes() < content.length * 1.3, "what came was not asked for again");
  });

  it("is mended where connections are reset before an answer", async () => {
    const server = await started({
      turn: ({ number, request, serve: answer }) => (number % 2 === 1 ? request.socket.destroy() : answer()),
    });
    assert.deepEqual(await using(server, (source) => source.read(0, 2 * MIB)), content.slice(0, 2 * MIB));
  });

  it("is given up after some attempts without progress", async () => {
    const server = await started({ turn: ({ request }) => request.socket.destroy() });
    await fails(server, "http/unreachable", { retries: 3 });
    assert.equal(server.requests.length, 4);
  });

  it("is given up where answers drip, however long they go on", { timeout: 10_000 }, async () => {
    const server = await started({
      turn({ request, response }) {
        const range = (request.headers.range ?? "").replace("=", " ");
        response.writeHead(206, { "content-range": `${range}/${content.length}` });
        const drip = setInterval(() => response.write("x"), 20);
        response.once("close", () => clearInterval(drip));
      },
    });
    await fails(server, "http/unreachable", { retries: 1, timeoutMs: 150 });
    assert.equal(server.requests.length, 2);
  });

  it("is given up where no answer begins", { timeout: 10_000 }, async () => {
    const server = await started({ turn: () => {} });
    await fails(server, "http/unreachable", { retries: 1, timeoutMs: 100 });
  });

  it("is given up where the file comes in crumbs", async () => {
    const server = await started({
      turn({ request, response }) {
        const at = Number(/=(\d+)-/.exec(request.headers.range ?? "")?.[1]);
        const headers = { "content-range": `bytes ${at}-${at}/${content.length}`, "content-length": "1" };
        response.writeHead(206, headers).end(content.subarray(at, at + 1));
      },
    });
    await fails(server, "http/unreachable");
    assert.equal(server.requests.length, 5);
  });

  it("is told from a server that is not there", async () => {
    const server = await serve({});
    await server.close();
    await assert.rejects(openHttpSource(`${server.origin}/x`, patient), hasCode("http/unreachable"));
  });

  it("is not waited for by one who was interrupted", async () => {
    const server = await started({ turn: ({ number, serve: answer }) => (number === 1 ? answer() : undefined) });
    await using(server, async (source) => {
      for (const length of [10, 2 * MIB]) {
        const stop = new AbortController();
        const reading = source.read(MIB, length, stop.signal);
        setTimeout(() => stop.abort(), 20);
        await assert.rejects(reading, hasCode("run/canceled"));
      }
    });
  });
});

describe("a busy server", () => {
  for (const [status, retryAfter] of [
    [503, "0"],
    [429, new Date(Date.now() - 1000).toUTCString()],
    [502, null],
  ] as const) {
    it(`is asked again after ${status}`, async () => {
      const headers = retryAfter === null ? {} : { "retry-after": retryAfter };
      const server = await started({
        turn: ({ number, response, serve: answer }) =>
          number < 3 ? response.writeHead(status, headers).end("later") : answer(),
      });
      assert.deepEqual(await using(server, streamed), content);
    });
  }

  it("is not waited for as long as it likes", { timeout: 5000 }, async () => {
    const server = await started({
      turn: ({ number, response, serve: answer }) =>
        number === 1 ? response.writeHead(503, { "retry-after": "99999" }).end() : answer(),
    });
    assert.equal(await using(server, async (source) => source.size, { mostDelayMs: 10 }), content.length);
  });

  it("is given up in the end", async () => {
    const server = await started({ turn: ({ response }) => response.writeHead(503).end() });
    await fails(server, "http/status", { retries: 2 });
    assert.equal(server.requests.length, 3);
  });
});

describe("a refusal", () => {
  for (const [status, code] of [
    [401, "http/denied"],
    [403, "http/denied"],
    [404, "io/not-found"],
    [410, "io/not-found"],
    [418, "http/status"],
    [204, "http/status"],
  ] as const) {
    it(`with ${status} ends with ${code}, at once`, async () => {
      const server = await started({ turn: ({ response }) => response.writeHead(status).end() });
      await fails(server, code);
      assert.equal(server.requests.length, 1);
    });
  }

  it("of an address that is none says so without showing it", async () => {
    for (const url of ["ftp://user:hunter2@host/x", "http://", "https://user:hunter2@[x"]) {
      await assert.rejects(openHttpSource(url), (error) => {
        assert.ok(error instanceof FerryError);
        assert.equal(error.code, "http/bad-url");
        assert.ok(!JSON.stringify(error.toJSON()).includes("hunter2"));
        return true;
      });
    }
  });
});

describe("a file that changes while it is read", () => {
  const after1 = (how: Readonly<Record<string, string>>): ServerOptions => ({
    turn: ({ number, serve: answer }) => answer(number === 1 ? {} : { headers: how }),
  });

  it("is noticed by its ETag, by a read and by the check at the end", async () => {
    const server = await started(after1({ etag: '"two"' }));
    await fails(server, "io/changed");
    await using(await started(after1({ etag: '"two"' })), async (source) => {
      await source.read(0, 100);
      await assert.rejects(async () => source.checkUnchanged?.(), hasCode("io/changed"));
    });
  });

  it("is noticed by its date", async () => {
    const server = await started({
      turn: ({ number, serve: answer }) =>
        answer({ headers: { etag: "", "last-modified": new Date(number * 1e9).toUTCString() } }),
    });
    await fails(server, "io/changed");
  });

  it("is noticed by its size, and by its end", async () => {
    const server = await started();
    await using(server, async (source) => {
      server.files.set("a/disk.img", content.subarray(0, 2 * MIB));
      await assert.rejects(source.read(MIB, 10), hasCode("io/changed"));
      await assert.rejects(source.read(3 * MIB, 10), hasCode("io/changed"));
    });
  });

  it("is noticed in the middle of a stream", async () => {
    let etag = '"one"';
    const server = await started({ turn: ({ serve: answer }) => answer({ headers: { etag }, cutAt: 500_000 }) });
    await using(server, async (source) => {
      const read = async (): Promise<void> => {
        for await (const _ of source.stream()) etag = '"two"';
      };
      await assert.rejects(read, hasCode("io/changed"));
    });
  });
});

describe("a lying server", () => {
  const lies: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    "about where the bytes are from": { "content-range": `bytes 5-131076/${content.length}` },
    "about how many there are": { "content-range": `bytes 0-99/${content.length}` },
    "by more than was asked for": { "content-range": `bytes 0-2000000/${content.length}` },
    "by not saying which": { "content-range": "" },
    "by not saying how large the whole is": { "content-range": "bytes 0-131071/*" },
    "by a range past the end": { "content-range": "bytes 0-131071/100" },
    "by numbers beyond all bounds": { "content-range": "bytes 0-131071/99999999999999999999" },
    "by packing what it sends": { "content-encoding": "gzip" },
  };
  for (const [how, headers] of Object.entries(lies)) {
    it(`${how} is refused`, async () => {
      await fails(await started({ turn: ({ serve: answer }) => answer({ headers }) }), "http/bad-answer");
    });
  }

  it("by a body without an end is refused where it should end", async () => {
    const server = await started({
      turn({ response }) {
        response.writeHead(206, { "content-range": `bytes 0-131071/${content.length}`, etag: '"one"' });
        const pour = (): void => {
          while (!response.destroyed && response.write(content.subarray(0, 65_536)));
        };
        response.on("drain", pour);
        pour();
      },
    });
    await fails(server, "http/bad-answer");
    assert.equal(server.requests.length, 1);
  });

  it("by headers without an end is refused", async () => {
    const server = await started({
      turn: ({ response }) => response.writeHead(206, { "x-much": "x".repeat(100_000) }).end(),
    });
    await fails(server, "http/bad-answer");
  });

  it("by what is no HTTP is refused", async () => {
    await fails(
      await started({ turn: ({ request }) => request.socket.end("SSH-2.0-OpenSSH\r\n\r\n") }),
      "http/bad-answer",
    );
  });

  it("by a claim of petabytes costs no memory", async () => {
    const size = 2 ** 52;
    const server = await started({
      turn: ({ serve: answer }) => answer({ headers: { "content-range": `bytes 0-131071/${size}` } }),
    });
    await using(server, async (source) => {
      assert.equal(source.size, size);
      await assert.rejects(source.read(2 ** 51, 100), hasCode("io/changed"));
    });
  });
});
