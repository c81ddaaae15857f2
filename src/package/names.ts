import type { Location } from "../base/diagnostics.js";
import { FerryError } from "../base/errors.js";
import { printable } from "../base/text.js";

/** Characters of a member name or `href`. Longer ones are hostile: file systems take 255 bytes per segment. */
const LONGEST_NAME = 4096;
/** Segments of a name. Packages have one or two. */
const DEEPEST_NAME = 100;
/** Characters of a segment: what NTFS takes. Others count bytes, so that this one is what no honest tool can exceed. */
const LONGEST_SEGMENT = 255;

/**
 * What makes a name unsafe to use as a relative path, in words, or `null` where it is safe on every host.
 * Safe names have `/` as their only separator and no way out of their folder, whatever system they are unpacked on.
 */
export function problemOfName(name: string): string | null {
  if (name === "") return "it is empty";
  if (name.length > LONGEST_NAME) return `it is ${name.length} characters long`;
  if (name.includes("\0")) return "it holds a NUL character";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the point
  if (/[\u0001-\u001f\u007f-\u009f]/.test(name)) return "it holds a control character";
  if (/[\u202a-\u202e\u2066-\u2069]/.test(name))
    return "it holds a character that turns the direction of what is shown";
  if (name.includes("\\")) return "it holds a backslash, which separates folders on Windows";
  if (name.startsWith("/")) return "it is absolute";
  if (/^[A-Za-z]:/.test(name)) return "it starts with a drive letter";
  const segments = name.split("/");
  if (segments.length > DEEPEST_NAME) return `it lies ${segments.length - 1} folders deep`;
  for (const segment of segments) {
    if (segment === "..") return "it leaves its folder with '..'";
    if (segment === "." || segment === "") return "it has an empty or '.' segment";
    if (segment.length > LONGEST_SEGMENT) return `a part of it is ${segment.length} characters long`;
  }
  return null;
}

/** A name without the `./` that `tar c ./x` and some hand-written manifests put in front. */
export function stripDotSlash(name: string): string {
  let at = 0;
  // Not one pattern: a name of millions of them would use up its stack.
  while (name.startsWith("./", at)) {
    at += 2;
    while (name[at] === "/") at++;
  }
  return name.slice(at);
}

/** The form in which two names collide on a file system that ignores case (Windows, macOS). */
export function foldName(name: string): string {
  return name.normalize("NFC").toLowerCase();
}

/** The folder of a name with a final `/`, or an empty string for a name in the root. */
export function folderOf(name: string): string {
  return name.slice(0, name.lastIndexOf("/") + 1);
}

/** A name without its last extension: `a/b.c.ovf` gives `a/b.c`. */
export function withoutExtension(name: string): string {
  const dot = name.lastIndexOf(".");
  return dot > name.lastIndexOf("/") ? name.slice(0, dot) : name;
}

/**
 * Checks a name that comes from input before it is used as a path.
 * @throws `package/unsafe-name`
 */
export function checkName(name: string, location: Location): void {
  const problem = problemOfName(name);
  if (problem !== null) throw unsafeName(name, problem, location);
}

/** The error for a name that `problemOfName` objects to. */
export function unsafeName(name: string, problem: string, location: Location): FerryError {
  return new FerryError("package/unsafe-name", `the name '${printable(name.slice(0, 200))}' is not safe: ${problem}`, {
    location,
    hint: "No honest tool writes such names; do not unpack this package with other tools.",
  });
}

/**
 * What a relative reference inside a package points to: a name relative to the package's root, or `null` where it is no
 * relative path (a URL, an absolute path, one that leaves the package). `folder` is the asking file's, as of `folderOf`.
 */
export function resolveName(folder: string, reference: string): string | null {
  const name = folder + stripDotSlash(reference);
  if (/^[A-Za-z][A-Za-z0-9+.-]*:/.test(reference)) return null;
  return problemOfName(name) === null ? name : null;
}

/** A reference as a name: its percent escapes replaced, where it has any that are right. A percent sign that escapes nothing is part of the name. */
export function plainName(reference: string): string {
  return percentDecoded(reference) ?? reference;
}

/** A reference with its percent escapes replaced, or `null` where it has none or broken ones. */
export function percentDecoded(reference: string): string | null {
  if (!reference.includes("%")) return null;
  try {
    const decoded = decodeURIComponent(reference);
    return decoded === reference ? null : decoded;
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}
