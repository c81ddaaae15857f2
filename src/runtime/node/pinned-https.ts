/** HTTPS to one server that is managed: its certificate is checked by authorities or held to a thumbprint before a byte of a request leaves. */
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import * as https from "node:https";
import { isIP } from "node:net";
import { canceled, FerryError, throwIfAborted } from "../../base/errors.js";
import { badAnswer, broken, failureOf, type HttpsServer, PinnedAgent, placeOf, unreachable } from "./pinned-agent.js";

/** What is sent. Chunks are asked for as the server takes them. */
export interface HttpsBody {
  /** Bytes; `null`: not known beforehand, sent in chunks. */
  readonly length: number | null;
  readonly chunks: AsyncIterable<Uint8Array>;
  /**
   * Set where the server answers at the beginning and, where it says yes, reads on: nothing is sent before that answer or `EARLY_MS`, since one that
   * says no and closes would be lost in what is on its way; and all is sent before a yes is handed out.
   */
  readonly readsOn?: true;
}

/** How long an answer at the beginning is waited for. */
const EARLY_MS = 5000;

/** One request. */
export interface HttpsCall {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** With its query, escaped. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | HttpsBody;
  /** Milliseconds without a sign of the server; left out: those of the server. */
  readonly timeoutMs?: number;
  /** Set where the request changes nothing, so that it may be sent a second time when a kept connection turns out to be closed. GETs are so. */
  readonly repeatable?: true;
}

/** An answer whose body was not read yet: whoever asked reads it to its end, or destroys it. */
export interface HttpsAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: IncomingMessage;
}

/** Connections to one server. */
export interface HttpsClient {
  /** @throws `deploy/untrusted`, `deploy/unreachable`, `deploy/bad-answer`, `run/canceled`, and what reading the body to be sent throws */
  open(call: HttpsCall, signal: AbortSignal): Promise<HttpsAnswer>;
  /** The same with the body of the answer, of at most `mostBytes`. */
  ask(
    call: HttpsCall,
    mostBytes: number,
    signal: AbortSignal,
  ): Promise<{ readonly status: number; readonly headers: IncomingHttpHeaders; readonly bytes: Uint8Array }>;
  close(): void;
}

/** Makes a client. Nothing is connected before the first request. */
export function openHttps(server: HttpsServer): HttpsClient {
  const kept = new PinnedAgent(server, { keepAlive: true, maxSockets: 4, maxFreeSockets: 2 });
  const fresh = new PinnedAgent(server, { keepAlive: false });

  async function open(call: HttpsCall, signal: AbortSignal): Promise<HttpsAnswer> {
    const again = call.repeatable === true || call.method === "GET";
    const agent = again && (call.body === undefined || call.body instanceof Uint8Array) ? kept : fresh;
    for (;;) {
      throwIfAborted(signal);
      // Each one that is stale is gone after that: the last connection is a new one.
      const sent = await send(call, server, agent, signal);
      if (sent !== "stale") return sent;
    }
  }

  return {
    open,
    async ask(call, mostBytes, signal) {
      const { status, headers, body } = await open(call, signal);
      return {
        status,
        headers,
        bytes: await readHttpsBody(body, placeOf(server), mostBytes, call.timeoutMs ?? server.timeoutMs, signal),
      };
    },
    close() {
      kept.destroy();
      fresh.destroy();
    },
  };
}

