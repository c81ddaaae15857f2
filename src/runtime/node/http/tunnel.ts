/** TLS to a server through a proxy: CONNECT (RFC 9110, 9.3.6), then a handshake with the server itself. */
import * as http from "node:http";
import * as https from "node:https";
import type { Duplex } from "node:stream";
import { FerryError } from "../../../base/errors.js";
import { Interruption } from "./interruption.js";
import type { HttpProxy } from "./proxy.js";

/** What a tunnel stands on. */
export interface TunnelOptions {
  readonly proxy: HttpProxy;
  /** Milliseconds in which the proxy has to answer. */
  readonly timeoutMs: number;
  /** Of the connection to a proxy that speaks TLS. */
  readonly tls: https.RequestOptions;
}

/** Where a proxy is, for messages. */
export function proxyPlace({ host, port }: HttpProxy): string {
  return `the proxy ${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Connections of https servers behind a proxy. Each is checked as a direct one is: the proxy sees no more than names and sizes. */
export class TunnelAgent extends https.Agent {
  readonly #tunnel: TunnelOptions;
  readonly #opening = new Set<http.ClientRequest>();

  constructor(tunnel: TunnelOptions, options: https.AgentOptions) {
    super(options);
    this.#tunnel = tunnel;
  }

  override createConnection(
    options: https.RequestOptions,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | null | undefined {
    const done = callback as ((error: Error | null, stream?: Duplex | null) => void) | undefined;
    this.#open(String(options.host), Number(options.port)).then(
      (socket) => done?.(null, super.createConnection({ ...options, socket } as https.RequestOptions)),
      (cause: unknown) => done?.(cause as Error),
    );
    return undefined;
  }

  override destroy(): void {
    for (const request of this.#opening) request.destroy();
    super.destroy();
  }

  #open(host: string, port: number): Promise<Duplex> {
    const { proxy, timeoutMs, tls } = this.#tunnel;
    const target = `${host.includes(":") ? `[${host}]` : host}:${port}`;
    return new Promise((resolve, reject) => {
      const request = (proxy.secure ? https : http).request({
        ...(proxy.secure ? tls : {}),
        host: proxy.host,
        port: proxy.port,
        agent: false,
        method: "CONNECT",
        path: target,
        headers: { host: target, ...authorizationFor(proxy) },
      });
      this.#opening.add(request);
      const timer = setTimeout(() => request.destroy(new Interruption("no answer of the proxy in time")), timeoutMs);
      request.once("connect", ({ statusCode = 0 }, socket, head) => {
        clearTimeout(timer);
        if (statusCode === 200 && head.length === 0) return resolve(socket);
        socket.destroy();
        reject(proxyRefusal(proxy, statusCode));
      });
      request.once("error", (cause) => {
        clearTimeout(timer);
        reject(proxyFailure(proxy, cause));
      });
      request.once("close", () => {
        clearTimeout(timer);
        this.#opening.delete(request);
      });
      request.end();
    });
  }
}

/** The field that says to a proxy who asks. */
export function authorizationFor({ authorization }: HttpProxy): Readonly<Record<string, string>> {
  return authorization === null ? {} : { "proxy-authorization": authorization };
}

/** What a proxy's answer means that is no connection. */
export function proxyRefusal(proxy: HttpProxy, status: number): Error {
  const place = proxyPlace(proxy);
  if ([502, 503, 504].includes(status)) return new Interruption(`${place} answers ${status}`, { status });
  const hint =
    status === 407
      ? "Write them into its address, in a variable rather than on the command line: https_proxy=http://USER:PASSWORD@HOST:PORT."
      : "Ask who runs it, or go around it with --no-proxy or the variable no_proxy.";
  const what = status === 407 ? "wants a user and a password, or others" : `makes no connection (${status})`;
  return new FerryError("http/proxy", `${place} ${what}`, { hint });
}

/** What a failure of the connection to a proxy means. */
export function proxyFailure(proxy: HttpProxy, cause: Error): Error {
  if (cause instanceof Interruption || cause instanceof FerryError) return cause;
  const name = (cause as NodeJS.ErrnoException).code ?? "";
  if (["ECONNRESET", "EPIPE", "ETIMEDOUT"].includes(name)) return new Interruption(name, { cause });
  return new FerryError("http/proxy", `${proxyPlace(proxy)} cannot be used (${name || "no HTTP"})`, {
    cause,
    hint: "Check --proxy, and the variables http_proxy, https_proxy, all_proxy and no_proxy.",
  });
}
