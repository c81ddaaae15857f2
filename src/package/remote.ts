/** Files that a descriptor names by an address: entries like others, with a name of their own, and the address as their place. */
import { FerryError, throwIfAborted } from "../base/errors.js";
import { formatBytes } from "../base/text.js";
import type { Context } from "../io/context.js";
import type { RemoteFiles } from "../io/remote.js";
import type { ByteSource } from "../io/source.js";
import type { PackageEntry, PackageReference } from "./model.js";
import { foldName, problemOfName } from "./names.js";
import { roleOfName } from "./roles.js";

/** Files of one package that are looked for on servers: each is a request. */
const MOST_FILES = 256;

/** Whether an `href` is an address that can be fetched. */
export function isRemoteHref(href: string): boolean {
  return /^https?:\/\//i.test(href);
}

/**
 * The entries of references to servers. Each is asked for once, for its size. What is not there has none.
 * @param taken names of the package's own files: no other file gets one of them
 * @throws `io/limit`, and what the servers' answers lead to
 */
export async function remoteEntries(
  references: readonly PackageReference[],
  taken: readonly string[],
  remote: RemoteFiles,
  ctx: Context,
): Promise<readonly PackageEntry[]> {
  const entries = new Map<string, PackageEntry>();
  const used = new Set(taken.map(foldName));
  for (const { href, role } of references) {
    if (!isRemoteHref(href) || entries.has(href)) continue;
    throwIfAborted(ctx.signal);
    if (entries.size >= MOST_FILES) {
      throw new FerryError("io/limit", `the descriptor names more than ${MOST_FILES} files on servers`, {
        hint: "Leave out --allow-remote: nobody makes such packages in earnest.",
      });
    }
    const size = await sizeOf(href, remote);
    if (size === null) continue;
    const name = freeName(href, used);
    used.add(foldName(name));
    const guessed = role ?? roleOfName(name);
    // What speaks for the package lies in it: a server's file is never its manifest.
    const safe = ["descriptor", "manifest", "certificate"].includes(guessed) ? "file" : guessed;
    entries.set(href, { name, size, role: safe, outside: href, open: () => openAgain(href, size, remote) });
  }
  return [...entries.values()];
}

async function sizeOf(href: string, remote: RemoteFiles): Promise<number | null> {
  let source: ByteSource;
  try {
    source = await remote.open(href);
  } catch (cause) {
    // Said of the reference, as for a file that lacks in the package.
    if (cause instanceof FerryError && cause.code === "io/not-found") return null;
    throw cause;
  }
  await source.close();
  return source.size;
}

async function openAgain(href: string, size: number, remote: RemoteFiles): Promise<ByteSource> {
  const source = await remote.open(href);
  if (source.size === size) return source;
  await source.close();
  throw new FerryError(
    "io/changed",
    `${source.label} had ${formatBytes(size)} and has ${formatBytes(source.size)} now`,
    {
      hint: "Run again when nobody replaces it.",
    },
  );
}

/** The last part of the path, or a name in its place; a number goes in front of its ending where it is taken. */
function freeName(href: string, used: ReadonlySet<string>): string {
  const [, path = ""] = /^https?:\/\/[^/?#]*([^?#]*)/i.exec(href) ?? [];
  const last = path.slice(path.lastIndexOf("/") + 1);
  const plain = decoded(last);
  const [, stem = "", ending = ""] =
    /^(.*?)((?:\.[^.]*)?)$/.exec(problemOfName(plain) === null && !plain.includes("/") ? plain : "remote-file") ?? [];
  let name = stem + ending;
  for (let i = 2; used.has(foldName(name)); i++) name = `${stem}-${i}${ending}`;
  return name;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    if (cause instanceof URIError) return text;
    throw cause;
  }
}
