/**
 * A XenServer that speaks HTTPS and JSON-RPC 2.0 and takes archives apart as xapi does; its guests do not run. Written from documentation and
 * sources (`wire-protocol.md`, `xapi_http.ml`, `import.ml`): **no real host was at hand**.
 */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import * as https from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Issued, issue } from "../support/authority.js";
import { importArchive, importRaw, incomingOf } from "./xapi-import.js";
import { methodsOf } from "./xapi-methods.js";
import { createPool, type Json, XapiError, type XapiPool } from "./xapi-pool.js";

/** What goes wrong, until it is taken out again. */
export interface XapiFaults {
  /** Bytes of an upload after which the connection is cut. */
  cutAfter?: number;
  /** Uploads are read that fast. */
  bytesPerSecond?: number;
  /** Called with each method before it is carried out; may throw XapiError, or do what somebody else would do. */
  before?(method: string): void;
  /** A method after which all sessions are over, once. */
  expireAfter?: string;
  /** Milliseconds that taking away a failed import takes. */
  cleanupMs?: number;
  /** A method that is answered with this in place of JSON. */
  garbage?: { readonly method: string; readonly status: number; readonly text: string };
  /** Where uploads are sent on to. */
  redirect?: string;
  /** Called with the number of each call, and of each part of an upload, since the server runs. What was called is carried out after that. */
  moment?(number: number): void;
}

/** A server. */
export interface FakeXapi {
  readonly port: number;
  readonly certificate: Issued;
  readonly pool: XapiPool;
  readonly faults: XapiFaults;
  /** Methods in the order in which they were called; uploads as `PUT /import`. */
  readonly calls: string[];
  /** Everything that was sent but disks: paths, headers and bodies. */
  readonly heard: string[];
  /** Uploads that are under way, or what is left of them being taken away. */
  busy(): number;
  /** Calls and parts of uploads so far. */
  moments(): number;
}

/** How it is started. */
export interface FakeXapiOptions {
  readonly freeBytes?: number;
  /** Of the storage: `ext`, `lvm`. */
  readonly storage?: string;
  readonly password?: string;
  /** A second host on 127.0.0.2: `member` sends clients to the first one. */
  readonly member?: true;
}

/** Bytes of an upload that are one of its parts. */
const PART = 512 * 1024;

/** The password of `root`. */
export const PASSWORD = "xen-0pen-sesame";

