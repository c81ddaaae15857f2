/** One exchange with a server: a GET of a range, redirects followed, certificates checked. Nothing is retried here. */
import type * as http from "node:http";
import type { ByteRange } from "../../../base/bytes.js";
import { canceled, FerryError, throwIfAborted } from "../../../base/errors.js";
import { placeOf, sameOrigin } from "./address.js";
import { createConnections, type StartedRequest } from "./connections.js";
import { Interruption } from "./interruption.js";
import { type HttpOptions, httpDefaults, MOST_REDIRECTS } from "./options.js";
import { proxyFailure, proxyRefusal } from "./tunnel.js";

/** An answer whose body was not read yet. Whoever asked reads it to its end or destroys it. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: http.IncomingMessage;
  /** Where it came from in the end. */
  readonly url: URL;
}

/** What is asked for. */
export interface HttpRequest {
  readonly url: URL;
  readonly range: ByteRange;
  /** A validator: the range only of this state. */
  readonly ifRange: string | null;
  /** Asked beside the redirects: for messages. */
  readonly given: URL;
  /** The address that the user named: its origin alone gets headers and credentials, and may be in any network; `null`: no address. */
  readonly named: URL | null;
}

/** Connections to servers. Closing it ends them. */
export interface HttpClient {
  readonly options: HttpOptions & typeof httpDefaults;
  /**
   * Headers of the answer, its body to be read.
   * @throws `Interruption` for what may pass, `http/untrusted`, `http/bad-redirect`, `http/bad-answer`, `http/unreachable`,
   *   `http/private-address`, `http/proxy`, `http/bad-proxy`
   */
  get(request: HttpRequest, signal?: AbortSignal): Promise<HttpAnswer>;
  /** The same without following redirects, and perhaps with headers of this request. */
  exchange(request: HttpRequest, signal?: AbortSignal, headers?: Readonly<Record<string, string>>): Promise<HttpAnswer>;
  close(): void;
}

/** Names of errors that mean that a certificate was not accepted (OpenSSL's verify codes, and Node's own for the name). */
const UNTRUSTED =
  /^(?:CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH|INVALID_PURPOSE|ERR_TLS_CERT)/;

/** Makes a client. Nothing is connected before the first request. @param given `ca` is PEM text */
export function createHttpClient(given: HttpOptions = {}): HttpClient {
  const options = { ...httpDefaults, ...given };
  const connections = createConnections(options);

  async function exchange(
    { url, range, ifRange, named }: HttpRequest,
    signal?: AbortSignal,
    more: Readonly<Record<string, string>> = {},
  ): Promise<HttpAnswer> {
    const isOwn = named !== null && sameOrigin(url, named);
    const headers: Record<string, string> = {
      accept: "*/*",
      // Ranges of a compressed body are not ranges of the file.
      "accept-encoding": "identity",
      "user-agent": "vmferry",
      range: `bytes=${range.offset}-${range.offset + range.length - 1}`,
      ...(ifRange === null ? {} : { "if-range": ifRange }),
      ...(isOwn ? own(named) : {}),
      ...more,
    };
    const { request, proxy } = begin(() => connections.start(bare(url), headers, isOwn ? "user" : "other"), url);
    return new Promise((resolve, reject) => {
      let silence: NodeJS.Timeout | undefined;
      const abort = (): void => void request.destroy(canceled(signal?.reason));
      const settle = (): void => {
        clearTimeout(silence);
        signal?.removeEventListener("abort", abort);
      };
      signal?.addEventListener("abort", abort, { once: true });
      // From the time on at which the request has a connection to itself: those that wait for one are not slow.
      request.once("socket", () => {
        silence = setTimeout(() => request.destroy(new Interruption("no answer in time")), options.timeoutMs);
      });
      request.once("response", (body) => {
        settle();
        // What breaks later is met by whoever reads the body.
        request.on("error", () => {});
        if (proxy !== null && body.statusCode === 407) {
          body.destroy();
          return reject(proxyRefusal(proxy, 407));
        }
        resolve({ status: body.statusCode ?? 0, headers: body.headers, body, url });
      });
      request.once("error", (cause) => {
        settle();
        reject(proxy !== null && url.protocol === "http:" ? proxyFailure(proxy, cause) : failureOf(cause, url));
      });
    });
  }

  /** What is sent only to the origin that the user named. */
  function own(origin: URL): Record<string, string> {
    const headers: Record<string, string> = {};
    const found = credentialsIn(origin) ?? options.credentials?.(origin.hostname) ?? null;
    if (found !== null) {
      headers.authorization = `Basic ${Buffer.from(`${found.user}:${found.password}`, "utf8").toString("base64")}`;
    }
    for (const [name, value] of Object.entries(options.headers ?? {})) headers[name.toLowerCase()] = value;
    return headers;
  }

  return {
    options,
    exchange,
    async get(request, signal): Promise<HttpAnswer> {
      let { url } = request;
      const seen = new Set<string>();
      for (;;) {
        throwIfAborted(signal);
        const answer = await exchange({ ...request, url }, signal);
        if (![301, 302, 303, 307, 308].includes(answer.status)) return answer;
        answer.body.destroy();
        seen.add(url.href);
        url = next(answer, request.given);
        if (seen.has(url.href) || seen.size > MOST_REDIRECTS) {
          throw badRedirect(request.given, seen.has(url.href) ? "in a circle" : `more than ${MOST_REDIRECTS} times`);
        }
      }
    },
    close(): void {
      connections.close();
    },
  };
}

