import type { Diagnostic } from "../../base/diagnostics.js";
import type { OvfDocument } from "../../ovf/document.js";
import { finding } from "../../ovf/findings.js";
import type { MessageFiles } from "../../ovf/messages.js";
import type { OvfFile } from "../../ovf/views/parts.js";
import { plainName } from "../../package/names.js";

/** What is known about the package around a descriptor. */
export interface PackageFacts {
  /** What the package is called: the descriptor's file name without its ending. */
  readonly name: string | null;
  /** The member that an href names; `null`: only the descriptor is there. */
  readonly find: ((href: string) => { readonly name: string; readonly size: number } | undefined) | null;
  /** The file on a server that an href names, where its fetching was allowed. */
  readonly fetched?: (href: string) => { readonly name: string; readonly size: number } | undefined;
  /** Whether files that are not there or not inside of the package are still to be reported, or were when it was opened. */
  readonly references: "report" | "reported";
  /** What files of the package hold of its texts; nothing: the descriptor's own count. */
  readonly messages?: MessageFiles;
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
    const fetched = facts.fetched?.(href);
    const member = fetched ?? (outsideReason(href) === null ? facts.find?.(href) : undefined);
    if (facts.references === "report" && fetched === undefined) {
      judge(file, href, member !== undefined || facts.find === null, report);
    }
    files.set(id, {
      id,
      name: member?.name ?? href,
      size: member?.size ?? file.size,
      compression: compression === "gzip" ? "gzip" : null,
      chunkBytes: file.chunkSize,
      file,
    });
  }
  return files;
}

function judge(file: OvfFile, href: string, present: boolean, report: (diagnostic: Diagnostic) => void): void {
  const outside = outsideReason(href);
  if (outside !== null) {
    report(
      finding("ovf/href-outside-package", "error", file.element, `file ${file.id} is at ${href}, which is ${outside}`, {
        hint: "Only files beside the descriptor are read. Put the file into the package and name it by its file name.",
        data: { href },
      }),
    );
  } else if (!present) {
    report(
      finding("ovf/file-missing", "error", file.element, `file ${href} is not in the package`, {
        hint: "The package is incomplete: fetch it again, or put the file beside the descriptor.",
        data: { href },
      }),
    );
  }
}

/** Why an href leads out of the package, with and without its escapes; `null` where it does not. */
function outsideReason(href: string): string | null {
  return outsideReasonOf(href) ?? outsideReasonOf(plainName(href));
}

function outsideReasonOf(path: string): string | null {
  if (/^[a-z][a-z0-9+.-]+:/i.test(path)) return "a URL";
  if (/^[a-z]:/i.test(path) || /^[/\\]/.test(path)) return "an absolute path";
  if (path.split(/[/\\]/).includes("..")) return "outside of the package";
  return path.includes("\0") ? "no file name" : null;
}
