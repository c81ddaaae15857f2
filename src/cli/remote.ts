import { readFile, stat } from "node:fs/promises";
import { homedir } from "node:os";
import * as path from "node:path";
import { FerryError } from "../base/errors.js";
import type { HttpOptions } from "../runtime/node/http/options.js";
import type { S3Options } from "../runtime/node/s3/options.js";
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
  readonly signRequest: boolean;
  readonly allowRemote: boolean;
}

/** Options of every command that reads from an address. */
export const remoteOptions: {
  readonly header: OptionSpec<readonly string[]>;
  readonly netrc: OptionSpec<string | null>;
  readonly caFile: OptionSpec<string | null>;
  readonly proxy: OptionSpec<string | null>;
  readonly useProxy: OptionSpec<boolean>;
  readonly allowPrivate: OptionSpec<boolean>;
  readonly signRequest: OptionSpec<boolean>;
} = {
  header: list("--header HEADER", "'Name: value' for the server of SRC alone; the value may be env:VARIABLE"),
  netrc: text("--netrc FILE", "user names and passwords by host, as curl reads them"),
  caFile: text("--ca-file FILE", "certificates in PEM that are trusted too"),
  proxy: text("--proxy URL", "the proxy, in place of those that http_proxy, https_proxy and all_proxy name"),
  useProxy: unless("--no-proxy", "no proxy, whatever the environment says"),
  allowPrivate: flag("--allow-private", "follow redirects and packages into private networks"),
  signRequest: unless("--no-sign-request", "read public S3 buckets without credentials"),
};

/** `--allow-remote`, of commands that use the files of a package. */
export const allowRemote: OptionSpec<boolean> = flag(
  "--allow-remote",
  "fetch files that the package names by an http(s) address",
);

/** What was chosen, of the options of a command that may lack some. */
export function remoteChoice(given: Partial<RemoteChoice>): RemoteChoice {
  return {
    header: given.header ?? [],
    netrc: given.netrc ?? null,
    caFile: given.caFile ?? null,
    proxy: given.proxy ?? null,
    useProxy: given.useProxy ?? true,
    allowPrivate: given.allowPrivate ?? false,
    signRequest: given.signRequest ?? true,
    allowRemote: given.allowRemote ?? false,
  };
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
export async function httpOptionsOf(choice: RemoteChoice, address: string): Promise<HttpOptions> {
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
    ...(/^s3:/i.test(address) ? { s3: await s3OptionsOf(choice) } : {}),
    privateAddresses: choice.allowPrivate ? "allowed" : "refused",
  };
}

/** Most machines have no such file. */
function noFile(cause: unknown): null {
  if (cause instanceof FerryError && cause.code === "io/not-found") return null;
  throw cause;
}

/** From the variables and files of AWS. @throws `s3/no-credentials` */
async function s3OptionsOf({ signRequest }: RemoteChoice): Promise<S3Options> {
  const { s3FromEnvironment } = await import("../runtime/node/s3/settings.js");
  const { env } = process;
  const read = (named: string | undefined, usual: string): Promise<string | null> =>
    named ? smallFile(named) : smallFile(path.join(homedir(), ".aws", usual)).catch(noFile);
  const files = {
    credentials: await read(env.AWS_SHARED_CREDENTIALS_FILE, "credentials"),
    config: await read(env.AWS_CONFIG_FILE, "config"),
  };
  return s3FromEnvironment(env, files, signRequest ? "signed" : "unsigned");
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
