import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import * as https from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type Issued, issue } from "../../../test/support/authority.js";
import { hasCode } from "../../../test/support/errors.js";
import type { FerryError } from "../../base/errors.js";
import type { HttpsTrust } from "./pinned-agent.js";
import { type HttpsCall, type HttpsClient, openHttps } from "./pinned-https.js";

const signal = new AbortController().signal;
const get: HttpsCall = { method: "GET", path: "/x?y=1" };
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

interface World {
  readonly authority: Issued;
  readonly own: Issued;
  readonly port: number;
  /** Requests that arrived. */
  readonly seen: string[];
  client(trust: Partial<HttpsTrust>, timeoutMs?: number): HttpsClient;
}

async function world(
  t: TestContext,
  act: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<World> {
  const authority = await issue({ name: "authority", authority: true });
  const own = await issue({ name: "127.0.0.1", issuer: authority });
  const seen: string[] = [];
  const key = own.key.export({ type: "pkcs8", format: "pem" });
  const server = https.createServer({ key, cert: own.pem }, (request, response) => {
    seen.push(`${request.method} ${request.url}`);
    act(request, response);
  });
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const clients: HttpsClient[] = [];
  t.after(() => {
    for (const client of clients) client.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const client = (trust: Partial<HttpsTrust>, timeoutMs = 5000): HttpsClient => {
    const made = openHttps({
      host: "127.0.0.1",
      port,
      trust: { thumbprint: null, authorities: null, ...trust },
      timeoutMs,
    });
    clients.push(made);
    return made;
  };
  return { authority, own, port, seen, client };
}

const echo = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  response.end(Buffer.concat(chunks));
};

test("a server is spoken to where its certificate is the one of the thumbprint, and nothing is sent to any other", async (t) => {
  const { own, authority, client, seen } = await world(t, echo);
  const { bytes, status } = await client({ thumbprint: own.fingerprint }).ask(
    { method: "POST", path: "/", body: new TextEncoder().encode("hello") },
    100,
    signal,
  );
  assert.deepEqual([status, text(bytes)], [200, "hello"]);
  seen.length = 0;
  await assert.rejects(client({ thumbprint: authority.fingerprint }).ask(get, 100, signal), (error: FerryError) => {
    return error.code === "deploy/untrusted" && error.message.includes(own.fingerprint);
  });
  await assert.rejects(client({}).ask(get, 100, signal), hasCode("deploy/untrusted"));
  assert.deepEqual(seen, [], "no request arrived");
});

test("authorities of a file are trusted with those of Node.js, and the name has to be right as well", async (t) => {
  const { authority, client, seen } = await world(t, echo);
  const folder = await mkdtemp(join(tmpdir(), "pinned-"));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, "authorities.pem");
  await writeFile(file, authority.pem);
  // The certificate names no address: the authority alone does not make it this server's.
  await assert.rejects(client({ authorities: file }).ask(get, 100, signal), (error: FerryError) => {
    return error.code === "deploy/untrusted" && error.message.includes("ALTNAME");
  });
  await writeFile(join(folder, "none.pem"), "nothing");
  await assert.rejects(
    client({ authorities: join(folder, "none.pem") }).ask(get, 9, signal),
    hasCode("deploy/untrusted"),
  );
  await assert.rejects(client({ authorities: join(folder, "not.pem") }).ask(get, 9, signal), hasCode("io/not-found"));
  assert.deepEqual(seen, []);
});

test("bodies are sent as they come, and an answer before their end ends them", async (t) => {
  const { own, client } = await world(t, (request, response) => {
    if (request.url === "/full") {
      response.writeHead(507, { connection: "close" }).end("full");
      return;
    }
    void echo(request, response);
  });
  const trust = { thumbprint: own.fingerprint };
  async function* parts(count: number): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < count; i++) yield new Uint8Array(65_536).fill(i);
  }
  const whole = await client(trust).ask(
    { method: "PUT", path: "/", body: { length: null, chunks: parts(40) } },
    1e8,
    signal,
  );
  assert.equal(whole.bytes.length, 40 * 65_536);
  assert.deepEqual([whole.bytes[0], whole.bytes.at(-1)], [0, 39]);
  const early = await client(trust).ask(
    { method: "PUT", path: "/full", body: { length: 1e9, chunks: parts(1e9 / 65_536) } },
    100,
    signal,
  );
  assert.deepEqual([early.status, text(early.bytes)], [507, "full"]);
  const broken = async function* (): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(9);
    throw new Error("the disk is gone");
  };
  await assert.rejects(
    client(trust).ask({ method: "PUT", path: "/", body: { length: 99, chunks: broken() } }, 100, signal),
    /the disk is gone/,
  );
});