/** A request that was begun. What Node throws at once has the meaning of what it throws later. */
function begin(start: () => StartedRequest, url: URL): StartedRequest {
  try {
    return start();
  } catch (cause) {
    throw failureOf(cause as Error, url);
  }
}

/** The address that a redirect leads to. */
function next({ headers, url }: HttpAnswer, given: URL): URL {
  const { location = "" } = headers;
  if (location === "" || !URL.canParse(location, url.href)) throw badRedirect(given, "to no address");
  const target = new URL(location, url);
  // Credentials are the user's to give: those of an address that a server made up are not sent.
  target.username = "";
  target.password = "";
  target.hash = "";
  if (target.protocol !== "https:" && (target.protocol !== "http:" || url.protocol === "https:")) {
    throw badRedirect(given, `to ${target.protocol}`);
  }
  return target;
}

function badRedirect(url: URL, how: string): FerryError {
  return new FerryError("http/bad-redirect", `${placeOf(url)} sends on ${how}`, {
    hint: "Give the address where the file is. Only http and https are followed, and never from https back to http.",
  });
}

/** User and password in an address, percent escapes resolved. */
function credentialsIn(url: URL): { readonly user: string; readonly password: string } | null {
  if (url.username === "" && url.password === "") return null;
  const plain = (text: string): string => {
    try {
      return decodeURIComponent(text);
    } catch {
      return text;
    }
  };
  return { user: plain(url.username), password: plain(url.password) };
}

/** Without user and password: what Node would make of them is left out of the request. */
function bare(url: URL): URL {
  const copy = new URL(url);
  copy.username = "";
  copy.password = "";
  return copy;
}

/** What a failed request means: final, or worth another attempt. */
function failureOf(cause: Error, url: URL): Error {
  if (cause instanceof FerryError || cause instanceof Interruption) return cause;
  const name = (cause as NodeJS.ErrnoException).code ?? "";
  if (UNTRUSTED.test(name)) {
    return new FerryError("http/untrusted", `the certificate of ${url.host} is not trusted (${name})`, {
      cause,
      hint: "If it is a server of your own, name the certificate of its authority with --ca-file FILE.",
    });
  }
  if (name.startsWith("HPE_")) {
    return new FerryError(
      "http/bad-answer",
      `${url.host} answers with what is no HTTP, or with too much of it (${name})`,
      {
        cause,
        hint: "Is it the right address, and is it http or https?",
      },
    );
  }
  if (name === "ENOTFOUND" || name === "ECONNREFUSED" || name === "EPROTO" || name === "ERR_INVALID_CHAR") {
    return new FerryError("http/unreachable", `${url.host} cannot be reached (${name})`, {
      cause,
      hint: "Check the address for typing errors, the port, and whether it is http or https.",
    });
  }
  return new Interruption(name || cause.message, { cause });
}
