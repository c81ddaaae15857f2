import { readFile, stat } from "node:fs/promises";
import { FerryError } from "../base/errors.js";
import type { HttpOptions } from "../runtime/node/http/options.js";
import type { OptionSpec } from "./command.js";
import { flag, list, text, unless } from "./options.js";

/** How servers are spoken to, as the command line says it. */
export interface RemoteChoice {
  readonly header: readonly string[];
  readonly netrc: string | null;
  readonly caFile: string | null;
  readonly proxy: string | null;
  readonly useProxy: boolean;
  readonly allowPrivate: boolean;
}

/** Options of every command that reads from an address. */
export const remoteOptions: {
  readonly header: OptionSpec<readonly string[]>;
  readonly netrc: OptionSpec<string | null>;
  readonly caFile: OptionSpec<string | null>;
  readonly proxy: OptionSpec<string | null>;
  readonly useProxy: OptionSpec<boolean>;
  readonly allowPrivate: OptionSpec<boolean>;
} = {
  header: list("--header HEADER", "'Name: value' for the server of SRC alone; the value may be env:VARIABLE"),
  netrc: text("--netrc FILE", "user names and passwords by host, as curl reads them"),
  caFile: text("--ca-file FILE", "certificates in PEM that are trusted too"),
  proxy: text("--proxy URL", "the proxy, in place of those that http_proxy, https_proxy and all_proxy name"),
  useProxy: unless("--no-proxy", "no proxy, whatever the environment says"),
  allowPrivate: flag("--allow-private", "follow redirects and packages into private networks"),
};

/** What was chosen, of the options of a command that may lack some. */
export function remoteChoice(given: Partial<RemoteChoice>): RemoteChoice {
  const { header = [], netrc = null, caFile = null, proxy = null, useProxy = true, allowPrivate = false } = given;
  return { header, netrc, caFile, proxy, useProxy, allowPrivate };
}

/** Bytes of a file with credentials or certificates. */
const MOST_BYTES = 4 * 1024 * 1024;
/** What requests say for themselves. */
const RESERVED: ReadonlySet<string> = new Set([
  "accept-encoding",
  "connection",
  "content-length",
  "expect",
  "host",
  "if-range",
  "range",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Reads what the options name. No value of a header is in an error: it may be secret. @throws `cli/invalid-value`, `io/not-found` */
export async function httpOptionsOf(choice: RemoteChoice): Promise<HttpOptions> {
  const headers = Object.fromEntries(choice.header.map(parseHeader));
  const netrc = choice.netrc === null ? null : await smallFile(choice.netrc);
  const ca = choice.caFile === null ? null : await smallFile(choice.caFile);
  if (ca !== null && !ca.includes("-----BEGIN CERTIFICATE-----")) {
    throw new FerryError("cli/invalid-value", `${choice.caFile} holds no certificate in PEM`, {
      hint: "A PEM file has lines of BEGIN CERTIFICATE; openssl x509 converts others.",
    });
  }
  const credentials = netrc === null ? null : (await import("../runtime/node/http/netrc.js")).parseNetrc(netrc);
  return {
    headers,
    ...(credentials === null ? {} : { credentials }),
    ...(ca === null ? {} : { ca }),
    ...(choice.useProxy ? { proxy: await proxyOf(choice.proxy) } : {}),
    privateAddresses: choice.allowPrivate ? "allowed" : "refused",
  };
}

async function proxyOf(given: string | null): Promise<NonNullable<HttpOptions["proxy"]>> {
  const { parseProxy, proxyFromEnvironment } = await import("../runtime/node/http/proxy.js");
  if (given === null) return proxyFromEnvironment(process.env);
  const proxy = parseProxy(given, "--proxy");
  return () => proxy;
}

function parseHeader(given: string): readonly [string, string] {
  const [, name = "", written = ""] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*)$/s.exec(given) ?? [];
  if (name === "") throw refused("--header takes 'Name: value'", "Quote it, and write a colon behind the name.");
  if (RESERVED.has(name.toLowerCase())) {
    throw refused(`--header cannot set ${name}`, "Each request says that for itself.");
  }
  const variable = /^env:([A-Za-z_]\w*)$/.exec(written)?.[1];
  const value = variable === undefined ? written : process.env[variable];
  if (value === undefined) {
    throw refused(`the variable ${variable} of --header '${name}' is not set`, "Set it in the environment.");
  }
  if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
    throw refused(
      `the value of --header '${name}' holds characters that no header has`,
      "Is there a line break in it?",
    );
  }
  return [name.toLowerCase(), value];
}

function refused(message: string, hint: string): FerryError {
  return new FerryError("cli/invalid-value", message, { hint });
}

async function smallFile(file: string): Promise<string> {
  const found = await stat(file).catch(() => null);
  if (found === null || !found.isFile()) {
    throw new FerryError("io/not-found", `${file} does not exist`, { hint: "Check the path for typing errors." });
  }
  if (found.size > MOST_BYTES) throw new FerryError("io/limit", `${file} has ${found.size} bytes, which is too much`);
  return readFile(file, "utf8");
}