test("where a server says yes at the beginning and reads on, all is sent before that is an answer", async (t) => {
  let read = 0;
  const { own, client } = await world(t, (request, response) => {
    if (request.url === "/no") return void response.writeHead(403, { connection: "close" }).end("no");
    response.writeHead(200, { connection: "close" }).flushHeaders();
    request.on("data", (chunk: Buffer) => {
      read += chunk.length;
      if (request.url === "/breaks" && read > 300_000) request.socket.destroy();
    });
    request.on("end", () => response.end("all"));
  });
  const put = (path: string, chunks: number) => {
    async function* parts(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < chunks; i++) {
        // Time for the answer to be here long before the end.
        if (i === 1) await new Promise((go) => setTimeout(go, 30));
        yield new Uint8Array(65_536);
      }
    }
    const body = { length: chunks * 65_536, chunks: parts(), readsOn: true } as const;
    return client({ thumbprint: own.fingerprint }).ask({ method: "PUT", path, body }, 100, signal);
  };
  const whole = await put("/", 40);
  assert.deepEqual([whole.status, text(whole.bytes), read], [200, "all", 40 * 65_536]);
  assert.equal((await put("/no", 1000)).status, 403, "a no ends it");
  read = 0;
  await assert.rejects(put("/breaks", 1000), hasCode("deploy/unreachable"));
});

test("what is silent, broken off, too long or no HTTP is said, and an interruption ends the wait", async (t) => {
  let closing = 0;
  const { own, client, seen } = await world(t, (request, response) => {
    if (request.url === "/silent") return;
    if (request.url === "/stalls") return void response.writeHead(200, { "content-length": "100" }).write("x");
    if (request.url === "/breaks") {
      response.writeHead(200, { "content-length": "100" }).write("x");
      setTimeout(() => request.socket.destroy(), 20);
      return;
    }
    if (request.url === "/once") {
      // The connection is kept for the client, and gone when it is used again.
      response.end("ok", () => setTimeout(() => request.socket.destroy(), 20));
      closing++;
      return;
    }
    response.end("x".repeat(1000));
  });
  const to = client({ thumbprint: own.fingerprint }, 300);
  const ask = (path: string, most = 2000): Promise<unknown> => to.ask({ method: "GET", path }, most, signal);
  await assert.rejects(ask("/silent"), hasCode("deploy/unreachable"));
  await assert.rejects(ask("/stalls"), hasCode("deploy/unreachable"));
  await assert.rejects(ask("/breaks"), hasCode("deploy/unreachable"));
  await assert.rejects(ask("/long", 999), hasCode("deploy/bad-answer"));
  for (let i = 0; i < 3; i++) {
    await ask("/once");
    await new Promise((go) => setTimeout(go, i === 0 ? 20 : 40));
  }
  assert.equal(closing, 3);
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 30);
  await assert.rejects(to.ask({ method: "GET", path: "/silent" }, 9, stop.signal), hasCode("run/canceled"));
  assert.ok(seen.length > 6);
  const nobody = openHttps({
    host: "127.0.0.1",
    port: 1,
    trust: { thumbprint: null, authorities: null },
    timeoutMs: 500,
  });
  await assert.rejects(nobody.ask(get, 9, signal), hasCode("deploy/unreachable"));
});

test("a thumbprint of 40 digits is a SHA-1: what a server that is trusted says of another", async (t) => {
  const { own, client, seen } = await world(t, echo);
  const sha1 = createHash("sha1").update(own.der).digest("hex");
  assert.equal((await client({ thumbprint: sha1 }).ask(get, 100, signal)).status, 200);
  const other = sha1.replace(/^./, sha1.startsWith("0") ? "1" : "0");
  seen.length = 0;
  await assert.rejects(client({ thumbprint: other }).ask(get, 100, signal), hasCode("deploy/untrusted"));
  assert.deepEqual(seen, []);
});
