/** What keeps a package from being fixed: files that were altered, lost or damaged, unless that was accepted or saved. */
import type { Diagnostic, DiagnosticCode } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import { printable } from "../../base/text.js";
import type { PackageReader } from "../../package/model.js";
import type { Rescue } from "../rescue.js";

/** Whether files of the package are lost or damaged, so that a copy of it would be less than it is. */
function keepsFromCopying({ code, severity }: Diagnostic): boolean {
  return severity === "error" && /^(?:tar\/|package\/(?:unsafe-name|duplicate-name))/.test(code);
}

/** What says that a file is not what the manifest lists, or that nobody can tell. */
const ALTERED: ReadonlySet<DiagnosticCode> = new Set([
  "manifest/digest-mismatch",
  "manifest/bad-line",
  "manifest/bad-digest",
  "manifest/unknown-algorithm",
]);

/** Whether a manifest cannot be made anew without vouching for what nobody can vouch for: of two digests for one file one is wrong. */
function isAltered({ code, severity }: Diagnostic): boolean {
  return severity === "error" && (ALTERED.has(code) || code === "manifest/duplicate-entry");
}

/** What was decided about findings that would keep a package from being fixed. */
export interface Leave {
  /** Whether files that are not what the manifest says are taken as they are. */
  readonly altered: "refuse" | "accept";
  readonly rescue: Rescue;
}

/** Whether a finding says what is cut off, and nothing of that is needed or missing any more. */
function isSaved({ code }: Diagnostic, around: readonly Diagnostic[], { rescue }: Leave): boolean {
  const missing = around.some((finding) => finding.code === "package/missing-file" && finding.severity === "error");
  return code === "tar/cut-off" && rescue.complete && !missing;
}

/** Whether a finding is about a file that was written anew with what is whole of it. */
function isRescued({ code, data }: Diagnostic, { rescue }: Leave): boolean {
  const name = data?.name;
  if (code !== "manifest/digest-mismatch" || typeof name !== "string") return false;
  return rescue.saved.has(rescue.reader.entry(name)?.name ?? "");
}

/** Whether a finding would refuse the package, and does not, because of what was decided. */
export function isLifted(finding: Diagnostic, around: readonly Diagnostic[], leave: Leave): boolean {
  if (isAltered(finding)) return leave.altered === "accept" || isRescued(finding, leave);
  return keepsFromCopying(finding) && isSaved(finding, around, leave);
}

/** Whether a package is refused for a finding. */
export function refuses(finding: Diagnostic, around: readonly Diagnostic[], leave: Leave): boolean {
  return (keepsFromCopying(finding) || isAltered(finding)) && !isLifted(finding, around, leave);
}

/** The error for a package that is refused. */
export function refusal(reader: PackageReader, around: readonly Diagnostic[], leave: Leave): FerryError {
  const first = around.find((finding) => refuses(finding, around, leave));
  return new FerryError(
    "fix/refused",
    `${printable(reader.name)} is not changed: ${first?.message ?? "it is damaged"}`,
    {
      hint: "Fetch it again. If you changed the files yourself, use --accept-changes.",
      diagnostics: around,
    },
  );
}
