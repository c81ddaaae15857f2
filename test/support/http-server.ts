/** A web server on 127.0.0.1 that counts what it is asked for, and misbehaves where a test tells it to. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { ByteSource } from "../../src/index.js";

/** A file that is served: bytes, or a source for what is too large for memory. */
export type Served = Uint8Array | ByteSource;

/** A request as the server saw it. */
export interface SeenRequest {
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  /** Bytes of the body that went out. */
  sent: number;
}

/** What a test may do instead of the answer. */
export interface Turn {
  /** Counted from 1, over all files. */
  readonly number: number;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Answers as a good server does; with changed headers, or a body that is cut off, where told. */
  serve(how?: { readonly headers?: Readonly<Record<string, string>>; readonly cutAt?: number }): Promise<void>;
}

/** How a server behaves. */
export interface ServerOptions {
  /** Looked at for each request. Without it the server is a good one. */
  readonly turn?: (turn: Turn) => Promise<unknown> | unknown;
  /** Key and certificate in PEM: https. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Headers of every answer: an ETag by default. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A running server. */
export interface TestServer {
  /** Without a slash at its end. */
  readonly origin: string;
  readonly requests: SeenRequest[];
  /** Bytes of all bodies. */
  bytes(): number;
  readonly files: Map<string, Served>;
  close(): Promise<void>;
}

/** Starts a server for some files, by their paths without the slash in front. */
export async function serve(files: Readonly<Record<string, Served>>, options: ServerOptions = {}): Promise<TestServer> {
  const table = new Map(Object.entries(files));
  const requests: SeenRequest[] = [];
  const sockets = new Set<Socket>();
  const listener: RequestListener = (request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://x").pathname.slice(1));
    const seen: SeenRequest = { path, headers: request.headers, sent: 0 };
    requests.push(seen);
    const turn: Turn = {
      number: requests.length,
      request,
      response,
      serve: (how = {}) => answer(table.get(path), seen, response, { ...options.headers, ...how.headers }, how.cutAt),
    };
    Promise.resolve(options.turn === undefined ? turn.serve() : options.turn(turn)).catch(() => response.destroy());
  };
  const server: Server = options.tls === undefined ? createServer(listener) : createSecureServer(options.tls, listener);
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    origin: `${options.tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    requests,
    bytes: () => requests.reduce((sum, { sent }) => sum + sent, 0),
    files: table,
    async close(): Promise<void> {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

async function answer(
  file: Served | undefined,
  seen: SeenRequest,
  response: ServerResponse,
  headers: Readonly<Record<string, string>>,
  cutAt: number | undefined,
): Promise<void> {
  if (file === undefined) {
    response.writeHead(404).end("no such file");
    return;
  }
  const size = file instanceof Uint8Array ? file.length : file.size;
  const etag = headers.etag ?? '"one"';
  const all = { etag, "accept-ranges": "bytes", ...headers };
  const match = /^bytes=(\d+)-(\d*)$/.exec(seen.headers.range ?? "");
  const ifRange = seen.headers["if-range"];
  const first = Number(match?.[1] ?? 0);
  const last = Math.min(match?.[2] ? Number(match[2]) : size - 1, size - 1);
  if (match !== null && first >= size) {
    response.writeHead(416, { ...all, "content-range": `bytes */${size}` }).end();
    return;
  }
  const part = match !== null && (ifRange === undefined || ifRange === etag);
  const [offset, end] = part ? [first, last + 1] : [0, size];
  const range = part ? { "content-range": `bytes ${offset}-${end - 1}/${size}` } : {};
  response.writeHead(part ? 206 : 200, { "content-length": `${end - offset}`, ...range, ...all });
  for (let at = offset; at < end; ) {
    const length = Math.min(256 * 1024, end - at, (cutAt ?? Number.POSITIVE_INFINITY) - seen.sent);
    if (length <= 0) {
      response.destroy();
      return;
    }
    const chunk = file instanceof Uint8Array ? file.subarray(at, at + length) : await file.read(at, length);
    if (response.destroyed) return;
    seen.sent += length;
    at += length;
    if (!response.write(chunk)) await writable(response);
  }
  response.end();
}

/** Until the other side has taken what was written, or is gone. */
function writable(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      response.off("drain", go);
      response.off("close", go);
      resolve();
    };
    response.once("drain", go);
    response.once("close", go);
  });
}
