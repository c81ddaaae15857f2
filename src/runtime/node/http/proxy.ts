/** Which proxy an address is reached through, as curl reads the environment. */
import { BlockList, isIP } from "node:net";
import { FerryError } from "../../../base/errors.js";

/** A proxy: where it listens, and who asks. */
export interface HttpProxy {
  /** Whether it speaks TLS itself. */
  readonly secure: boolean;
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  /** Secret: the field `Proxy-Authorization`; `null`: it asks nobody. */
  readonly authorization: string | null;
}

/** Variables of an environment, such as `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The port of a proxy without one: curl's, so that one setting means one thing. */
const DEFAULT_PORT = 1080;

/**
 * A proxy by its address: `http://`, `https://`, or a host and port alone. Its text is not in errors: it may hold a password.
 * @param from what names it, for messages
 * @throws `http/bad-proxy`
 */
export function parseProxy(text: string, from: string): HttpProxy {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme?.startsWith("socks") === true) {
    throw badProxy(`${from} names a SOCKS proxy`, "SOCKS is not spoken: name a proxy for HTTP, or forward a port.");
  }
  const whole = scheme === undefined ? `http://${text}` : text;
  if ((scheme !== undefined && scheme !== "http" && scheme !== "https") || !URL.canParse(whole)) {
    throw badProxy(`${from} is no address of a proxy`, "Write it as http://HOST:PORT or https://HOST:PORT.");
  }
  const url = new URL(whole);
  const secure = url.protocol === "https:";
  // The parser drops a port that is the scheme's own.
  const written = /^[a-z]+:\/\/(?:[^/?#]*@)?(?:\[[^\]]*\]|[^:/?#]*):(\d+)(?=[/?#]|$)/i.exec(whole)?.[1];
  const who = `${percentDecoded(url.username)}:${percentDecoded(url.password)}`;
  return {
    secure,
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: written === undefined ? (secure ? 443 : DEFAULT_PORT) : Number(written),
    authorization: who === ":" ? null : `Basic ${Buffer.from(who, "utf8").toString("base64")}`,
  };
}

/**
 * The choice of a proxy for each address by `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`, and the same in capitals. Small
 * letters count first. `HTTP_PROXY` is not looked at where `REQUEST_METHOD` is set: there it is a field that a client of a web server
 * sent (CVE-2016-5385, "httpoxy").
 * @returns for an address the proxy, `null` for none; throws `http/bad-proxy` for a variable that names none
 */
export function proxyFromEnvironment(env: Environment): (url: URL) => HttpProxy | null {
  const find = (...names: string[]): readonly [name: string, value: string] | null => {
    for (const name of names) {
      const value = env[name]?.trim() ?? "";
      if (value !== "") return [name, value];
    }
    return null;
  };
  const isCgi = (env.REQUEST_METHOD ?? "") !== "";
  const isDirect = noProxy(find("no_proxy", "NO_PROXY")?.[1] ?? "");
  return (url) => {
    const own =
      url.protocol === "https:" ? ["https_proxy", "HTTPS_PROXY"] : ["http_proxy", ...(isCgi ? [] : ["HTTP_PROXY"])];
    const found = find(...own, "all_proxy", "ALL_PROXY");
    return found === null || isDirect(url) ? null : parseProxy(found[1], found[0]);
  };
}

/**
 * Reads a list as in `NO_PROXY`, divided by commas or spaces: `*`, hosts, domains (with or without a dot in front: with all below them),
 * addresses, networks (`10.0.0.0/8`), each perhaps with `:PORT`.
 */
function noProxy(text: string): (url: URL) => boolean {
  const networks = new BlockList();
  const names: { readonly host: string; readonly port: string | null }[] = [];
  let all = false;
  for (const word of text.toLowerCase().split(/[\s,]+/)) {
    const network = /^\[?([0-9a-f.:]+)\]?\/(\d{1,3})$/.exec(word);
    const version = isIP(network?.[1] ?? "");
    if (network !== null && version !== 0) {
      const bits = Number(network[2]);
      if (bits <= (version === 4 ? 32 : 128))
        networks.addSubnet(network[1] ?? "", bits, version === 4 ? "ipv4" : "ipv6");
      continue;
    }
    const [, host = "", port = null] =
      isIP(word) === 6 ? [word, word] : (/^(?:\*?\.)?(.+?)(?::(\d{1,5}))?$/.exec(word) ?? []);
    all ||= word === "*";
    const plain = host.replace(/^\[|\]$/g, "").replace(/\.$/, "");
    if (plain !== "" && plain !== "*") names.push({ host: plain, port });
  }
  return (url) => {
    if (all) return true;
    const host = url.hostname
      .replace(/^\[|\]$/g, "")
      .replace(/\.$/, "")
      .toLowerCase();
    const port = url.port || (url.protocol === "https:" ? "443" : "80");
    const version = isIP(host);
    if (version !== 0 && networks.check(host, version === 4 ? "ipv4" : "ipv6")) return true;
    return names.some((name) => {
      if (name.port !== null && name.port !== port) return false;
      return name.host === host || (version === 0 && host.endsWith(`.${name.host}`));
    });
  };
}

function badProxy(message: string, hint: string): FerryError {
  return new FerryError("http/bad-proxy", message, { hint });
}

/** With escapes resolved where they can be. */
function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
