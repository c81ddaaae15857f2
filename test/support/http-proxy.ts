/** A proxy for HTTP on 127.0.0.1: absolute addresses and CONNECT, with a password and misbehaviour where a test wants them. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type Server, request as send } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";

/** How a proxy behaves. */
export interface ProxyOptions {
  /** `user:password` that is asked for. */
  readonly login?: string;
  /** Key and certificate in PEM: it speaks TLS itself. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Looked at for each CONNECT: `true` where it was answered. */
  readonly answer?: (number: number, socket: Duplex) => boolean;
  /** Where names lead, in place of the system's answer: to a host, or a host and port. */
  readonly hosts?: Readonly<Record<string, string>>;
}

/** A running proxy. */
export interface TestProxy {
  readonly port: number;
  /** The targets of requests, in order: `CONNECT host:port` or `GET http://...`. */
  readonly seen: string[];
  /** Field names and values of all requests, for what must not be in them. */
  readonly headers: IncomingMessage["headers"][];
  close(): Promise<void>;
}

/** Starts a proxy. */
export async function startProxy(options: ProxyOptions = {}): Promise<TestProxy> {
  const seen: string[] = [];
  const headers: IncomingMessage["headers"][] = [];
  const sockets = new Set<Duplex>();
  const keep = (socket: Duplex): void => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
  };
  const refuses = (request: IncomingMessage): boolean =>
    options.login !== undefined && request.headers["proxy-authorization"] !== `Basic ${btoa(options.login)}`;
  const placeOf = (name: string, port: string): { readonly host: string; readonly port: number } => {
    const [host = name, other = port] = (options.hosts?.[name] ?? name).split(":");
    return { host, port: Number(other) };
  };
  const listener: RequestListener = (request, response) => {
    seen.push(`${request.method} ${request.url}`);
    headers.push(request.headers);
    if (refuses(request)) return void response.writeHead(407, { "proxy-authenticate": "Basic" }).end();
    const url = new URL(request.url ?? "");
    const { "proxy-authorization": _, ...passed } = request.headers;
    const onward = send(
      { ...placeOf(url.hostname, url.port || "80"), path: url.pathname + url.search, headers: passed },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    onward.once("error", () => response.writeHead(502).end());
    onward.end();
  };
  const server: Server = options.tls === undefined ? createServer(listener) : createSecureServer(options.tls, listener);
  server.on("connection", keep);
  let connects = 0;
  server.on("connect", (request: IncomingMessage, socket: Duplex) => {
    keep(socket);
    seen.push(`CONNECT ${request.url}`);
    headers.push(request.headers);
    connects++;
    if (options.answer?.(connects, socket) === true) return;
    if (refuses(request)) return void socket.end("HTTP/1.1 407 Who\r\ncontent-length: 0\r\n\r\n");
    const [, host = "", port = ""] = /^\[?(.*?)\]?:(\d+)$/.exec(request.url ?? "") ?? [];
    const onward: Socket = connect(placeOf(host, port), () => {
      socket.write("HTTP/1.1 200 Connected\r\n\r\n");
      onward.pipe(socket).pipe(onward);
    });
    keep(onward);
    onward.once("error", () => socket.end("HTTP/1.1 502 Bad\r\ncontent-length: 0\r\n\r\n"));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    headers,
    async close(): Promise<void> {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
