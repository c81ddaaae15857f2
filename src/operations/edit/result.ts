/** What an edit came to, as the contract shows it. */
import type { Diagnostic } from "../../base/diagnostics.js";
import { formatBytes, plural } from "../../base/text.js";
import { type EditResult, toDiagnosticResult } from "../../report/results.js";
import { certificateName } from "../sign/signing.js";
import type { EditWork } from "./work.js";

/** Says what an edit in place did not look at. */
export function unchecked(work: EditWork): readonly Diagnostic[] {
  const count = (work.lines ?? []).filter(({ known }) => known !== null).length;
  if (count === 0) return [];
  return [
    {
      code: "edit/not-checked",
      severity: "info",
      message: `${plural(count, "digest")} of files that were not read: taken over from the old manifest`,
      hint: "Check all files with 'vmferry verify' where you have to know.",
    },
  ];
}

/** What was done, or would be. */
export interface Outcome {
  readonly way: EditResult["way"];
  readonly sizes: ReadonlyMap<string, number | null>;
  readonly applied: boolean;
  readonly findings?: readonly Diagnostic[];
  /** Bytes of the archive, where it is to be changed where it lies. */
  readonly place?: number;
}

/** An edit as the contract shows it. */
export function resultOf(work: EditWork, { way, sizes, applied, findings = [], place }: Outcome): EditResult {
  const { reader, descriptor, lines, manifestName, oldManifest, signing } = work;
  const sizeOf = (name: string): number | null => sizes.get(name) ?? null;
  const old = new Set(reader.entries.map(({ name }) => name));
  const files: EditResult["files"][number][] = [
    { change: "edit", name: descriptor.name, size: sizeOf(descriptor.name) },
  ];
  for (const { name } of work.resized) files.push({ change: "rewrite", name, size: sizeOf(name) });
  for (const { name } of work.added) files.push({ change: "add", name, size: sizeOf(name) });
  if (lines !== null)
    files.push({ change: oldManifest === null ? "add" : "edit", name: manifestName, size: sizeOf(manifestName) });
  const certificate = certificateName(manifestName);
  if (signing !== null)
    files.push({ change: old.has(certificate) ? "rewrite" : "add", name: certificate, size: sizeOf(certificate) });
  for (const name of work.dropped) files.push({ change: "drop", name, size: null });
  const dropped = signing === null && reader.entries.some(({ role }) => role === "certificate");
  const anew: Diagnostic[] = [];
  if (way === "rewritten" && !applied) anew.push(writtenAnew(place ?? reader.size));
  return {
    schema: "vmferry/edit@1",
    name: reader.name,
    applied,
    way,
    changes: work.changes,
    files,
    manifest:
      lines === null
        ? null
        : {
            name: manifestName,
            action: oldManifest === null ? "made" : "updated",
            kept: lines.filter(({ known }) => known !== null).length,
            checked: way === "copied" || way === "rewritten",
          },
    signature: signing !== null ? "made" : dropped ? "dropped" : "none",
    signer: signing?.signer ?? null,
    diff: work.diff,
    diagnostics: [...work.findings, ...findings, ...anew].map(toDiagnosticResult),
  };
}

/** Announces an archive that is made anew. @param bytes of the archive */
export function writtenAnew(bytes: number): Diagnostic {
  return {
    code: "edit/written-anew",
    severity: "info",
    message: `what is new finds no room where the archive lies: it is written anew, which takes ${formatBytes(bytes)} more until that is done`,
    hint: "Archives that vmferry writes have white space behind the descriptor for later edits.",
  };
}