/** Starts one on 127.0.0.1, and ends it with the test. */
export async function startXapi(t: TestContext, options: FakeXapiOptions = {}): Promise<FakeXapi> {
  const { freeBytes = 2 ** 30, storage = "ext", password = PASSWORD } = options;
  const certificate = await issue({ name: "xs1" });
  const pool = createPool(freeBytes, storage);
  const methodOf = methodsOf(pool);
  const faults: XapiFaults = {};
  const calls: string[] = [];
  const heard: string[] = [];
  const sessions = new Set<string>();
  let imports = 0;
  let moments = 0;
  const passMoment = (): void => {
    moments += 1;
    faults.moment?.(moments);
  };

  function call(name: string, params: readonly Json[], host: string): Json {
    if (name === "session.login_with_password") {
      if (host !== "127.0.0.1") throw new XapiError("HOST_IS_SLAVE", ["127.0.0.1"]);
      const [user, given] = params;
      if (user !== "root" || given !== password) {
        throw new XapiError("SESSION_AUTHENTICATION_FAILED", [String(user), "Authentication failure"]);
      }
      const session = `OpaqueRef:${randomUUID()}`;
      pool.table("session").set(session, { uuid: randomUUID() });
      sessions.add(session);
      return session;
    }
    const [session, ...args] = params;
    if (host !== "127.0.0.1") throw new XapiError("HOST_IS_SLAVE", ["127.0.0.1"]);
    if (!sessions.has(String(session))) throw new XapiError("SESSION_INVALID", [String(session)]);
    if (name === "session.logout") {
      sessions.delete(String(session));
      pool.table("session").delete(String(session));
      return "";
    }
    const method = methodOf(name);
    if (method === undefined) throw new XapiError("MESSAGE_METHOD_UNKNOWN", [name]);
    return method(args);
  }

  async function rpc(request: IncomingMessage, response: ServerResponse, host: string): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString("utf8");
    heard.push(body);
    const { jsonrpc, method, params, id } = JSON.parse(body) as { [name: string]: Json };
    const name = String(method);
    calls.push(name);
    passMoment();
    if (jsonrpc !== "2.0" || !Array.isArray(params) || id === null || id === undefined) {
      response.writeHead(500, { connection: "close" }).end("<html>Jsonrpc.Malformed_method_request</html>");
      return;
    }
    if (faults.garbage?.method === name) {
      response.writeHead(faults.garbage.status).end(faults.garbage.text);
      return;
    }
    const answer = (part: { readonly [name: string]: Json }): void => {
      const text = JSON.stringify({ jsonrpc: "2.0", ...part, id });
      response
        .writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(text) })
        .end(text);
    };
    try {
      faults.before?.(name);
      answer({ result: call(name, params as readonly Json[], host) });
    } catch (cause) {
      if (!(cause instanceof XapiError)) throw cause;
      answer({ error: { code: 1, message: cause.code, data: cause.params } });
    }
    if (faults.expireAfter === name) {
      delete faults.expireAfter;
      sessions.clear();
      pool.table("session").clear();
    }
  }

  async function put(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    calls.push(`PUT ${url.pathname}`);
    passMoment();
    const cookies = new Map(
      (request.headers.cookie ?? "")
        .split("; ")
        .map((pair) => [pair.split("=")[0] ?? "", pair.split("=")[1] ?? ""] as const),
    );
    const say = (name: string): string => cookies.get(name) ?? url.searchParams.get(name) ?? "";
    const task = pool.table("task").get(say("task_id"));
    const fail = ({ code, params }: XapiError): void => {
      if (task === undefined) return;
      task.status = code === "TASK_CANCELLED" ? "cancelled" : "failure";
      task.error_info = [code, ...params];
    };
    const refuse = (status: number, error: XapiError): void => {
      fail(error);
      response.writeHead(status, { connection: "close" }).end();
    };
    if (!sessions.has(say("session_id"))) return refuse(401, new XapiError("SESSION_AUTHENTICATION_FAILED"));
    if (request.headers["transfer-encoding"] !== undefined) {
      return refuse(403, new XapiError("IMPORT_ERROR_CANNOT_HANDLE_CHUNKED"));
    }
    if (faults.redirect !== undefined && request.headers.host?.startsWith("127.0.0.1") === true) {
      response.writeHead(302, { connection: "close", location: faults.redirect }).end();
      return;
    }
    const incoming = incomingOf(slowed(request));
    imports += 1;
    try {
      // Yes at the beginning: what came of it is said by the task.
      response.writeHead(200, { connection: "close", "task-id": say("task_id") }).flushHeaders();
      if (url.pathname === "/import_raw_vdi") {
        const vdi = url.searchParams.get("vdi") ?? "";
        const ref = pool.table("VDI").has(vdi) ? vdi : pool.byUuid("VDI", vdi);
        await importRaw(incoming, ref, Number(request.headers["content-length"]), pool);
      } else {
        const sr = pool.byUuid("SR", url.searchParams.get("sr_uuid"));
        const restore = url.searchParams.get("restore") === "true";
        const beforeCleanup = (): Promise<void> => sleep(faults.cleanupMs ?? 0);
        await importArchive(incoming, { pool, sr, restore, task: say("task_id"), beforeCleanup });
      }
      if (task !== undefined) task.status = "success";
      response.end();
    } catch (cause) {
      fail(cause instanceof XapiError ? cause : new XapiError("INTERNAL_ERROR", [String(cause)]));
      request.socket.destroy();
    } finally {
      imports -= 1;
    }
  }

  async function* slowed(request: IncomingMessage): AsyncGenerator<Uint8Array> {
    let got = 0;
    for await (const chunk of request as AsyncIterable<Buffer>) {
      if (Math.floor(got / PART) < Math.floor((got + chunk.length) / PART)) passMoment();
      got += chunk.length;
      if (faults.cutAfter !== undefined && got > faults.cutAfter) {
        request.socket.destroy();
        return;
      }
      if (faults.bytesPerSecond !== undefined) await sleep((chunk.length / faults.bytesPerSecond) * 1000);
      yield chunk;
    }
  }

  async function listen(host: string, port: number): Promise<number> {
    const sockets = new Set<Socket>();
    const server = https.createServer({
      key: certificate.key.export({ type: "pkcs8", format: "pem" }),
      cert: certificate.pem,
    });
    server.on("secureConnection", (socket) => {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => sockets.delete(socket));
    });
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      heard.push(`${request.method} ${request.url} ${JSON.stringify(request.headers)}`);
      const url = new URL(request.url ?? "/", "https://host");
      const isUpload = request.method === "PUT" && /^\/import(?:_raw_vdi)?$/.test(url.pathname);
      const work = isUpload
        ? put(request, response, url)
        : request.method === "POST" && url.pathname === "/jsonrpc"
          ? rpc(request, response, host)
          : Promise.reject(new Error("no such page"));
      work.catch(() => {
        if (!response.headersSent) response.writeHead(500, { connection: "close" });
        response.end();
      });
    });
    server.listen(port, host);
    await once(server, "listening");
    t.after(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return (server.address() as AddressInfo).port;
  }

  const port = await listen("127.0.0.1", 0);
  if (options.member === true) await listen("127.0.0.2", port);
  return { port, certificate, pool, faults, calls, heard, busy: () => imports, moments: () => moments };
}
