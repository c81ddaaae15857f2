/** Bodies that are huge, endless, or not what was asked for: each is let go of after bounded bytes and time. */
import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { after, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type HttpOptions, openHttpSource } from "../../src/node.js";
import { hasCode } from "../support/errors.js";
import { type ServerOptions, serve, type TestServer } from "../support/http-server.js";

const GIB = 2 ** 30;
const MIB = 2 ** 20;
const content = new Uint8Array(4 * MIB).map((_, i) => i % 251);
const hurried: HttpOptions = { retries: 1, retryDelayMs: 1, timeoutMs: 400 };
const servers: TestServer[] = [];
after(async () => {
  for (const server of servers) await server.close();
});

async function started(options: ServerOptions = {}): Promise<TestServer> {
  const server = await serve({ file: content, other: content }, options);
  servers.push(server);
  return server;
}

/** Writes as long as anybody takes it, and counts. */
function pour(response: ServerResponse): { bytes: number; closed: boolean } {
  const poured = { bytes: 0, closed: false };
  const chunk = new Uint8Array(64 * 1024);
  const more = (): void => {
    while (!poured.closed) {
      poured.bytes += chunk.length;
      if (!response.write(chunk)) return;
    }
  };
  response.on("drain", more);
  response.once("close", () => {
    poured.closed = true;
  });
  more();
  return poured;
}

async function readAll(origin: string, path = "file"): Promise<number> {
  const source = await openHttpSource(`${origin}/${path}`, hurried);
  try {
    let bytes = 0;
    for await (const chunk of source.stream()) bytes += chunk.length;
    return bytes;
  } finally {
    await source.close();
  }
}

/** Until the server has seen that nobody listens any more. */
async function letGo(poured: { readonly bytes: number; readonly closed: boolean } | undefined): Promise<void> {
  for (let i = 0; i < 100 && poured?.closed === false; i++) await sleep(20);
  assert.equal(poured?.closed, true);
  assert.ok((poured?.bytes ?? 0) < 32 * MIB, `${poured?.bytes} bytes were sent`);
}

describe("a server that sends all of 10 GB", () => {
  for (const [what, headers] of [
    ["with its length", { "content-length": `${10 * GIB}` }],
    ["in chunks without a length", {}],
  ] as const) {
    it(`in place of the first part, ${what}, is let go of`, async () => {
      let poured: ReturnType<typeof pour> | undefined;
      const server = await started({
        turn({ response }) {
          response.writeHead(200, { etag: '"one"', ...headers });
          poured = pour(response);
        },
      });
      await assert.rejects(readAll(server.origin), hasCode("http/no-ranges"));
      await letGo(poured);
      assert.equal(server.requests.length, 1);
    });

    it(`in place of a later part, ${what}, is let go of`, async () => {
      let poured: ReturnType<typeof pour> | undefined;
      const server = await started({
        async turn({ number, response, serve: answer }) {
          if (number === 1) {
            await answer({ headers: { "content-range": `bytes 0-131071/${10 * GIB}` } });
            return;
          }
          response.writeHead(200, { etag: '"one"', ...headers });
          poured = pour(response);
        },
      });
      await assert.rejects(readAll(server.origin), hasCode("http/no-ranges"));
      await letGo(poured);
    });
  }

  for (const status of [404, 403, 418]) {
    it(`behind a refusal with ${status} is let go of`, async () => {
      let poured: ReturnType<typeof pour> | undefined;
      const server = await started({
        turn({ response }) {
          response.writeHead(status);
          poured = pour(response);
        },
      });
      const codes = { 404: "io/not-found", 403: "http/denied", 418: "http/status" } as const;
      await assert.rejects(readAll(server.origin), hasCode(codes[status as 404 | 403 | 418]));
      await letGo(poured);
    });
  }

  it("behind a redirect is let go of, and the redirect followed", async () => {
    let poured: ReturnType<typeof pour> | undefined;
    const server = await started({
      async turn({ request, response, serve: answer }) {
        if (request.url !== "/file") {
          await answer();
          return;
        }
        response.writeHead(302, { location: "/other" });
        poured = pour(response);
      },
    });
    assert.equal(await readAll(server.origin), content.length);
    await letGo(poured);
  });
});

describe("an odd answer", () => {
  it("in chunks, without a length beside its range, is read", async () => {
    const server = await started({
      turn({ request, response }) {
        const [, first = 0, last = 0] = (/^bytes=(\d+)-(\d+)$/.exec(String(request.headers.range)) ?? []).map(Number);
        const end = Math.min(last + 1, content.length);
        response.writeHead(206, { etag: '"one"', "content-range": `bytes ${first}-${end - 1}/${content.length}` });
        response.end(content.subarray(first, end));
      },
    });
    assert.equal(await readAll(server.origin), content.length);
  });

  it("of several ranges, which nobody asked for, is refused", async () => {
    const server = await started({
      turn: ({ response }) =>
        response.writeHead(206, { "content-type": "multipart/byteranges; boundary=x" }).end("--x--"),
    });
    await assert.rejects(readAll(server.origin), hasCode("http/bad-answer"));
  });

  for (const encoding of ["br", "identity, gzip", "GZIP"]) {
    it(`packed with ${encoding} is refused`, async () => {
      const server = await started({
        turn: ({ serve: answer }) => answer({ headers: { "content-encoding": encoding } }),
      });
      await assert.rejects(readAll(server.origin), hasCode("http/bad-answer"));
    });
  }

  it("that is announced again and again, and never comes, is given up", { timeout: 20_000 }, async () => {
    const timers = new Set<NodeJS.Timeout>();
    const server = await started({
      turn({ request: { socket } }) {
        const timer = setInterval(() => socket.write("HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"), 20);
        timers.add(timer);
        socket.on("error", () => {});
        socket.once("close", () => clearInterval(timer));
      },
    });
    try {
      await assert.rejects(readAll(server.origin), hasCode("http/unreachable"));
    } finally {
      for (const timer of timers) clearInterval(timer);
    }
    assert.equal(server.requests.length, 2);
  });

  it("with trailers without an end is given up", { timeout: 20_000 }, async () => {
    const server = await started({
      turn({ request: { socket, headers } }) {
        const first = Number(/^bytes=(\d+)/.exec(String(headers.range))?.[1]);
        socket.on("error", () => {});
        socket.write(
          `HTTP/1.1 206 Part\r\netag: "one"\r\ncontent-range: bytes ${first}-${first + 9}/${content.length}\r\ntransfer-encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n`,
        );
        socket.write("x-more: y\r\n".repeat(200_000));
      },
    });
    await assert.rejects(readAll(server.origin), hasCode("http/unreachable"));
    assert.ok(server.requests.length <= 2);
  });
});
