import type { Diagnostic } from "../../base/diagnostics.js";
import type { OvfDocument } from "../../ovf/document.js";
import type { OvfFile } from "../../ovf/views/parts.js";
import { finding } from "./session.js";

/** What is known about the package around a descriptor. */
export interface PackageFacts {
  /** What the package is called: the descriptor's file name without its ending. */
  readonly name: string | null;
  /** The descriptor's folder in the package, with a slash at the end; `""` at the top. */
  readonly folder: string;
  /** Bytes by member name; `null`: only the descriptor is there, so that references cannot be checked. */
  readonly members: ReadonlyMap<string, number> | null;
}

/** A File whose place in the package is known. */
export interface ResolvedFile {
  readonly id: string;
  /** Name in the package. For one that points elsewhere: the reference as it stands, which no member has. */
  readonly name: string;
  /** Bytes. */
  readonly size: number | null;
  readonly compression: "gzip" | null;
  readonly chunkBytes: number | null;
  readonly file: OvfFile;
}

/** The Files of References by id, with findings about those that are not there or not inside. */
export function resolveFiles(
  document: OvfDocument,
  facts: PackageFacts,
  report: (diagnostic: Diagnostic) => void,
): Map<string, ResolvedFile> {
  const files = new Map<string, ResolvedFile>();
  for (const file of document.references) {
    const { id, href, element } = file;
    if (id === null || href === null) {
      report(finding("ovf/incomplete-file", "error", element, `a File has no ${id === null ? "id" : "href"}`));
      continue;
    }
    if (files.has(id)) {
      report(
        finding("ovf/duplicate-id", "error", element, `two Files have the id ${id}`, {
          hint: "The first one counts.",
          data: { id },
        }),
      );
      continue;
    }
    const compression = file.compression;
    if (compression !== null && compression !== "gzip") {
      report(
        finding("ovf/unknown-compression", "error", element, `file ${href} is compressed with ${compression}`, {
          hint: "Only gzip is read: unpack the file and remove the attribute.",
          data: { href, compression },
        }),
      );
    }
    const name = memberName(file, href, facts, report);
    files.set(id, {
      id,
      name,
      size: facts.members?.get(name) ?? file.size,
      compression: compression === "gzip" ? "gzip" : null,
      chunkBytes: file.chunkSize,
      file,
    });
  }
  return files;
}

/** The member that an href names: taken literally first, because VirtualBox writes spaces as they are; then with escapes decoded. */
function memberName(
  file: OvfFile,
  href: string,
  facts: PackageFacts,
  report: (diagnostic: Diagnostic) => void,
): string {
  const decoded = percentDecoded(href);
  const outside = outsideReason(href) ?? outsideReason(decoded);
  if (outside !== null) {
    report(
      finding("ovf/href-outside-package", "error", file.element, `file ${file.id} is at ${href}, which is ${outside}`, {
        hint: "Only files beside the descriptor are read. Put the file into the package and name it by its file name.",
        data: { href },
      }),
    );
    return href;
  }
  const candidates = [href, decoded].map((name) => facts.folder + name.replace(/^(?:\.\/)+/, ""));
  const [literal = href] = candidates;
  if (facts.members === null) return literal;
  for (const candidate of candidates) {
    const stored = file.chunkSize === null ? candidate : `${candidate}.000000000`;
    if (facts.members.has(candidate) || facts.members.has(stored)) return candidate;
  }
  report(
    finding("ovf/file-missing", "error", file.element, `file ${href} is not in the package`, {
      hint: "The package is incomplete: fetch it again, or put the file beside the descriptor.",
      data: { href },
    }),
  );
  return literal;
}

function outsideReason(path: string): string | null {
  if (/^[a-z][a-z0-9+.-]+:/i.test(path)) return "a URL";
  if (/^[a-z]:/i.test(path) || /^[/\\]/.test(path)) return "an absolute path";
  if (path.split(/[/\\]/).includes("..")) return "outside of the package";
  return path.includes("\0") ? "no file name" : null;
}

function percentDecoded(href: string): string {
  try {
    return decodeURIComponent(href);
  } catch {
    // A percent sign that escapes nothing is part of the name.
    return href;
  }
}
