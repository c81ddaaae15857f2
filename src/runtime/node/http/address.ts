import { FerryError } from "../../../base/errors.js";
import { printable } from "../../../base/text.js";

/** Whether a word of a command line is an address on a server: http, https, or s3. */
export function isRemoteUrl(text: string): boolean {
  return /^(?:https?|s3):\/\//i.test(text);
}

/**
 * An address without what may be secret: user, password, query and fragment. What is shown in messages.
 * @param url parsed; the text of one that cannot be parsed is shown nowhere
 */
export function placeOf(url: URL): string {
  return printable(`${url.protocol}//${url.host}${url.pathname}`);
}

/** Whether two addresses are of one server: scheme, host and port. */
export function sameOrigin(a: URL, b: URL): boolean {
  // `origin` is "null" for every scheme that is not the web's.
  return a.protocol === b.protocol && a.host === b.host;
}

/** An http or https URL. Its text is not in the error: it may hold a password. @throws `http/bad-url` */
export function parseHttpUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url !== null && (url.protocol === "http:" || url.protocol === "https:")) return url;
  const scheme = /^[a-z][a-z0-9+.-]*(?=:)/i.exec(text)?.[0];
  throw new FerryError(
    "http/bad-url",
    `${scheme === undefined ? "the address" : `${scheme}:...`} is no http or https URL`,
    {
      hint: "Write it as https://HOST/PATH; characters with a meaning of their own are written as %XX.",
    },
  );
}

/** The last part of an address's path as a file name, percent escapes resolved where they can be; empty for a folder. */
export function fileNameOf(url: URL): string {
  const last = url.pathname.slice(url.pathname.lastIndexOf("/") + 1);
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}

/**
 * The address of a file below the folder of another address; the query goes along, since signed folders have the signature there. `null`
 * where the name leads out of the folder.
 * @param name relative, with `/`, not escaped
 */
export function besideUrl(base: URL, name: string): URL | null {
  const folder = base.pathname.slice(0, base.pathname.lastIndexOf("/") + 1);
  const parts = name.split("/");
  if (parts.some((part) => !isPlain(part))) return null;
  const url = new URL(base);
  url.pathname = folder + parts.map(encodeURIComponent).join("/");
  url.hash = "";
  // There a query names the version of one object.
  if (url.protocol === "s3:") url.search = "";
  // The last door: whatever the parser of URLs made of it, it lies below the folder.
  return sameOrigin(url, base) && url.pathname.startsWith(folder) && url.pathname.length > folder.length ? url : null;
}

/** Whether a part of a name stays one, also for servers that resolve escapes twice. */
function isPlain(part: string): boolean {
  const inner = part.replace(/%2e/gi, ".").replace(/%2f|%5c/gi, "/");
  return !["", ".", ".."].includes(inner) && !/[/\\]/.test(inner);
}