/** @returns `stale`: a kept connection was closed by the server before it saw the request */
function send(
  call: HttpsCall,
  server: HttpsServer,
  agent: https.Agent,
  signal: AbortSignal,
): Promise<HttpsAnswer | "stale"> {
  const timeoutMs = call.timeoutMs ?? server.timeoutMs;
  const { body } = call;
  const length = body instanceof Uint8Array ? body.length : (body?.length ?? null);
  return new Promise((resolve, reject) => {
    const request = https.request({
      agent,
      host: server.host,
      port: server.port,
      method: call.method,
      path: call.path,
      headers: {
        host: `${isIP(server.host) === 6 ? `[${server.host}]` : server.host}${server.port === 443 ? "" : `:${server.port}`}`,
        "user-agent": "vmferry",
        "accept-encoding": "identity",
        ...(body === undefined || length === null ? {} : { "content-length": String(length) }),
        ...call.headers,
      },
    });
    let silence: NodeJS.Timeout | undefined;
    let answered = false;
    /** A yes to a body that is still on its way. */
    let early: HttpsAnswer | undefined;
    let sent = 0;
    /** Why the body could not be read. */
    let unread: { readonly cause: unknown } | undefined;
    const abort = (): void => void request.destroy(canceled(signal.reason));
    const alive = (): void => {
      clearTimeout(silence);
      silence = setTimeout(
        () => request.destroy(unreachable(server, `nothing came for ${timeoutMs / 1000} seconds`)),
        timeoutMs,
      );
    };
    const settle = (): void => {
      clearTimeout(silence);
      signal.removeEventListener("abort", abort);
    };
    signal.addEventListener("abort", abort, { once: true });
    alive();
    request.once("response", (response) => {
      const answer = { status: response.statusCode ?? 0, headers: response.headers, body: response };
      if (!request.writableEnded && reads(body) && answer.status >= 200 && answer.status < 300) {
        early = answer;
        // Whatever breaks on this connection is said by the request, and nobody reads this body before that.
        response.on("error", () => {});
        return;
      }
      answered = true;
      settle();
      // What breaks later is met by whoever reads the body.
      request.on("error", () => {});
      resolve(answer);
    });
    request.once("error", (cause) => {
      settle();
      request.on("error", () => {});
      const { code } = cause as NodeJS.ErrnoException;
      if (unread !== undefined) reject(unread.cause);
      else if (request.reusedSocket && (code === "ECONNRESET" || code === "EPIPE") && !signal.aborted) resolve("stale");
      else reject(failureOf(cause, server));
    });
    if (body === undefined || body instanceof Uint8Array) {
      request.end(body);
      return;
    }
    /** Until something happens: room in the connection, an answer, its end. */
    const news = (limitMs?: number): Promise<void> =>
      new Promise((go) => {
        const next = (): void => {
          clearTimeout(timer);
          request.off("drain", next).off("close", next).off("response", next);
          go();
        };
        const timer = limitMs === undefined ? undefined : setTimeout(next, limitMs);
        request.once("drain", next).once("close", next).once("response", next);
      });
    const pour = async (): Promise<void> => {
      if (reads(body)) {
        request.flushHeaders();
        await news(EARLY_MS);
      }
      for await (const chunk of body.chunks) {
        // A server may answer before it has everything: it says why it wants no more.
        if (answered || request.destroyed) return;
        alive();
        sent += chunk.length;
        if (!request.write(chunk)) await news();
      }
      if (answered || request.destroyed) return;
      alive();
      request.end(() => {
        if (early === undefined) return;
        settle();
        resolve(early);
      });
    };
    request.once("close", () => {
      settle();
      // A server that has all it was promised may end the connection before we have said that this was all.
      if (early !== undefined && sent === length) resolve(early);
      // One that is closed in the middle of a body is an error to nobody but us.
      else reject(broken(placeOf(server), "the connection was closed before everything was sent"));
    });
    pour().catch((cause: unknown) => {
      unread = { cause };
      request.destroy(cause instanceof Error ? cause : new Error("unread"));
    });
  });
}

function reads(body: HttpsCall["body"]): boolean {
  return body !== undefined && !(body instanceof Uint8Array) && body.readsOn === true;
}

/**
 * The bytes of a body.
 * @throws `deploy/bad-answer` where it is longer than `mostBytes`, `deploy/unreachable` where it breaks off or stalls, `run/canceled`
 */
export async function readHttpsBody(
  body: IncomingMessage,
  place: string,
  mostBytes: number,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const abort = (): void => void body.destroy(canceled(signal.reason));
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  // From beginning to end: what drips does not go on for ever.
  const timer = setTimeout(() => body.destroy(broken(place, "the answer stalled")), timeoutMs);
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      length += chunk.length;
      if (length > mostBytes) throw badAnswer(place, `more than ${mostBytes} bytes`);
      chunks.push(chunk);
    }
  } catch (cause) {
    if (cause instanceof FerryError) throw cause;
    throw broken(place, "the connection broke", cause);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
    if (!body.readableEnded) body.destroy();
  }
  return new Uint8Array(Buffer.concat(chunks, length));
}
