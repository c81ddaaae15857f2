/** Which way a request goes: directly or through a proxy, and whether where it ends is looked at first. */
import type { LookupAddress } from "node:dns";
import { lookup } from "node:dns/promises";
import * as http from "node:http";
import * as https from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { rootCertificates } from "node:tls";
import { FerryError } from "../../../base/errors.js";
import { type NetworkKind, networkOf, networkOfHost } from "./network.js";
import type { HttpOptions } from "./options.js";
import { type HttpProxy, parseProxy } from "./proxy.js";
import { authorizationFor, TunnelAgent } from "./tunnel.js";

/** Who named the address of a request: the user, who may go anywhere, or a server or package that leads there. */
export type NamedBy = "user" | "other";

/** A request that is under way, and the proxy that it goes through. */
export interface StartedRequest {
  readonly request: http.ClientRequest;
  readonly proxy: HttpProxy | null;
}

/** Connections that are kept and used again. */
export interface Connections {
  /**
   * Starts a GET.
   * @param url without user and password
   * @throws `http/private-address` where others lead into a network that the user did not name; also as the request's error
   */
  start(url: URL, headers: Readonly<Record<string, string>>, by: NamedBy): StartedRequest;
  close(): void;
}

/** Makes connections as the options say. */
export function createConnections(
  options: Pick<HttpOptions, "ca" | "proxy" | "privateAddresses" | "resolve"> & {
    connections: number;
    timeoutMs: number;
  },
): Connections {
  const pooled = { keepAlive: true, maxSockets: options.connections };
  const tls = {
    // Said although it is the default: NODE_TLS_REJECT_UNAUTHORIZED must not switch it off.
    rejectUnauthorized: true,
    ...(options.ca === undefined ? {} : { ca: [...rootCertificates, options.ca] }),
  };
  const agents = new Map<string, http.Agent>();
  /** Networks that the user's own addresses led to. */
  const visited = new Set<NetworkKind>();
  const isOpen = (network: NetworkKind): boolean =>
    options.privateAddresses === "allowed" || network === "public" || visited.has(network);

  const resolve = options.resolve ?? systemAnswer;
  /** Of the addresses of a name those that may be connected to. What was looked at is what is connected to: no second answer gets by. */
  const lookupFor =
    (by: NamedBy): LookupFunction =>
    (host, how, done) => {
      const addresses = async (): Promise<LookupAddress[]> => {
        const found = await resolve(host);
        const open = found.filter((address) => by === "user" || isOpen(networkOf(address) ?? "reserved"));
        if (open.length === 0) throw refused(host, networkOf(found[0] ?? "") ?? "reserved");
        return open.map((address) => ({ address, family: isIP(address) }));
      };
      addresses().then(
        (all) => (how.all === true ? done(null, all) : done(null, all[0]?.address ?? "", all[0]?.family)),
        (cause: unknown) => done(cause as NodeJS.ErrnoException, ""),
      );
    };

  function agentFor(secure: boolean, proxy: HttpProxy | null, by: NamedBy): http.Agent {
    const key = JSON.stringify([secure, proxy, proxy === null ? by : null]);
    const known = agents.get(key);
    if (known !== undefined) return known;
    const made = makeAgent(secure, proxy, by);
    agents.set(key, made);
    return made;
  }

  function makeAgent(secure: boolean, proxy: HttpProxy | null, by: NamedBy): http.Agent {
    if (proxy !== null) {
      if (secure) return new TunnelAgent({ proxy, timeoutMs: options.timeoutMs, tls }, { ...pooled, ...tls });
      return proxy.secure ? new https.Agent({ ...pooled, ...tls }) : new http.Agent(pooled);
    }
    const checked = by === "user" && options.resolve === undefined ? {} : { lookup: lookupFor(by) };
    return secure ? new https.Agent({ ...pooled, ...tls, ...checked }) : new http.Agent({ ...pooled, ...checked });
  }

  return {
    start(url, headers, by): StartedRequest {
      // A literal is looked up nowhere; and behind a proxy it is all that can be looked at.
      const literal = networkOfHost(url.hostname);
      if (by === "other" && literal !== null && !isOpen(literal)) throw refused(url.hostname, literal);
      const proxy = proxyOf(options.proxy, url);
      const secure = url.protocol === "https:";
      const agent = agentFor(secure, proxy, by);
      const request =
        proxy === null || secure
          ? (secure ? https : http).get(url, { agent, headers })
          : (proxy.secure ? https : http).get({
              agent,
              host: proxy.host,
              port: proxy.port,
              path: url.href.replace(/#.*$/, ""),
              headers: { ...headers, host: url.host, ...authorizationFor(proxy) },
            });
      if (by === "user") {
        if (proxy !== null && literal !== null) visited.add(literal);
        request.once("response", ({ socket }) => {
          const reached = proxy === null ? networkOf(socket.remoteAddress ?? "") : null;
          if (reached !== null) visited.add(reached);
        });
      }
      return { request, proxy };
    },
    close(): void {
      for (const agent of agents.values()) agent.destroy();
    },
  };
}

async function systemAnswer(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

function proxyOf(choice: HttpOptions["proxy"], url: URL): HttpProxy | null {
  if (choice === undefined) return null;
  return typeof choice === "string" ? parseProxy(choice, "the address of the proxy") : choice(url);
}

function refused(host: string, network: NetworkKind): FerryError {
  return new FerryError(
    "http/private-address",
    `a server or a package leads to ${host}, which is in a ${network} network`,
    {
      hint: "If you trust where it leads, name that address yourself, or give --allow-private.",
    },
  );
}
